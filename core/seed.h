/* seed - what every state must hold before it is served: the admin, its role and groups, the settings, a signing key.
 *
 * Owns     : nothing; changes a store that nobody serves yet.
 * Thread   : the one that built the store (the dump actor, at start and at every restore).
 * Fails    : MG_ERR_NOT_FOUND: no admin is stored and no password is configured, so nobody could ever log in.
 * Not here : hashing (core/password.h), what the settings do (actors/autosave.c, gateway).
 * Source   : platform-api.md sections 4, 5, 10 and 11.3; design.md sections 3 and 7.
 *
 * A variable that is set explicitly wins over a restored setting; the log line setting_overridden names both values.
 * A document that already says the right thing is not written again: the digest of the state is the same before and after.
 */
#ifndef MG_CORE_SEED_H
#define MG_CORE_SEED_H

#include "core/config.h"
#include "core/store.h"

#define MG_SEED_ADMIN    "admin"
#define MG_SEED_SETTINGS "security_settings" /* key of the settings document */
#define MG_SEED_JWT_KEY  "jwt_key"           /* key of the META record that holds the signing key */

enum { MG_JWT_KEY_SIZE = 32 };

/* Makes or mends all of it in `store`. `config`: admin_*, autosave and http settings. `*out_changed`: something was
 * written. */
MG_MUST_USE mg_status_t mg_seed_align(mg_store_t *store,
                                      const mg_config_t *config,
                                      int64_t now_ns,
                                      bool *out_changed);

#endif
