"""contract - what the tests of the platform API share: one server per class, one line per call, users with chosen flags."""
import unittest

from described import shipped
from server import Server

STRONG = "Longer-than-16-chars"


class Platform(unittest.TestCase):
    environment = {}

    @classmethod
    def setUpClass(cls):
        cls.server = Server(**cls.environment)
        cls.addClassCleanup(cls.server.close)
        cls.server.start()

    def call(self, line, body=None, token="login", headers=None):
        """"GET /path" and what it sends; (status, answer)."""
        method, path = line.split(" ", 1)
        status, answer = self.server.http(method, path, body, token=token, headers=headers)
        self.check_described(method, path, status, answer)
        return status, answer

    def check_described(self, method, path, status, answer):
        """Whatever is answered stands in docs/openapi.yaml, which is without the strict envelope."""
        operation = shipped().operation(method, path)
        if operation and "STRICT_RESPONSE_ENVELOPE" not in self.environment:
            shipped().check(operation, status, answer, self.server.last_headers.get("Content-Type", ""))

    def expect(self, expected, line, body=None, token="login", headers=None):
        """`expected` is a status, or "status code", or "status detail"; the answer."""
        status, answer = self.call(line, body, token, headers)
        wanted, _, code = str(expected).partition(" ")
        self.assertEqual(status, int(wanted), (line, body, answer))
        if code == "detail":
            self.assertEqual(list(answer), ["detail"], (line, answer))
        elif code:
            self.assertEqual(answer.get("error_code"), code, (line, body, answer))
        return answer

    def user(self, name, **flags):
        """A user whose role has these flags, logged in; its token."""
        self.server.http("POST", "/platform/role", {"role_name": name + "-role", **flags})
        status, answer = self.server.http("POST", "/platform/user", {
            "username": name, "email": name + "@example.test", "password": STRONG, "role": name + "-role", "groups": ["ALL"]})
        self.assertEqual(status, 201, answer)
        return self.server.login(name, STRONG)

    def restart(self):
        """Ends the server with its final dump and starts it again from that."""
        self.assertEqual(self.server.stop(), 0)
        self.server.start()
