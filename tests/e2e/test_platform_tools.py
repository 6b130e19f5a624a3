"""Tools, caches, logging, monitor: platform-api.md sections 12.2 and 12.3."""
import csv
import io
import json
import unittest

from contract import Platform

CHECK = "POST /platform/tools/cors/check"
LOGS = "GET /platform/logging/logs"


class Tools(Platform):
    def test_cors_check_without_settings(self):
        answer = self.expect(200, CHECK, {"origin": "http://localhost:3000", "method": "get", "request_headers": [" Content-Type", "X-Odd"], "with_credentials": True})
        self.assertEqual(answer["config"]["allowed_origins"], ["http://localhost:3000"])
        self.assertEqual(answer["config"]["allow_headers"], ["Accept", "Content-Type", "X-CSRF-Token", "Authorization"])
        self.assertEqual(answer["config"]["allow_methods"], ["GET", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "HEAD"])
        self.assertEqual(answer["input"]["request_headers_normalized"], ["content-type", "x-odd"])
        preflight = answer["preflight"]
        self.assertEqual([preflight[name] for name in ("allowed", "allow_origin", "method_allowed", "headers_allowed", "not_allowed_headers")], [False, True, True, False, ["x-odd"]])
        self.assertEqual((answer["actual"]["allowed"], answer["actual"]["response_headers"]["Access-Control-Allow-Origin"]), (True, "http://localhost:3000"))
        answer = self.expect(200, CHECK, {"origin": "https://other.test", "method": "POST"})
        self.assertEqual((answer["preflight"]["allowed"], answer["actual"]["allowed"]), (False, False))
        for bad in ({}, {"origin": "x"}, {"method": "GET"}, {"origin": [], "method": "GET"}, {"origin": "x", "method": "GET", "request_headers": "x"}, {"origin": "x", "method": "GET", "request_headers": [[]]}):
            self.expect("422 VAL001", CHECK, bad)
        self.expect(200, CHECK, {"origin": "x", "method": "GET", "request_headers": [1]})
        self.expect("403 TLS001", CHECK, {}, token=self.user("toni"))
        self.expect("401 detail", CHECK, {}, token=None)

    def test_chaos_is_told_and_forgotten_in_time(self):
        path = "POST /platform/tools/chaos/toggle"
        self.assertEqual(self.expect(200, path, {"backend": "redis", "enabled": True}), {"backend": "redis", "enabled": True})
        self.expect(200, path, {"backend": "mongo", "enabled": True, "duration_ms": 1})
        stats = self.expect(200, "GET /platform/tools/chaos/stats")
        self.assertEqual((stats["redis_outage"], type(stats["error_budget_burn"])), (True, int))
        self.expect(200, path, {"backend": "redis", "enabled": False})
        self.assertFalse(self.expect(200, "GET /platform/tools/chaos/stats")["redis_outage"])
        self.expect("400 TLS002", path, {"backend": "disk", "enabled": True})
        for bad in ({}, {"backend": "redis"}, {"backend": "redis", "enabled": "perhaps"}, {"backend": "redis", "enabled": True, "duration_ms": -1}):
            self.expect("422 VAL001", path, bad)
        plain = self.user("tara")
        self.expect("403 TLS001", path, {}, token=plain)
        self.expect("403 TLS001", "GET /platform/tools/chaos/stats", token=plain)

    def test_caches_and_status(self):
        plain = self.user("cal")
        self.expect(200, "DELETE /api/caches")
        self.expect(204, "OPTIONS /api/caches", token=None)
        self.expect("403 GTW008", "DELETE /api/caches", token=plain)
        self.expect("401 detail", "DELETE /api/caches", token=None)
        status = self.expect(200, "GET /api/status")
        self.assertEqual((status["mongodb"], status["redis"]), (True, True))
        self.assertRegex(status["memory_usage"], r"^\d+\.\d%$")
        self.assertRegex(status["uptime"], r"^0m \d+s$")
        self.assertGreaterEqual(status["active_connections"], 1)
        self.expect("403 GTW013", "GET /api/status", token=plain)
        self.expect("401 GTW401", "GET /api/status", token=None)


class CorsSettings(Platform):
    environment = {"ALLOWED_ORIGINS": "*, https://a.test", "ALLOW_METHODS": "GET", "ALLOW_HEADERS": "X-Mine", "CORS_STRICT": "true"}

    def test_cors_check_with_settings(self):
        answer = self.expect(200, CHECK, {"origin": "http://localhost", "method": "POST", "request_headers": ["x-MINE"]})
        self.assertEqual(answer["config"]["effective_allowed_origins"], ["http://localhost", "http://localhost:3000"])
        self.assertEqual((answer["config"]["cors_strict"], answer["preflight"]["method_allowed"], answer["preflight"]["headers_allowed"]), (True, False, True))


