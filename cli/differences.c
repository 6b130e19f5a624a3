#include "cli/differences.h"

#include "cli/ndjson.h"
#include "core/json.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

/* Counts of the present collection and of all. */
typedef struct counts {
    uint64_t added;
    uint64_t changed;
    uint64_t removed;
} counts_t;

typedef struct differences {
    bool json;
    mg_buf_t collection; /* the present one; empty before the first */
    counts_t here;
    counts_t total;
    json_t *collections; /* counts of those that are done */
    mg_buf_t line;
} differences_t;

static uint64_t
s_sum(const counts_t *counts)
{
    return counts->added + counts->changed + counts->removed;
}

static json_t *
s_pack(const counts_t *counts)
{
    return json_pack("{s:I, s:I, s:I}", "added", (json_int_t)counts->added, "changed",
                     (json_int_t)counts->changed, "removed", (json_int_t)counts->removed);
}

/* The collection is done: its counts are kept for the end. */
static void
s_close_collection(differences_t *self)
{
    if (s_sum(&self->here)) {
        (void)json_object_setn_new(self->collections, (const char *)self->collection.data,
                                   self->collection.len, s_pack(&self->here));
    }
    self->total.added += self->here.added;
    self->total.changed += self->here.changed;
    self->total.removed += self->here.removed;
    self->here = (counts_t){0};
}

static void
s_write_line(differences_t *self, const mg_source_document_t *document, const char *change)
{
    mg_buf_t *line = &self->line;
    mg_buf_clear(line);
    if (self->json) {
        mg_buf_append_text(line, s_sum(&self->here) + s_sum(&self->total) > 1 ? "," : "");
        mg_buf_append_text(line, "{\"collection\":");
    } else {
        mg_buf_append_format(line, "%-8s ", change);
    }
    mg_json_write_text(document->collection, line);
    mg_buf_append_text(line, self->json ? ",\"key\":" : " ");
    mg_status_t status = mg_ndjson_write_name(document->key, line);
    line->failed = line->failed || status != MG_OK;
    if (self->json) {
        mg_buf_append_format(line, ",\"change\":\"%s\"}", change);
    } else {
        mg_buf_append_byte(line, '\n');
    }
}

static mg_exit_t
s_take(void *arg, const mg_source_document_t *before, const mg_source_document_t *after)
{
    differences_t *self = arg;
    const mg_source_document_t *document = after ? after : before;
    const char *change = before && after ? "changed" : after ? "added" : "removed";
    assert(document);
    if (!mg_slice_equal(mg_buf_slice(&self->collection), document->collection)) {
        s_close_collection(self);
        mg_buf_clear(&self->collection);
        mg_buf_append_slice(&self->collection, document->collection);
    }
    self->here.added += !before;
    self->here.removed += !after;
    self->here.changed += before && after;
    s_write_line(self, document, change);
    if (!mg_buf_ok(&self->line) || !mg_buf_ok(&self->collection)) {
        return MG_EXIT_NO_MEMORY;
    }
    return fwrite(self->line.data, 1, self->line.len, stdout) == self->line.len
               ? MG_EXIT_OK
               : MG_EXIT_DUMP_FAILED;
}

static void
s_print_counts(const char *name, const json_t *counts)
{
    (void)printf("%-22s %8lld added %8lld changed %8lld removed\n", name,
                 (long long)json_integer_value(json_object_get(counts, "added")),
                 (long long)json_integer_value(json_object_get(counts, "changed")),
                 (long long)json_integer_value(json_object_get(counts, "removed")));
}

static void
s_print_end(differences_t *self)
{
    const char *name;
    json_t *value;
    json_t *total = s_pack(&self->total);
    if (self->json) {
        char *collections = json_dumps(self->collections, JSON_COMPACT);
        char *sums = json_dumps(total, JSON_COMPACT);
        (void)printf("],\"collections\":%s,\"total\":%s,\"same\":%s}\n",
                     collections ? collections : "{}", sums ? sums : "{}",
                     s_sum(&self->total) ? "false" : "true");
        free(collections);
        free(sums);
    } else {
        json_object_foreach(self->collections, name, value)
        {
            s_print_counts(name, value);
        }
        s_print_counts("all", total);
    }
    json_decref(total);
}

static mg_exit_t
s_run(differences_t *self, mg_docsource_t *before, mg_docsource_t *after)
{
    if (self->json) {
        (void)printf("{\"changes\":[");
    }
    mg_exit_t code = mg_compare_run(before, after, s_take, self);
    if (code == MG_EXIT_OK) {
        s_close_collection(self);
        s_print_end(self);
        code = s_sum(&self->total) ? MG_EXIT_DIFFERENT : MG_EXIT_OK;
    }
    return code;
}

mg_exit_t
mg_differences_print(mg_docsource_t *before, mg_docsource_t *after, bool json)
{
    differences_t self = {.json = json, .collections = json_object()};
    mg_exit_t code = self.collections ? s_run(&self, before, after) : MG_EXIT_NO_MEMORY;
    bool written = fflush(stdout) == 0 && !ferror(stdout);
    if (!written) {
        (void)fprintf(stderr, "memgate: standard output can not be written\n");
    }
    json_decref(self.collections);
    mg_buf_free(&self.collection);
    mg_buf_free(&self.line);
    return written || code > MG_EXIT_DIFFERENT ? code : MG_EXIT_DUMP_FAILED;
}
