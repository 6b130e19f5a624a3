"""Credits, tiers and rate limit rules: platform-api.md sections 9 and 12.4."""
import base64
import hashlib
import json
import unittest

from contract import Platform
from server import KEY

TIERS = [{"tier_name": "basic", "credits": "100", "input_limit": 5.9, "output_limit": 1, "reset_frequency": "monthly"}]
DEFINITION = {"api_credit_group": "ai", "api_key": "sk-upstream", "api_key_header": "x-api-key", "credit_tiers": TIERS}


def balance(**more):
    return {"tier_name": "basic", "available_credits": 50, "reset_date": "2030-01-01", "user_api_key": "uk-1", **more}


class Credits(Platform):
    def stored(self, collection, key):
        """The document as the state holds it."""
        done = self.server.cli("export", "--collection", collection)
        self.assertEqual(done.returncode, 0, done.stderr)
        return next(line for line in done.stdout.splitlines() if key in line)

    def test_definition_lives_through_create_read_update_delete_and_never_shows_its_key(self):
        self.expect(201, "POST /platform/credit", DEFINITION)
        self.expect("400 CRD001", "POST /platform/credit", DEFINITION)
        shown = {"api_credit_group": "ai", "api_key_header": "x-api-key", "api_key_present": True,
                 "credit_tiers": [{"tier_name": "basic", "credits": 100, "input_limit": 5, "output_limit": 1, "reset_frequency": "monthly"}]}
        self.assertEqual(self.expect(200, "GET /platform/credit/defs/ai"), shown)
        self.restart()
        answer = self.expect(200, "GET /platform/credit/defs")
        self.assertEqual((answer["items"], answer["page_size"], answer["total"]), ([shown], 50, 1))
        self.expect("400 PAG001", "GET /platform/credit/defs?page=0")
        self.expect(200, "PUT /platform/credit/ai", {"api_key_header": "x-other", "api_key_new": "sk-next", "api_key_rotation_expires": "2030-01-01T00:00:00Z"})
        self.assertEqual(self.expect(200, "GET /platform/credit/defs/ai")["api_key_header"], "x-other")
        self.expect("400 CRD003", "PUT /platform/credit/ai", {"api_credit_group": "other"})
        self.expect("400 CRD004", "PUT /platform/credit/none", {"api_key_header": "h"})
        self.expect("400 CRD006", "PUT /platform/credit/ai", {})
        line = self.stored("credit_defs", "x-other")
        self.assertNotIn("sk-", line)
        self.assertEqual(line.count("enc:gAAAA"), 2)
        self.expect(200, "DELETE /platform/credit/ai")
        self.expect("400 CRD007", "DELETE /platform/credit/ai")
        self.expect("404 CRD021", "GET /platform/credit/defs/ai")

    def test_stored_keys_are_fernet_tokens_under_the_configured_secret(self):
        try:
            from cryptography.fernet import Fernet
        except ImportError:
            self.skipTest("no cryptography module")
        fernet = Fernet(base64.urlsafe_b64encode(hashlib.sha256(KEY.encode()).digest()))
        self.expect(201, "POST /platform/credit", {**DEFINITION, "api_credit_group": "sealed"})
        line = self.stored("credit_defs", '"sealed"')
        token = line.split("enc:")[1].split('"')[0]
        self.assertEqual(fernet.decrypt(token), b"sk-upstream")
        # and the other way round: a document that the reference wrote
        self.user("fern")
        theirs = {"username": "fern", "users_credits": {"sealed": balance(user_api_key="enc:" + fernet.encrypt(b"from there").decode())}}
        done = self.server.cli("import", "--collection", "user_credits", "-", input=json.dumps(theirs) + "\n")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.expect(200, "GET /platform/credit/fern")["users_credits"]["sealed"]["user_api_key"], "from there")

    def test_balances_of_users(self):
        token = self.user("cleo")
        body = {"username": "cleo", "users_credits": {"ai": balance(), "maps": balance(user_api_key=None, available_credits="7")}}
        self.expect("404 CRD017", "GET /platform/credit/cleo", token=token)
        self.expect("400 CRD020", "POST /platform/credit/rotate-key", {"api_credit_group": "ai"}, token=token)
        self.expect(200, "POST /platform/credit/cleo", body)
        self.assertNotIn("uk-1", self.stored("user_credits", "cleo"))
        self.restart()
        shown = self.expect(200, "GET /platform/credit/cleo", token=token)
        self.assertEqual(shown["users_credits"]["ai"], balance())
        self.assertEqual(shown["users_credits"]["maps"], balance(user_api_key=None, available_credits=7))
        empty = {"username": "cleo-2", "users_credits": {"ai": balance(user_api_key="")}}
        self.expect(200, "POST /platform/credit/cleo-2", empty)
        self.assertEqual(self.expect(200, "GET /platform/credit/cleo-2"), empty)
        rotated = self.expect(200, "POST /platform/credit/rotate-key", {"api_credit_group": "ai"}, token=token)["api_key"]
        shown = self.expect(200, "GET /platform/credit/cleo")
        self.assertEqual(shown["users_credits"]["ai"], balance(user_api_key=rotated))
        self.assertEqual(list(shown["users_credits"]), ["ai", "maps"])
        self.expect("400 CRD020", "POST /platform/credit/rotate-key", {"api_credit_group": "none"}, token=token)
        for search, found in (("CLE", 1), ("map", 1), ("nowhere", 0), ("", 1)):
            answer = self.expect(200, f"GET /platform/credit/all?search={search}")
            mine = [one for one in answer["user_credits"] if one["username"] == "cleo"]
            self.assertEqual(len(mine), found, search)
        self.expect(200, "POST /platform/credit/cleo", {"username": "cleo", "users_credits": {}})
        self.assertEqual(self.expect(200, "GET /platform/credit/cleo")["users_credits"], {})

    def test_refusals(self):
        plain = self.user("cora")
        for line, code in (("POST /platform/credit", "CRD001"), ("PUT /platform/credit/x", "CRD001"), ("DELETE /platform/credit/x", "CRD001"), ("POST /platform/credit/cora", "CRD001"),
                           ("GET /platform/credit/defs", "CRD002"), ("GET /platform/credit/defs/x", "CRD002"), ("GET /platform/credit/all", "CRD002"), ("GET /platform/credit/admin", "CRD003")):
            self.expect(f"403 {code}", line, token=plain)
            self.expect("401 detail", line, token=None)
        self.expect("401 detail", "POST /platform/credit/rotate-key", {}, token=None)
        self.expect("422 VAL001", "POST /platform/credit/rotate-key", {})
        self.expect("400 CRD009", "POST /platform/credit", {**DEFINITION, "api_key": ""})
        self.expect("400 CRD010", "POST /platform/credit", {**DEFINITION, "api_key_header": ""})
        for bad in ({"credit_tiers": []}, {"credit_tiers": [1]}, {"credit_tiers": [{}]}, {"credit_tiers": {}}, {"api_key": None}, {"api_credit_group": ""}, {"api_key": []}):
            self.expect("422 VAL001", "POST /platform/credit", {**DEFINITION, **bad})
        self.expect("400 CRD014", "POST /platform/credit/cora", {"username": "other", "users_credits": {}})
        for bad in ({}, {"username": "cora"}, {"username": "cora", "users_credits": []}, {"username": "cora", "users_credits": {"a": 1}}, {"username": "cora", "users_credits": {"a": {}}},
                    {"username": "cora", "users_credits": {"a": balance(user_api_key=[])}}):
            self.expect("422 VAL001", "POST /platform/credit/cora", bad)


