"""What the front does to every answer: packing, pages of other origins, limits of logins, the access log, limits of connections."""
import gzip
import json
import re
import socket
import subprocess
import time
import unittest

from server import API, Server, wait_for


class Packing(unittest.TestCase):
    def ask(self, server, path, accept=None):
        headers = {"Accept-Encoding": accept} if accept else {}
        status, _ = server.http("GET", path, headers=headers)
        return status, server.last_headers

    def etag(self, server, path, accept):
        server.http("HEAD", path, headers={"Accept-Encoding": accept} if accept else {})
        return server.last_headers["ETag"]

    def raw(self, server, path, *options):
        command = ["curl", "-s", *options, "-H", f"Authorization: Bearer {server.login()}", f"http://127.0.0.1:{server.port}{path}"]
        return subprocess.run(command, capture_output=True, check=True).stdout

    def test_who_takes_gzip_gets_it(self):
        with Server() as server:
            server.start()
            self.assertEqual(server.http("POST", "/platform/api", API)[0], 201)
            path = "/platform/api/orders/v1"
            plain = self.raw(server, path)
            self.assertGreater(len(plain), 500)
            packed = self.raw(server, path, "-H", "Accept-Encoding: gzip")
            self.assertLess(len(packed), len(plain))
            self.assertEqual(gzip.decompress(packed), plain)
            self.assertEqual(self.raw(server, path, "--compressed"), plain)
            head = self.raw(server, path, "-I", "-H", "Accept-Encoding: gzip").decode()
            self.assertIn("Content-Encoding: gzip", head)
            self.assertEqual(head.count("Vary:"), 1)
            self.assertIn("Vary: Accept-Encoding, Origin", head)
            self.assertIn(f"X-Body-Length: {len(plain)}\r\n", head)
            for accept in (None, "identity", "gzip;q=0", "br"):
                with self.subTest(accept):
                    status, headers = self.ask(server, path, accept)
                    self.assertEqual(status, 200)
                    self.assertNotIn("Content-Encoding", headers)
                    self.assertEqual(headers["Vary"], "Accept-Encoding, Origin")
            self.assertNotIn("Content-Encoding", self.ask(server, "/api/health", "gzip")[1])  # too short to be worth it

    def test_packed_and_plain_bytes_have_etags_of_their_own_and_both_are_the_document(self):
        path = "/platform/api/orders/v1"
        with Server() as server:
            server.start()
            self.assertEqual(server.http("POST", "/platform/api", API)[0], 201)
            tags = {accept: self.etag(server, path, accept) for accept in (None, "gzip")}
            self.assertEqual(tags["gzip"], tags[None][:-1] + '-gzip"')
            for accept, tag, status in ((None, tags[None], 304), ("gzip", tags["gzip"], 304), ("gzip", tags[None], 304), (None, tags["gzip"], 200),
                                        ("gzip;q=0", tags["gzip"], 200), ("gzip", f'"x", W/{tags["gzip"]}', 304), ("gzip", tags["gzip"] + "x", 200)):
                with self.subTest(accept=accept, tag=tag):
                    answer = server.http("HEAD", path, headers={"If-None-Match": tag, **({"Accept-Encoding": accept} if accept else {})})
                    self.assertEqual(answer[0], status)
                    if status == 304:
                        self.assertIn(server.last_headers["ETag"], tag)
                        self.assertEqual(server.last_headers["Vary"], "Accept-Encoding, Origin")
            for options in ((), ("--compressed",)):  # as a client keeps them
                kept = str(server.folder / "etag")
                self.assertIn(b'"orders"', self.raw(server, path, *options, "--etag-save", kept))
                self.assertEqual(self.raw(server, path, *options, "--etag-compare", kept, "-w", "%{http_code}"), b"304")
            for accept in (None, "gzip"):
                tag = self.etag(server, path, accept)
                for value, status in (("W/" + tag, 412), (tag, 200), (tag, 412)):
                    self.assertEqual(server.http("PUT", path, {"api_description": f"of {accept}"}, headers={"If-Match": value})[0], status, value)

    def test_it_can_be_turned_off_and_its_threshold_moved(self):
        with Server(COMPRESSION_ENABLED="false") as server:
            server.start()
            self.assertNotIn("Content-Encoding", self.ask(server, "/platform/user/admin", "gzip")[1])
            server.stop()
            server.start(COMPRESSION_ENABLED="true", COMPRESSION_MINIMUM_SIZE="5", COMPRESSION_LEVEL="9")
            packed = self.raw(server, "/api/health", "-H", "Accept-Encoding: gzip")
            self.assertEqual(json.loads(gzip.decompress(packed)), {"status": "online"})


