"""Request smuggling and framing: each line of framing_cases.txt as bytes on a socket, and what must, and must not, come back."""
import ast
import pathlib
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


if __name__ == "__main__":
    unittest.main()
