#include "support/platform.h"

#include <stdio.h>

test_world_t test_platform;
char *test_admin;

int
test_platform_open(void **state)
{
    (void)state;
    test_world_open(&test_platform);
    test_admin = test_login(&test_platform, TEST_ADMIN_EMAIL, TEST_ADMIN_PASSWORD);
    return 0;
}

int
test_platform_close(void **state)
{
    (void)state;
    free(test_admin);
    test_world_stop(&test_platform);
    return 0;
}

char *
test_user(const char *name, const char *role, const char *flags)
{
    char body[512];
    (void)snprintf(body, sizeof body, "{\"role_name\":\"%s\"%s}", role, flags);
    test_response_t made;
    test_call(&test_platform, "POST /platform/role", test_admin, body, &made);
    test_response_free(&made);
    (void)snprintf(body, sizeof body,
                   "{\"username\":\"%s\",\"email\":\"%s@x.test\",\"password\":\"" TEST_USER_PASSWORD
                   "\",\"role\":\"%s\"}",
                   name, name, role);
    CALL("POST /platform/user", test_admin, body, "201 created");
    return test_login(&test_platform, name, TEST_USER_PASSWORD);
}
