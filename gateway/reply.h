/* reply - the one place where answers are made: envelopes, errors, standard headers.
 *
 * Owns     : an answer owns its body and its extra headers.
 * Thread   : one per answer.
 * Takes    : JSON that was written by core/json.h, sentences of ours.
 * Fails    : an answer that found no memory becomes a bare 500 when it is sent (mg_answer_is_whole says so).
 * Not here : sending it (gateway/server.h), numbers and sentences of errors (gateway/errors.h).
 * Source   : platform-api.md sections 1 and 1.1.
 */
#ifndef MG_GATEWAY_REPLY_H
#define MG_GATEWAY_REPLY_H

#include "core/config.h"
#include "gateway/errors.h"

enum { MG_ANSWER_HEADERS_MAX = 8, MG_FIXED_HEADERS_MAX = 8 };

typedef struct mg_answer_header {
    const char *name; /* static */
    char *value;      /* owned */
} mg_answer_header_t;

typedef struct mg_answer {
    bool strict;     /* STRICT_RESPONSE_ENVELOPE; set when the answer is made */
    unsigned status; /* HTTP number; 0: not answered yet */
    const char *content_type;
    mg_buf_t body;
    mg_answer_header_t headers[MG_ANSWER_HEADERS_MAX];
    size_t header_count;
    bool close; /* the connection ends with it */
    bool private; /* it may tell what is stored encrypted only, or is for one client alone: no copy of it is kept */
    bool incomplete; /* something was lost for want of memory */
} mg_answer_t;

/* Back to "not answered yet", for a request that runs again; keeps `strict`. */
void mg_answer_reset(mg_answer_t *self);
void mg_answer_free(mg_answer_t *self);
/* False when memory was missing: the server then sends a 500 without a body. */
bool mg_answer_is_whole(const mg_answer_t *self);
/* Adds a header; `name` static, `value` copied. */
void mg_answer_header(mg_answer_t *self, const char *name, mg_slice_t value);

/* --- each of these answers --- */

/* A JSON value as payload. */
void mg_reply_payload(mg_answer_t *self, unsigned status, mg_slice_t json);
/* A payload {"<field>": token}, which the strict envelope also repeats at the top level. */
void mg_reply_token(mg_answer_t *self, const char *field, mg_slice_t token);
/* A message only. */
void mg_reply_message(mg_answer_t *self, unsigned status, const char *text);
/* An error; `text` replaces the table's sentence unless it is NULL. */
void mg_reply_error(mg_answer_t *self, mg_error_id_t error, const char *text);
/* An error whose body always carries `status_code`: the address filter's. */
void mg_reply_filtered(mg_answer_t *self, mg_error_id_t error);
/* {"detail": text}: no envelope. */
void mg_reply_detail(mg_answer_t *self, unsigned status, const char *text);
/* A body as it is: health, metrics. */
void mg_reply_raw(mg_answer_t *self, unsigned status, const char *content_type, mg_slice_t body);
/* No body. */
void mg_reply_empty(mg_answer_t *self, unsigned status);

/* --- what every answer carries --- */

typedef struct mg_fixed_header {
    const char *name;
    const char *value;
} mg_fixed_header_t;

/* The same headers for every answer of this configuration; returns how many. */
size_t mg_reply_fixed_headers(const mg_config_http_t *config,
                              mg_fixed_header_t out[MG_FIXED_HEADERS_MAX]);
#endif
