"""Valid requests, changed at random: whatever a client sends, the answer is not a 5xx, and memgate goes on.

MG_SEED repeats a run, MG_MUTATIONS says how many requests (10000).
"""
import collections
import copy
import http.client
import json
import os
import random
import unittest

from contract import STRONG, Platform

DEEPEST = {}  # that a field of a stored document may hold
for _ in range(62):
    DEEPEST = {"a": DEEPEST}
RULE = {"required": True, "type": "object", "nested_schema": {"a": {"type": "array", "array_items": {"type": "number", "min": 1}}}}
LIMITS = {"requests_per_minute": 10, "burst_per_minute": 2}
BALANCE = {"tier_name": "t", "available_credits": 5, "reset_date": "2030-01-01", "user_api_key": "k"}
REQUESTS = [
    ("POST", "/platform/authorization", {"email": "nobody", "password": "x"}),
    ("POST", "/platform/authorization/register", {"email": "reg@example.test", "password": "weak"}),
    ("POST", "/platform/authorization/admin/revoke/mia", None), ("GET", "/platform/authorization/admin/status/mia", None),
    ("POST", "/platform/user", {"username": "mia", "email": "mia@example.test", "password": "short", "role": "r1", "groups": ["ALL"], "custom_attributes": {"a": 1}, "throttle_duration": 1}),
    ("PUT", "/platform/user/mia", {"email": "m2@example.test", "rate_limit_duration": 1, "active": True, "groups": ["ALL"]}), ("GET", "/platform/user/mia", None), ("GET", "/platform/user?page=1&page_size=3", None),
    ("POST", "/platform/role", {"role_name": "m", "role_description": "d", "manage_apis": True}), ("PUT", "/platform/role/m", {"view_logs": True}), ("DELETE", "/platform/role/m", None),
    ("POST", "/platform/group", {"group_name": "m", "api_access": ["a"]}), ("PUT", "/platform/group/m", {"group_description": "d"}),
    ("POST", "/platform/api", {"api_name": "mut", "api_version": "v1", "api_servers": ["http://a"], "api_request_transform": {"a": {"b": [1, 2.5, None]}}, "api_allowed_retry_count": 1}),
    ("PUT", "/platform/api/mut/v1", {"api_description": "d", "api_public": False}), ("GET", "/platform/api/mut/v1", None),
    ("POST", "/platform/endpoint", {"api_name": "mut", "api_version": "v1", "endpoint_method": "GET", "endpoint_uri": "/a/{b}", "endpoint_description": "d", "client_uri": "/c"}),
    ("PUT", "/platform/endpoint/GET/mut/v1/a/%7Bb%7D", {"endpoint_description": "e"}), ("GET", "/platform/endpoint/mut/v1", None),
    ("POST", "/platform/endpoint/validation", {"endpoint_id": "x", "validation_enabled": True, "validation_schema": {"validation_schema": {"a.b": RULE}}}),
    ("PUT", "/platform/endpoint/validation/x", {"validation_schema": {"validation_schema": {"a": RULE}}}),
    ("POST", "/platform/subscription/subscribe", {"username": "admin", "api_name": "mut", "api_version": "v1"}), ("POST", "/platform/subscription/unsubscribe", {"username": "admin", "api_name": "mut", "api_version": "v1"}),
    ("POST", "/platform/routing", {"routing_name": "r", "routing_servers": ["a"], "client_key": "m", "server_index": 0}), ("PUT", "/platform/routing/m", {"routing_servers": ["b"]}),
    ("POST", "/platform/credit", {"api_credit_group": "m", "api_key": "k", "api_key_header": "h", "credit_tiers": [{"tier_name": "t", "credits": 1}]}), ("PUT", "/platform/credit/m", {"api_key_new": "n"}),
    ("POST", "/platform/credit/mia", {"username": "mia", "users_credits": {"m": BALANCE}}), ("GET", "/platform/credit/all?search=m", None), ("POST", "/platform/credit/rotate-key", {"api_credit_group": "m"}),
    ("POST", "/platform/tiers/", {"tier_id": "m", "name": "pro", "display_name": "M", "limits": LIMITS, "price_monthly": 1.5, "features": ["f"]}), ("PUT", "/platform/tiers/m", {"limits": LIMITS}),
    ("POST", "/platform/tiers/assignments", {"user_id": "mia", "tier_id": "m", "override_limits": LIMITS}), ("GET", "/platform/tiers/?skip=0&limit=2&search=m&enabled_only=true", None),
    ("POST", "/platform/rate-limits/", {"rule_id": "m", "rule_type": "global", "time_window": "minute", "limit": 1}), ("PUT", "/platform/rate-limits/m", {"limit": 2}),
    ("POST", "/platform/config/import", {"apis": [{"api_name": "imp", "api_version": "v1", "api_id": "i"}], "endpoints": [{"api_name": "imp", "api_version": "v1", "endpoint_method": "GET", "endpoint_uri": "/x"}],
                                         "roles": [{"role_name": "imp"}], "groups": [{"group_name": "imp"}], "routings": [{"client_key": "imp", "routing_name": "i", "routing_servers": []}]}),
    ("POST", "/platform/config/rollback", None), ("GET", "/platform/config/export/apis?api_name=imp&api_version=v1", None),
    ("PUT", "/platform/security/settings", {"enable_auto_save": False, "auto_save_frequency_seconds": 900, "xff_trusted_proxies": ["10.0.0.0/8"]}),
    ("POST", "/platform/tools/cors/check", {"origin": "http://a", "method": "GET", "request_headers": ["x"], "with_credentials": True}), ("POST", "/platform/tools/chaos/toggle", {"backend": "redis", "enabled": True, "duration_ms": 1}),
    ("GET", "/platform/logging/logs?limit=5&user=admin&min_response_time=0&start_date=2020-01-01", None), ("GET", "/platform/monitor/metrics?range=1h&group=day&sort=asc", None), ("GET", "/platform/monitor/report?start=2020-01-01", None),
]
ODD = [None, True, False, 0, -1, 1, 2 ** 31, 2 ** 63 - 1, -2 ** 63, 2 ** 63, 1e308, -1e-308, 0.1, "", " ", "a", "\u0000", "\u00e9\ud83d\ude00", "x" * 300, "y" * 20000, "$set", "a.b", "__proto__", "null", "1e9", "..", "/", "%2F", "*",
       [], {}, [[]], [None], [{}], {"": ""}, {"$oid": "x"}, {"a": {"b": {"c": []}}}, {"__type__": "bytes", "data": "x"}, {"$numberInt": "1"}, DEEPEST, {"a": DEEPEST}, STRONG]


