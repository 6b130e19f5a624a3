/* What a login asks of the hasher: the same for everybody, so that neither time nor load tells who exists. */
#include "core/password.h"
#include "messages/hasher.pb-c.h"
#include "support/platform.h"

#include <crypt.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

/* --- a hasher that counts --- */

static atomic_uint s_checks;
static atomic_uint s_hashes;

typedef struct counter {
    zsock_t *inbox;
} counter_t;

static void
s_answer(counter_t *self, const Mg__HasherRequest *request, const mg_bus_peer_t *peer)
{
    Mg__HasherReply reply = MG__HASHER_REPLY__INIT;
    char hash[MG_PASSWORD_HASH_SIZE];
    bool matches = false;
    bool stale = false;
    if (request->body_case == MG__HASHER_REQUEST__BODY_HASH) {
        (void)atomic_fetch_add(&s_hashes, 1);
        CHECK_OK(mg_password_hash(mg_bus_slice(request->hash->password), hash));
        reply.hash = hash;
    } else {
        (void)atomic_fetch_add(&s_checks, 1);
        CHECK_OK(mg_password_check(mg_bus_slice(request->check->password),
                                   mg_bus_slice(request->check->hash), &matches, &stale));
        reply.matches = matches;
        reply.stale = stale;
    }
    CHECK_OK(mg_bus_reply(self->inbox, peer, &reply.base));
}

static void
s_on_inbox(void *arg)
{
    counter_t *self = arg;
    mg_bus_peer_t peer;
    ProtobufCMessage *raw = NULL;
    while (mg_bus_receive(self->inbox, &mg__hasher_request__descriptor, &peer, &raw) == MG_OK) {
        s_answer(self, (const Mg__HasherRequest *)raw, &peer);
        protobuf_c_message_free_unpacked(raw, NULL);
    }
}

static void
s_destroy(void *arg)
{
    counter_t *self = arg;
    mg_bus_close(&self->inbox);
    free(self);
}

static mg_status_t
s_create(const void *args, mg_loop_t *loop, void **out_self)
{
    (void)args;
    counter_t *self = calloc(1, sizeof *self);
    self->inbox = mg_bus_serve(MG_BUS_HASHER);
    *out_self = self;
    return mg_loop_watch_socket(loop, self->inbox, s_on_inbox);
}

static const mg_actor_ops_t s_counting_hasher = {.name = "counter",
                                                 .create = s_create,
                                                 .destroy = s_destroy};

/* --- people --- */

static void
s_put_user(const char *name, const char *hash, bool active)
{
    char email[64];
    (void)snprintf(email, sizeof email, "%s@x.test", name);
    bson_t user = BSON_INITIALIZER;
    BSON_APPEND_UTF8(&user, "username", name);
    BSON_APPEND_UTF8(&user, "email", email);
    BSON_APPEND_UTF8(&user, "role", "users");
    BSON_APPEND_BOOL(&user, "active", active);
    if (hash) {
        BSON_APPEND_BINARY(&user, "password", BSON_SUBTYPE_BINARY, (const uint8_t *)hash,
                           (uint32_t)strlen(hash));
    }
    test_world_put("users", &user);
    bson_destroy(&user);
}

static int
s_open(void **state)
{
    (void)state;
    struct crypt_data data = {0};
    char hash[MG_PASSWORD_HASH_SIZE];
    test_world_prepare(&test_platform);
    test_platform.hasher_actor = &s_counting_hasher;
    test_platform.config.http.login_limit = 20;
    test_world_start(&test_platform);
    (void)test_world_phase(&test_platform, MG__SET_PHASE__PHASE__READY, 0);
    CHECK_OK(mg_password_hash(mg_slice_text("the right one"), hash));
    s_put_user("known", hash, true);
    s_put_user("inactive", hash, false);
    s_put_user("without", NULL, true);
    s_put_user("odd", "plain text", true);
    s_put_user("imported", crypt_r("the right one", "$2b$04$abcdefghijklmnopqrstuu", &data), true);
    return 0;
}

/* A login costs so many checks and hashes. */
static void
s_login(const char *login,
        const char *password,
        const char *expected,
        unsigned checks,
        unsigned hashes)
{
    char body[512];
    unsigned checks_before = atomic_load(&s_checks);
    unsigned hashes_before = atomic_load(&s_hashes);
    (void)snprintf(body, sizeof body, "{\"email\":\"%s\",\"password\":\"%s\"}", login, password);
    CALL("POST /platform/authorization", NULL, body, expected);
    assert_int_equal(atomic_load(&s_checks) - checks_before, checks);
    assert_int_equal(atomic_load(&s_hashes) - hashes_before, hashes);
}

static void
test_a_refused_login_costs_one_check_whoever_it_names(void **state)
{
    (void)state;
    static const char *const names[] = {"known",    "known@x.test", "nobody", "nobody@x.test",
                                        "inactive", "without",      "odd",    "imported"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        s_login(names[i], "the wrong one", "400 AUTH002", 1, 0);
    }
}

static void
test_what_is_stored_is_no_password(void **state)
{
    (void)state;
    s_login("odd", "plain text", "400 AUTH002", 1, 0);
}

static void
test_a_login_that_is_no_pair_costs_nothing(void **state)
{
    (void)state;
    s_login("", "x", "400 AUTH001", 0, 0);
    s_login("known", "", "400 AUTH001", 0, 0);
}

static void
test_a_good_login_costs_one_check_and_an_imported_hash_one_hash_more_once(void **state)
{
    (void)state;
    s_login("known", "the right one", "200 access_token", 1, 0);
    s_login("inactive", "the right one", "400 AUTH007", 1, 0);
    s_login("imported", "the right one", "200 access_token", 1, 1);
    s_login("imported", "the right one", "200 access_token", 1, 0);
    s_login("imported@x.test", "the wrong one", "400 AUTH002", 1, 0);
}

static void
test_who_is_over_the_limit_costs_nothing(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++) { /* however many are left */
        test_response_t response;
        test_call(&test_platform, "POST /platform/authorization", NULL, "{}", &response);
        test_response_free(&response);
    }
    s_login("known", "the right one", "429 IP_RATE_LIMIT", 0, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_refused_login_costs_one_check_whoever_it_names),
        cmocka_unit_test(test_what_is_stored_is_no_password),
        cmocka_unit_test(test_a_login_that_is_no_pair_costs_nothing),
        cmocka_unit_test(test_a_good_login_costs_one_check_and_an_imported_hash_one_hash_more_once),
        cmocka_unit_test(test_who_is_over_the_limit_costs_nothing),
    };
    return cmocka_run_group_tests(tests, s_open, test_platform_close);
}
