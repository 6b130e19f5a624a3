"""Registration, and what who may manage accounts does with those of others: platform-api.md section 3.2."""
import base64
import json
import re
import unittest

from contract import STRONG, Platform

PATH = "/platform/authorization"
ADMIN = PATH + "/admin"


class Register(Platform):
    def test_whoever_comes_gets_a_user_of_the_role_user(self):
        self.expect(201, f"POST {PATH}/register", {"email": "bob@example.test", "password": STRONG}, token=None)
        token = self.server.login("bob@example.test", STRONG)
        me = self.expect(200, "GET /platform/user/me", token=token)
        self.assertEqual((me["username"], me["role"], me["active"]), ("bob", "user", True))
        self.expect("403 USR006", "POST /platform/user", {}, token=token)

    def test_refusals(self):
        good = {"email": "eve@example.test", "password": STRONG}
        for body, expected in (
            (b"{", "400 AUTH004"), (b"[]", "400 AUTH004"), ({}, "400 AUTH001"), ({**good, "email": ""}, "400 AUTH001"), ({**good, "password": None}, "400 AUTH001"),
            ({**good, "email": []}, "400 AUTH001"), ({**good, "password": "short"}, "400 USR005"), ({**good, "password": "x" * 40}, "400 USR005"),
            ({**good, "password": STRONG * 3}, "422 VAL001"), ({**good, "email": "x@y"}, "422 VAL001"), ({**good, "email": "a\nbcd@y"}, "422 VAL001"),
            ({**good, "email": "admin@elsewhere.test"}, "400 USR001"), ({**good, "email": "admin@example.test"}, "400 USR001"),
        ):
            with self.subTest(body):
                self.expect(expected, f"POST {PATH}/register", body, token=None)


class Belongings(Platform):
    """What is kept under a user's name."""

    def give(self, name):
        self.server.http("POST", "/platform/api", {"api_name": "own", "api_version": "v1", "api_allowed_groups": ["ALL"]})
        self.server.http("POST", "/platform/tiers/", {"tier_id": "own", "name": "pro", "display_name": "Own", "limits": {}})
        self.expect(200, "POST /platform/subscription/subscribe", {"username": name, "api_name": "own", "api_version": "v1"})
        self.expect(200, f"POST /platform/credit/{name}", {"username": name, "users_credits": {"g": {"tier_name": "t", "available_credits": 1, "user_api_key": "k"}}})
        self.expect(201, "POST /platform/tiers/assignments", {"user_id": name, "tier_id": "own"})

    def has(self, name):
        subscribed = self.expect(200, f"GET /platform/subscription/subscriptions/{name}")["apis"]
        return bool(subscribed), self.call(f"GET /platform/credit/{name}")[0] == 200, self.call(f"GET /platform/tiers/assignments/{name}")[0] == 200

    def test_a_deleted_user_leaves_nothing_to_the_next_of_that_name(self):
        self.user("kim")
        self.give("kim")
        self.assertEqual(self.has("kim"), (True, True, True))
        self.expect(200, "DELETE /platform/user/kim")
        self.user("kim")
        self.assertEqual(self.has("kim"), (False, False, False))

    def test_a_new_name_keeps_them(self):
        self.user("liz")
        self.give("liz")
        self.expect(200, "PUT /platform/user/liz", {"username": "beth"})
        self.assertEqual((self.has("liz"), self.has("beth")), ((False, False, False), (True, True, True)))
        self.restart()
        self.assertEqual(self.expect(200, "GET /platform/credit/beth")["username"], "beth")


