/* dump_parts - what the files of the dump actor share: its state, and the calls between them. For actors/dump*.c only. */
#ifndef MG_ACTORS_DUMP_PARTS_H
#define MG_ACTORS_DUMP_PARTS_H

#include "actors/dump.h"
#include "actors/dumpinfo.h"
#include "actors/dumpjob.h"
#include "actors/restorejob.h"
#include "actors/stateask.h"
#include "messages/event.pb-c.h"

/* One request that waits for its turn. */
typedef struct mg_dumpwaiter {
    struct mg_dumpwaiter *next;
    mg_bus_peer_t peer;
    Mg__DumpMessage__BodyCase kind;
    uint8_t trigger;
    bool final;
    bool at_start;
    int64_t grace_ms;
    int64_t asked_ms; /* monotonic */
    char requester[MG_REQUESTER_MAX + 1];
    char path[MG_DUMPPATH_SIZE];
    bool import;         /* a restore: the file must be a Doorman dump, */
    bool has_import_key; /* sealed with this key, not with a configured secret */
    uint8_t import_key[MG_AEAD_KEY];
} mg_dumpwaiter_t;

enum { MG_DUMP_PROVEN_MAX = 256 /* verified dumps that are remembered */ };

typedef struct mg_dumpactor {
    const mg_config_t *config;
    mg_loop_t *loop;
    zsock_t *inbox;
    zsock_t *events;
    mg_link_t *state;
    mg_link_t *supervisor; /* only to say that we are fenced */
    mg_pipeline_t *pipeline;
    mg_folder_t *folder;
    mg_keyring_t *keyring;
    mg_aead_provider_t provider;
    mg_folder_owner_t owner;
    char host[MG_HOST_MAX + 1];

    uint8_t store_id[MG_STORE_ID_SIZE];
    uint32_t timeline;
    uint64_t generation;      /* the newest known: of the folder, restored or published */
    bool scanned;             /* the folder's headers were read, so generation holds */
    bool has_lock;            /* of the folder; before that nothing runs */
    bool fenced;              /* the lock was lost: what is published are orphans */
    int64_t lock_try_ms;      /* standing by: when the lock is tried next, */
    int64_t lock_deadline_ms; /* and when that ends */
    mg_status_t lock_told;    /* why it could not be taken, as was logged last */
    size_t old_keys;          /* dumps that need a previous key, at the last count */
    bool told_unsynced;       /* it was logged that folders can not be synced */

    mg_dumpinfo_t last;     /* published last by this process */
    mg_dumpinfo_t parent;   /* published or restored last: the next dump's parent */
    mg_dumpinfo_t restored; /* what this state came from */
    char last_error[MG_FAULT_TEXT];
    int64_t last_error_ns;
    uint64_t published;
    uint64_t failed;
    mg_histogram_t phases[MG_DUMPPHASES]; /* of what was published */
    uint8_t proven[MG_DUMP_PROVEN_MAX]
                  [MG_CHECK_SIZE]; /* file_check of dumps that this process read in full; a ring */
    uint64_t proven_count;
    uint64_t proven_home; /* dumps of the dump folder that were published verified */
    uint32_t restore_skipped;

    mg_dumpwaiter_t *queue; /* in order of arrival */
    size_t queued;
    bool running;       /* a dump, restore or verify is under way */
    bool running_final; /* and it is the last dump of a shutdown */
    bool at_home;       /* the restore of the start is done: before it there is no state to dump */
    bool final_waits;   /* one is queued: what runs now gives way, */
    bool final_joins;   /* unless it holds all that the final dump would */
    uint64_t running_version; /* state version of the running dump of the dump folder; 0: none */
    uint8_t running_trigger;
    int64_t next_progress_ms;
    mg_viewref_t *view;   /* the view being walked */
    mg_candidates_t seen; /* the dump folder right before the running dump got its name there */
} mg_dumpactor_t;

/* The jobs' turn: takes messages, tells the progress; false when a final dump waits or the actor is to end. `self` is the
 * mg_dumpactor_t. */
bool mg_dump_turn(void *self, const mg_progress_t *progress);
/* Remembers that this dump was read back in full, if it was; and whether that is known of a dump. */
void mg_dump_remember(mg_dumpactor_t *self, const mg_dumpinfo_t *info);
bool mg_dump_is_proven(const mg_dumpactor_t *self, const mg_dumpfooter_t *footer);
/* Puts what goes before everything else in front: before the start is done its restore, later the final dump. */
void mg_dump_hurry(mg_dumpactor_t *self);
/* Takes the first request off the queue. */
mg_dumpwaiter_t *mg_dump_take_first(mg_dumpactor_t *self);
/* Sends the reply and frees the waiter. */
void mg_dump_answer(mg_dumpactor_t *self, mg_dumpwaiter_t *waiter, Mg__DumpReply *reply);
/* The same for a request that failed. */
void
mg_dump_refuse(mg_dumpactor_t *self, mg_dumpwaiter_t *waiter, mg_status_t status, const char *text);
/* Stamps and publishes an event. */
void mg_dump_tell(mg_dumpactor_t *self, Mg__Event *event);
/* --- dump_ground.c --- */
/* The configured secrets, as a keyring; MG_ERR_INVALID: one can not be used. */
MG_MUST_USE mg_status_t mg_dump_open_keys(mg_dumpactor_t *self, mg_fault_t *why);
/* The configured folder, with its lock or standing by for it. */
MG_MUST_USE mg_status_t mg_dump_open_folder(mg_dumpactor_t *self,
                                            const mg_dump_args_t *args,
                                            mg_fault_t *why);