class OwnKey(Platform):
    environment = {"TOKEN_ENCRYPTION_KEY": "a passphrase of some length"}

    def test_values_sealed_before_the_key_changed_still_open(self):
        self.user("olga")
        self.expect(200, "POST /platform/credit/olga", {"username": "olga", "users_credits": {"g": balance()}})
        self.assertEqual(self.server.stop(), 0)
        self.server.start(TOKEN_ENCRYPTION_KEY=None, MEM_ENCRYPTION_KEY_PREVIOUS=None)
        self.assertTrue(self.expect(200, "GET /platform/credit/olga")["users_credits"]["g"]["user_api_key"].startswith("enc:"))
        self.expect(200, "POST /platform/credit/olga", {"username": "olga", "users_credits": {"g": balance()}})
        self.assertEqual(self.server.stop(), 0)
        self.server.start(MEM_ENCRYPTION_KEY="hex:" + "b2" * 32, MEM_ENCRYPTION_KEY_PREVIOUS=KEY)
        self.assertEqual(self.expect(200, "GET /platform/credit/olga")["users_credits"]["g"]["user_api_key"], "uk-1")


TIER = {"tier_id": "gold", "name": "pro", "display_name": "Gold", "limits": {"requests_per_minute": 10.7}, "price_monthly": 9.5, "features": ["a"]}


