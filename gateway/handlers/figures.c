/* Figures for dashboards: traffic per minute or day, a report, the state of the whole; and the caches, which may be emptied. */
#include "core/clock.h"
#include "core/json.h"
#include "gateway/ask.h"
#include "gateway/service.h"
#include "gateway/tables/tables.h"
#include "gateway/text.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

enum { MINUTES_PER_DAY = 24 * 60, SECONDS_PER_MINUTE = 60, US_PER_MS = 1000 };

/* --- which minutes --- */

/* Minutes since 1970, both ends included, in groups of `step`. */
typedef struct span {
    int64_t from;
    int64_t to;
    int64_t step;
} span_t;

static int64_t
s_this_minute(const mg_request_t *request)
{
    return request->now_ns / MG_NS_PER_SECOND / SECONDS_PER_MINUTE;
}

static bool
s_refuse(mg_request_t *request, const char *why)
{
    mg_reply_error(&request->answer, MG_ERROR_INVALID_BODY, why);
    return false;
}

/* A word of the query; absent: the first. */
static bool
s_word(mg_request_t *request, const char *name, const char *const *words, int *out)
{
    mg_slice_t given = mg_query_get(&request->query, name);
    *out = 0;
    while (given.data && words[*out] && !mg_slice_equal(given, mg_slice_text(words[*out]))) {
        (*out)++;
    }
    return words[*out] || s_refuse(request, "range is 1h, 24h, 7d or 30d; group minute or day; "
                                            "sort asc or desc");
}

static bool
s_read_span(mg_request_t *request, span_t *out, bool *newest_first)
{
    static const char *const ranges[] = {"24h", "1h", "7d", "30d", NULL};
    static const int64_t minutes[] = {MINUTES_PER_DAY, 60, INT64_C(7) * MINUTES_PER_DAY,
                                      MG_TRAFFIC_MINUTES};
    static const char *const groups[] = {"minute", "day", NULL};
    static const char *const sorts[] = {"asc", "desc", NULL};
    int range = 0;
    int group = 0;
    int sort = 0;
    if (!s_word(request, "range", ranges, &range) || !s_word(request, "group", groups, &group) ||
        !s_word(request, "sort", sorts, &sort)) {
        return false;
    }
    *newest_first = sort == 1;
    out->step = group == 1 ? MINUTES_PER_DAY : 1;
    out->to = s_this_minute(request);
    out->from = out->to - minutes[range] + 1;
    return true;
}

/* The figures of the group that begins at `start`; false: nothing happened. */
static bool
s_sum_group(const mg_observer_t *observer, const span_t *span, int64_t start, mg_traffic_t *out)
{
    *out = (mg_traffic_t){.minute = start};
    for (int64_t minute = start; minute < start + span->step; minute++) {
        const mg_traffic_t *one = minute >= span->from && minute <= span->to
                                      ? mg_observer_minute(observer, minute)
                                      : NULL;
        if (one) {
            mg_traffic_add(out, one);
        }
    }
    return out->count > 0;
}

/* Calls `tell` for each group with traffic, in the order of time or against it. */
typedef void tell_t(const mg_traffic_t *group, void *arg);

static void
s_each_group(const mg_request_t *request,
             const span_t *span,
             bool newest_first,
             tell_t *tell,
             void *arg)
{
    int64_t first = span->from - span->from % span->step;
    int64_t groups = (span->to - first) / span->step + 1;
    for (int64_t i = 0; i < groups; i++) {
        int64_t number = newest_first ? groups - 1 - i : i;
        mg_traffic_t sum;
        if (s_sum_group(request->service->observer, span, first + number * span->step, &sum)) {
            tell(&sum, arg);
        }
    }
}

static double
s_average_ms(const mg_traffic_t *traffic)
{
    return traffic->count ? (double)traffic->total_us / (double)traffic->count / US_PER_MS : 0;
}

/* --- JSON --- */

typedef struct writing {
    mg_buf_t series;
    mg_traffic_t total;
} writing_t;