class OtherOrigins(unittest.TestCase):
    PAGE = "https://page.test"

    def ask(self, server, line, origin=PAGE, token=None):
        method, path = line.split(" ")
        status, _ = server.http(method, path, token=token, headers={"Origin": origin} if origin else {})
        found = {name.removeprefix("Access-Control-Allow-"): value for name, value in server.last_headers.items() if name.startswith("Access-")}
        return status, found, server.last_headers.get("Vary")

    def test_any_page_may_at_first(self):
        with Server() as server:
            server.start()
            asked = {"Origin": self.PAGE, "Credentials": "true", "Methods": "GET, POST, PUT, DELETE, OPTIONS, PATCH, HEAD",
                     "Headers": "Accept, Content-Type, X-CSRF-Token, Authorization"}
            for path in ("/platform/user", "/platform/user/x", "/platform/nowhere"):
                self.assertEqual(self.ask(server, f"OPTIONS {path}"), (204, asked, "Origin"))
            self.assertIn("GET", self.options(server, "/platform/user"))
            refused = {name: value for name, value in asked.items() if name != "Origin"}
            self.assertEqual(self.ask(server, "OPTIONS /platform/user", "null"), (204, refused, "Origin"))
            granted = {"Origin": self.PAGE, "Credentials": "true"}
            for line, status in (("GET /platform/user/me", 401), ("GET /platform/nowhere", 404), ("PATCH /platform/user", 405), ("GET /platform/monitor/liveness", 200)):
                self.assertEqual(self.ask(server, line), (status, granted, "Origin"))
            self.assertEqual(self.ask(server, "GET /platform/user/me", token=server.login()), (200, granted, "Origin"))
            self.assertEqual(self.ask(server, "GET /platform/user/me", None), (401, {"Credentials": "true"}, "Origin"))
            for line in ("GET /api/health", "OPTIONS /api/caches"):  # not of the platform
                self.assertEqual(self.ask(server, line)[1:], ({}, None))
            self.assertEqual(self.ask(server, "OPTIONS /nowhere"), (404, {}, None))

    def options(self, server, path):
        server.http("OPTIONS", path, token=None)
        return server.last_headers["Allow"]

    def test_settings_narrow_it(self):
        with Server(ALLOWED_ORIGINS=f"https://other.test, {self.PAGE}", ALLOW_METHODS="GET", ALLOW_HEADERS="X-Mine", ALLOW_CREDENTIALS="false") as server:
            server.start()
            self.assertEqual(self.ask(server, "OPTIONS /platform/user")[1], {"Origin": self.PAGE, "Methods": "GET", "Headers": "X-Mine"})
            self.assertEqual(self.ask(server, "GET /platform/user/me", "https://page.test.evil")[1:], ({}, "Origin"))
            server.stop()
            server.start(ALLOWED_ORIGINS="*", ALLOW_CREDENTIALS="true", CORS_STRICT="true")
            self.assertNotIn("Origin", self.ask(server, "GET /platform/user/me")[1])
            self.assertEqual(self.ask(server, "GET /platform/user/me", "http://localhost:3000")[1]["Origin"], "http://localhost:3000")


class Scrapers(unittest.TestCase):
    """Who may read /metrics; everybody here is on loopback, and the proxy in front of the others too."""

    def scrape(self, server, *lines):
        with socket.create_connection(("127.0.0.1", server.port), 30) as client:
            client.sendall("\r\n".join(["GET /metrics HTTP/1.1", "Host: a", *lines, "Connection: close", "", ""]).encode())
            return int(client.makefile("rb").readline().split()[1])

    def test_the_list_and_the_proxy_in_front_of_it(self):
        listed, stranger = "X-Forwarded-For: 10.1.2.3", "X-Forwarded-For: 203.0.113.9"
        with Server(PROMETHEUS_ALLOWLIST="10.0.0.0/8, 2001:db8::7", PROMETHEUS_BEARER_TOKEN="a-token") as server:
            server.start()
            self.assertEqual([self.scrape(server), self.scrape(server, listed)], [200, 403])
            self.assertEqual(self.scrape(server, stranger, "Authorization: Bearer a-token"), 200)
            self.assertEqual(server.stop(), 0)
            server.start(PROMETHEUS_TRUST_XFF="true")
            for lines, status in (((), 200), ((listed,), 200), ((stranger,), 403), ((listed + ", 203.0.113.9",), 403), ((stranger + ", 10.1.2.3",), 200),
                                  (("X-Forwarded-For: 2001:db8::7",), 200), ((listed, stranger), 403), ((stranger, listed), 200), (("X-Real-IP: 10.1.2.3",), 403),
                                  ((stranger, "Authorization: Bearer a-token"), 200), ((stranger, "Authorization: Bearer another"), 403)):
                self.assertEqual(self.scrape(server, *lines), status, lines)

    def test_it_can_be_turned_off_for_all(self):
        with Server(PROMETHEUS_ENABLED="false", PROMETHEUS_PUBLIC="true", PROMETHEUS_BEARER_TOKEN="a-token") as server:
            server.start()
            self.assertEqual(self.scrape(server, "Authorization: Bearer a-token"), 503)
            self.assertEqual(server.http("GET", "/metrics", token=None), (503, {"detail": "Metrics are off"}))