class Tiers(Platform):
    def test_tier_lives_through_create_read_update_delete_without_an_envelope(self):
        made = self.expect(201, "POST /platform/tiers/", TIER)
        self.assertEqual((made["tier_id"], made["limits"]["requests_per_minute"], made["limits"]["max_queue_time_ms"], made["enabled"]), ("gold", 10, 5000, True))
        self.assertIn("created_at", made)
        self.assertNotIn("_id", made)
        self.assertEqual(self.expect(201, "POST /platform/tiers/", {**TIER, "display_name": "Other"}), made)
        self.restart()
        self.assertEqual(self.expect(200, "GET /platform/tiers/gold"), made)
        changed = self.expect(200, "PUT /platform/tiers/gold", {"enabled": False, "limits": {"requests_per_day": 1}})
        self.assertEqual((changed["enabled"], changed["limits"]["requests_per_minute"], changed["limits"]["requests_per_day"]), (False, None, 1))
        self.expect(201, "POST /platform/tiers/", {**TIER, "tier_id": "iron", "display_name": "Iron"})
        answer = self.expect(200, "GET /platform/tiers/?limit=1")
        self.assertEqual([answer[name] for name in ("skip", "limit", "page", "page_size", "has_next", "total")], [0, 1, 1, 1, True, 2])
        self.assertEqual([one["tier_id"] for one in self.expect(200, "GET /platform/tiers/?skip=1&limit=1")["tiers"]], ["iron"])
        beyond = self.expect(200, "GET /platform/tiers/?skip=99999999999999999999&limit=1")
        self.assertEqual((beyond["tiers"], beyond["page"], beyond["has_next"]), ([], 2**63 - 1, False))
        self.assertEqual([one["tier_id"] for one in self.expect(200, "GET /platform/tiers/?enabled_only=true")["tiers"]], ["iron"])
        found = self.expect(200, "GET /platform/tiers/?search=GOL")
        self.assertEqual(([one["tier_id"] for one in found["tiers"]], found["total"]), (["gold"], 1))
        self.expect("400 detail", "PUT /platform/tiers/gold", {"tier_id": "x"})
        self.expect("400 detail", "PUT /platform/tiers/gold", {})
        for line in ("GET", "PUT", "DELETE"):
            self.expect("404 detail", f"{line} /platform/tiers/none", {"enabled": True} if line == "PUT" else None)
        self.expect(200, "DELETE /platform/tiers/gold")
        self.expect("404 detail", "GET /platform/tiers/gold")

    def test_assignment_is_one_per_user(self):
        self.expect(201, "POST /platform/tiers/", {**TIER, "tier_id": "tin"})
        self.expect("404 detail", "DELETE /platform/tiers/assignments/ann")
        self.expect("404 detail", "GET /platform/tiers/assignments/ann")
        self.expect("400 detail", "POST /platform/tiers/assignments", {"user_id": "ann", "tier_id": "none"})
        self.expect(201, "POST /platform/tiers/assignments", {"user_id": "ann", "tier_id": "tin"})
        made = self.expect(201, "POST /platform/tiers/assignments", {"user_id": "ann", "tier_id": "tin", "override_limits": {"requests_per_minute": 3}, "notes": "n"})
        self.restart()
        self.assertEqual(self.expect(200, "GET /platform/tiers/assignments/ann"), made)
        self.assertEqual(made["override_limits"]["requests_per_minute"], 3)
        self.expect(200, "DELETE /platform/tiers/assignments/ann")
        self.expect("404 detail", "DELETE /platform/tiers/assignments/ann")
        self.expect(200, "DELETE /platform/tiers/tin")

    def test_path_without_the_slash_leads_to_the_one_with_it(self):
        for path in ("/platform/tiers", "/platform/rate-limits"):
            self.expect(307, f"GET {path}?limit=1")
            self.assertEqual(self.server.last_headers["Location"], path + "/?limit=1")
            self.expect(307, f"POST {path}", {})

    def test_refusals(self):
        plain = self.user("tess")
        for line in ("POST /platform/tiers/", "GET /platform/tiers/", "GET /platform/tiers/x", "PUT /platform/tiers/x", "DELETE /platform/tiers/x",
                     "POST /platform/tiers/assignments", "GET /platform/tiers/assignments/x", "DELETE /platform/tiers/assignments/x"):
            self.expect("403 TIER001", line, token=plain)
            self.expect("401 detail", line, token=None)
        for bad in ({"name": "best"}, {"limits": None}, {"limits": []}, {"limits": {"requests_per_day": -1}}, {"display_name": ""}, {"price_monthly": "x"}, {"features": "x"}, {"tier_id": None}):
            self.expect("422 VAL001", "POST /platform/tiers/", {**TIER, **bad})
        for query in ("skip=-1", "limit=0", "limit=1001", "skip=x"):
            self.expect("422 VAL001", f"GET /platform/tiers/?{query}")
        for bad in ({}, {"user_id": "a"}, {"user_id": "a", "tier_id": "t", "override_limits": 1}):
            self.expect("422 VAL001", "POST /platform/tiers/assignments", bad)