static void
s_write_group(const mg_traffic_t *group, void *arg)
{
    writing_t *writing = arg;
    mg_traffic_add(&writing->total, group);
    mg_buf_append_format(
        &writing->series,
        "%s{\"timestamp\":%" PRId64 ",\"count\":%" PRIu64 ",\"test_count\":%" PRIu64
        ",\"error_count\":%" PRIu64 ",\"avg_ms\":%.3f,\"p95_ms\":%.3f,\"bytes_in\":%" PRIu64
        ",\"bytes_out\":%" PRIu64 ",\"error_rate\":%.4f,\"upstream_timeouts\":0,\"retries\":0}",
        writing->series.len ? "," : "", group->minute * SECONDS_PER_MINUTE, group->count,
        group->tests, group->errors, s_average_ms(group),
        (double)mg_traffic_p95_us(group) / US_PER_MS, group->bytes_in, group->bytes_out,
        (double)group->errors / (double)group->count);
}

static void
s_write_names(const char *field, const mg_seen_t *const *names, size_t count, mg_buf_t *out)
{
    enum { TOP = 10 };
    mg_buf_append_format(out, ",\"%s\":[", field);
    for (size_t i = 0; i < count && i < TOP; i++) {
        mg_buf_append_text(out, i ? ",[" : "[");
        mg_json_write_text(mg_slice_text(names[i]->name), out);
        mg_buf_append_format(out, ",%" PRIu64 "]", names[i]->count);
    }
    mg_buf_append_byte(out, ']');
}

static void
s_write_total(const mg_request_t *request, writing_t *writing, mg_buf_t *out)
{
    const mg_traffic_t *total = &writing->total;
    const mg_seen_t *users[MG_TRAFFIC_NAMES];
    const mg_seen_t *paths[MG_TRAFFIC_NAMES];
    size_t user_count = mg_observer_users(request->service->observer, users);
    size_t path_count = mg_observer_paths(request->service->observer, paths);
    mg_buf_append_format(out,
                         "{\"total_requests\":%" PRIu64 ",\"total_test_requests\":%" PRIu64
                         ",\"avg_response_ms\":%.3f,\"total_bytes_in\":%" PRIu64
                         ",\"total_bytes_out\":%" PRIu64
                         ",\"total_upstream_timeouts\":0,\"total_retries\":0,\"unique_users\":%zu,"
                         "\"status_counts\":{",
                         total->count, total->tests, s_average_ms(total), total->bytes_in,
                         total->bytes_out, user_count);
    const char *divider = "";
    for (int i = 1; i <= 5; i++) {
        if (total->by_class[i]) {
            mg_buf_append_format(out, "%s\"%dxx\":%" PRIu64, divider, i, total->by_class[i]);
            divider = ",";
        }
    }
    mg_buf_append_text(out, "},\"series\":[");
    mg_buf_append_slice(out, mg_buf_slice(&writing->series));
    mg_buf_append_byte(out, ']');
    s_write_names("top_apis", paths, path_count, out);
    s_write_names("top_users", users, user_count, out);
    mg_buf_append_byte(out, '}');
}

void
mg_handle_traffic(mg_request_t *request)
{
    span_t span;
    bool newest_first = false;
    if (!s_read_span(request, &span, &newest_first)) {
        return;
    }
    writing_t writing = {0};
    mg_buf_t json = {0};
    s_each_group(request, &span, newest_first, s_write_group, &writing);
    s_write_total(request, &writing, &json);
    if (mg_buf_ok(&json) && mg_buf_ok(&writing.series)) {
        mg_reply_payload(&request->answer, 200, mg_buf_slice(&json));
    } else {
        mg_ask_refuse(request, MG_ERR_NO_MEMORY);
    }
    mg_buf_free(&writing.series);
    mg_buf_free(&json);
}

/* --- CSV --- */

static void
s_write_line(const mg_traffic_t *group, void *arg)
{
    char when[MG_RFC3339_SIZE];
    mg_clock_rfc3339(group->minute * SECONDS_PER_MINUTE * MG_NS_PER_SECOND, when);
    mg_buf_append_format(
        arg, "%s,%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%.3f,%.3f,%" PRIu64 ",%" PRIu64 "\r\n", when,
        group->count, group->tests, group->errors, s_average_ms(group),
        (double)mg_traffic_p95_us(group) / US_PER_MS, group->bytes_in, group->bytes_out);
}

