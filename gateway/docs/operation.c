/* What routes of health, figures, logging, tools, settings, dumps and the document itself say in the API document. */
#include "gateway/docs/shapes.h"
#include "gateway/routedoc.h"
#include "gateway/tables/tables.h"

#define MONITOR "/platform/monitor"
#define TOOLS   "/platform/tools"
#define LOGS    "/platform/logging/logs"
#define MEMORY  "/platform/memory"

/* --- health --- */

static const mg_field_t s_status[] = {MG_SHAPE("status", MG_FIELD_TEXT), MG_SHAPE_END};
static const char *const s_states[] = {"ready", "degraded", "starting", "stopping", NULL};
static const mg_field_t s_readiness[] = {MG_SHAPE_ONE_OF("status", s_states),
                                         MG_SHAPE_MAYBE("reasons", MG_FIELD_TEXTS),
                                         MG_SHAPE_MAYBE("mongodb", MG_FIELD_BOOL),
                                         MG_SHAPE_MAYBE("redis", MG_FIELD_BOOL),
                                         MG_SHAPE_MAYBE("mode", MG_FIELD_TEXT),
                                         MG_SHAPE_MAYBE("cache_backend", MG_FIELD_TEXT),
                                         MG_SHAPE_MAYBE("restored_from_older", MG_FIELD_BOOL),
                                         MG_SHAPE_MAYBE("last_error", MG_FIELD_TEXT),
                                         MG_SHAPE_END};
static const mg_field_t s_gateway[] = {MG_SHAPE("status", MG_FIELD_TEXT),
                                       MG_SHAPE("mongodb", MG_FIELD_BOOL),
                                       MG_SHAPE("redis", MG_FIELD_BOOL),
                                       MG_SHAPE("memory_usage", MG_FIELD_TEXT),
                                       MG_SHAPE("active_connections", MG_FIELD_INT),
                                       MG_SHAPE("uptime", MG_FIELD_TEXT),
                                       MG_SHAPE_END};

/* --- figures --- */

static const char *const s_ranges[] = {"1h", "24h", "7d", "30d", NULL};
static const char *const s_groups[] = {"minute", "day", NULL};
static const char *const s_orders[] = {"asc", "desc", NULL};
static const mg_field_t s_figures_query[] = {
    {.name = "range", .type = MG_FIELD_TEXT, .choices = s_ranges, .fallback = "\"24h\""},
    {.name = "group", .type = MG_FIELD_TEXT, .choices = s_groups, .fallback = "\"minute\""},
    {.name = "sort", .type = MG_FIELD_TEXT, .choices = s_orders, .fallback = "\"asc\""},
    {.name = NULL}};
static const mg_field_t s_series[] = {
    MG_SHAPE("timestamp", MG_FIELD_INT),   MG_SHAPE("count", MG_FIELD_INT),
    MG_SHAPE("test_count", MG_FIELD_INT),  MG_SHAPE("error_count", MG_FIELD_INT),
    MG_SHAPE("avg_ms", MG_FIELD_REAL),     MG_SHAPE("p95_ms", MG_FIELD_REAL),
    MG_SHAPE("bytes_in", MG_FIELD_INT),    MG_SHAPE("bytes_out", MG_FIELD_INT),
    MG_SHAPE("error_rate", MG_FIELD_REAL), MG_SHAPE("upstream_timeouts", MG_FIELD_INT),
    MG_SHAPE("retries", MG_FIELD_INT),     MG_SHAPE_END};
static const mg_field_t s_figures[] = {MG_SHAPE("total_requests", MG_FIELD_INT),
                                       MG_SHAPE("total_test_requests", MG_FIELD_INT),
                                       MG_SHAPE("avg_response_ms", MG_FIELD_REAL),
                                       MG_SHAPE("total_bytes_in", MG_FIELD_INT),
                                       MG_SHAPE("total_bytes_out", MG_FIELD_INT),
                                       MG_SHAPE("total_upstream_timeouts", MG_FIELD_INT),
                                       MG_SHAPE("total_retries", MG_FIELD_INT),
                                       MG_SHAPE("unique_users", MG_FIELD_INT),
                                       MG_SHAPE("status_counts", MG_FIELD_OBJECT),
                                       MG_SHAPE_HOLDS("series", MG_FIELD_RECORDS, s_series),
                                       MG_SHAPE("top_apis", MG_FIELD_ANY),
                                       MG_SHAPE("top_users", MG_FIELD_ANY),
                                       MG_SHAPE_END};
