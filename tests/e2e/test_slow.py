"""Slow clients: hundreds that trickle a head, a body, or the reading of an answer. They are gone in time, and nobody else feels them."""
import http.client
import re
import select
import socket
import threading
import time
import unittest

from server import API, Server

SLOW = 500
GONE_SECONDS = 12
P99_SECONDS = 0.1
LIST = "/platform/api?page_size=200"


class Trickler:
    """One connection that moves a byte a second."""

    def __init__(self, server, kind, token):
        self.kind = kind
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        self.socket.connect(("127.0.0.1", server.port))
        self.since = time.monotonic()
        self.lasted = None
        begin = {
            "silent": b"",
            "line": b"GET /api/he",
            "head": b"GET /api/health HTTP/1.1\r\nHost: a\r\nX-Slow: ",
            "body": b"POST /platform/authorization HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n\r\n{",
            "chunks": b"POST /platform/authorization HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
            "answer": f"GET {LIST} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\n\r\n".encode(),
        }[kind]
        self.socket.sendall(begin)
        self.piece = b"1\r\na\r\n" if kind == "chunks" else b"a"

    def trickle(self):
        """Moves a byte; notes when the server has ended it."""
        if self.lasted is not None:
            return
        events = select.poll()
        events.register(self.socket, select.POLLRDHUP)
        gone = bool(events.poll(0))
        try:
            if not gone and self.kind == "answer":
                self.socket.recv(1)
            elif not gone and self.kind != "silent":
                self.socket.sendall(self.piece)
        except OSError:
            gone = True
        if gone:
            self.lasted = time.monotonic() - self.since
            self.socket.close()


class Slow(unittest.TestCase):
    def test_five_hundred_are_gone_in_time_and_a_good_client_does_not_feel_them(self):
        with Server() as server:
            server.start()
            apis = [{**API, "api_name": f"api-{number}", "api_id": f"id-{number}", "api_description": "long " * 20} for number in range(200)]
            self.assertEqual(server.http("POST", "/platform/config/import", {"apis": apis})[0], 200)
            self.assertGreater(len(str(server.http("GET", LIST)[1])), 100000)
            kinds = ("silent", "line", "head", "body", "chunks", "answer")
            slow = [Trickler(server, kinds[number % len(kinds)], server.token) for number in range(SLOW)]
            over = threading.Event()
            thread = threading.Thread(target=self.trickle, args=(slow, over))
            thread.start()
            try:
                took = self.be_good(server, GONE_SECONDS)
            finally:
                over.set()
                thread.join()
            for kind in kinds:
                lasted = [one.lasted for one in slow if one.kind == kind]
                self.assertNotIn(None, lasted, f"{kind}: {lasted.count(None)} still there")
                self.assertLess(max(lasted), GONE_SECONDS, kind)
                self.assertGreater(min(lasted), 5, kind)  # not because they were refused
            reaped = re.search(r"^memgate_http_connections_reaped_total (\d+)", server.http("GET", "/metrics", token=None)[1], re.MULTILINE)
            self.assertGreaterEqual(int(reaped.group(1)), SLOW)
            took.sort()
            every = [one.lasted for one in slow]
            print(f"{len(slow)} slow connections: gone after {min(every):.1f} to {max(every):.1f} s; {len(took)} good requests: p50 {took[len(took) // 2] * 1000:.2f} ms, "
                  f"p99 {took[len(took) * 99 // 100] * 1000:.2f} ms, worst {took[-1] * 1000:.2f} ms")
            self.assertGreater(len(took), 500)
            self.assertLess(took[len(took) * 99 // 100], P99_SECONDS)

    def trickle(self, slow, over):
        while not over.is_set():
            for one in slow:
                one.trickle()
            over.wait(0.5)

    def be_good(self, server, seconds):
        """Asks one thing after the other; how long each took."""
        took = []
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            begun = time.monotonic()
            connection.request("GET", "/platform/user/me", headers={"Authorization": f"Bearer {server.token}"})
            answer = connection.getresponse()
            answer.read()
            took.append(time.monotonic() - begun)
            self.assertEqual(answer.status, 200)
            time.sleep(0.005)
        connection.close()
        return took

    def test_who_is_slow_but_moves_is_served(self):
        with Server(MEMGATE_TRANSFER_SECONDS="1", MEMGATE_TRANSFER_RATE="100", MEMGATE_HEAD_SECONDS="1", MEMGATE_IDLE_SECONDS="2") as server:
            server.start()
            body = b'{"email":"nobody","password":"' + b"x" * 1000 + b'"}'
            with socket.create_connection(("127.0.0.1", server.port), timeout=10) as peer:
                peer.sendall(b"POST /platform/authorization HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(body))
                for at in range(0, len(body), 100):  # three seconds for all, at over 300 bytes a second
                    peer.sendall(body[at:at + 100])
                    time.sleep(0.3)
                self.assertIn(b"AUTH002", peer.recv(65536))
                begun = time.monotonic()
                self.assertEqual(peer.recv(1), b"")  # silent for too long
                self.assertLess(abs(time.monotonic() - begun - 2.5), 2)


if __name__ == "__main__":
    unittest.main()
