#include "core/early.h"

#include "core/bsoncheck.h"
#include "core/record.h"
#include "core/wire.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
    SEARCHED = 64 << 10, /* bytes: behind so large a rest of a document there is little to gain */
    ROOM_FIRST = 1024,
    PLAIN_SHARE = 8,  /* so many bytes of small documents take */
    MEMORY_SHARE = 9, /* so many of memory, as entries */
    WIRE_LEN = 2,
    DOCUMENT_TAG = MG_RECORD_DOCUMENT << 3 | WIRE_LEN,
};

/* Bytes of the record at the start of `bytes`, its length in front included; 0: it is not all there, or none. */
static size_t
s_measure(mg_slice_t bytes, size_t *out_prefix)
{
    uint64_t len = 0;
    *out_prefix = mg_wire_get_varint(bytes, &len);
    if (*out_prefix == 0 || len == 0 || len > bytes.len - *out_prefix) {
        return 0;
    }
    return *out_prefix + (size_t)len;
}

/* The same, of a record that by its first bytes is a document. */
static size_t
s_measure_document(mg_slice_t bytes)
{
    size_t prefix = 0;
    size_t total = s_measure(bytes, &prefix);
    if (total == 0 || bytes.data[prefix] != DOCUMENT_TAG) {
        return 0;
    }
    uint64_t inner = 0;
    size_t head = prefix + 1;
    size_t used = mg_wire_get_varint(mg_slice(bytes.data + head, total - head), &inner);
    return used && inner == total - head - used ? total : 0;
}

static mg_slice_t
s_behind(mg_slice_t bytes, size_t at)
{
    return mg_slice(bytes.data + at, bytes.len - at);
}

/* The first place where two documents follow each other; plain.len: there is none. */
static size_t
s_find_begin(mg_slice_t plain)
{
    size_t end = plain.len < SEARCHED ? plain.len : SEARCHED;
    for (size_t at = 0; at < end; at++) {
        size_t first = s_measure_document(s_behind(plain, at));
        if (first && s_measure_document(s_behind(plain, at + first))) {
            return at;
        }
    }
    return plain.len;
}

/* The entry of a record that is a good document; NULL: it is not, or there is no memory. */
static mg_entry_t *
s_make_entry(mg_slice_t bytes)
{
    mg_record_t record;
    mg_verdict_t ignored;
    if (mg_record_decode(bytes, &record, &ignored) != MG_OUTCOME_OK ||
        record.kind != MG_RECORD_DOCUMENT) {
        return NULL;
    }
    mg_slice_t id = record.u.document.id;
    mg_slice_t body = record.u.document.body;
    if (id.len < 1 || id.len > MG_KEY_MAX ||
        mg_bson_check(body, MG_BSON_KEYS_NAMES, NULL) != MG_OK) {
        return NULL;
    }
    return mg_entry_new(id, body, record.u.document.expires_ns, record.u.document.rev);
}

/* What the entries will need of memory, asked for and touched at once, then given back to the
 * allocator, it costs a few system calls instead of one and a page fault for every few entries. */
static void
s_warm_memory(size_t len)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    uint8_t *room = malloc(len);
    // cppcheck-suppress uninitdata; only its address is looked at
    size_t lead = (page - (uintptr_t)room % page) % page; /* before the first whole page */
    if (room && len > lead) {
        (void)madvise(room + lead, (len - lead) / page * page,
                      MADV_POPULATE_WRITE); /* Linux before 5.14 says no */
    }
    free(room);
}

static bool
s_add(mg_early_t *self, mg_early_item_t item)
{
    if (self->count == self->room) {
        uint32_t room = self->room ? 2 * self->room : ROOM_FIRST;
        mg_early_item_t *items = realloc(self->items, room * sizeof *items);
        if (!items) {
            mg_entry_free(item.entry);
            return false;
        }
        self->items = items;
        self->room = room;
    }
    self->items[self->count++] = item;
    return true;
}

mg_early_t *
mg_early_new(mg_slice_t plain)
{
    size_t at = s_find_begin(plain);
    mg_early_t *self = at < plain.len ? calloc(1, sizeof *self) : NULL;
    if (!self) {
        return NULL;
    }
    self->begin = (uint32_t)at;
    s_warm_memory((plain.len - at) / PLAIN_SHARE * MEMORY_SHARE);
    size_t prefix = 0;
    size_t total = 0;
    bool added = true;
    while (added && (total = s_measure(s_behind(plain, at), &prefix)) > 0) {
        mg_entry_t *entry = s_make_entry(mg_slice(plain.data + at + prefix, total - prefix));
        at += total;
        added = s_add(self, (mg_early_item_t){.entry = entry, .end = (uint32_t)at});
    }
    return self;
}

void
mg_early_destroy(mg_early_t **self_p)
{
    mg_early_t *self = *self_p;
    if (!self) {
        return;
    }
    for (uint32_t i = 0; i < self->count; i++) {
        mg_entry_free(self->items[i].entry);
    }
    free(self->items);
    free(self);
    *self_p = NULL;
}