class Names(Platform):
    """What logs a user in is that user's alone."""

    def test_nobody_takes_the_login_of_somebody_else(self):
        token = self.user("mallory")
        for login in ("admin", "admin@example.test"):
            self.expect("400 USR001", "PUT /platform/user/mallory", {"email": login}, token=token)
            self.expect("400 USR001", "PUT /platform/user/mallory", {"username": login})
            self.expect("400 USR001", f"POST {PATH}/register", {"email": login, "password": STRONG}, token=None)
            for more in ({"username": login, "email": "free@example.test"}, {"username": "free", "email": login}):
                self.expect("400 USR001", "POST /platform/user", {**more, "password": STRONG, "role": "user"})
        self.server.login("admin")
        self.expect(200, "PUT /platform/user/mallory", {"email": "mallory"}, token=token)
        self.server.login("mallory", STRONG)

    def test_a_token_is_not_that_of_the_next_user_of_that_name(self):
        for body in ({"email": "nora@example.test", "password": STRONG}, {"email": "nora@elsewhere.test", "password": STRONG}):
            self.expect(201, f"POST {PATH}/register", body, token=None)
            token = self.server.login("nora", STRONG)
            long_lived = self.expect(200, f"POST {PATH}/refresh", token=token)["refresh_token"]
            self.expect(200, "DELETE /platform/user/nora", token=token)
        self.user("nora")
        self.restart()
        for old in (token, long_lived):
            self.expect("401 AUTH005", f"GET {PATH}/status", token=old)
        self.expect(200, f"GET {PATH}/status", token=self.server.login("nora", STRONG))

    def test_the_longest_names_work(self):
        name = "\U0001f600" * 50
        self.expect(201, "POST /platform/role", {"role_name": name, "manage_groups": True})
        self.expect(201, "POST /platform/user", {"username": name, "email": "long@example.test", "password": STRONG, "role": name})
        self.expect(201, "POST /platform/group", {"group_name": "by-long"}, token=self.server.login("long@example.test", STRONG))


class Seeded(Platform):
    environment = {"MAX_PAGE_SIZE": "7"}

    def test_the_admin_of_the_first_start(self):
        admin = self.expect(200, "GET /platform/user/admin")
        wanted = {"username": "admin", "role": "admin", "ui_access": True, "active": True, "rate_limit_duration": 1, "rate_limit_duration_type": "second", "throttle_duration": 1,
                  "throttle_duration_type": "second", "throttle_wait_duration": 0, "throttle_wait_duration_type": "second", "throttle_queue_limit": 1, "throttle_enabled": None,
                  "custom_attributes": {"custom_key": "custom_value"}, "email": "admin@example.test"}
        self.assertEqual({name: admin.get(name) for name in wanted}, wanted)
        self.assertEqual(sorted(admin["groups"]), ["ALL", "admin"])
        role = self.expect(200, "GET /platform/role/admin")
        self.assertEqual({flag for flag in role if flag.startswith(("manage_", "view_", "export_")) and not role[flag]}, set())
        self.assertTrue(role["ui_access"])
        self.assertEqual([self.expect(200, f"GET /platform/group/{name}")["api_access"] for name in ("admin", "ALL")], [[], []])

    def test_what_may_not_be_done_to_it_and_to_oneself(self):
        for expected, line, body in (("403 USR020", "PUT /platform/user/admin", {"email": "x@example.test"}), ("403 USR021", "DELETE /platform/user/admin", None),
                                     ("403 USR022", "PUT /platform/user/admin/update-password", {"new_password": STRONG})):
            self.assertIn("super", self.expect(expected, line, body)["error_message"])
        token = self.user("self")
        for fields in ({"role": "admin"}, {"groups": []}, {"active": False}, {"username": "other"}, {"role": "r2", "active": True}):
            message = self.expect("403 USR023", "PUT /platform/user/self", fields, token=token)["error_message"]
            for name in ("role", "groups", "active", "username"):
                self.assertEqual(bool(re.search(rf"\b{name}\b", message)), name in fields, (fields, message))

    def test_the_largest_page_is_a_setting(self):
        self.assertEqual(self.expect(200, "GET /platform/role?page_size=7")["page_size"], 7)
        for line, key in (("GET /platform/role", "roles"), ("GET /platform/credit/defs", "items")):  # who asks for no size gets what there is
            answer = self.expect(200, line)
            self.assertEqual((answer["page_size"], type(answer[key])), (7, list))
        for line in ("GET /platform/role?page_size=8", "GET /platform/api/all?page_size=1000", "GET /platform/user/all?page_size=0"):
            self.expect("400 PAG001", line)


