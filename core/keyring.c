#include "core/keyring.h"

#include <sodium.h>

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { BYTES_PER_KIB = 1024 };

/* A cached master and what it was made of. */
struct entry {
    bool used;
    size_t secret;
    uint64_t last_use; /* the least recently used one makes room */
    mg_kdf_params_t params;
    mg_master_t master;
};

struct mg_keyring {
    mg_secret_t *secrets[MG_KEYRING_SECRETS];
    size_t secret_count;
    struct entry *cache; /* sodium_malloc: MG_KEYRING_MASTERS entries */
    uint64_t uses;
    unsigned budget;       /* derivations that this scan may still cost */
    mg_kdf_params_t write; /* parameters of new dumps; the salt once `write_salted` */
    bool write_salted;
};

mg_keyring_t *
mg_keyring_new(uint32_t write_ops, uint32_t write_mem_kib)
{
    mg_keyring_t *self = calloc(1, sizeof *self);
    if (!self) {
        return NULL;
    }
    self->cache = sodium_allocarray(MG_KEYRING_MASTERS, sizeof *self->cache);
    if (!self->cache) {
        mg_keyring_destroy(&self);
        return NULL;
    }
    sodium_memzero(self->cache, MG_KEYRING_MASTERS * sizeof *self->cache);
    self->write = (mg_kdf_params_t){.ops = write_ops, .mem_kib = write_mem_kib, .lanes = 1};
    mg_keyring_begin_scan(self, MG_KEYRING_DERIVATIONS);
    return self;
}

void
mg_keyring_destroy(mg_keyring_t **self_p)
{
    mg_keyring_t *self = *self_p;
    if (!self) {
        return;
    }
    for (size_t i = 0; i < self->secret_count; i++) {
        mg_secret_destroy(&self->secrets[i]);
    }
    sodium_free(self->cache); /* wipes */
    free(self);
    *self_p = NULL;
}

mg_status_t
mg_keyring_add(mg_keyring_t *self, mg_secret_t **secret_p)
{
    if (self->secret_count == MG_KEYRING_SECRETS) {
        return MG_ERR_TOO_BIG;
    }
    if (self->secret_count == 0) { /* the current one: says how new dumps are sealed */
        self->write.kdf = (uint8_t)mg_secret_kdf(*secret_p);
        if (self->write.kdf == MG_KDF_RAW) {
            self->write = (mg_kdf_params_t){.kdf = MG_KDF_RAW, .lanes = 1};
            self->write_salted = true;
        }
    }
    self->secrets[self->secret_count++] = *secret_p;
    *secret_p = NULL;
    return MG_OK;
}

void
mg_keyring_begin_scan(mg_keyring_t *self, unsigned derivations)
{
    self->budget = derivations;
}

size_t
mg_keyring_count(const mg_keyring_t *self)
{
    return self->secret_count;
}

mg_secret_t *
mg_keyring_secret(const mg_keyring_t *self, size_t index)
{
    return self->secrets[index];
}

static bool
s_params_equal(const mg_kdf_params_t *a, const mg_kdf_params_t *b)
{
    return a->kdf == b->kdf && a->ops == b->ops && a->mem_kib == b->mem_kib &&
           a->lanes == b->lanes && memcmp(a->salt, b->salt, sizeof a->salt) == 0;
}

static struct entry *
s_find(mg_keyring_t *self, size_t secret, const mg_kdf_params_t *params)
{
    for (size_t i = 0; i < MG_KEYRING_MASTERS; i++) {
        struct entry *entry = &self->cache[i];
        if (entry->used && entry->secret == secret && s_params_equal(&entry->params, params)) {
            entry->last_use = ++self->uses;
            return entry;
        }
    }
    return NULL;
}

static struct entry *
s_oldest(mg_keyring_t *self)
{
    struct entry *oldest = &self->cache[0];
    for (size_t i = 1; i < MG_KEYRING_MASTERS; i++) {
        if (self->cache[i].last_use < oldest->last_use) {
            oldest = &self->cache[i];
        }
    }
    return oldest;
}

bool
mg_keyring_is_current(mg_keyring_t *self, const mg_dumpheader_t *header)
{
    const struct entry *entry = s_find(self, 0, &header->kdf);
    return entry && sodium_memcmp(entry->master.key_id, header->key_id, MG_KEY_ID_SIZE) == 0;
}

