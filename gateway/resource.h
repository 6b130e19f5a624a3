/* resource - create, read, list, change and delete, written once over tables.
 *
 * Owns     : nothing; resources are static tables.
 * Thread   : the gateway's.
 * Sends    : one Write per change, with a precondition: absent on create, the rev that was read otherwise. When it fails the
 *            handler runs again on the newer state (gateway/ask.h), so two clients never lose an update.
 * Fails    : each rule that is broken answers the resource's own error.
 * Not here : the tables (gateway/tables), rules of one resource (gateway/handlers).
 * Source   : platform-api.md sections 1, 4 to 9, 12.
 */
#ifndef MG_GATEWAY_RESOURCE_H
#define MG_GATEWAY_RESOURCE_H

#include "gateway/fields.h"
#include "gateway/request.h"

/* A document before and after; empty: it is not there. */
typedef struct mg_change {
    mg_slice_t before;
    mg_slice_t after;
} mg_change_t;

typedef enum mg_list_shape {
    MG_LIST_PAGED,           /* the list with its page figures */
    MG_LIST_PAGED_FOR_ADMIN, /* figures for admins only: they would tell of hidden documents */
    MG_LIST_PLAIN            /* the list only */
} mg_list_shape_t;

struct mg_resource {
    mg_collection_id_t collection;
    const char *noun;     /* in messages */
    const char *list_key; /* in list answers */
    const char
        *document_key; /* a created document is answered under this name; NULL: a message only */
    const mg_field_t *fields;              /* of create and update */
    const char *const *omit;               /* fields that are never shown, NULL-terminated */
    uint8_t key_params[MG_KEY_FIELDS_MAX]; /* the path parameter that holds key field number i */
    const char
        *key_prefixes[MG_KEY_FIELDS_MAX]; /* what stands before it in the document; NULL: nothing */
    mg_list_shape_t list_shape;
    int64_t page_size; /* of lists, when the client does not say; 0: 10 */
    bool bare; /* single documents are answered without an envelope, also by create and delete */
    bool update_shows; /* an update answers the document, not a message */
    const char *
        exists_text; /* creating what exists is a 200 with this message; NULL: the error `exists` */
    mg_error_id_t exists;
    mg_error_id_t not_found; /* read */
    mg_error_id_t unknown_update;
    mg_error_id_t unknown_delete;
    mg_error_id_t rename;
    mg_error_id_t nothing;
    /* Adds the fields that the server sets on create; false: no memory. NULL: none. */
    bool (*complete)(const mg_request_t *request, bson_t *draft);
    /* Adds fields of the body that are not stored as given, on create and update; false: no memory. NULL: none. */
    bool (*convert)(const mg_request_t *request, bson_t *fields);
    /* Answers a create in its own words. NULL: "<noun> created successfully", or the document. */
    void (*created)(mg_request_t *request, mg_slice_t draft);
    /* Rules of a change; false: it has answered. NULL: none. */
    bool (*check)(mg_request_t *request, const mg_change_t *change);
    /* Stored fields on which `check` of an update rests, NULL-terminated; NULL: on any. An update that touches none of them holds
     * whatever others write meanwhile, so it is sent as a patch that needs no retry. */
    const char *const *checked;
    /* True when the document is not shown to this caller. NULL: all are shown. */
    bool (*is_hidden)(const mg_request_t *request, mg_slice_t document);
    /* Query parameters that narrow a list, NULL-terminated, and whether a document is in it. NULL: none. */
    const char *const *filters;
    bool (*matches)(const mg_request_t *request, mg_slice_t document);
    /* Appends the document as JSON in its own shape. NULL: all fields but `omit`. */
    mg_status_t (*write)(const mg_request_t *request, mg_slice_t document, mg_buf_t *out);
    /* --- for the API document: gateway/openapi.h --- */
    const mg_field_t *added;    /* fields that the server sets, and shows; NULL: none */
    const mg_field_t *shown;    /* what `write` shows instead of `fields`; NULL: the same */
    const char *example;        /* a body of create, as JSON; its values stand in paths too */
    const char *change_example; /* a body of update; NULL: there is none */
};

/* Fields that no answer shows: the internal id, and what proves who one is. */
extern const char *const mg_omit_internal[];

/* --- handlers for the route table; the row names the resource --- */
mg_handler_t mg_resource_create;
mg_handler_t mg_resource_read;
mg_handler_t mg_resource_list;
mg_handler_t mg_resource_update;
mg_handler_t mg_resource_delete;

/* --- pieces for handlers that do some of it in their own way --- */

/* The document that the path names, or NULL. */
const mg_entry_t *mg_resource_entry(const mg_request_t *request);
/* Reads the body's fields into `out` (initialised by the caller); false: it has answered. */
bool mg_resource_fields(mg_request_t *request,
                        const mg_field_t *table,
                        mg_fields_mode_t mode,
                        bson_t *out);
/* Answers a stored document, with its ETag. */
void
mg_resource_show(mg_request_t *request, const mg_resource_t *resource, const mg_entry_t *entry);
/* Which part of a list, and how long the whole is. */
typedef struct mg_listing {
    uint64_t skip;
    uint64_t take;
    uint64_t total; /* result; starts at 0 */
} mg_listing_t;

/* Appends `"<list_key>":[...]`. */
MG_MUST_USE mg_status_t mg_resource_write_list(const mg_request_t *request,
                                               mg_listing_t *listing,
                                               mg_buf_t *out);
/* Appends a document as the resource shows it. */
MG_MUST_USE mg_status_t mg_resource_write(const mg_request_t *request,
                                          const mg_resource_t *resource,
                                          mg_slice_t document,
                                          mg_buf_t *out);
/* Answers a document that is not stored yet, or no more; under `name` unless that is NULL. */
void
mg_resource_reply(mg_request_t *request, unsigned status, mg_slice_t document, const char *name);
/* Begins a new document with its `_id`; false: no memory. */
bool mg_resource_begin(bson_t *draft);
/* The answer is prepared: writes `body` as a new document, or over `entry` (NULL: it must be absent). */
void mg_resource_store(mg_request_t *request,
                       mg_collection_id_t collection,
                       const mg_entry_t *entry,
                       mg_slice_t body);
/* Deletes `entry`; the answer is prepared. */
void
mg_resource_remove(mg_request_t *request, mg_collection_id_t collection, const mg_entry_t *entry);
/* Answers "<noun> <done> successfully". */
void mg_resource_done(mg_request_t *request, unsigned status, const char *done);

#endif
