#include "core/signkeys.h"

#include <gnutls/abstract.h>
#include <jansson.h>
#include <sodium.h>

#include <limits.h>
#include <string.h>

/* One entry of the list while it is read. */
typedef struct reading {
    const json_t *object;
    size_t number; /* from 1, for sentences */
    mg_fault_t *why;
} reading_t;

static const char *const s_members[] = {"kid", "algorithm",   "active",     "secret",
                                        "key", "private_key", "public_key", NULL};

const char *
mg_signalg_name(mg_signalg_t algorithm)
{
    return algorithm == MG_SIGNALG_RS256 ? "RS256" : "HS256";
}

static mg_status_t
s_refuse(const reading_t *reading, const char *reason)
{
    return mg_fault_set(reading->why, MG_ERR_INVALID, 0, "JWT_KEYS, key %zu: %s.", reading->number,
                        reason);
}

static bool
s_is_member(const char *name)
{
    size_t i = 0;
    while (s_members[i] && strcmp(s_members[i], name) != 0) {
        i++;
    }
    return s_members[i] != NULL;
}

static mg_status_t
s_check_members(const reading_t *reading)
{
    const char *name = NULL;
    json_t *value = NULL;
    if (!json_is_object(reading->object)) {
        return s_refuse(reading, "it is no object");
    }
    json_object_foreach((json_t *)reading->object, name, value)
    {
        if (!s_is_member(name)) {
            return s_refuse(reading, "it may have kid, algorithm, active, secret (or key), "
                                     "private_key and public_key, and nothing else");
        }
        bool flag = strcmp(name, "active") == 0;
        if (flag ? !json_is_boolean(value) : !json_is_string(value)) {
            return s_refuse(reading, "active is true or false, everything else is text");
        }
    }
    return MG_OK;
}

/* A text member; empty when it is missing. */
static mg_slice_t
s_text(const reading_t *reading, const char *name)
{
    const json_t *value = json_object_get(reading->object, name);
    return value ? mg_slice(json_string_value(value), json_string_length(value)) : (mg_slice_t){0};
}

static mg_status_t
s_read_id(const reading_t *reading, const mg_signkeys_t *others, mg_signkey_t *out)
{
    mg_slice_t id = s_text(reading, "kid");
    if (id.len == 0 || id.len > MG_SIGNKEY_ID_MAX || memchr(id.data, 0, id.len)) {
        return s_refuse(reading, "it needs a kid of 1 to 64 bytes");
    }
    memcpy(out->id, id.data, id.len);
    out->id[id.len] = 0;
    for (size_t i = 0; i < others->count; i++) {
        if (strcmp(others->keys[i].id, out->id) == 0) {
            return s_refuse(reading, "another key has its kid");
        }
    }
    return MG_OK;
}

static mg_status_t
s_read_secret(const reading_t *reading, mg_signkey_t *out)
{
    mg_slice_t secret = s_text(reading, "secret");
    secret = secret.len ? secret : s_text(reading, "key");
    if (secret.len == 0 || secret.len > INT_MAX || s_text(reading, "private_key").len ||
        s_text(reading, "public_key").len) {
        return s_refuse(reading, "HS256 wants a secret, and no key in PEM");
    }
    mg_buf_append_slice(&out->sign, secret);
    mg_buf_append_slice(&out->check, secret);
    return MG_OK;
}

/* The public half in PEM, of the private one or of what was given; false: it is no RSA key of a safe length. */
static bool
s_public_pem(mg_slice_t private_pem, mg_slice_t public_pem, mg_buf_t *out)
{
    gnutls_pubkey_t public = NULL;
    gnutls_privkey_t private = NULL;
    gnutls_datum_t given = {(unsigned char *)private_pem.data, (unsigned)private_pem.len};
    gnutls_datum_t shown = {(unsigned char *)public_pem.data, (unsigned)public_pem.len};
    gnutls_datum_t pem = {0};
    unsigned bits = 0;
    bool good = gnutls_pubkey_init(&public) == 0 && gnutls_privkey_init(&private) == 0;
    if (private_pem.len) {
        good = good &&
               gnutls_privkey_import_x509_raw(private, &given, GNUTLS_X509_FMT_PEM, NULL, 0) == 0 &&
               gnutls_pubkey_import_privkey(public, private, 0, 0) == 0;
    } else {
        good = good && gnutls_pubkey_import(public, &shown, GNUTLS_X509_FMT_PEM) == 0;
    }
    good = good && gnutls_pubkey_get_pk_algorithm(public, &bits) == GNUTLS_PK_RSA &&
           bits >= MG_SIGNKEY_RSA_BITS_MIN &&
           gnutls_pubkey_export2(public, GNUTLS_X509_FMT_PEM, &pem) == 0;
    if (good) {
        mg_buf_append(out, pem.data, pem.size);
    }
    gnutls_free(pem.data);
    gnutls_privkey_deinit(private);
    gnutls_pubkey_deinit(public);
    return good;
}

static mg_status_t
s_read_pair(const reading_t *reading, mg_signkey_t *out)
{
    mg_slice_t private_pem = s_text(reading, "private_key");
    mg_slice_t public_pem = s_text(reading, "public_key");
    if (s_text(reading, "secret").len || s_text(reading, "key").len ||
        !s_public_pem(private_pem, public_pem, &out->check)) {
        return s_refuse(reading, "RS256 wants a private_key that signs or a public_key that only "
                                 "checks, in PEM, RSA of at least 2048 bits, and no secret");
    }
    mg_buf_append_slice(&out->sign, private_pem);
    mg_buf_t given = {0};
    bool belong = !private_pem.len || !public_pem.len ||
                  (s_public_pem((mg_slice_t){0}, public_pem, &given) &&
                   mg_slice_equal(mg_buf_slice(&given), mg_buf_slice(&out->check)));
    mg_buf_free(&given);
    return belong ? MG_OK : s_refuse(reading, "its public_key is not that of its private_key");
}

