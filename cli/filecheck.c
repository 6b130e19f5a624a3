#include "cli/filecheck.h"

#include "cli/dumpkeys.h"
#include "cli/render.h"
#include "cli/settings.h"
#include "core/dmp1file.h"
#include "core/filesource.h"

#include <sodium.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { KIB_PER_MIB = 1024, HASH_HEX = 2 * MG_CHECK_SIZE + 1 };

/* ---- what is told ---- */

static json_t *
s_hex(const uint8_t *bytes, size_t len)
{
    char text[HASH_HEX];
    return json_string(sodium_bin2hex(text, sizeof text, bytes, len));
}

static json_t *
s_time(int64_t unix_ns)
{
    char text[MG_RFC3339_SIZE];
    mg_clock_rfc3339(unix_ns, text);
    return json_string(text);
}

static void
s_put(json_t *out, const char *name, json_t *value)
{
    (void)json_object_set_new(out, name, value);
}

static void
s_put_number(json_t *out, const char *name, uint64_t value)
{
    s_put(out, name, json_integer((json_int_t)value));
}

static void
s_put_text(json_t *out, const char *name, const char *text)
{
    if (text[0]) {
        s_put(out, name, json_string(text));
    }
}

static void
s_put_header(json_t *out, const mg_dumpheader_t *header)
{
    s_put_number(out, "generation", header->generation);
    s_put(out, "key_id", s_hex(header->key_id, sizeof header->key_id));
    s_put(out, "key_kind", json_string(header->kdf.kdf == MG_KDF_RAW ? "raw" : "passphrase"));
    s_put_number(out, "state_version", header->snapshot_version);
    s_put(out, "created_at", s_time(header->created_at));
    s_put_number(out, "parent_generation", header->parent_generation);
    s_put_number(out, "timeline", header->timeline);
    s_put(out, "trigger", json_string(mg_trigger_name(header->trigger)));
    s_put_text(out, "requester", header->requester);
    s_put_text(out, "producer", header->producer);
    s_put_text(out, "host", header->host);
    s_put(out, "store_id", s_hex(header->store_id, sizeof header->store_id));
    s_put(out, "instance_id", s_hex(header->instance_id, sizeof header->instance_id));
    s_put(out, "compression",
          json_string(header->compression == MG_COMPRESSION_ZSTD ? "zstd" : "none"));
    s_put_number(out, "chunk_size", header->chunk_size);
    s_put_number(out, "payload_schema", header->payload_schema);
    s_put(out, "final", json_boolean(header->informative & MG_HEADER_FINAL));
    if (header->has_parent_check) {
        s_put(out, "parent_check", s_hex(header->parent_check, sizeof header->parent_check));
    }
    if (header->has_resealed_from) {
        s_put(out, "resealed_from", s_hex(header->resealed_from, sizeof header->resealed_from));
    }
}

static void
s_put_footer(json_t *out, const mg_dumpfooter_t *footer)
{
    s_put_number(out, "documents", footer->document_count);
    s_put_number(out, "collections", footer->collection_count);
    s_put_number(out, "records", footer->record_count);
    s_put_number(out, "chunks", footer->chunk_count);
    s_put_number(out, "plain_bytes", footer->plain_bytes);
    s_put_number(out, "body_bytes", footer->body_bytes);
    s_put(out, "finished_at", s_time(footer->finished_at));
    s_put(out, "file_check", s_hex(footer->file_check, sizeof footer->file_check));
}

/* The arguments of an outcome, where it has any. */
static void
s_put_arguments(json_t *out, const mg_verdict_t *verdict)
{
    switch (verdict->outcome) {
    case MG_OUTCOME_CHUNK_CORRUPT:
        s_put_number(out, "chunk", verdict->chunk);
        s_put_number(out, "offset", verdict->offset);
        break;
    case MG_OUTCOME_PAYLOAD_INVALID:
        s_put_number(out, "record", verdict->record);
        break;
    case MG_OUTCOME_ROLLED_BACK:
        s_put_number(out, "minimum", verdict->minimum);
        break;
    case MG_OUTCOME_IO:
        s_put(out, "errno", json_integer(verdict->error));
        break;
    default: /* the name says it all */
        break;
    }
}

static json_t *
s_report(const mg_filecheck_t *check, const mg_dumpreader_t *reader, const mg_verdict_t *verdict)
{
    json_t *out = json_object();
    const mg_dumpheader_t *header = reader ? mg_dumpreader_header(reader) : NULL;
    const mg_dumpfooter_t *footer = reader ? mg_dumpreader_footer(reader) : NULL;
    s_put(out, "file", json_string(check->file));
    s_put(out, "outcome", json_string(mg_outcome_name(verdict->outcome)));
    s_put(out, "text", json_string(verdict->text));
    s_put(out, "authenticated", json_boolean(reader && mg_dumpreader_authenticated(reader)));
    s_put_arguments(out, verdict);
    if (header) {
        s_put_header(out, header);
    } else { /* asked for by name in every report */
        s_put(out, "generation", json_null());
        s_put(out, "key_id", json_null());
    }
    if (footer) {
        s_put_footer(out, footer);
    }
    return out;
}