class Logging(Platform):
    def setUp(self):
        self.expect(404, "GET /platform/role/none?secret=1", headers={"X-Request-ID": "find-me", "X-IS-TEST": "true"})
        self.expect(200, "GET /api/health", token=None)

    def test_the_newest_requests_are_found_by_what_they_were(self):
        entry = self.expect(200, f"{LOGS}?request_id=find-me&limit=1")["logs"][0]
        self.assertEqual((entry["method"], entry["endpoint"], entry["status_code"], entry["level"], entry["user"], entry["ip_address"], entry["type"]),
                         ("GET", "/platform/role/{role_name}", 404, "WARNING", "admin", "127.0.0.1", "platform"))
        self.assertIn("status_code: 404 Total time: ", entry["message"])
        self.assertNotIn("secret", json.dumps(self.expect(200, LOGS)))
        for query, some in (("user=admin", True), ("user=nobody", False), ("endpoint=/role/", True), ("api=none", False), ("method=get", True), ("method=TRACE", False), ("ip_address=127.0.0.1", True),
                            ("ip_address=::1", False), ("level=warning", True), ("level=debug", False), ("type=api", True), ("type=x", False), ("min_response_time=100000", False),
                            ("max_response_time=100000", True), ("start_date=2020-01-01", True), ("end_date=2020-01-01", False), ("start_date=2999", False), ("end_date=2999-01-01T00:00:00Z", True)):
            with self.subTest(query):
                self.assertEqual(self.expect(200, f"{LOGS}?{query}")["total"] > 0, some)
        page = self.expect(200, f"{LOGS}?limit=1&offset=1")
        self.assertEqual((len(page["logs"]), page["has_more"]), (1, True))
        self.assertEqual(self.expect(200, f"{LOGS}?offset=99999")["logs"], [])
        for query in ("limit=0", "limit=1001", "offset=-1", "limit=x", "min_response_time=x", "max_response_time=1.2.3", "min_response_time=-1"):
            self.expect("422 VAL001", f"{LOGS}?{query}")

    def test_files_statistics_export_download(self):
        self.assertEqual(self.expect(200, f"{LOGS}/files"), {"log_files": [], "count": 0})
        statistics = self.expect(200, f"{LOGS}/statistics")
        self.assertGreater(statistics["total_logs"], statistics["warning_count"])
        self.assertGreaterEqual(statistics["warning_count"], 1)
        self.assertIn({"name": "/platform/role/{role_name}"}, [{"name": one["name"]} for one in statistics["top_endpoints"]])
        exported = self.expect(200, f"{LOGS}/export?request_id=find-me")
        self.assertEqual((exported["format"], {one["request_id"] for one in json.loads(exported["data"])}), ("json", {"find-me"}))
        rows = list(csv.DictReader(io.StringIO(self.expect(200, f"{LOGS}/export?format=csv&request_id=find-me")["data"])))
        self.assertEqual({row["status_code"] for row in rows}, {"404"})
        self.assertIsInstance(self.expect(200, f"{LOGS}/download"), list)
        self.assertIn("attachment", self.server.last_headers["Content-Disposition"])
        self.assertTrue(self.expect(200, f"{LOGS}/download?format=csv").startswith("timestamp,"))
        self.expect("422 VAL001", f"{LOGS}/export?format=xml")

    def test_who_may(self):
        plain, viewer = self.user("lola"), self.user("vivi", view_logs=True)
        for path, code in (("", "LOG001"), ("/statistics", "LOG002"), ("/export", "LOG003"), ("/download", "LOG004"), ("/files", "LOG005")):
            self.expect(f"403 {code}", LOGS + path, token=plain)
            self.expect("401 detail", LOGS + path, token=None)
            self.expect(403 if path in ("/export", "/download") else 200, LOGS + path, token=viewer)

    def test_the_ring_is_bounded(self):
        for _ in range(2100):
            self.server.http("GET", "/api/health", token=None)
        self.assertEqual(self.expect(200, LOGS)["total"], 2048)


class Monitor(Platform):
    def test_traffic_counts_what_begins_with_api(self):
        for _ in range(3):
            self.expect(200, "GET /api/health", token=None, headers={"X-IS-TEST": "true"})
        self.expect(200, "GET /api/status")
        figures = self.expect(200, "GET /platform/monitor/metrics?range=1h&group=minute&sort=desc")
        self.assertEqual((figures["total_requests"], figures["total_test_requests"], figures["status_counts"], figures["unique_users"]), (4, 3, {"2xx": 4}, 1))
        self.assertEqual((figures["top_apis"], figures["top_users"]), ([["/api/health", 3], ["/api/status", 1]], [["admin", 1]]))
        self.assertEqual(sum(point["count"] for point in figures["series"]), 4)
        self.assertGreater(figures["series"][0]["p95_ms"], 0)
        for query in ("", "?range=30d&group=day", "?range=7d&sort=asc", "?group=day"):
            self.assertEqual(self.expect(200, f"GET /platform/monitor/metrics{query}")["total_requests"], 4, query)
        for query in ("range=2h", "group=week", "sort=x"):
            self.expect("422 VAL001", f"GET /platform/monitor/metrics?{query}")
        report = self.expect(200, "GET /platform/monitor/report")
        self.assertEqual(sum(int(row["count"]) for row in csv.DictReader(io.StringIO(report))), 4)
        self.assertEqual(len(self.expect(200, "GET /platform/monitor/report?start=2020-01-01&end=2020-01-02").splitlines()), 1)
        self.assertGreater(len(self.expect(200, "GET /platform/monitor/report?start=2020-01-01T00:00:00Z&end=2999-01-01").splitlines()), 1)
        for query in ("start=x", "end=2020-13-01", "start=20200101"):
            self.expect("422 VAL001", f"GET /platform/monitor/report?{query}")
        plain = self.user("mona")
        self.expect("403 MON001", "GET /platform/monitor/metrics", token=plain)
        self.expect("403 MON002", "GET /platform/monitor/report", token=plain)
        self.expect("401 detail", "GET /platform/monitor/metrics", token=None)


if __name__ == "__main__":
    unittest.main()