class Bodies(unittest.TestCase):
    """Which limit a body has: its route's, the configured one, or the hard one."""

    GROUP, ROLE, SETTINGS, LOGIN = "POST /platform/group", "POST /platform/role", "PUT /platform/security/settings", "POST /platform/authorization"

    def limit(self, server, line):
        """The largest of these lengths that is not refused for being too large. Nothing is sent but the head."""
        return max(length for length in (1, 2048, 2049, 16384, 16385, 16 << 20, (16 << 20) + 1) if self.announce(server, line, length) != 413)

    def announce(self, server, line, length):
        with socket.create_connection(("127.0.0.1", server.port), 30) as client:
            client.sendall(f"{line} HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: {length}\r\n\r\n".encode())
            return int(client.makefile("rb").readline().split()[1])

    def test_some_paths_or_all_have_the_hard_limit(self):
        lines = (self.GROUP, self.ROLE, self.SETTINGS, self.LOGIN)
        with Server(MAX_BODY_SIZE_BYTES="2048") as server:
            server.start()
            self.assertEqual([self.limit(server, line) for line in lines], [2048] * 4)
            self.assertEqual(server.stop(), 0)
            server.start(BODY_LIMIT_EXCLUDE_PATHS=" /platform/group ,/platform/security/*,/platform/rol,/platform/authorization*,")
            self.assertEqual([self.limit(server, line) for line in lines], [16 << 20, 2048, 16 << 20, 16384])
            self.assertEqual(self.limit(server, "POST /platform/group?x=/platform/role"), 16 << 20)
            self.assertEqual(server.http("POST", "/platform/group", {"group_name": "big", "group_description": "d", "filler": "x" * 1_500_000})[0], 201)
            self.assertEqual(server.stop(), 0)
            server.start(DISABLE_BODY_SIZE_LIMIT="true")
            self.assertEqual([self.limit(server, line) for line in lines], [16 << 20, 16 << 20, 16 << 20, 16384])


class Rates(unittest.TestCase):
    """Logins and registrations per address, across the end of the process."""
    LOGIN, REGISTER = "/platform/authorization", "/platform/authorization/register"

    def login(self, server, password="wrong"):
        return server.http("POST", self.LOGIN, {"email": "admin@example.test", "password": password}, token=None)[0]

    def register(self, server, name):
        return server.http("POST", self.REGISTER, {"email": f"{name}@example.test", "password": "Longer-than-16-chars"}, token=None)

    def strict(self, **more):
        return Server(**{"LOGIN_IP_RATE_DISABLED": "false", "LOGIN_IP_RATE_LIMIT": "3", "LOGIN_IP_RATE_WINDOW": "3600", "REGISTER_IP_RATE_LIMIT": "2", **more})

    def refused(self, server):
        self.assertEqual(self.login(server), 429)
        headers = server.last_headers
        self.assertEqual((headers["X-RateLimit-Limit"], headers["X-RateLimit-Remaining"]), ("3", "0"))
        self.assertEqual(headers["Retry-After"], headers["X-RateLimit-Reset"])
        return int(headers["Retry-After"])

    def test_each_is_counted_for_itself(self):
        with self.strict() as server:
            server.start()
            self.assertEqual([self.register(server, f"reg{number}")[0] for number in range(2)], [201, 201])
            self.assertEqual(server.last_headers["X-RateLimit-Remaining"], "0")
            status, answer = self.register(server, "reg2")
            self.assertEqual((status, answer["error_code"]), (429, "IP_RATE_LIMIT"))
            self.assertGreater(int(server.last_headers["Retry-After"]), 3500)
            self.assertEqual([self.login(server) for _ in range(3)], [400, 400, 400])
            self.refused(server)
            server.stop()
            server.start(LOGIN_IP_RATE_DISABLED="true")
            self.assertEqual((self.login(server), self.register(server, "reg2")[0]), (400, 201))

    def test_a_restart_forgets_nothing(self):
        with self.strict() as server:
            server.start()
            self.assertEqual([self.login(server) for _ in range(2)], [400, 400])
            server.stop()
            server.start()
            self.assertEqual([self.login(server), self.login(server)], [400, 429])
            server.stop()
            server.start()
            before = self.refused(server)
            server.kill()  # what the last dump has is known again
            server.start()
            self.assertLessEqual(self.refused(server), before)

    def test_a_restore_forgets_nothing_either(self):
        with self.strict() as server:
            server.start()
            token = server.login()
            server.cli_json("dump", "--json")
            self.assertEqual([self.login(server), self.login(server)], [400, 400])
            self.refused(server)
            self.assertEqual(server.http("POST", "/platform/memory/restore", {"path": str(server.newest_dump())}, token=token)[0], 200)
            self.refused(server)
            server.stop()
            server.start()
            self.refused(server)

    def test_it_costs_a_write_a_second_at_most_and_is_nobodys_change(self):
        with self.strict(LOGIN_IP_RATE_LIMIT="1000000") as server:
            server.start()
            server.cli_json("dump", "--json")
            digest = server.digest()
            batches = self.batches(server)
            begun = time.monotonic()
            self.assertEqual({self.login(server) for _ in range(10)}, {400})
            took = time.monotonic() - begun
            wait_for(lambda: self.batches(server) > batches, "the counters")
            self.assertLessEqual(self.batches(server) - batches, took + 3)
            self.assertEqual(server.digest(), digest)
            self.assertNotIn("127.0.0.1", server.cli("export").stdout)
            self.assertEqual(server.cli_json("status", "--json")["at_risk"]["changes"], 0)

    def batches(self, server):
        return int(re.search(r"^memgate_state_batch_seconds_count (\d+)", server.http("GET", "/metrics", token=None)[1], re.MULTILINE).group(1))


