#include "gateway/prepared.h"

#include "core/log.h"

#include <sodium.h>
#include <xxhash.h>

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* An answer's own lines and body; `lines` are name and value of each with their NULs. */
typedef struct content {
    char lines[MG_PREPARED_LINES_MAX];
    size_t lines_len;
    mg_slice_t body;
    uint64_t hash;
} content_t;

/* The names under which the request id is told. */
static const char *const s_id_names[] = {"X-Request-ID", "request_id"};

enum { IDS = sizeof s_id_names / sizeof *s_id_names };

struct mg_prepared {
    uint64_t hash;                 /* of the answer that was given here last; 0: none */
    struct MHD_Response *response; /* NULL: it was given once only */
    content_t content;             /* of the response, whose body it shares */
    char *ids[IDS]; /* the values of those lines, where the library keeps them; NULL: not there */
    bool held;      /* it is being sent */
};

struct mg_preparations {
    const mg_fixed_header_t *fixed;
    size_t fixed_count;
    mg_prepared_t places[MG_PREPARED_MAX];
};

/* Of a place that nobody holds: nobody reads its body any more. */
static void
s_forget(mg_prepared_t *place)
{
    assert(!place->held);
    if (place->response) {
        mg_slice_t body = place->content.body;
        sodium_memzero((uint8_t *)body.data,
                       body.len); /* it has stayed in memory for longer than its request */
        MHD_destroy_response(place->response);
        place->response = NULL;
    }
}

mg_preparations_t *
mg_preparations_new(const mg_fixed_header_t *fixed, size_t count)
{
    mg_preparations_t *self = calloc(1, sizeof *self);
    if (self) {
        self->fixed = fixed;
        self->fixed_count = count;
    }
    return self;
}

void
mg_preparations_destroy(mg_preparations_t **self_p)
{
    mg_preparations_t *self = *self_p;
    for (size_t i = 0; self && i < MG_PREPARED_MAX; i++) {
        s_forget(&self->places[i]);
    }
    free(self);
    *self_p = NULL;
}

void
mg_lines_add(mg_lines_t *self, const char *name, const char *value)
{
    if (self->count < MG_LINES_MAX) {
        self->line[self->count++] = (mg_fixed_header_t){name, value};
    }
}

/* Of the lines, an ETag among them where there is one, and of the body's length and both its ends: enough to tell nearly all answers
 * apart. Only s_holds says that two are equal. */
static uint64_t
s_hash(const content_t *content)
{
    enum { TOLD_BY = 64 };
    mg_slice_t body = content->body;
    mg_slice_t end = mg_slice_last(body, TOLD_BY);
    const uint64_t parts[] = {XXH3_64bits(content->lines, content->lines_len), body.len,
                              XXH3_64bits(body.data, end.len), XXH3_64bits(end.data, end.len)};
    return XXH3_64bits(parts, sizeof parts);
}

/* False when the answer is not one to keep. */
static bool
s_read_content(const mg_lines_t *lines, const mg_buf_t *body, content_t *out)
{
    out->lines_len = 0;
    out->body = mg_buf_slice(body);
    if (lines->private || body->len == 0 || body->len > MG_PREPARED_BODY_MAX) {
        return false;
    }
    for (size_t i = 0; i < 2 * lines->count; i++) {
        const mg_fixed_header_t *line = &lines->line[i / 2];
        const char *text = i % 2 ? line->value : line->name;
        size_t size = strlen(text) + 1;
        if (out->lines_len + size > sizeof out->lines) {
            return false;
        }
        memcpy(out->lines + out->lines_len, text, size);
        out->lines_len += size;
    }
    out->hash = s_hash(out);
    return true;
}

static bool
s_holds(const mg_prepared_t *place, const content_t *content)
{
    return place->response && place->hash == content->hash &&
           place->content.lines_len == content->lines_len &&
           memcmp(place->content.lines, content->lines, content->lines_len) == 0 &&
           mg_slice_equal(place->content.body, content->body);
}

