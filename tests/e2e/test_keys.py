"""Keys of access tokens: with none, with a secret, and as a list that rotates; whoever is logged in stays so."""
import base64
import hashlib
import hmac
import json
import unittest

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from server import Server

STATUS = "/platform/authorization/status"
OLD = {"kid": "old", "algorithm": "HS256", "secret": "the old secret of thirty-two bytes"}
NEW = {"kid": "new", "algorithm": "HS256", "secret": "the new secret of thirty-two bytes"}


def rsa_pair():
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return private.decode(), public.decode()


def encode(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def header(token):
    part = token.split(".")[0]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


class Keys(unittest.TestCase):
    def setUp(self):
        self.server = Server()
        self.addCleanup(self.server.close)

    def run_with(self, keys, **more):
        """A life with these keys; the token of a login in it, and its header."""
        if self.server.process:
            self.assertEqual(self.server.stop(), 0)
        self.server.start(JWT_KEYS=keys if keys is None else json.dumps(keys), **more)
        token = self.server.login()
        return token, header(token)

    def status(self, token):
        return self.server.http("GET", STATUS, token=token)[0]

    def test_a_rotation_logs_nobody_out_before_the_old_key_goes(self):
        legacy, named = self.run_with(None, JWT_SECRET_KEY="a secret that other programs know")
        self.assertEqual(named["kid"], "legacy-key")
        old, named = self.run_with([OLD], JWT_SECRET_KEY="a secret that other programs know")
        self.assertEqual(named["kid"], "old")
        self.assertEqual((self.status(legacy), self.status(old)), (200, 200))
        new, named = self.run_with([{**NEW, "active": True}, OLD])
        self.assertEqual(named["kid"], "new")
        self.assertEqual((self.status(legacy), self.status(old), self.status(new)), (401, 200, 200))
        self.run_with([{**NEW, "active": True}])
        self.assertEqual((self.status(old), self.status(new)), (401, 200))

    def test_without_a_setting_the_key_of_the_state_signs_and_a_list_replaces_it(self):
        first, _ = self.run_with(None)
        second, _ = self.run_with(None)
        self.assertEqual((self.status(first), self.status(second)), (200, 200))
        self.run_with([OLD])
        self.assertEqual(self.status(first), 401)

    def test_rsa_signs_and_its_public_half_checks(self):
        private, public = rsa_pair()
        token, named = self.run_with([{"kid": "pair", "algorithm": "RS256", "private_key": private}])
        self.assertEqual((named["alg"], named["kid"]), ("RS256", "pair"))
        self.assertEqual(self.status(token), 200)
        self.run_with([{**NEW, "active": True}, {"kid": "pair", "algorithm": "RS256", "public_key": public}])
        self.assertEqual(self.status(token), 200)
        for secret in (private.splitlines()[1], NEW["secret"]):
            self.assertNotIn(secret, self.server.log())

    def test_a_public_key_is_no_secret(self):
        """Whoever has it must not sign with it: the algorithm is the key's, never the token's."""
        private, public = rsa_pair()
        token, _ = self.run_with([{"kid": "pair", "algorithm": "RS256", "private_key": private, "public_key": public}])
        self.assertEqual(self.status(token), 200)
        claims, signature = token.split(".")[1:]
        der = b"".join(base64.b64decode(line) for line in public.splitlines()[1:-1])
        for secret in (public.encode(), public.strip().encode(), public.replace("\n", "\r\n").encode(), der):
            for algorithm, digest in (("HS256", hashlib.sha256), ("HS384", hashlib.sha384), ("HS512", hashlib.sha512), ("RS256", hashlib.sha256)):
                for named in ({"kid": "pair"}, {}, {"kid": "legacy-key"}):
                    with self.subTest(algorithm=algorithm, named=named):
                        signed = encode(json.dumps({"alg": algorithm, "typ": "JWT", **named}).encode()) + "." + claims
                        self.assertEqual(self.status(signed + "." + encode(hmac.new(secret, signed.encode(), digest).digest())), 401)
        for algorithm in ("none", "RS384", "RS512", "PS256", "HS256"):
            self.assertEqual(self.status(".".join((encode(json.dumps({"alg": algorithm, "kid": "pair"}).encode()), claims, signature))), 401, algorithm)

    def test_the_list_may_stand_in_a_file(self):
        (self.server.folder / "keys.json").write_text(json.dumps([OLD]))
        self.server.start(JWT_KEYS_FILE="keys.json")
        self.assertEqual(header(self.server.login())["kid"], "old")


if __name__ == "__main__":
    unittest.main()