class Mutations(Platform):
    def setUp(self):
        self.seed = int(os.environ.get("MG_SEED", random.SystemRandom().randrange(2 ** 32)))
        self.random = random.Random(self.seed)
        self.token = self.server.login()
        self.statuses = collections.Counter()

    def places(self, value, found):
        """Every (container, key) inside of a body."""
        if isinstance(value, (dict, list)):
            for key in value if isinstance(value, dict) else range(len(value)):
                found.append((value, key))
                self.places(value[key], found)
        return found

    def change_body(self, body):
        body = copy.deepcopy(body)
        for _ in range(self.random.choice((1, 1, 1, 2, 5))):
            places = self.places(body, [])
            if not places:
                break
            container, key = self.random.choice(places)
            how = self.random.random()
            if how < 0.7:
                container[key] = copy.deepcopy(self.random.choice(ODD))
            elif how < 0.85:
                del container[key]
            elif isinstance(container, dict):
                container[str(self.random.choice(ODD))[:100]] = container.pop(key)
            else:
                container.append(copy.deepcopy(self.random.choice(ODD)))
        return body

    def change_bytes(self, data):
        data = bytearray(data)
        for _ in range(self.random.choice((1, 2, 4))):
            if not data:
                break
            at = self.random.randrange(len(data))
            how = self.random.random()
            if how < 0.4:
                data[at] = self.random.randrange(256)
            elif how < 0.7:
                del data[at:at + self.random.randrange(1, 20)]
            else:
                data[at:at] = self.random.choice((b'"', b"{", b"[" * 100, b"\\u0000", b"\xff", b"1e999", b",", b"null"))
        return bytes(data)

    def change_path(self, path):
        parts = path.split("/")
        at = self.random.randrange(2, len(parts))
        parts[at] = self.random.choice(("", "x", "%00", "%zz", "%2e%2e", "%F0%9F%98%80", "%ff", "a" * 500, "..", "?", "?page=x", "?page_size=0", "?limit=-1", "?search=%", "all", parts[at] + "%20"))
        return "/".join(parts)

    def headers(self):
        headers = {"Authorization": "Bearer " + self.token}
        if self.random.random() < 0.1:
            headers["If-Match"] = self.random.choice(('"x"', "*", "", ",,,", 'W/"', '"1-2"'))
        if self.random.random() < 0.1:
            headers["If-None-Match"] = self.random.choice(('"x"', "*", "W/"))
        if self.random.random() < 0.1:
            headers["Idempotency-Key"] = self.random.choice(("a", "b/c", "%", "x" * 255, "x" * 256, "a b"))
        return headers

    def one(self, connection, number):
        method, path, body = self.random.choice(REQUESTS)
        data = b"" if body is None else json.dumps(body).encode()
        how = self.random.random()
        if how < 0.7 and body is not None:
            data = json.dumps(self.change_body(body)).encode()
        elif how < 0.85 and body is not None:
            data = self.change_bytes(data)
        elif how < 0.97:
            path = self.change_path(path)
        if self.random.random() < 0.05:
            method = self.random.choice(("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"))
        connection.request(method, path, data, self.headers())
        answer = connection.getresponse()
        text = answer.read()
        self.statuses[answer.status] += 1
        self.assertLess(answer.status, 500, f"MG_SEED={self.seed} request {number}: {method} {path} {data[:2000]!r} gave {answer.status} {text[:500]!r}")

    def test_no_mutation_gives_a_5xx(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=60)
        for number in range(int(os.environ.get("MG_MUTATIONS", "10000"))):
            try:
                self.one(connection, number)
            except (ConnectionError, http.client.HTTPException):  # after a 400 of the gate the connection is closed
                self.assertIsNone(self.server.process.poll(), f"MG_SEED={self.seed} request {number} ended memgate:\n{self.server.log()[-3000:]}")
                connection.close()
        connection.close()
        print(f"MG_SEED={self.seed}: {self.statuses.total()} answers by status: {dict(sorted(self.statuses.items()))}")
        self.server.token = self.token
        self.restart()  # what was stored is dumped and restored
        self.expect(200, "GET /platform/user/me")


if __name__ == "__main__":
    unittest.main()