static const mg_field_t s_days[] = {{.name = "start", .type = MG_FIELD_TEXT},
                                    {.name = "end", .type = MG_FIELD_TEXT},
                                    {.name = NULL}};

/* --- logging --- */

#define FILTERS                                                                                    \
    {.name = "start_date", .type = MG_FIELD_TEXT}, {.name = "end_date", .type = MG_FIELD_TEXT},    \
        {.name = "user", .type = MG_FIELD_TEXT}, {.name = "api", .type = MG_FIELD_TEXT},           \
        {.name = "endpoint", .type = MG_FIELD_TEXT},                                               \
        {.name = "request_id", .type = MG_FIELD_TEXT}, {.name = "method", .type = MG_FIELD_TEXT},  \
        {.name = "ip_address", .type = MG_FIELD_TEXT},                                             \
        {.name = "min_response_time", .type = MG_FIELD_REAL},                                      \
        {.name = "max_response_time", .type = MG_FIELD_REAL},                                      \
        {.name = "level", .type = MG_FIELD_TEXT},                                                  \
    {                                                                                              \
        .name = "type", .type = MG_FIELD_TEXT                                                      \
    }
static const mg_field_t s_log_filters[] = {FILTERS, {.name = NULL}};
static const mg_field_t s_log_query[] = {
    FILTERS,
    {.name = "limit", .type = MG_FIELD_INT, .min = 1, .max = 1000, .fallback = "100"},
    {.name = "offset", .type = MG_FIELD_INT, .fallback = "0"},
    {.name = NULL}};
static const char *const s_formats[] = {"json", "csv", NULL};
static const mg_field_t s_file_query[] = {
    FILTERS,
    {.name = "format", .type = MG_FIELD_TEXT, .choices = s_formats, .fallback = "\"json\""},
    {.name = NULL}};
static const mg_field_t s_entry[] = {MG_SHAPE("timestamp", MG_FIELD_TEXT),
                                     MG_SHAPE("level", MG_FIELD_TEXT),
                                     MG_SHAPE("source", MG_FIELD_TEXT),
                                     MG_SHAPE("message", MG_FIELD_TEXT),
                                     MG_SHAPE_MAYBE("request_id", MG_FIELD_TEXT),
                                     MG_SHAPE_MAYBE("user", MG_FIELD_TEXT),
                                     MG_SHAPE_MAYBE("endpoint", MG_FIELD_TEXT),
                                     MG_SHAPE_MAYBE("method", MG_FIELD_TEXT),
                                     MG_SHAPE_MAYBE("ip_address", MG_FIELD_TEXT),
                                     MG_SHAPE_MAYBE("type", MG_FIELD_TEXT),
                                     MG_SHAPE("status_code", MG_FIELD_INT),
                                     MG_SHAPE("response_time", MG_FIELD_REAL),
                                     MG_SHAPE_END};
static const mg_field_t s_entries[] = {MG_SHAPE_HOLDS("logs", MG_FIELD_RECORDS, s_entry),
                                       MG_SHAPE("total", MG_FIELD_INT),
                                       MG_SHAPE("has_more", MG_FIELD_BOOL), MG_SHAPE_END};
static const mg_field_t s_log_files[] = {MG_SHAPE("log_files", MG_FIELD_TEXTS),
                                         MG_SHAPE("count", MG_FIELD_INT), MG_SHAPE_END};
static const mg_field_t s_top[] = {MG_SHAPE("name", MG_FIELD_TEXT), MG_SHAPE("count", MG_FIELD_INT),
                                   MG_SHAPE_END};