class Accounts(Platform):
    def test_a_revocation_says_in_seconds_when_its_token_ends(self):
        token = self.user("rita")
        claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
        self.expect(200, f"POST {PATH}/invalidate", token=token)
        lines = self.server.cli("export").stdout.splitlines()
        line = next(json.loads(line) for line in lines if claims["jti"] in line)
        self.assertEqual({name: line["document"][name] for name in ("type", "username", "jti", "expires_at")},
                         {"type": "jti", "username": "rita", "jti": claims["jti"], "expires_at": claims["exp"]})
        self.assertEqual(line["expires_ns"], claims["exp"] * 10**9)

    def test_revoked_user_is_out_until_unrevoked_also_with_later_tokens(self):
        token = self.user("carl")
        self.assertEqual(self.expect(200, f"GET {ADMIN}/status/carl"), {"active": True, "revoked": False})
        self.expect(200, f"POST {ADMIN}/revoke/carl")
        self.assertEqual(self.expect(200, f"GET {ADMIN}/status/carl"), {"active": True, "revoked": True})
        self.expect("401 AUTH005", f"GET {PATH}/status", token=token)
        later = self.server.login("carl", STRONG)
        self.expect("401 AUTH005", f"GET {PATH}/status", token=later)
        self.restart()
        self.expect("401 AUTH005", f"GET {PATH}/status", token=later)
        self.expect(200, f"POST {ADMIN}/unrevoke/carl")
        self.expect(200, f"GET {PATH}/status", token=token)
        self.expect(200, f"POST {ADMIN}/unrevoke/carl")

    def test_disabled_user_can_not_log_in_and_enable_brings_everything_back(self):
        token = self.user("dora")
        self.expect(200, f"POST {ADMIN}/disable/dora")
        self.assertEqual(self.expect(200, f"GET {ADMIN}/status/dora"), {"active": False, "revoked": True})
        self.expect("401 AUTH005", f"GET {PATH}/status", token=token)
        self.expect("400 AUTH007", f"POST {PATH}", {"email": "dora", "password": STRONG}, token=None)
        self.restart()
        self.expect("400 AUTH007", f"POST {PATH}", {"email": "dora", "password": STRONG}, token=None)
        self.expect(200, f"POST {ADMIN}/enable/dora")
        self.assertEqual(self.expect(200, f"GET {ADMIN}/status/dora"), {"active": True, "revoked": False})
        self.expect(200, f"GET {PATH}/status", token=token)

    def test_who_may(self):
        plain, manager, _ = self.user("erin"), self.user("fred", manage_auth=True), self.user("erik")
        for line in (f"POST {ADMIN}/revoke/", f"POST {ADMIN}/unrevoke/", f"POST {ADMIN}/disable/", f"POST {ADMIN}/enable/", f"GET {ADMIN}/status/"):
            with self.subTest(line):
                self.expect("401 detail", line + "erik", token=None)
                self.expect("403 AUTH900", line + "erik", token=plain)
                self.expect(200, line + "erik", token=manager)
                self.expect("404 USR002", line + "nobody", token=manager)
                answer = self.expect(404, line + "admin", token=manager)
                self.assertEqual(list(answer), ["error_message"])
        self.expect("403 USR020", f"POST {ADMIN}/disable/admin")
        self.expect("403 USR020", f"POST {ADMIN}/revoke/admin")
        self.assertEqual(self.expect(200, f"GET {ADMIN}/status/admin"), {"active": True, "revoked": False})


if __name__ == "__main__":
    unittest.main()
