/* prepared - answers that are given again and again, kept in the library's own form: adding its header lines costs more than finding a
 * document.
 *
 * Owns     : a bounded number of responses with their bodies; each gets the request id of the answer that it serves next.
 * Thread   : one per instance.
 * Takes    : an answer when it is sent. Which document it came from does not matter: an answer is the same when lines and body are; the
 *            status is no part of what is kept.
 * Fails    : without memory NULL; lines that found none are missing, and that is logged.
 * Not here : what is answered (gateway/reply.h, gateway/exchange.c).
 *
 * An answer is kept when it is given the second time, until another takes its place; then its body is wiped. One that is being
 * sent is not touched: its lines go out with it.
 */
#ifndef MG_GATEWAY_PREPARED_H
#define MG_GATEWAY_PREPARED_H

#include "gateway/reply.h"
#include "gateway/requestid.h"

#include <microhttpd.h>

enum {
    MG_PREPARED_MAX = 256,       /* kept at once, */
    MG_PREPARED_BODY_MAX = 8192, /* each with at most this much body */
    MG_PREPARED_LINES_MAX = 512, /* and bytes of lines of its own */
    MG_LINES_MAX = 32            /* lines of an answer */
};

/* Header lines of an answer; names and values are borrowed. */
typedef struct mg_lines {
    mg_fixed_header_t line[MG_LINES_MAX];
    size_t count;
    bool private; /* never kept: mg_answer_t says why */
} mg_lines_t;

typedef struct mg_preparations mg_preparations_t;
/* A place; it is held while its answer is being sent. */
typedef struct mg_prepared mg_prepared_t;

/* `fixed`: the lines that every answer has; borrowed. NULL: out of memory. */
mg_preparations_t *mg_preparations_new(const mg_fixed_header_t *fixed, size_t count);
/* Sets *self_p = NULL, NULL-safe. Nothing may be held any more. */
void mg_preparations_destroy(mg_preparations_t **self_p);

void mg_lines_add(mg_lines_t *self, const char *name, const char *value);

/* Where an answer goes. */
typedef struct mg_sending {
    struct MHD_Connection *connection;
    unsigned status;
    const char *id; /* of the request */
} mg_sending_t;

/* Queues an answer of these lines and this body, which is taken over unless there is no memory for one. *out_held, if it is set, is given
 * back once the answer has ended. */
enum MHD_Result mg_preparations_send(mg_preparations_t *self,
                                     const mg_lines_t *lines,
                                     mg_buf_t *body,
                                     const mg_sending_t *how,
                                     mg_prepared_t **out_held);
/* NULL-safe; sets *held_p = NULL. */
void mg_prepared_give_back(mg_prepared_t **held_p);

#endif