static const mg_field_t s_counts[] = {MG_SHAPE("total_logs", MG_FIELD_INT),
                                      MG_SHAPE("error_count", MG_FIELD_INT),
                                      MG_SHAPE("warning_count", MG_FIELD_INT),
                                      MG_SHAPE("info_count", MG_FIELD_INT),
                                      MG_SHAPE("debug_count", MG_FIELD_INT),
                                      MG_SHAPE("avg_response_time", MG_FIELD_REAL),
                                      MG_SHAPE_HOLDS("top_users", MG_FIELD_RECORDS, s_top),
                                      MG_SHAPE_HOLDS("top_endpoints", MG_FIELD_RECORDS, s_top),
                                      MG_SHAPE_END};
static const mg_field_t s_file[] = {MG_SHAPE_ONE_OF("format", s_formats),
                                    MG_SHAPE("filename", MG_FIELD_TEXT),
                                    MG_SHAPE("data", MG_FIELD_TEXT), MG_SHAPE_END};

/* --- tools --- */

static const mg_field_t s_cors_config[] = {MG_SHAPE("allowed_origins", MG_FIELD_TEXTS),
                                           MG_SHAPE("effective_allowed_origins", MG_FIELD_TEXTS),
                                           MG_SHAPE("allow_credentials", MG_FIELD_BOOL),
                                           MG_SHAPE("allow_methods", MG_FIELD_TEXTS),
                                           MG_SHAPE("allow_headers", MG_FIELD_TEXTS),
                                           MG_SHAPE("cors_strict", MG_FIELD_BOOL),
                                           MG_SHAPE_END};
static const mg_field_t s_cors_input[] = {MG_SHAPE("origin", MG_FIELD_TEXT),
                                          MG_SHAPE("method", MG_FIELD_TEXT),
                                          MG_SHAPE_MAYBE("request_headers", MG_FIELD_ANY),
                                          MG_SHAPE("request_headers_normalized", MG_FIELD_TEXTS),
                                          MG_SHAPE("with_credentials", MG_FIELD_BOOL),
                                          MG_SHAPE_END};
static const mg_field_t s_cors_preflight[] = {MG_SHAPE("allowed", MG_FIELD_BOOL),
                                              MG_SHAPE("allow_origin", MG_FIELD_BOOL),
                                              MG_SHAPE("method_allowed", MG_FIELD_BOOL),
                                              MG_SHAPE("headers_allowed", MG_FIELD_BOOL),
                                              MG_SHAPE("not_allowed_headers", MG_FIELD_TEXTS),
                                              MG_SHAPE("response_headers", MG_FIELD_OBJECT),
                                              MG_SHAPE_END};
static const mg_field_t s_cors_actual[] = {MG_SHAPE("allowed", MG_FIELD_BOOL),
                                           MG_SHAPE("response_headers", MG_FIELD_OBJECT),
                                           MG_SHAPE_END};
static const mg_field_t s_cors[] = {MG_SHAPE_HOLDS("config", MG_FIELD_RECORD, s_cors_config),
                                    MG_SHAPE_HOLDS("input", MG_FIELD_RECORD, s_cors_input),
                                    MG_SHAPE_HOLDS("preflight", MG_FIELD_RECORD, s_cors_preflight),
                                    MG_SHAPE_HOLDS("actual", MG_FIELD_RECORD, s_cors_actual),
                                    MG_SHAPE("notes", MG_FIELD_TEXTS),
                                    MG_SHAPE_END};
static const mg_field_t s_toggled[] = {MG_SHAPE("backend", MG_FIELD_TEXT),
                                       MG_SHAPE("enabled", MG_FIELD_BOOL), MG_SHAPE_END};
static const mg_field_t s_outages[] = {MG_SHAPE("redis_outage", MG_FIELD_BOOL),
                                       MG_SHAPE("mongo_outage", MG_FIELD_BOOL),
                                       MG_SHAPE("error_budget_burn", MG_FIELD_INT), MG_SHAPE_END};

/* --- settings --- */