/* Runs the KDF; false: it found no memory. */
static bool
s_derive(mg_secret_t *secret, const mg_kdf_params_t *params, uint8_t key[MG_KEY_SIZE])
{
    mg_slice_t input = mg_secret_reveal(secret);
    bool good = true;
    if (params->kdf == MG_KDF_RAW) {
        memcpy(key, input.data, MG_KEY_SIZE);
    } else {
        good = crypto_pwhash(key, MG_KEY_SIZE, (const char *)input.data, input.len, params->salt,
                             params->ops, (size_t)params->mem_kib * BYTES_PER_KIB,
                             crypto_pwhash_ALG_ARGON2ID13) == 0;
    }
    mg_secret_hide(secret);
    return good;
}

/* The master of one secret under `params`, from the cache or derived now. */
static mg_outcome_t
s_master(mg_keyring_t *self,
         size_t secret,
         const mg_kdf_params_t *params,
         struct entry **out,
         mg_verdict_t *why)
{
    *out = s_find(self, secret, params);
    if (*out) {
        return MG_OUTCOME_OK;
    }
    struct entry *entry = s_oldest(self);
    sodium_memzero(entry, sizeof *entry);
    if (!s_derive(self->secrets[secret], params, entry->master.key)) {
        return mg_verdict_fail(
            why, MG_OUTCOME_KDF_NOMEM,
            "Argon2id found no %u MiB of memory; whether the key fits is not known",
            params->mem_kib / BYTES_PER_KIB);
    }
    mg_master_identify(&entry->master, params->salt);
    entry->used = true;
    entry->secret = secret;
    entry->params = *params;
    entry->last_use = ++self->uses;
    *out = entry;
    return MG_OUTCOME_OK;
}

/* One secret against one header; WRONG_KEY sends the caller on to the next secret. */
static mg_outcome_t
s_try(mg_keyring_t *self,
      size_t secret,
      const mg_dumpheader_t *header,
      struct entry **out,
      mg_verdict_t *why)
{
    bool slow = header->kdf.kdf == MG_KDF_PASSPHRASE;
    if (slow && !s_find(self, secret, &header->kdf)) {
        if (self->budget == 0) {
            return mg_verdict_fail(
                why, MG_OUTCOME_KDF_LIMIT,
                "the dumps have so many different salts that the key was derived %d times already",
                MG_KEYRING_DERIVATIONS);
        }
        self->budget--;
    }
    return s_master(self, secret, &header->kdf, out, why);
}

mg_outcome_t
mg_keyring_unlock(mg_keyring_t *self,
                  const mg_dumpheader_t *header,
                  mg_slice_t bytes,
                  mg_filekeys_t *out,
                  mg_verdict_t *why)
{
    for (size_t i = 0; i < self->secret_count; i++) {
        if (mg_secret_kdf(self->secrets[i]) != header->kdf.kdf) {
            continue;
        }
        struct entry *entry = NULL;
        mg_outcome_t outcome = s_try(self, i, header, &entry, why);
        if (outcome == MG_OUTCOME_OK) {
            outcome = mg_dumpheader_unlock(header, bytes, &entry->master, out, why);
        }
        if (outcome != MG_OUTCOME_WRONG_KEY) {
            return outcome;
        }
    }
    char wanted[2 * MG_KEY_ID_SIZE + 1];
    (void)sodium_bin2hex(wanted, sizeof wanted, header->key_id, sizeof header->key_id);
    return mg_verdict_fail(
        why, MG_OUTCOME_WRONG_KEY,
        "no configured key fits: the dump was sealed with the key whose key_id is %s (%s)", wanted,
        header->kdf.kdf == MG_KDF_RAW ? "a hex: or base64: key" : "a passphrase");
}

void
mg_keyring_adopt(mg_keyring_t *self, const mg_kdf_params_t *params)
{
    if (self->write.kdf == MG_KDF_PASSPHRASE && params->kdf == MG_KDF_PASSPHRASE &&
        params->ops == self->write.ops && params->mem_kib == self->write.mem_kib) {
        self->write = *params;
        self->write_salted = true;
    }
}

mg_outcome_t
mg_keyring_for_writing(mg_keyring_t *self,
                       mg_kdf_params_t *out_params,
                       mg_master_t *out_master,
                       mg_verdict_t *why)
{
    assert(self->secret_count > 0);
    if (!self->write_salted) {
        randombytes_buf(self->write.salt, sizeof self->write.salt);
        self->write_salted = true;
    }
    struct entry *entry = NULL;
    mg_outcome_t outcome = s_master(self, 0, &self->write, &entry, why);
    if (outcome == MG_OUTCOME_OK) {
        *out_params = self->write;
        *out_master = entry->master;
    }
    return outcome;
}
