/* Questions about the newest requests (gateway/observe.h): filtered, counted, as JSON or CSV. */
#include "core/clock.h"
#include "core/json.h"
#include "gateway/ask.h"
#include "gateway/paging.h"
#include "gateway/service.h"
#include "gateway/tables/tables.h"
#include "gateway/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LIMIT = 100, LIMIT_MAX = 1000, EVERYTHING = MG_JOURNAL_ENTRIES, US_PER_MS = 1000 };

/* --- what an entry says --- */

static const char *
s_level(const mg_observed_t *entry)
{
    return entry->status >= 500 ? "ERROR" : entry->status >= 400 ? "WARNING" : "INFO";
}

static const char *
s_type(const mg_observed_t *entry)
{
    return strncmp(mg_observed_where(entry), "/api/", 5) == 0 ? "api" : "platform";
}

/* The texts of an entry that are made when somebody asks. */
typedef struct shown {
    char timestamp[MG_RFC3339_SIZE];
    char message[MG_OBSERVED_PATH + 96];
    char address[MG_ADDRESS_TEXT];
} shown_t;

static void
s_show(const mg_observed_t *entry, shown_t *out)
{
    mg_clock_rfc3339(entry->time_ns, out->timestamp);
    mg_address_write(&entry->peer, out->address);
    (void)snprintf(out->message, sizeof out->message, "%s %s status_code: %u Total time: %.3f ms",
                   mg_method_name(entry->method), mg_observed_where(entry), entry->status,
                   (double)entry->took_us / US_PER_MS);
}

static void
s_member(const char *name, const char *text, mg_buf_t *out)
{
    mg_buf_append_format(out, ",\"%s\":", name);
    if (*text) {
        mg_json_write_text(mg_slice_text(text), out);
    } else {
        mg_buf_append_text(out, "null");
    }
}

static void
s_write_json(const mg_observed_t *entry, mg_buf_t *out)
{
    shown_t shown;
    s_show(entry, &shown);
    mg_buf_append_format(out, "{\"timestamp\":\"%s\",\"level\":\"%s\",\"source\":\"access\"",
                         shown.timestamp, s_level(entry));
    s_member("message", shown.message, out);
    s_member("request_id", entry->id, out);
    s_member("user", entry->user, out);
    s_member("endpoint", mg_observed_where(entry), out);
    s_member("method", mg_method_name(entry->method), out);
    s_member("ip_address", shown.address, out);
    s_member("type", s_type(entry), out);
    mg_buf_append_format(out, ",\"status_code\":%u,\"response_time\":%.3f}", entry->status,
                         (double)entry->took_us / US_PER_MS);
}

/* A text of a client in a cell of CSV: quoted, and never the beginning of a formula. */
static void
s_cell(const char *text, mg_buf_t *out)
{
    mg_buf_append_text(out, strchr("=+-@", *text) && *text ? ",\"'" : ",\"");
    for (const char *at = text; *at; at++) {
        mg_buf_append_text(out, *at == '"' ? "\"" : "");
        mg_buf_append_byte(out, (uint8_t)*at);
    }
    mg_buf_append_byte(out, '"');
}

static void
s_write_csv(const mg_observed_t *entry, mg_buf_t *out)
{
    shown_t shown;
    s_show(entry, &shown);
    mg_buf_append_format(out, "%s,%s", shown.timestamp, s_level(entry));
    const char *const cells[] = {shown.message,
                                 "access",
                                 entry->id,
                                 entry->user,
                                 mg_observed_where(entry),
                                 mg_method_name(entry->method),
                                 shown.address,
                                 s_type(entry)};
    for (size_t i = 0; i < sizeof cells / sizeof *cells; i++) {
        s_cell(cells[i], out);
    }
    mg_buf_append_format(out, ",%u,%.3f\r\n", entry->status, (double)entry->took_us / US_PER_MS);
}

/* --- which entries --- */