#define SETTINGS                                                                                   \
    MG_SHAPE("enable_auto_save", MG_FIELD_BOOL),                                                   \
        MG_SHAPE("auto_save_frequency_seconds", MG_FIELD_INT),                                     \
        MG_SHAPE("dump_path", MG_FIELD_TEXT), MG_SHAPE_MAYBE("ip_whitelist", MG_FIELD_TEXTS),      \
        MG_SHAPE_MAYBE("ip_blacklist", MG_FIELD_TEXTS),                                            \
        MG_SHAPE_MAYBE("trust_x_forwarded_for", MG_FIELD_BOOL),                                    \
        MG_SHAPE_MAYBE("xff_trusted_proxies", MG_FIELD_TEXTS),                                     \
        MG_SHAPE_MAYBE("allow_localhost_bypass", MG_FIELD_BOOL),                                   \
        MG_SHAPE("memory_only", MG_FIELD_BOOL)
static const mg_field_t s_settings_stored[] = {SETTINGS, MG_SHAPE_END};
static const mg_field_t s_settings_read[] = {
    SETTINGS,
    MG_SHAPE("allow_localhost_bypass_locked", MG_FIELD_BOOL),
    MG_SHAPE("security_warnings", MG_FIELD_TEXTS),
    MG_SHAPE("client_ip", MG_FIELD_TEXT),
    MG_SHAPE_MAYBE("client_ip_xff", MG_FIELD_TEXT),
    MG_SHAPE_END};

/* --- dumps --- */

static const mg_field_t s_path_wish[] = {{.name = "path", .type = MG_FIELD_TEXT}, {.name = NULL}};
static const mg_field_t s_path[] = {MG_SHAPE("path", MG_FIELD_TEXT), MG_SHAPE_END};
static const mg_field_t s_dumped[] = {MG_SHAPE_HOLDS("response", MG_FIELD_RECORD, s_path),
                                      MG_SHAPE_END};
static const mg_field_t s_made[] = {MG_SHAPE("version", MG_FIELD_INT),
                                    MG_SHAPE("created_at", MG_FIELD_TEXT), MG_SHAPE_END};
static const mg_field_t s_restored[] = {MG_SHAPE_HOLDS("response", MG_FIELD_RECORD, s_made),
                                        MG_SHAPE_END};
static const mg_field_t s_dump[] = {
    MG_SHAPE("generation", MG_FIELD_INT), MG_SHAPE("created_at", MG_FIELD_TEXT),
    MG_SHAPE("trigger", MG_FIELD_TEXT),   MG_SHAPE("requester", MG_FIELD_TEXT),
    MG_SHAPE("documents", MG_FIELD_INT),  MG_SHAPE("bytes", MG_FIELD_INT),
    MG_SHAPE("verified", MG_FIELD_BOOL),  MG_SHAPE("key_id", MG_FIELD_TEXT),
    MG_SHAPE("outcome", MG_FIELD_TEXT),   MG_SHAPE("chain", MG_FIELD_TEXT),
    MG_SHAPE("path", MG_FIELD_TEXT),      MG_SHAPE_END};
static const mg_field_t s_dumps[] = {MG_SHAPE_HOLDS("dumps", MG_FIELD_RECORDS, s_dump),
                                     MG_SHAPE_END};

/* --- the document --- */

static const mg_field_t s_document[] = {MG_SHAPE("openapi", MG_FIELD_TEXT),
                                        MG_SHAPE("info", MG_FIELD_OBJECT),
                                        MG_SHAPE("servers", MG_FIELD_RECORDS),
                                        MG_SHAPE("security", MG_FIELD_RECORDS),
                                        MG_SHAPE("paths", MG_FIELD_OBJECT),
                                        MG_SHAPE("components", MG_FIELD_OBJECT),
                                        MG_SHAPE_END};

