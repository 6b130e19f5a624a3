"""Request smuggling and framing: each line of framing_cases.txt as bytes on a socket, and what must, and must not, come back."""
import ast
import concurrent.futures
import os
import pathlib
import random
import re
import socket
import unittest

from server import Server

CASES = pathlib.Path(__file__).with_name("framing_cases.txt")
NEXT = b"GET /api/health HTTP/1.1\r\nHost: a\r\nX-Request-ID: smuggled\r\n\r\n"
WORDS = {b"{next}": NEXT, b"{len}": b"%d" % len(NEXT), b"{hex}": b"%x" % len(NEXT), b"{long}": b"a" * 40000,
         b"{many}": b"".join(b"X-%d: y\r\n" % number for number in range(101))}


def cases():
    for line in CASES.read_text().splitlines():
        if line and not line.startswith("#"):
            expected, name, text = line.split(" | ", 2)
            data = ast.literal_eval("b'" + text.replace("'", "\\'") + "'")
            for word, meaning in WORDS.items():
                data = data.replace(word, meaning)
            yield name, expected.split(","), data


class Framing(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.addClassCleanup(cls.server.close)
        cls.server.start()

    def talk(self, *pieces):
        """Sends, ends its side, reads all: (bytes, True if the server closed before it was told that nothing follows)."""
        data = b""
        with socket.create_connection(("127.0.0.1", self.server.port), timeout=10) as peer:
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                for piece in pieces:
                    peer.sendall(piece)
                while b"smuggled" not in data:
                    peer.settimeout(0.3 if data else 10)
                    more = peer.recv(65536)
                    if not more:
                        return data, True
                    data += more
            except TimeoutError:
                return data, False
            except OSError:  # reset: it closed with bytes of ours unread
                return data, True
        return data, False

    def check(self, expected, data, closed):
        statuses = [int(found) for found in re.findall(rb"HTTP/1\.1 (\d{3}) ", data)]
        if expected in (["ok"], ["body"]):
            self.assertIn(statuses[0], (200, 400, 405), data)
            self.assertFalse(closed, data)
            self.assertEqual(b"smuggled" in data, expected == ["ok"], data)
            return
        self.assertNotIn(b"smuggled", data)
        self.assertTrue(closed, data)
        self.assertLessEqual({str(status) for status in statuses}, set(expected), data)  # the library says some of its own twice
        self.assertTrue(statuses or "drop" in expected, "no answer")

    def test_each_case_is_read_in_one_way(self):
        known = list(cases())
        self.assertGreaterEqual(len(known), 50)
        self.assertEqual(len({name for name, _, _ in known}), len(known))
        for name, expected, data in known:
            for cut in (0, 1, len(data) // 2, len(data) - len(NEXT)):  # however the bytes arrive
                with self.subTest(name, cut=cut):
                    self.check(expected, *self.talk(data[:cut], data[cut:]))
        self.assertEqual(self.server.http("GET", "/api/health", token=None)[0], 200)


class Mutations(unittest.TestCase):
    """Good requests with bytes of head and framing changed, MG_MUTATIONS of them: no 5xx, no crash. MG_SEED repeats them."""
    LINES = (b"GET /platform/user/me HTTP/1.1", b"GET /platform/user?page=1&page_size=2 HTTP/1.1", b"POST /platform/authorization HTTP/1.1",
             b"PUT /platform/user/admin HTTP/1.1", b"DELETE /platform/role/x HTTP/1.1", b"OPTIONS /platform/user HTTP/1.1", b"HEAD /api/health HTTP/1.0")
    HEADERS = (b"Accept-Encoding: gzip;q=1, *;q=0", b"Origin: https://a.test", b"X-Request-ID: abc", b"X-Forwarded-For: 1.2.3.4, ::1", b"Cookie: a=b; access_token_cookie=x.y.z; csrf_token=1",
               b"If-None-Match: \"a\", W/\"b\"", b"If-Match: *", b"Idempotency-Key: k", b"Content-Type: application/json", b"Expect: 100-continue", b"Connection: keep-alive, close", b"Upgrade: h2c")
    ODD = (b"\r", b"\n", b"\r\n", b"\r\n\r\n", b"\0", b"\t", b" ", b":", b",", b";", b"\x7f", b"\xff", b"%", b"%00", b"?", b"#", b"/", b"..", b"\"", b"=", b"&" * 50, b"a" * 300, b"A" * 9000,
           b"chunked", b"Transfer-Encoding: chunked\r\n", b"Content-Length: 1\r\n", b"Host: b\r\n", b"0\r\n\r\n", b"-1", b"18446744073709551615", b"HTTP/1.1", b"HTTP/9.9")

    def request(self, chance, token):
        """A good request of some kind."""
        body = chance.choice((b"", b"{}", b'{"email":"x","password":"y"}'))
        headers = [b"Host: a", b"Authorization: Bearer " + token] + chance.sample(self.HEADERS, chance.randrange(4))
        if chance.random() < 0.5:
            headers.append(b"Content-Length: %d" % len(body))
        else:
            headers.append(b"Transfer-Encoding: chunked")
            body = (b"%x\r\n%s\r\n" % (len(body), body) if body else b"") + b"0\r\n\r\n"
        chance.shuffle(headers)
        return b"\r\n".join([chance.choice(self.LINES), *headers, b"", body])

    def mutate(self, chance, data):
        for _ in range(chance.choice((1, 1, 2, 4))):
            at = chance.randrange(len(data))
            how = chance.random()
            if how < 0.4:
                data = data[:at] + chance.choice(self.ODD) + data[at:]
            elif how < 0.6:
                data = data[:at] + bytes([chance.randrange(256)]) + data[at + 1:]
            elif how < 0.8:
                data = data[:at] + data[at + chance.randrange(1, 12):] or b"x"
            else:
                end = at + chance.randrange(1, 60)
                data = data[:end] + data[at:end] + data[end:]
        return data

    def one(self, number):
        chance = random.Random(f"{self.seed} {number}")
        data = self.mutate(chance, self.request(chance, self.token))
        answer = b""
        with socket.create_connection(("127.0.0.1", self.server.port), timeout=30) as peer:
            try:
                cut = chance.randrange(len(data))
                peer.sendall(data[:cut])
                peer.sendall(data[cut:])
                peer.settimeout(0.1)
                while more := peer.recv(65536):
                    answer += more
                    if answer.endswith(b"}"):
                        break
            except OSError:  # reset, or nothing more
                pass
        failures = set(re.findall(rb"HTTP/1\.1 (5\d\d) ", answer)) - {b"505"}
        return failures and f"MG_SEED={self.seed} request {number}: {data!r} gave {answer[:500]!r}"

    def test_no_mutation_gives_a_5xx(self):
        self.seed = os.environ.get("MG_SEED", str(random.SystemRandom().randrange(2 ** 32)))
        with Server(MEMGATE_CONNECTIONS="1000") as self.server, concurrent.futures.ThreadPoolExecutor(24) as pool:
            self.server.start()
            self.token = self.server.login().encode()
            for failed in pool.map(self.one, range(int(os.environ.get("MG_MUTATIONS", "10000")))):
                self.assertFalse(failed, failed)
            self.assertIsNone(self.server.process.poll(), f"MG_SEED={self.seed}: {self.server.log()[-3000:]}")
            self.assertEqual(self.server.http("GET", "/api/health", token=None)[0], 200)
            self.assertEqual(self.server.stop(), 0)


if __name__ == "__main__":
    unittest.main()