typedef struct filter {
    const mg_query_t *query;
    double min_ms; /* negative: any */
    double max_ms;
} filter_t;

/* True when the query does not ask for it, or the text has it as a part. */
static bool
s_has(const filter_t *filter, const char *name, const char *text)
{
    return mg_text_contains(mg_slice_text(text), mg_query_get(filter->query, name));
}

static bool
s_is(const filter_t *filter, const char *name, const char *text)
{
    mg_slice_t wanted = mg_query_get(filter->query, name);
    return wanted.len == 0 || mg_text_same(wanted, text);
}

/* Times are compared as texts, as far as the query's goes: `2026-11` is a whole month. */
static int
s_compare_time(const char *timestamp, mg_slice_t wanted)
{
    size_t len = strlen(timestamp);
    return strncmp(timestamp, (const char *)wanted.data, wanted.len < len ? wanted.len : len);
}

static bool
s_is_in_time(const filter_t *filter, const mg_observed_t *entry)
{
    char timestamp[MG_RFC3339_SIZE];
    mg_clock_rfc3339(entry->time_ns, timestamp);
    mg_slice_t start = mg_query_get(filter->query, "start_date");
    mg_slice_t end = mg_query_get(filter->query, "end_date");
    double took_ms = (double)entry->took_us / US_PER_MS;
    return (start.len == 0 || s_compare_time(timestamp, start) >= 0) &&
           (end.len == 0 || s_compare_time(timestamp, end) <= 0) &&
           (filter->min_ms < 0 || took_ms >= filter->min_ms) &&
           (filter->max_ms < 0 || took_ms <= filter->max_ms);
}

static bool
s_is_from(const filter_t *filter, const mg_observed_t *entry)
{
    char address[MG_ADDRESS_TEXT];
    mg_address_write(&entry->peer, address);
    return s_is(filter, "ip_address", address);
}

static bool
s_matches(const filter_t *filter, const mg_observed_t *entry)
{
    return s_is(filter, "user", entry->user) && s_has(filter, "api", mg_observed_where(entry)) &&
           s_has(filter, "endpoint", mg_observed_where(entry)) &&
           s_is(filter, "request_id", entry->id) &&
           s_is(filter, "method", mg_method_name(entry->method)) && s_is_from(filter, entry) &&
           s_is(filter, "level", s_level(entry)) && s_is(filter, "type", s_type(entry)) &&
           s_is_in_time(filter, entry);
}

/* A number of milliseconds; false: it has answered. */
static bool
s_read_ms(mg_request_t *request, const char *name, double *out)
{
    mg_slice_t text = mg_query_get(&request->query, name);
    char copy[32];
    char *end = copy;
    *out = -1;
    if (text.len == 0) {
        return true;
    }
    if (text.len < sizeof copy) {
        memcpy(copy, text.data, text.len);
        copy[text.len] = 0;
        *out = strspn(copy, "0123456789.") == text.len ? strtod(copy, &end) : -1;
    }
    if (*out < 0 || end != copy + text.len) {
        mg_buf_t why = {0};
        mg_buf_append_format(&why, "%s must be a number of milliseconds", name);
        mg_reply_error(&request->answer, MG_ERROR_INVALID_BODY, mg_buf_text(&why));
        mg_buf_free(&why);
        return false;
    }
    return true;
}

static bool
s_read_filter(mg_request_t *request, filter_t *out)
{
    out->query = &request->query;
    return s_read_ms(request, "min_response_time", &out->min_ms) &&
           s_read_ms(request, "max_response_time", &out->max_ms);
}

/* --- pages of them, the newest first --- */

typedef void write_t(const mg_observed_t *entry, mg_buf_t *out);

typedef struct page {
    int64_t offset;
    int64_t limit;
    const char *divider;
    write_t *write;
    int64_t total; /* that match, on this page or not */
} page_t;