static const mg_route_doc_t s_rows[] = {
    {.line = "GET /api/health", .summary = "Whether memgate answers", .answer = s_status},
    {.line = "GET " MONITOR "/liveness", .summary = "Whether memgate is alive", .answer = s_status},
    {.line = "GET " MONITOR "/readiness",
     .summary = "Whether memgate serves requests",
     .note = "503 with the same members while it starts or stops. Roles with manage_gateway are "
             "told more.",
     .answer = s_readiness},
    {.line = "GET /metrics",
     .summary = "Metrics for Prometheus",
     .note = "It is for this machine, the addresses of PROMETHEUS_ALLOWLIST, whoever has "
             "PROMETHEUS_BEARER_TOKEN, or all with PROMETHEUS_PUBLIC; 403 otherwise, and 503 with "
             "PROMETHEUS_ENABLED=false.",
     .media = {"text/plain"}},
    {.line = "GET /api/status", .summary = "State of the gateway", .answer = s_gateway},
    {.line = "DELETE /api/caches", .summary = "Clear the caches"},
    {.line = "GET " MONITOR "/metrics",
     .summary = "Figures of the traffic below /api/",
     .query = s_figures_query,
     .answer = s_figures},
    {.line = "GET " MONITOR "/report",
     .summary = "The same as CSV, a line per minute",
     .note = "Days are YYYY-MM-DD.",
     .media = {"text/csv"},
     .query = s_days},

    {.line = "GET " LOGS,
     .summary = "The newest requests",
     .query = s_log_query,
     .answer = s_entries},
    {.line = "GET " LOGS "/files", .summary = "Log files: there are none", .answer = s_log_files},
    {.line = "GET " LOGS "/statistics",
     .summary = "The newest requests, counted",
     .query = s_log_filters,
     .answer = s_counts},
    {.line = "GET " LOGS "/export",
     .summary = "The newest requests as a text",
     .query = s_file_query,
     .answer = s_file},
    {.line = "GET " LOGS "/download",
     .summary = "The newest requests as a file",
     .query = s_file_query,
     .media = {"application/json", "text/csv"}},

    {.line = "POST " TOOLS "/cors/check",
     .summary = "What CORS says to a page",
     .body = mg_cors_fields,
     .example = "{\"origin\": \"https://shop.example.test\", \"method\": \"GET\", "
                "\"request_headers\": [\"Content-Type\"]}",
     .answer = s_cors},
    {.line = "POST " TOOLS "/chaos/toggle",
     .summary = "Play an outage of a backend",
     .note = "memgate has neither: it is told, nothing breaks.",
     .body = mg_chaos_fields,
     .example = "{\"backend\": \"redis\", \"enabled\": true, \"duration_ms\": 1000}",
     .answer = s_toggled,
     .errors = {MG_ERROR_TOOLS_BACKEND}},
    {.line = "GET " TOOLS "/chaos/stats",
     .summary = "Outages that are played",
     .answer = s_outages},

    {.line = "GET /platform/security/settings",
     .summary = "Security settings: read",
     .answer = s_settings_read},
    {.line = "PUT /platform/security/settings",
     .summary = "Security settings: change",
     .note = "Null is ignored.",
     .body = mg_settings_fields,
     .example = "{\"enable_auto_save\": true, \"auto_save_frequency_seconds\": 900}",
     .answer = s_settings_stored,
     .errors = {MG_ERROR_SETTINGS_PATH, MG_ERROR_PRECONDITION}},
    {.line = "POST /platform/security/restart",
     .status = 409,
     .summary = "Always refused: who supervises memgate restarts it",
     .errors = {MG_ERROR_RESTART_NO_PID}},

    {.line = "POST " MEMORY "/dump",
     .summary = "Write a dump",
     .note = "`path` is a folder or a stem below the dump folder.",
     .body = s_path_wish,
     .example = "{\"path\": \"before-upgrade\"}",
     .answer = s_dumped,
     .errors = {MG_ERROR_MEMORY_PATH, MG_ERROR_MEMORY_NO_FILE, MG_ERROR_MEMORY_OUTSIDE}},
    {.line = "GET " MEMORY "/dumps", .summary = "Dumps, the newest first", .answer = s_dumps},
    {.line = "POST " MEMORY "/restore",
     .summary = "Go back to a dump",
     .note = "Without `path` to the newest good one. A dump of the present is written first.",
     .body = s_path_wish,
     .example = "{}",
     .answer = s_restored,
     .errors = {MG_ERROR_MEMORY_PATH, MG_ERROR_MEMORY_NO_FILE, MG_ERROR_MEMORY_OUTSIDE,
                MG_ERROR_MEMORY_ROLLED_BACK}},

    {.line = "GET /platform/openapi.json", .summary = "This document", .answer = s_document},
    {.line = "GET /platform/docs", .summary = "This document as a page", .media = {"text/html"}},
};

const mg_route_docs_t mg_docs_operation = {s_rows, sizeof s_rows / sizeof *s_rows};