/* A line each, for people. */
static void
s_print_lines(const json_t *report)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)report, name, value)
    {
        if (json_is_string(value)) {
            (void)printf("%-18s %s\n", name, json_string_value(value));
        } else if (json_is_integer(value)) {
            (void)printf("%-18s %" JSON_INTEGER_FORMAT "\n", name, json_integer_value(value));
        } else if (json_is_boolean(value)) {
            (void)printf("%-18s %s\n", name, json_is_true(value) ? "yes" : "no");
        }
    }
}

static void
s_tell(const mg_filecheck_t *check, json_t *report, const mg_verdict_t *verdict)
{
    if (check->json) {
        mg_render_print(report);
    } else {
        s_print_lines(report);
        json_decref(report);
    }
    if (verdict->outcome != MG_OUTCOME_OK) {
        (void)fprintf(stderr, "memgate: %s: %s.\n", check->file, verdict->text);
    }
}

/* ---- the file ---- */

/* A Doorman dump shows nothing without the key; with it all of it is imported and thrown away. */
static mg_exit_t
s_check_dmp1(const mg_filecheck_t *check, const mg_config_t *config, mg_keyring_t *keyring, int fd)
{
    mg_verdict_t verdict = {0};
    mg_store_t *store = NULL;
    mg_dmp1_info_t info = {0};
    mg_dmp1file_t file = {.io = &mg_file_system,
                          .fd = fd,
                          .keyring = keyring,
                          .provider = (mg_aead_provider_t)config->dump.aead,
                          .max_mib = config->dump.import_max_mib};
    mg_outcome_t outcome =
        keyring ? mg_dmp1file_load(&file, &store, &info, &verdict)
                : mg_verdict_fail(&verdict, MG_OUTCOME_OK,
                                  "a Doorman dump; without the key nothing can be seen of it");
    json_t *report = s_report(check, NULL, &verdict);
    s_put(report, "format", json_string("DMP1"));
    s_put(report, "authenticated", json_boolean(store != NULL));
    if (store) {
        s_put(report, "created_at", s_time(info.created_at));
        s_put_number(report, "documents", info.documents);
        s_put_number(report, "collections", info.collections);
    }
    s_tell(check, report, &verdict);
    mg_store_destroy(&store);
    return (mg_exit_t)mg_outcome_exit(outcome);
}

static mg_exit_t
s_check(const mg_filecheck_t *check, const mg_config_t *config, mg_keyring_t *keyring)
{
    mg_verdict_t verdict = {0};
    mg_dumpreader_t *reader = NULL;
    mg_filesource_t source = {.io = &mg_file_system, .fd = -1};
    mg_dumpreader_options_t options = {.source = mg_filesource(&source),
                                       .keyring = keyring,
                                       .provider = (mg_aead_provider_t)config->dump.aead,
                                       .kdf_max_kib = config->dump.kdf_max_mib * KIB_PER_MIB,
                                       .min_generation = check->min_generation};
    mg_outcome_t outcome = mg_dumpkeys_open_file(check->file, &source.fd, &verdict);
    if (outcome == MG_OUTCOME_OK && mg_dmp1file_is(&mg_file_system, source.fd)) {
        mg_exit_t code = s_check_dmp1(check, config, keyring, source.fd);
        (void)close(source.fd);
        return code;
    }
    if (outcome == MG_OUTCOME_OK) {
        reader = mg_dumpreader_new(&options);
        outcome = reader ? mg_dumpreader_run(reader, &verdict)
                         : mg_verdict_io(&verdict, "reading the dump", ENOMEM);
    }
    s_tell(check, s_report(check, reader, &verdict), &verdict);
    mg_dumpreader_destroy(&reader);
    if (source.fd >= 0) {
        (void)close(source.fd);
    }
    return (mg_exit_t)mg_outcome_exit(outcome);
}

mg_exit_t
mg_filecheck_run(const mg_filecheck_t *check)
{
    mg_config_t config = {0};
    mg_keyring_t *keyring = NULL;
    mg_exit_t code = mg_settings_read(&config);
    if (code == MG_EXIT_OK && check->with_key) {
        code = mg_dumpkeys_open(&config, NULL, &keyring);
    }
    if (code == MG_EXIT_OK) {
        code = s_check(check, &config, keyring);
    }
    mg_keyring_destroy(&keyring);
    mg_config_destroy(&config);
    return code;
}