class Rules(Platform):
    def test_rule_lives_through_create_read_update_delete_and_a_restart(self):
        rule = {"rule_id": "r1", "rule_type": "per_user", "time_window": "minute", "limit": 5}
        made = self.expect(201, "POST /platform/rate-limits/", rule)
        self.assertEqual(self.expect(201, "POST /platform/rate-limits/", {**rule, "limit": 9}), made)
        self.restart()
        self.assertEqual(self.expect(200, "GET /platform/rate-limits/r1"), made)
        self.assertEqual(self.expect(200, "PUT /platform/rate-limits/r1", {"limit": 7})["limit"], 7)
        self.assertEqual(self.expect(200, "GET /platform/rate-limits/")["total"], 1)
        self.expect("400 detail", "PUT /platform/rate-limits/r1", {"rule_id": "x"})
        self.expect("400 detail", "PUT /platform/rate-limits/r1", {})
        self.expect(200, "DELETE /platform/rate-limits/r1")
        for method in ("GET", "PUT", "DELETE"):
            self.expect("404 detail", f"{method} /platform/rate-limits/r1", {"limit": 1} if method == "PUT" else None)
        for bad in ({"limit": 0}, {"rule_type": "per_day"}, {"time_window": "eon"}, {"rule_id": ""}):
            self.expect("422 VAL001", "POST /platform/rate-limits/", {**rule, **bad})

    def test_refusals(self):
        plain = self.user("rita")
        for line in ("POST /platform/rate-limits/", "GET /platform/rate-limits/", "GET /platform/rate-limits/x", "PUT /platform/rate-limits/x", "DELETE /platform/rate-limits/x"):
            self.expect("403 RLM001", line, token=plain)
            self.expect("401 detail", line, token=None)


class Strict(Platform):
    environment = {"STRICT_RESPONSE_ENVELOPE": "true"}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server.token = cls.server.login()

    def test_envelope_is_around_all_but_single_tiers_and_rules(self):
        self.assertEqual(self.expect(200, "POST /platform/credit", DEFINITION)["status_code"], 201)
        self.assertEqual(self.expect(200, "GET /platform/credit/defs/ai")["response"]["api_key_present"], True)
        self.assertEqual(self.expect(200, "GET /platform/credit/defs/none")["status_code"], 404)
        self.assertEqual(self.expect(201, "POST /platform/tiers/", TIER)["tier_id"], "gold")
        self.assertEqual(self.expect(200, "GET /platform/tiers/gold")["tier_id"], "gold")
        self.expect("404 detail", "GET /platform/tiers/none")
        self.assertEqual(self.expect(200, "GET /platform/tiers/")["response"]["total"], 1)
        rule = {"rule_id": "r", "rule_type": "global", "time_window": "minute", "limit": 1}
        self.assertEqual(self.expect(201, "POST /platform/rate-limits/", rule)["rule_id"], "r")
        headers = {"Idempotency-Key": "k"}
        first = self.expect(200, "POST /platform/group", {"group_name": "g"}, headers=headers)
        self.assertEqual(self.expect(200, "POST /platform/group", {"group_name": "g"}, headers=headers), first)
        self.assertEqual(first["status_code"], 201)


if __name__ == "__main__":
    unittest.main()