/* When the folder was moved or deleted: takes the one that its path names now, and its lock. */
MG_MUST_USE mg_status_t mg_dump_follow(mg_dumpactor_t *self, mg_fault_t *why);
/* Reads the folder's headers once, so that the next generation is known; adopts the newest one's salt. */
MG_MUST_USE mg_status_t mg_dump_scan(mg_dumpactor_t *self, mg_candidates_t *out, mg_fault_t *why);
/* The same with what is known already: costs no Argon2id and changes nothing. */
MG_MUST_USE mg_status_t mg_dump_look(mg_dumpactor_t *self, mg_candidates_t *out, mg_fault_t *why);
/* The folder that client paths are relative to, by MEM_DUMP_HTTP_PATHS; `*path` is adjusted to it. The caller destroys
 * *out unless it is the dump folder itself. MG_ERR_DENIED when paths are off. */
MG_MUST_USE mg_status_t mg_dump_path_root(mg_dumpactor_t *self,
                                          const char **path,
                                          mg_folder_t **out,
                                          mg_fault_t *why);
/* A restorejob with everything of the actor's. */
mg_restorejob_t mg_dump_restorejob(mg_dumpactor_t *self, const mg_folder_t *folder);

/* --- dump_write.c --- */
/* Writes one dump for `waiter` (who, why, where) with retries; on MG_OK `out` describes it. Tells event and log. */
MG_MUST_USE mg_status_t mg_dump_write(mg_dumpactor_t *self,
                                      const mg_dumpwaiter_t *waiter,
                                      mg_dumpinfo_t *out,
                                      mg_fault_t *why);
/* Runs the first queued dump request and answers everybody who waits for the same one. */
void mg_dump_run_dump(mg_dumpactor_t *self);

/* --- dump_guard.c --- */
/* Takes the folder's lock; MG_OK also when another memgate has it and it is to be waited for. */
MG_MUST_USE mg_status_t mg_dump_take_lock(mg_dumpactor_t *self, mg_fault_t *why);
/* Tries again when it is time; returns in how many milliseconds it wants to be called again. */
int64_t mg_dump_stand_by(mg_dumpactor_t *self, int64_t now_ms);
/* MG_ERR_IO when the dump folder is not where its path says any more; what is in it, or below it, no start and no client finds. */
MG_MUST_USE mg_status_t mg_dump_check_place(const mg_dumpactor_t *self, mg_fault_t *why);
/* Before a dump gets its name: MG_OK and `seen`; MG_ERR_FENCED once the folder is not ours any more, and then sees to it that the
 * program ends; MG_ERR_IO when that could not be found out. */
MG_MUST_USE mg_status_t mg_dump_check_guard(mg_dumpactor_t *self, mg_fault_t *why);

/* --- dump_prune.c --- */
/* Removes what retention lets go of the files in `seen`; called after a dump was published and read back in full. */
void mg_dump_prune(mg_dumpactor_t *self);
/* On a full disk: the same down to MEM_DUMP_EMERGENCY_KEEP; true if there is more room now. */
bool mg_dump_prune_for_room(mg_dumpactor_t *self);

/* --- dump_list.c --- */
/* Runs the first queued request, a listing, and answers it. */
void mg_dump_run_list(mg_dumpactor_t *self);

/* --- dump_restore.c --- */
/* Runs the first queued request, a restore, and answers it. */
void mg_dump_run_restore(mg_dumpactor_t *self);
/* The same for a verify. */
void mg_dump_run_verify(mg_dumpactor_t *self);
/* What a served state must hold is made sure of before anybody sees it. */
MG_MUST_USE mg_status_t mg_dump_align(mg_dumpactor_t *self,
                                      mg_store_t *store,
                                      int *out_exit,
                                      mg_fault_t *why);
/* The state now is what `restored` says. A Doorman dump has no place in a chain: what is followed stays as it is. */
void mg_dump_adopt(mg_dumpactor_t *self, const mg_restored_t *restored, uint32_t timeline);
/* Bytes of plaintext that may be loaded beside the state; 0: no limit. */
uint64_t mg_dump_room(const mg_dumpactor_t *self);
void mg_dump_tell_restored(mg_dumpactor_t *self, const Mg__RestoreInfo *info);

/* --- dump_start.c --- */
/* The restore of the start, and its answer. */
void mg_dump_run_at_start(mg_dumpactor_t *self, mg_dumpwaiter_t *waiter);
/* Loads the newest good dump of the folder; MG_OK without a store when there is none. */
MG_MUST_USE mg_status_t mg_dump_load_newest(mg_dumpactor_t *self,
                                            mg_restored_t *out,
                                            mg_fault_t *why);

#endif
