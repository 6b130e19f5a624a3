"""The HTTP side of the real binary: bytes no client library would send, trickling clients, and the platform API in short."""
import http.client
import json
import socket
import threading
import time
import unittest

from server import API, PASSWORD, USER, Server


def talk(port, data, seconds=2):
    """Sends raw bytes; (what came back, whether the server closed)."""
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as peer:
        peer.sendall(data)
        answer = b""
        try:
            while chunk := peer.recv(65536):
                answer += chunk
        except socket.timeout:
            return answer, False
        except ConnectionResetError:
            pass
        return answer, True


class Framing(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server().start()

    @classmethod
    def tearDownClass(cls):
        cls.server.close()

    def test_what_hides_behind_a_nul_is_refused(self):
        for head in (
            b"GET /api/health HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n",
            b"POST /api/health HTTP/1.1\r\nHost: a\r\nContent-Length: 0\0 99\r\n\r\n",
            b"GET /api/health\0/x HTTP/1.1\r\nHost: a\r\n\r\n",
            b"GET /api/health HTTP/1.1\r\nHost: a\r\nTransfer-Encoding\0: chunked\r\n\r\n",
        ):
            with self.subTest(head):
                answer, closed = talk(self.server.port, head)
                self.assertTrue(answer.startswith(b"HTTP/1.1 400 "), answer)
                self.assertTrue(closed)

    def test_folded_and_shifted_headers_are_refused(self):
        for line in (b"X: a\r\n Content-Length: 3", b"X: a\rContent-Length: 3", b" X: a", b"Content-Length : 3", b"no colon"):
            with self.subTest(line):
                answer, closed = talk(self.server.port, b"POST /api/health HTTP/1.1\r\nHost: a\r\n" + line + b"\r\n\r\n")
                self.assertTrue(answer.startswith(b"HTTP/1.1 400 "), answer)
                self.assertTrue(closed)

    def test_bad_chunks_end_the_connection(self):
        for chunk in (b"-2\r\n{}\r\n0\r\n\r\n", b"zz\r\n{}\r\n0\r\n\r\n", b"ffffffffffffffffff\r\n{}\r\n0\r\n\r\n"):
            with self.subTest(chunk):
                head = b"POST /platform/authorization HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                answer, closed = talk(self.server.port, head + chunk)
                self.assertRegex(answer[:12], rb"HTTP/1.1 4(00|13)")
                self.assertTrue(closed)

    def test_chunked_body_over_the_limit_gets_its_413(self):
        head = b"POST /platform/authorization HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
        answer, _ = talk(self.server.port, head + chunk * 20 + b"0\r\n\r\n")
        self.assertTrue(answer.startswith(b"HTTP/1.1 413 "), answer[:80])
        self.assertIn(b"REQ001", answer)

    def test_100_continue_only_for_bodies_that_will_be_read(self):
        head = b"POST /platform/authorization HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n"
        answer, _ = talk(self.server.port, head % 2 + b"{}", seconds=1)
        self.assertTrue(answer.startswith(b"HTTP/1.1 100 "), answer)
        answer, closed = talk(self.server.port, head % 99999999)
        self.assertTrue(answer.startswith(b"HTTP/1.1 413 "), answer)
        self.assertTrue(closed)

    def test_trickled_head_is_ended_in_total_time(self):
        begun = time.monotonic()
        with socket.create_connection(("127.0.0.1", self.server.port)) as peer:
            peer.sendall(b"GET /api/health HTTP/1.1\r\nX: ")
            with self.assertRaises(OSError):
                while time.monotonic() - begun < 40:
                    peer.sendall(b"a")
                    time.sleep(0.25)
        self.assertLess(time.monotonic() - begun, 30)
        self.assertEqual(self.server.http("GET", "/api/health", token=None)[0], 200)

    def test_a_larger_head_needs_a_larger_setting(self):
        head = b"GET /api/health HTTP/1.1\r\nHost: a\r\nConnection: close\r\nCookie: " + b"a" * 30000 + b"\r\n\r\n"
        self.assertEqual(talk(self.server.port, head)[0][:12], b"HTTP/1.1 431")
        with Server(MEMGATE_HEAD_BYTES="65536") as server:
            self.assertEqual(talk(server.start().port, head)[0][:12], b"HTTP/1.1 200")


class Platform(unittest.TestCase):
    def test_what_was_onboarded_survives_a_restart_and_so_does_the_token(self):
        with Server() as server:
            server.start()
            self.assertEqual(server.http("POST", "/platform/user", USER)[0], 201)
            status, made = server.http("POST", "/platform/api", API)
            self.assertEqual(status, 201)
            token = server.token
            self.assertEqual(server.stop(), 0)
            server.start()
            status, user = server.http("GET", "/platform/user/ann", token=token)
            self.assertEqual((status, user["email"]), (200, USER["email"]))
            status, api = server.http("GET", "/platform/api/orders/v1", token=token)
            self.assertEqual((status, api["api_id"]), (200, made["api"]["api_id"]))
            server.login("ann", USER["password"])

    def test_each_write_is_seen_by_the_next_read(self):
        with Server() as server:
            server.start()
            for number in range(200):
                status, _ = server.http("PUT", "/platform/user/admin", {"throttle_queue_limit": number})
                self.assertEqual(status, 200)
                self.assertEqual(server.http("GET", "/platform/user/me")[1]["throttle_queue_limit"], number)

    def test_dump_and_restore_by_request(self):
        with Server() as server:
            server.start()
            status, answer = server.http("POST", "/platform/memory/dump")
            self.assertEqual(status, 200, answer)
            self.assertEqual(answer["response"]["path"], str(server.newest_dump()))
            self.assertEqual(server.http("POST", "/platform/group", {"group_name": "after"})[0], 201)
            status, answer = server.http("POST", "/platform/memory/restore", {"path": answer["response"]["path"]})
            self.assertEqual((status, answer["response"]["version"]), (200, 1), answer)
            self.assertEqual(server.http("GET", "/platform/group/after")[0], 404)
            self.assertEqual(server.http("POST", "/platform/memory/restore", {"path": "none.bin"})[0], 404)
            self.assertIn(server.http("POST", "/platform/memory/dump", {"path": "/etc/x.bin"})[0], (400, 403))

    def test_strict_envelope_and_metrics(self):
        with Server(STRICT_RESPONSE_ENVELOPE="true") as server:
            server.start()
            status, answer = server.http("GET", "/platform/role/none", token=server.http(
                "POST", "/platform/authorization", {"email": "admin", "password": PASSWORD}, token=None)[1]["access_token"])
            self.assertEqual((status, answer["status_code"], answer["error_code"]), (200, 404, "ROLE004"))
            status, text = server.http("GET", "/metrics", token=None)
            self.assertEqual(status, 200)
            self.assertIn('memgate_http_requests_total{method="GET",route="/platform/role/{role_name}",status="200"} 1', text)
            self.assertIn("memgate_dumps_published_total", text)

    def test_stopping_answers_old_connections_and_takes_no_new_ones(self):
        with Server() as server:
            server.start()
            kept = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
            kept.request("GET", "/api/health")
            kept.getresponse().read()
            half = socket.create_connection(("127.0.0.1", server.port), timeout=10)
            half.sendall(b"GET /api/health HTTP/1.1\r\nHost: a\r\nX-Slo")
            begun = time.monotonic()
            self.assertEqual(server.stop(), 0)
            self.assertLess(time.monotonic() - begun, 5, "waited for a client that was owed no answer")
            self.assertIn("event=http_drained unanswered=0", server.log())
            half.close()
            with self.assertRaises(OSError):
                socket.create_connection(("127.0.0.1", server.port), timeout=2)
            kept.close()



class Contention(unittest.TestCase):
    def test_writers_of_one_document_all_succeed(self):
        """Updates that rest on nothing they read, and ones that must be decided anew each time."""
        clients, turns = 48, 10
        with Server() as server:
            server.start()
            server.http("POST", "/platform/api", API)
            server.http("POST", "/platform/role", {"role_name": "busy"})
            token, statuses = server.login(), []

            def work(number):
                connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
                headers = {"Authorization": "Bearer " + token, "Content-Type": "application/json"}
                for turn in range(turns):
                    for path, body in (("api/orders/v1", {"api_description": f"{number}-{turn}"}), ("role/busy", {"role_description": f"{number}-{turn}"})):
                        connection.request("PUT", "/platform/" + path, json.dumps(body), headers)
                        answer = connection.getresponse()
                        answer.read()
                        statuses.append(answer.status)

            threads = [threading.Thread(target=work, args=(number,)) for number in range(clients)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self.assertEqual({status: statuses.count(status) for status in set(statuses)}, {200: clients * turns * 2})


if __name__ == "__main__":
    unittest.main()
