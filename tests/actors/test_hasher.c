/* The hasher by its messages: hashes, checks, imported bcrypt, unknown users, and a queue that has an end. */
#include "actors/hasher.h"
#include "messages/hasher.pb-c.h"
#include "support/ask.h"

#include <sodium.h>

#include <string.h>

enum { WAIT_MS = 60000 };

/* A vector of the bcrypt test suite of crypt_blowfish. */
static const char s_password[] = "U*U";
static const char s_bcrypt[] = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";

static mg_link_t *
s_link(uint32_t window)
{
    return mg_link_new(&(mg_link_options_t){
        .endpoint = MG_BUS_HASHER, .schema = &mg__hasher_reply__descriptor, .window = window});
}

static zactor_t *
s_start(void)
{
    zactor_t *hasher = NULL;
    CHECK_OK(mg_actor_start(&mg_hasher_actor, NULL, &hasher));
    return hasher;
}

static Mg__HasherReply *
s_check(mg_link_t *link, const char *password, const char *hash)
{
    Mg__CheckPassword check = MG__CHECK_PASSWORD__INIT;
    check.password = mg_bus_bytes(mg_slice_text(password));
    check.hash = mg_bus_bytes(mg_slice_text(hash));
    Mg__HasherRequest request = MG__HASHER_REQUEST__INIT;
    request.body_case = MG__HASHER_REQUEST__BODY_CHECK;
    request.check = &check;
    return (Mg__HasherReply *)test_ask(link, &request.base, WAIT_MS);
}

static void
s_expect(mg_link_t *link, const char *password, const char *hash, bool matches, bool stale)
{
    Mg__HasherReply *reply = s_check(link, password, hash);
    assert_int_equal(reply->status, MG_OK);
    assert_int_equal(reply->matches, matches);
    assert_int_equal(reply->stale, stale);
    mg__hasher_reply__free_unpacked(reply, NULL);
}

static void
test_hash_is_argon2id_and_matches_only_its_password(void **state)
{
    (void)state;
    zactor_t *hasher = s_start();
    mg_link_t *link = s_link(4);
    Mg__HashPassword hash = MG__HASH_PASSWORD__INIT;
    hash.password = mg_bus_bytes(mg_slice_text("a long password"));
    Mg__HasherRequest request = MG__HASHER_REQUEST__INIT;
    request.body_case = MG__HASHER_REQUEST__BODY_HASH;
    request.hash = &hash;
    Mg__HasherReply *reply = (Mg__HasherReply *)test_ask(link, &request.base, WAIT_MS);
    assert_memory_equal(reply->hash, "$argon2id$", 10);
    s_expect(link, "a long password", reply->hash, true, false);
    s_expect(link, "a long passwore", reply->hash, false, false);
    mg__hasher_reply__free_unpacked(reply, NULL);
    mg_link_destroy(&link);
    mg_actor_stop(&hasher);
}

static void
test_bcrypt_of_imported_users_matches_and_is_stale(void **state)
{
    (void)state;
    zactor_t *hasher = s_start();
    mg_link_t *link = s_link(4);
    s_expect(link, s_password, s_bcrypt, true, true);
    s_expect(link, "U*V", s_bcrypt, false, false);
    mg_link_destroy(&link);
    mg_actor_stop(&hasher);
}

static void
test_no_hash_and_plain_text_match_nothing(void **state)
{
    (void)state;
    zactor_t *hasher = s_start();
    mg_link_t *link = s_link(4);
    s_expect(link, "anything", "", false, false);
    s_expect(link, "", "", false, false);
    s_expect(link, "plain text", "plain text", false, false);
    mg_link_destroy(&link);
    mg_actor_stop(&hasher);
}

typedef struct tally {
    unsigned busy;
    unsigned other;
} tally_t;

static void
s_count(void *arg, mg_status_t status, const ProtobufCMessage *message)
{
    tally_t *tally = arg;
    const Mg__HasherReply *reply = (const Mg__HasherReply *)message;
    if (status == MG_OK && reply->status == MG_ERR_BUSY) {
        tally->busy++;
    } else {
        tally->other++;
    }
}

static void
test_queue_that_is_full_answers_busy_at_once(void **state)
{
    (void)state;
    enum { EXTRA = 20, ASKED = MG_HASHER_QUEUE_MAX + MG_HASHER_WORKERS + EXTRA };
    zactor_t *hasher = s_start();
    mg_link_t *link = s_link(ASKED);
    tally_t tally = {0};
    Mg__CheckPassword check = MG__CHECK_PASSWORD__INIT;
    check.password = mg_bus_bytes(mg_slice_text("x"));
    Mg__HasherRequest request = MG__HASHER_REQUEST__INIT;
    request.body_case = MG__HASHER_REQUEST__BODY_CHECK;
    request.check = &check;
    for (int i = 0; i < ASKED; i++) {
        CHECK_OK(mg_link_ask(link, &request.base, INT64_MAX, s_count, &tally));
    }
    int64_t give_up_ms = mg_clock_mono_ms() + WAIT_MS;
    while (tally.busy == 0 && mg_clock_mono_ms() < give_up_ms) {
        zmq_pollitem_t item = {.socket = zsock_resolve(mg_link_socket(link)), .events = ZMQ_POLLIN};
        (void)zmq_poll(&item, 1, 100);
        mg_link_receive(link);
    }
    assert_in_range(tally.busy, 1, EXTRA + MG_HASHER_WORKERS);
    mg_actor_stop(&hasher); /* what is queued is dropped, not worked off */
    mg_link_destroy(&link);
    assert_int_equal(tally.busy + tally.other, ASKED);
}

int
main(void)
{
    zsys_handler_set(NULL);
    assert_true(sodium_init() >= 0);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hash_is_argon2id_and_matches_only_its_password),
        cmocka_unit_test(test_bcrypt_of_imported_users_matches_and_is_stale),
        cmocka_unit_test(test_no_hash_and_plain_text_match_nothing),
        cmocka_unit_test(test_queue_that_is_full_answers_busy_at_once),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    zsys_shutdown();
    return failed;
}