static void
s_write_page(const mg_request_t *request, const filter_t *filter, page_t *page, mg_buf_t *out)
{
    const mg_observed_t *entry = NULL;
    for (size_t i = 0; (entry = mg_observer_entry(request->service->observer, i)) != NULL; i++) {
        if (!s_matches(filter, entry)) {
            continue;
        }
        int64_t number = page->total++;
        if (number >= page->offset && number - page->offset < page->limit) {
            mg_buf_append_text(out, number > page->offset ? page->divider : "");
            page->write(entry, out);
        }
    }
}

static void
s_reply(mg_request_t *request, mg_buf_t *json)
{
    if (mg_buf_ok(json)) {
        mg_reply_payload(&request->answer, 200, mg_buf_slice(json));
    } else {
        mg_ask_refuse(request, MG_ERR_NO_MEMORY);
    }
    mg_buf_free(json);
}

void
mg_handle_logs(mg_request_t *request)
{
    filter_t filter;
    page_t page = {.limit = LIMIT, .divider = ",", .write = s_write_json};
    if (!mg_paging_number(request, "limit", &page.limit) ||
        !mg_paging_number(request, "offset", &page.offset) || !s_read_filter(request, &filter)) {
        return;
    }
    if (page.limit < 1 || page.limit > LIMIT_MAX || page.offset < 0) {
        mg_reply_error(&request->answer, MG_ERROR_INVALID_BODY,
                       "limit must be between 1 and 1000, offset at least 0");
        return;
    }
    mg_buf_t json = {0};
    mg_buf_append_text(&json, "{\"logs\":[");
    s_write_page(request, &filter, &page, &json);
    bool more = page.total > page.offset && page.total - page.offset > page.limit;
    mg_buf_append_format(&json, "],\"total\":%" PRId64 ",\"has_more\":%s}", page.total,
                         more ? "true" : "false");
    s_reply(request, &json);
}

/* memgate logs to its standard error; no file is its own. */
void
mg_handle_log_files(mg_request_t *request)
{
    mg_reply_payload(&request->answer, 200, mg_slice_text("{\"log_files\":[],\"count\":0}"));
}

/* --- counts --- */

typedef struct counts {
    int64_t total;
    int64_t errors;
    int64_t warnings;
    int64_t took_us;
    json_t *users;
    json_t *endpoints;
} counts_t;

static void
s_add(json_t *names, const char *name)
{
    json_int_t before = json_integer_value(json_object_get(names, name));
    (void)json_object_set_new(names, name, json_integer(before + 1));
}

static void
s_count(const mg_request_t *request, const filter_t *filter, counts_t *out)
{
    const mg_observed_t *entry = NULL;
    for (size_t i = 0; (entry = mg_observer_entry(request->service->observer, i)) != NULL; i++) {
        if (!s_matches(filter, entry)) {
            continue;
        }
        out->total++;
        out->errors += entry->status >= 500;
        out->warnings += entry->status >= 400 && entry->status < 500;
        out->took_us += entry->took_us;
        s_add(out->endpoints, mg_observed_where(entry));
        if (entry->user[0]) {
            s_add(out->users, entry->user);
        }
    }
}

/* Takes the most counted name out and appends it; false: there is none left. */
static bool
s_take_top(json_t *names, bool first, const char *label, mg_buf_t *out)
{
    const char *name = NULL;
    const char *top = NULL;
    json_t *number = NULL;
    json_int_t most = 0;
    json_object_foreach(names, name, number)
    {
        if (json_integer_value(number) > most) {
            most = json_integer_value(number);
            top = name;
        }
    }
    if (!top) {
        return false;
    }
    mg_buf_append_format(out, "%s{\"%s\":", first ? "" : ",", label);
    mg_json_write_text(mg_slice_text(top), out);
    mg_buf_append_format(out, ",\"count\":%" JSON_INTEGER_FORMAT "}", most);
    (void)json_object_del(names, top);
    return true;
}

