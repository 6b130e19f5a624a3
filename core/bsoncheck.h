/* bsoncheck - whether bytes may be stored: one BSON document that every dump can carry and every reader can walk.
 *
 * Owns     : nothing; constant memory, no recursion.
 * Thread   : any.
 * Fails    : MG_ERR_TOO_BIG past MG_BSON_BYTES_MAX, MG_ERR_INVALID for anything else, with a static sentence.
 * Not here : what a document means (the gateway's resource tables).
 * Source   : dump-format.md section 6. Not libbson's bson_validate: it (1.23.1) recurses without limit, applies its key rules
 *            at every depth, lets the overlong NUL pass, and took a third of a restart. A fuzz target sees to it that libbson
 *            accepts whatever passes here.
 */
#ifndef MG_CORE_BSONCHECK_H
#define MG_CORE_BSONCHECK_H

#include "core/buf.h"

enum {
    MG_BSON_BYTES_MAX = 16777216,
    MG_BSON_DEPTH_MAX = 64, /* the document itself is level 1 */
};

/* Keys of the top level: a stored document has names there (not empty, no leading '$', no '.'); a Meta value is free. */
typedef enum mg_bson_keys { MG_BSON_KEYS_ANY, MG_BSON_KEYS_NAMES } mg_bson_keys_t;

/* Checks all of `bson`. On failure *out_why (if not NULL) is a static sentence. */
MG_MUST_USE mg_status_t mg_bson_check(mg_slice_t bson, mg_bson_keys_t keys, const char **out_why);

#endif
