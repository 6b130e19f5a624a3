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


if __name__ == "__main__":
    unittest.main()