static void
s_write_top(json_t *names, const char *field, const char *label, mg_buf_t *out)
{
    enum { TOP = 10 };
    mg_buf_append_format(out, ",\"%s\":[", field);
    for (int i = 0; i < TOP && s_take_top(names, i == 0, label, out); i++) {
    }
    mg_buf_append_byte(out, ']');
}

void
mg_handle_log_statistics(mg_request_t *request)
{
    filter_t filter;
    if (!s_read_filter(request, &filter)) {
        return;
    }
    counts_t counts = {.users = json_object(), .endpoints = json_object()};
    s_count(request, &filter, &counts);
    double average = counts.total ? (double)counts.took_us / (double)counts.total / US_PER_MS : 0;
    mg_buf_t json = {0};
    mg_buf_append_format(&json,
                         "{\"total_logs\":%" PRId64 ",\"error_count\":%" PRId64
                         ",\"warning_count\":%" PRId64 ",\"info_count\":%" PRId64
                         ",\"debug_count\":0,\"avg_response_time\":%.3f",
                         counts.total, counts.errors, counts.warnings,
                         counts.total - counts.errors - counts.warnings, average);
    s_write_top(counts.users, "top_users", "name", &json);
    s_write_top(counts.endpoints, "top_endpoints", "name", &json);
    mg_buf_append_byte(&json, '}');
    json_decref(counts.users);
    json_decref(counts.endpoints);
    s_reply(request, &json);
}

/* --- all that match, as a file --- */

static bool
s_read_format(mg_request_t *request, bool *out_csv)
{
    mg_slice_t format = mg_query_get(&request->query, "format");
    *out_csv = mg_text_same(format, "csv");
    if (format.len > 0 && !*out_csv && !mg_text_same(format, "json")) {
        mg_reply_error(&request->answer, MG_ERROR_INVALID_BODY, "format must be json or csv");
        return false;
    }
    return true;
}

/* False: it has answered. */
static bool
s_write_file(mg_request_t *request, bool *out_csv, mg_buf_t *out)
{
    filter_t filter;
    if (!s_read_filter(request, &filter) || !s_read_format(request, out_csv)) {
        return false;
    }
    page_t page = {.limit = EVERYTHING,
                   .divider = *out_csv ? "" : ",",
                   .write = *out_csv ? s_write_csv : s_write_json};
    mg_buf_append_text(out, *out_csv ? "timestamp,level,message,source,request_id,user,endpoint,"
                                       "method,ip_address,type,status_code,response_time\r\n"
                                     : "[");
    s_write_page(request, &filter, &page, out);
    mg_buf_append_text(out, *out_csv ? "" : "]");
    return true;
}

static const char *
s_file_name(bool csv)
{
    return csv ? "memgate-access.csv" : "memgate-access.json";
}

void
mg_handle_log_export(mg_request_t *request)
{
    mg_buf_t data = {0};
    bool csv = false;
    if (s_write_file(request, &csv, &data)) {
        mg_buf_t json = {0};
        mg_buf_append_format(&json, "{\"format\":\"%s\",\"filename\":\"%s\",\"data\":",
                             csv ? "csv" : "json", s_file_name(csv));
        mg_json_write_text(mg_buf_slice(&data), &json);
        mg_buf_append_byte(&json, '}');
        json.failed = json.failed || !mg_buf_ok(&data);
        s_reply(request, &json);
    }
    mg_buf_free(&data);
}

void
mg_handle_log_download(mg_request_t *request)
{
    mg_buf_t data = {0};
    bool csv = false;
    if (s_write_file(request, &csv, &data)) {
        mg_buf_t disposition = {0};
        mg_buf_append_format(&disposition, "attachment; filename=\"%s\"", s_file_name(csv));
        mg_reply_raw(&request->answer, 200, csv ? "text/csv; charset=utf-8" : "application/json",
                     mg_buf_slice(&data));
        mg_answer_header(&request->answer, "Content-Disposition", mg_buf_slice(&disposition));
        mg_buf_free(&disposition);
    }
    mg_buf_free(&data);
}
