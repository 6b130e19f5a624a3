"""HTTPS without a proxy: real handshakes, certificates that are replaced while serving, files that are no good."""
import json
import os
import signal
import socket
import ssl
import subprocess
import unittest

import certificates
from cryptography import x509
from server import PASSWORD, Server, wait_for


class Tls(unittest.TestCase):
    def setUp(self):
        self.server = Server()
        self.addCleanup(self.server.close)
        self.serial = certificates.make(self.server.folder)
        self.files = {"MEMGATE_TLS_CERT": "cert.pem", "MEMGATE_TLS_KEY": "key.pem"}

    def start(self, **more):
        self.server.spawn(**self.files, **more)
        self.server.wait_log("event=ready ")
        return self.server

    def connect(self, version=None):
        """A session that trusts the file as it is now."""
        context = ssl.create_default_context(cafile=str(self.server.folder / "cert.pem"))
        if version:
            context.minimum_version = context.maximum_version = version
        return context.wrap_socket(socket.create_connection(("127.0.0.1", self.server.port), timeout=10), server_hostname="localhost")

    def serial_seen(self, session):
        return x509.load_der_x509_certificate(session.getpeercert(binary_form=True)).serial_number

    def curl(self, path, *options):
        command = ["curl", "-s", "--cacert", "cert.pem", *options, f"https://localhost:{self.server.port}{path}"]
        return subprocess.run(command, cwd=self.server.folder, capture_output=True, text=True, check=True).stdout

    def test_a_client_that_trusts_the_certificate_is_served(self):
        with self.start() as server:
            self.assertEqual(json.loads(self.curl("/api/health")), {"status": "online"})
            login = json.dumps({"email": "admin@example.test", "password": PASSWORD})
            answer = self.curl("/platform/authorization", "-i", "-H", "Content-Type: application/json", "-d", login)
            self.assertIn("access_token_cookie=", answer)
            self.assertIn("Secure", answer)  # we know that it is https
            self.assertEqual(server.cli("health", **self.files).returncode, 0)
            self.assertEqual(server.stop(), 0)
            self.assertEqual(server.cli("health", **self.files).returncode, 69)

    def test_old_versions_and_plain_http_are_refused(self):
        with self.start() as server:
            for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
                with self.connect(version) as session:
                    self.assertEqual(self.serial_seen(session), self.serial)
            for version in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
                with self.assertRaises((ssl.SSLError, ConnectionError)):
                    self.connect(version).close()
            with socket.create_connection(("127.0.0.1", server.port), timeout=10) as plain:
                plain.sendall(b"GET /api/health HTTP/1.1\r\nHost: a\r\n\r\n")
                self.assertNotIn(b"200 OK", self.rest(plain))
            self.assertEqual(json.loads(self.curl("/api/health")), {"status": "online"})

    def rest(self, peer):
        answer = b""
        try:
            while piece := peer.recv(4096):
                answer += piece
        except ConnectionError:
            pass
        return answer

    def test_sighup_takes_new_files_and_ends_no_connection(self):
        with self.start() as server:
            with self.connect() as old:
                self.assertEqual(self.serial_seen(old), self.serial)
                fresh = certificates.make(server.folder)
                server.send_signal(signal.SIGHUP)
                server.wait_log("event=tls_reloaded expires=20")
                with self.connect() as new:
                    self.assertEqual(self.serial_seen(new), fresh)
                old.sendall(b"GET /api/health HTTP/1.1\r\nHost: a\r\n\r\n")
                self.assertTrue(old.recv(65536).startswith(b"HTTP/1.1 200"))
            (server.folder / "key.pem").write_text("no key")
            server.send_signal(signal.SIGHUP)
            server.wait_log("event=tls_reload_failed msg=.*MEMGATE_TLS_KEY=key.pem can not be used")
            with self.connect() as same:
                self.assertEqual(self.serial_seen(same), fresh)
            for _ in range(50):  # handshakes while it is read again and again
                certificates.make(server.folder)
                server.send_signal(signal.SIGHUP)
                with socket.create_connection(("127.0.0.1", server.port), timeout=10) as peer:
                    ssl._create_unverified_context().wrap_socket(peer, server_hostname="localhost").close()
            self.assertEqual(server.stop(), 0)

    def test_files_that_are_no_good_stop_the_start_with_a_sentence(self):
        def refused(words, **more):
            self.assertEqual(self.server.start_fails(**{**self.files, **more}), 78)
            self.assertRegex(self.server.log(), words)

        folder = self.server.folder
        refused("belong together", MEMGATE_TLS_KEY="")
        refused("MEMGATE_TLS_CERT=none.pem can not be read: No such file", MEMGATE_TLS_CERT="none.pem")
        refused("MEMGATE_TLS_CERT=key.pem can not be used", MEMGATE_TLS_CERT="key.pem")
        refused("MEMGATE_TLS_KEY=cert.pem can not be used", MEMGATE_TLS_KEY="cert.pem")
        own = (folder / "cert.pem").read_bytes()
        certificates.make(folder)
        (folder / "cert.pem").write_bytes(own)  # the key of another
        refused("MEMGATE_TLS_KEY=key.pem can not be used: The certificate and the given key do not match")
        self.assertNotIn("BEGIN", self.server.log())

    def test_clients_that_never_finish_their_handshake_keep_nobody_out(self):
        def descriptors():
            return len(os.listdir(f"/proc/{server.process.pid}/fd"))

        with self.start() as server:
            before = descriptors()
            idle = [socket.create_connection(("127.0.0.1", server.port), timeout=10) for _ in range(50)]
            for peer in idle[::2]:
                peer.sendall(b"\x16\x03\x01\x02\x00\x01")  # the beginning of a ClientHello
            self.assertEqual(json.loads(self.curl("/api/health")), {"status": "online"})
            for peer in idle:
                peer.close()
            wait_for(lambda: descriptors() <= before, "the connections to be gone")
            self.assertEqual(server.stop(), 0)


if __name__ == "__main__":
    unittest.main()
