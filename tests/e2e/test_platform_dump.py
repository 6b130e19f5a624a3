"""Whatever the platform API stores is in a dump, and comes back from it: one document of each collection."""
import json
import unittest

from contract import STRONG, Platform

COLLECTIONS = {
    "apis", "config_snapshots", "credit_defs", "endpoint_validations", "endpoints", "groups", "idempotency_keys", "rate_limit_rules", "revocations", "roles", "routings", "settings",
    "subscriptions", "tiers", "user_credits", "user_tier_assignments", "users",
}


class Dump(Platform):
    def documents(self):
        done = self.server.cli("export")
        self.assertEqual(done.returncode, 0, done.stderr)
        documents = {}
        for line in done.stdout.splitlines():
            row = json.loads(line)
            documents.setdefault(row["collection"], []).append(line)
        return documents

    def store_one_of_each(self):
        self.expect(201, "POST /platform/authorization/register", {"email": "dan@example.test", "password": STRONG}, token=None)
        self.expect(200, "POST /platform/authorization/admin/revoke/dan")
        self.expect(201, "POST /platform/api", {"api_name": "all", "api_version": "v1", "api_allowed_groups": ["ALL"]})
        self.expect(201, "POST /platform/endpoint", {"api_name": "all", "api_version": "v1", "endpoint_method": "GET", "endpoint_uri": "/x", "endpoint_description": "d"})
        endpoint_id = self.expect(200, "GET /platform/endpoint/GET/all/v1/x")["endpoint_id"]
        self.expect(201, "POST /platform/endpoint/validation", {"endpoint_id": endpoint_id, "validation_enabled": True, "validation_schema": {"validation_schema": {"a": {"type": "string"}}}})
        self.expect(200, "POST /platform/subscription/subscribe", {"username": "admin", "api_name": "all", "api_version": "v1"})
        self.expect(201, "POST /platform/routing", {"routing_name": "r", "routing_servers": ["a"], "client_key": "k"})
        self.expect(201, "POST /platform/credit", {"api_credit_group": "g", "api_key": "k", "api_key_header": "h", "credit_tiers": [{"tier_name": "t", "credits": 1}]})
        self.expect(200, "POST /platform/credit/dan", {"username": "dan", "users_credits": {"g": {"tier_name": "t", "available_credits": 3, "user_api_key": "u"}}})
        self.expect(201, "POST /platform/tiers/", {"tier_id": "t", "name": "pro", "display_name": "T", "limits": {}})
        self.expect(201, "POST /platform/tiers/assignments", {"user_id": "dan", "tier_id": "t"})
        self.expect(201, "POST /platform/rate-limits/", {"rule_id": "r", "rule_type": "global", "time_window": "minute", "limit": 1})
        self.expect(200, "POST /platform/config/import", {"groups": [{"group_name": "imported"}]})
        self.expect(200, "PUT /platform/security/settings", {"xff_trusted_proxies": ["10.0.0.1"]})
        self.expect(201, "POST /platform/group", {"group_name": "keyed"}, headers={"Idempotency-Key": "key-1"})

    def remove_it(self):
        for line in ("DELETE /platform/user/dan", "DELETE /platform/endpoint/GET/all/v1/x", "DELETE /platform/api/all/v1", "DELETE /platform/routing/k", "DELETE /platform/credit/g",
                     "DELETE /platform/tiers/t", "DELETE /platform/rate-limits/r", "DELETE /platform/group/keyed"):
            self.expect(200, line)

    def test_one_of_each_collection_comes_back(self):
        self.store_one_of_each()
        before = self.documents()
        self.assertEqual(set(before), COLLECTIONS)
        path = self.expect(200, "POST /platform/memory/dump")["response"]["path"]
        self.remove_it()
        self.assertNotEqual(self.documents(), before)
        self.expect(200, "POST /platform/memory/restore", {"path": path})
        self.assertEqual(self.documents(), before)
        self.assertEqual(self.expect(200, "GET /platform/credit/dan")["users_credits"]["g"]["user_api_key"], "u")
        self.expect(201, "POST /platform/group", {"group_name": "keyed"}, headers={"Idempotency-Key": "key-1"})  # the first answer
        self.server.kill()
        self.server.start()
        self.assertEqual(self.documents(), before)


class Caches(Platform):
    """Nothing that was kept in memory outlives the state that it was read from: sessions, permissions, documents as they were sent."""

    def test_who_is_not_in_the_restored_dump_is_out_at_once(self):
        stays = self.user("stays", manage_groups=False)
        self.expect(201, "POST /platform/group", {"group_name": "kept", "group_description": "old"})
        old = self.get("GET /platform/group/kept")
        path = self.expect(200, "POST /platform/memory/dump")["response"]["path"]
        self.expect(200, "PUT /platform/role/stays-role", {"manage_groups": True})
        self.expect(200, "PUT /platform/group/kept", {"group_description": "new"}, token=stays)
        eve = self.user("eve", manage_groups=True, manage_security=True)
        self.expect(201, "POST /platform/group", {"group_name": "late"}, token=eve)
        self.assertNotEqual(self.get("GET /platform/group/kept", eve), old)
        self.expect(200, "POST /platform/memory/restore", {"path": path}, token=eve)
        # she asked for it herself, and the very next call of hers is refused; so is her next login
        self.expect("401 GTW998", "GET /platform/user/me", token=eve)
        self.expect("401 detail", "DELETE /platform/group/kept", token=eve)
        self.expect("400 AUTH002", "POST /platform/authorization", {"email": "eve", "password": STRONG}, token=None)
        self.expect(404, "GET /platform/user/eve")
        # who is in it has the permissions of then, and sees the documents of then
        self.expect("403 GRP009", "PUT /platform/group/kept", {"group_description": "x"}, token=stays)
        self.expect("404 GRP003", "GET /platform/group/late", token=stays)
        self.assertEqual(self.get("GET /platform/group/kept", stays)[1], old[1])
        self.assertNotEqual(self.get("GET /platform/group/kept", stays, {"If-None-Match": '"none"'})[0], 304)

    def get(self, line, token="login", headers=None):
        """(status, answer) of a read."""
        return self.call(line, token=token, headers=headers)

    def test_a_second_eve_is_not_the_first(self):
        path = self.expect(200, "POST /platform/memory/dump")["response"]["path"]
        first = self.user("eva", manage_groups=True)
        self.expect(200, "POST /platform/memory/restore", {"path": path})
        second = self.user("eva", manage_groups=False)
        self.expect("401 detail", "POST /platform/group", {"group_name": "evas"}, token=first)  # her name, not her
        self.expect("403 GRP008", "POST /platform/group", {"group_name": "evas"}, token=second)


if __name__ == "__main__":
    unittest.main()