static void
s_add(struct MHD_Response *response, const char *name, const char *value)
{
    if (MHD_add_response_header(response, name, value) != MHD_YES) {
        mg_log(MG_LOG_WARN, "http_header_lost", "name=%s", name);
    }
}

static struct MHD_Response *
s_make(const mg_preparations_t *self, const mg_lines_t *lines, mg_buf_t *body, const char *id)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(body->len, body->data, MHD_RESPMEM_MUST_FREE);
    if (!response) {
        return NULL;
    }
    *body = (mg_buf_t){0}; /* the library's now */
    for (size_t i = 0; i < self->fixed_count; i++) {
        s_add(response, self->fixed[i].name, self->fixed[i].value);
    }
    for (size_t i = 0; i < lines->count; i++) {
        s_add(response, lines->line[i].name, lines->line[i].value);
    }
    for (size_t i = 0; i < IDS; i++) {
        s_add(response, s_id_names[i], id);
    }
    return response;
}

/* The library keeps a copy of each value and tells where (0.9.75). */
static char *
s_kept_value(struct MHD_Response *response, const char *name)
{
    return (char *)MHD_get_response_header(response, name);
}

/* An id as long as the one before is written over it, as nearly all are; another one gets lines of its own. */
static void
s_set_id(mg_prepared_t *place, const char *id)
{
    size_t len = strlen(id);
    for (size_t i = 0; i < IDS; i++) {
        char *before = place->ids[i];
        if (before && strlen(before) == len) {
            memcpy(before, id, len + 1);
            continue;
        }
        if (before) {
            (void)MHD_del_response_header(place->response, s_id_names[i], before);
        }
        s_add(place->response, s_id_names[i], id);
        place->ids[i] = s_kept_value(place->response, s_id_names[i]);
    }
}

/* Keeps what is given here for the second time, as far as its hash can tell; false: this was the first. */
static bool
s_keep(mg_prepared_t *place, const content_t *content, struct MHD_Response *response)
{
    bool again = place->hash == content->hash;
    s_forget(place);
    place->hash = content->hash;
    if (again) {
        place->response = response;
        place->content = *content;
        for (size_t i = 0; i < IDS; i++) {
            place->ids[i] = s_kept_value(response, s_id_names[i]);
        }
    }
    return again;
}

/* The place's answer is on its way; whoever sends it holds the place. */
static void
s_hold(mg_prepared_t *place, mg_prepared_t **out_held)
{
    place->held = true;
    *out_held = place;
}

/* The place of answers with this hash; NULL: another one there is being sent. */
static mg_prepared_t *
s_free_place(mg_preparations_t *self, uint64_t hash)
{
    mg_prepared_t *place = &self->places[hash % MG_PREPARED_MAX];
    return place->held ? NULL : place;
}

enum MHD_Result
mg_preparations_send(mg_preparations_t *self,
                     const mg_lines_t *lines,
                     mg_buf_t *body,
                     const mg_sending_t *how,
                     mg_prepared_t **out_held)
{
    content_t content;
    bool may_keep = s_read_content(lines, body, &content);
    mg_prepared_t *place = may_keep ? s_free_place(self, content.hash) : NULL;
    if (place && s_holds(place, &content)) {
        mg_buf_free(body);
        s_set_id(place, how->id);
        s_hold(place, out_held);
        return MHD_queue_response(how->connection, how->status, place->response);
    }
    struct MHD_Response *response = s_make(self, lines, body, how->id);
    if (!response) {
        return MHD_NO;
    }
    enum MHD_Result queued = MHD_queue_response(how->connection, how->status, response);
    if (place && s_keep(place, &content, response)) {
        s_hold(place, out_held);
    } else {
        MHD_destroy_response(response);
    }
    return queued;
}

void
mg_prepared_give_back(mg_prepared_t **held_p)
{
    if (*held_p) {
        (*held_p)->held = false;
        *held_p = NULL;
    }
}