class AccessLog(unittest.TestCase):
    LINE = re.compile(r"event=http_request (.*)")

    def lines(self, server):
        return [dict(pair.split("=", 1) for pair in line.split()) for line in self.LINE.findall(server.log())]

    def test_each_request_says_who_asked_for_what_and_nothing_secret(self):
        with Server(MEMGATE_ACCESS_LOG="1") as server:
            server.start()
            server.http("GET", "/platform/role/some-secret-name?token=some-secret-query", headers={"X-Request-ID": "my-id"})
            wait_for(lambda: any(line["request"] == "my-id" for line in self.lines(server)), "the line")
            (line,) = [line for line in self.lines(server) if line["request"] == "my-id"]
            self.assertEqual((line["method"], line["route"], line["status"], line["user"], line["peer"]),
                             ("GET", "/platform/role/{role_name}", "404", "admin", "127.0.0.1"))
            self.assertGreater(int(line["bytes"]), 0)
            self.assertGreaterEqual(int(line["took_us"]), 0)
            self.assertNotIn("some-secret", server.log())
            self.assertNotIn(server.token, server.log())

    def test_it_is_sampled_and_off_at_first(self):
        for setting, expected in (("0", 0), ("10", 5)):
            with Server(MEMGATE_ACCESS_LOG=setting) as server:
                server.start()
                server.stop()
                server.start()
                before = len(self.lines(server))
                for _ in range(50):
                    server.http("GET", "/api/health", token=None)
                server.stop()
                self.assertIn(len(self.lines(server)) - before, (expected, expected + 1))


class Connections(unittest.TestCase):
    def test_one_address_may_have_so_many(self):
        with Server(MEMGATE_CONNECTIONS_PER_IP="3") as server:
            server.start()
            held = []
            try:
                for _ in range(3):  # the start's own connections may not be gone at once
                    held.append(wait_for(lambda: self.hold(server), "a place"))
                with socket.create_connection(("127.0.0.1", server.port), timeout=5) as one_more:
                    self.assertEqual(self.answer(one_more), b"")
                held.pop().close()
                wait_for(lambda: self.serves(server), "the place of the one that left")
            finally:
                for peer in held:
                    peer.close()

    def answer(self, peer):
        try:
            peer.sendall(b"GET /api/health HTTP/1.1\r\nHost: a\r\n\r\n")
            return peer.recv(65536)
        except OSError:  # reset
            return b""

    def hold(self, server):
        """A connection that was served and stays open; None: refused."""
        peer = socket.create_connection(("127.0.0.1", server.port), timeout=5)
        if self.answer(peer).startswith(b"HTTP/1.1 200"):
            return peer
        peer.close()
        return None

    def serves(self, server):
        with socket.create_connection(("127.0.0.1", server.port), timeout=5) as peer:
            return self.answer(peer).startswith(b"HTTP/1.1 200")


if __name__ == "__main__":
    unittest.main()