static mg_status_t
s_read_material(const reading_t *reading, mg_signkey_t *out)
{
    mg_slice_t algorithm = s_text(reading, "algorithm");
    if (algorithm.len == 0 || mg_slice_equal(algorithm, mg_slice_text("HS256"))) {
        return s_read_secret(reading, out);
    }
    if (!mg_slice_equal(algorithm, mg_slice_text("RS256"))) {
        return s_refuse(reading, "algorithm is HS256 or RS256");
    }
    out->algorithm = MG_SIGNALG_RS256;
    return s_read_pair(reading, out);
}

static mg_status_t
s_read_key(mg_signkeys_t *self, const reading_t *reading)
{
    mg_signkey_t *key = &self->keys[self->count];
    mg_status_t status = s_check_members(reading);
    status = status == MG_OK ? s_read_id(reading, self, key) : status;
    self->count++; /* from here on it is wiped with the others */
    status = status == MG_OK ? s_read_material(reading, key) : status;
    if (status == MG_OK && (!mg_buf_ok(&key->sign) || !mg_buf_ok(&key->check))) {
        status = mg_fault_set(reading->why, MG_ERR_NO_MEMORY, 0, "no memory for JWT_KEYS");
    }
    return status;
}

/* The first active one signs. */
static mg_status_t
s_choose(mg_signkeys_t *self, const json_t *list, mg_fault_t *why)
{
    size_t i = 0;
    while (i < self->count && self->count > 1 &&
           !json_is_true(json_object_get(json_array_get(list, i), "active"))) {
        i++;
    }
    if (i == self->count) {
        return mg_fault_set(why, MG_ERR_INVALID, 0,
                            "JWT_KEYS has no active key: set \"active\": true on the one that "
                            "signs new tokens.");
    }
    if (self->keys[i].sign.len == 0) {
        reading_t reading = {.number = i + 1, .why = why};
        return s_refuse(&reading, "it is active, so it needs a private_key");
    }
    self->active = i;
    return MG_OK;
}

/* The parser's own copies of secrets. */
static void
s_forget(json_t *list)
{
    size_t i = 0;
    json_t *object = NULL;
    json_array_foreach(list, i, object)
    {
        const char *name = NULL;
        json_t *value = NULL;
        json_object_foreach(object, name, value)
        {
            if (json_is_string(value)) {
                sodium_memzero((char *)json_string_value(value), json_string_length(value));
            }
        }
    }
    json_decref(list);
}

mg_status_t
mg_signkeys_read(mg_signkeys_t *self, mg_slice_t text, mg_fault_t *why)
{
    json_t *list = json_loadb((const char *)text.data, text.len, JSON_REJECT_DUPLICATES, NULL);
    size_t count = json_array_size(list);
    mg_status_t status = MG_OK;
    if (count == 0 || count >= MG_SIGNKEYS_MAX) { /* one place is JWT_SECRET_KEY's */
        status = mg_fault_set(why, MG_ERR_INVALID, 0,
                              "JWT_KEYS is no JSON list of 1 to %d keys: the form is "
                              "[{\"kid\": \"a\", \"algorithm\": \"HS256\", \"secret\": \"...\", "
                              "\"active\": true}].",
                              MG_SIGNKEYS_MAX - 1);
    }
    for (size_t i = 0; status == MG_OK && i < count; i++) {
        reading_t reading = {.object = json_array_get(list, i), .number = i + 1, .why = why};
        status = s_read_key(self, &reading);
    }
    status = status == MG_OK ? s_choose(self, list, why) : status;
    s_forget(list);
    if (status != MG_OK) {
        mg_signkeys_wipe(self);
    }
    return status;
}

static mg_signkey_t *
s_named(mg_signkeys_t *self, const char *id)
{
    for (size_t i = 0; i < self->count; i++) {
        if (strcmp(self->keys[i].id, id) == 0) {
            return &self->keys[i];
        }
    }
    return NULL;
}

mg_status_t
mg_signkeys_set_legacy(mg_signkeys_t *self, mg_slice_t secret)
{
    mg_signkey_t *key = s_named(self, MG_SIGNKEY_LEGACY);
    if (!key && self->count == MG_SIGNKEYS_MAX) {
        return MG_ERR_NO_MEMORY;
    }
    if (!key) {
        key = &self->keys[self->count++];
        memcpy(key->id, MG_SIGNKEY_LEGACY, sizeof MG_SIGNKEY_LEGACY);
    }
    mg_buf_wipe(&key->sign);
    mg_buf_wipe(&key->check);
    mg_buf_append_slice(&key->sign, secret);
    mg_buf_append_slice(&key->check, secret);
    return mg_buf_ok(&key->sign) && mg_buf_ok(&key->check) ? MG_OK : MG_ERR_NO_MEMORY;
}

void
mg_signkeys_wipe(mg_signkeys_t *self)
{
    for (size_t i = 0; i < self->count; i++) {
        mg_buf_wipe(&self->keys[i].sign);
        mg_buf_wipe(&self->keys[i].check);
    }
    *self = (mg_signkeys_t){0};
}

const mg_signkey_t *
mg_signkeys_active(const mg_signkeys_t *self)
{
    return self->count ? &self->keys[self->active] : NULL;
}

const mg_signkey_t *
mg_signkeys_find(const mg_signkeys_t *self, const char *id)
{
    if (!id && self->count == 1) {
        return &self->keys[0];
    }
    return s_named((mg_signkeys_t *)self, id ? id : MG_SIGNKEY_LEGACY);
}
