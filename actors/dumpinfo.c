#include "actors/dumpinfo.h"

#include <sodium.h>

#include <stdio.h>
#include <string.h>

void
mg_dumpinfo_set(mg_dumpinfo_t *self,
                const char *folder,
                const char *name,
                const mg_dumpheader_t *header)
{
    size_t len = strlen(folder);
    bool joint = len == 0 || folder[len - 1] == '/';
    (void)snprintf(self->path, sizeof self->path, "%s%s%s", folder, joint ? "" : "/", name);
    self->set = true;
    self->header = *header;
    (void)sodium_bin2hex(self->key_id, sizeof self->key_id, header->key_id, sizeof header->key_id);
}

/* protobuf-c's string fields are not const, and nothing writes through them. */
static char *
s_lend(const char *text)
{
    return (char *)text;
}

Mg__DumpInfo
mg_dumpinfo_message(const mg_dumpinfo_t *self)
{
    Mg__DumpInfo message = MG__DUMP_INFO__INIT;
    message.path = s_lend(self->path);
    message.generation = self->header.generation;
    message.version = self->header.snapshot_version;
    message.created_ns = self->header.created_at;
    message.trigger = (Mg__Trigger)self->header.trigger;
    message.requester = s_lend(self->header.requester);
    message.documents = self->footer.document_count;
    message.bytes = self->bytes;
    message.seconds = self->seconds;
    message.view_us = self->view_us;
    message.verified = self->verified;
    message.changes = self->changes;
    message.outcome = s_lend(mg_outcome_name(self->outcome));
    message.key_id = s_lend(self->key_id);
    message.timeline = self->header.timeline;
    return message;
}

Mg__ImportInfo
mg_dumpinfo_import_message(const mg_dumpinfo_t *self)
{
    Mg__ImportInfo message = MG__IMPORT_INFO__INIT;
    message.duplicates = self->import.duplicates;
    message.surrogates = self->import.counts.surrogates;
    message.keys_escaped = self->import.counts.keys_escaped;
    message.keys_merged = self->import.counts.keys_merged;
    message.bad_base64 = self->import.counts.bad_base64;
    message.decimal128 = self->import.counts.decimal128;
    message.int_text = self->import.counts.int_text;
    return message;
}