/* A day of the query, `YYYY-MM-DD` and perhaps a time behind it, as its first minute; absent: left as it is. */
static bool
s_read_day(mg_request_t *request, const char *name, int64_t *minute)
{
    mg_slice_t text = mg_query_get(&request->query, name);
    if (!text.data) {
        return true;
    }
    char day[11] = {0};
    struct tm parts = {0};
    if (text.len >= 10) {
        memcpy(day, text.data, 10);
    }
    const char *end = strptime(day, "%Y-%m-%d", &parts);
    if (!end || *end) {
        return s_refuse(request, "start and end are days: YYYY-MM-DD");
    }
    *minute = (int64_t)timegm(&parts) / SECONDS_PER_MINUTE;
    return true;
}

void
mg_handle_traffic_report(mg_request_t *request)
{
    int64_t now = s_this_minute(request);
    int64_t last_day = now - now % MINUTES_PER_DAY;
    span_t span = {.from = now - MG_TRAFFIC_MINUTES + 1, .step = 1};
    if (!s_read_day(request, "start", &span.from) || !s_read_day(request, "end", &last_day)) {
        return;
    }
    span.to = last_day + MINUTES_PER_DAY - 1;
    span.to = span.to > now ? now : span.to;
    span.from = span.from < now - MG_TRAFFIC_MINUTES + 1 ? now - MG_TRAFFIC_MINUTES + 1 : span.from;
    mg_buf_t csv = {0};
    mg_buf_append_text(&csv, "timestamp,count,test_count,error_count,avg_ms,p95_ms,bytes_in,"
                             "bytes_out\r\n");
    if (span.from <= span.to) {
        s_each_group(request, &span, false, s_write_line, &csv);
    }
    mg_reply_raw(&request->answer, 200, "text/csv; charset=utf-8", mg_buf_slice(&csv));
    mg_answer_header(&request->answer, "Content-Disposition",
                     mg_slice_text("attachment; filename=\"report.csv\""));
    mg_buf_free(&csv);
}

/* --- the state of the whole --- */

static void
s_write_uptime(int64_t seconds, mg_buf_t *out)
{
    int64_t hours = seconds / 3600;
    if (hours > 0) {
        mg_buf_append_format(out, "%" PRId64 "h ", hours);
    }
    mg_buf_append_format(out, "%" PRId64 "m %" PRId64 "s", seconds % 3600 / 60, seconds % 60);
}

static void
s_on_stats(mg_request_t *request, const ProtobufCMessage *reply)
{
    const mg_service_t *service = request->service;
    const Mg__StateReply *state = (const Mg__StateReply *)reply;
    const Mg__StateStats *stats = state ? state->stats : NULL;
    double used = stats && stats->memory_limit
                      ? 100.0 * (double)stats->memory_used / (double)stats->memory_limit
                      : 0;
    mg_buf_t json = {0};
    mg_buf_append_format(&json,
                         "{\"status\":\"online\",\"mongodb\":true,\"redis\":true,\"memory_usage\":"
                         "\"%.1f%%\",\"active_connections\":%" PRIu32 ",\"uptime\":\"",
                         used, mg_server_connections(service->server));
    s_write_uptime((mg_clock_wall_ns() - service->started_ns) / MG_NS_PER_SECOND, &json);
    mg_buf_append_text(&json, "\"}");
    mg_reply_payload(&request->answer, 200, mg_buf_slice(&json));
    mg_buf_free(&json);
}

void
mg_handle_status(mg_request_t *request)
{
    mg_ask_state_stats(request, s_on_stats);
}

/* --- caches: they never hold what is not so; emptied all the same, because clients of the reference ask for it --- */

void
mg_handle_caches_clear(mg_request_t *request)
{
    mg_sessions_clear(request->service->sessions);
    mg_representations_clear(request->service->representations);
    mg_reply_message(&request->answer, 200, "All caches are cleared");
}
