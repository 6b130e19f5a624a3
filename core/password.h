/* password - hashing and checking passwords.
 *
 * Owns     : nothing; passwords are borrowed and never copied beyond the call.
 * Thread   : any; a call takes about a tenth of a second and 64 MiB, so it belongs into the hasher actor (or into a start).
 * Fails    : MG_ERR_NO_MEMORY when Argon2id finds no memory; never "no match" for that reason.
 * Not here : rules for new passwords (gateway), queueing (actors/hasher.h).
 * Source   : Argon2id by libsodium; bcrypt of imported users by crypt(3).
 */
#ifndef MG_CORE_PASSWORD_H
#define MG_CORE_PASSWORD_H

#include "core/buf.h"

enum {
    MG_PASSWORD_HASH_SIZE = 128, /* bytes of a hash as text, with its NUL */
    MG_PASSWORD_MAX = 1024       /* bytes of a password */
};

/* Hashes with Argon2id into a text to store. */
MG_MUST_USE mg_status_t mg_password_hash(mg_slice_t password, char out[MG_PASSWORD_HASH_SIZE]);
/* Checks `password` against a stored hash (Argon2id or bcrypt text). An empty or unknown hash does the same work and
 * matches nothing, so that time does not tell whether a user exists.
 * out_stale  it matches, but should be hashed anew. */
MG_MUST_USE mg_status_t mg_password_check(mg_slice_t password,
                                          mg_slice_t hash,
                                          bool *out_matches,
                                          bool *out_stale);

#endif
