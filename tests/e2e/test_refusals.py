"""Every way to start that must not work: one clear sentence and the documented exit code."""
import os
import signal
import socket
import unittest

from server import KEY, Server


class Refusals(unittest.TestCase):
    def refused(self, code, *words, server=None, **environment):
        with server or Server() as one:
            self.assertEqual(one.start_fails(**environment), code, one.log())
            for word in words:
                self.assertIn(word, one.log())
            self.assertNotIn(KEY, one.log())

    def test_configuration(self):
        cases = [
            ("no key", {"MEM_ENCRYPTION_KEY": None}, "MEM_ENCRYPTION_KEY is not set"),
            ("short key", {"MEM_ENCRYPTION_KEY": "seven77"}, "MEM_ENCRYPTION_KEY can not be used"),
            ("bad hex key", {"MEM_ENCRYPTION_KEY": "hex:12"}, "MEM_ENCRYPTION_KEY can not be used"),
            ("key twice", {"MEM_ENCRYPTION_KEY_FILE": "/dev/null"}, "both set"),
            ("missing key file", {"MEM_ENCRYPTION_KEY": None, "MEM_ENCRYPTION_KEY_FILE": "/nowhere"}, "/nowhere"),
            ("threads", {"THREADS": "2"}, "THREADS must be 1"),
            ("external", {"MEM_OR_EXTERNAL": "EXTERNAL"}, "EXTERNAL is not there yet"),
            ("port", {"PORT": "http"}, "PORT"),
            ("host", {"HOST": "not.an.address"}, "HOST=\\\"not.an.address\\\" is no address"),
            ("frequency", {"MEM_AUTO_SAVE_FREQ": "0"}, "MEM_AUTO_SAVE_FREQ"),
            ("short admin password", {"MEMGATE_ADMIN_PASSWORD": "short"}, "at least 12"),
            ("two admin emails", {"DOORMAN_ADMIN_EMAIL": "other@example.test"}, "set differently"),
            ("no admin", {"MEMGATE_ADMIN_PASSWORD": None}, "MEMGATE_ADMIN_PASSWORD"),
            ("production without https", {"ENV": "production"}, "HTTPS_ONLY"),
            ("production with a short passphrase", {"ENV": "production", "HTTPS_ONLY": "true", "MEM_ENCRYPTION_KEY": "short-passphrase"}, "32"),
            ("production with a placeholder", {"ENV": "production", "HTTPS_ONLY": "true", "JWT_SECRET_KEY": "please-change-me-please-change-me-now"}, "JWT_SECRET_KEY"),
            ("keys of tokens", {"JWT_KEYS": "{}"}, "JWT_KEYS is no JSON list"),
            ("two legacy keys", {"JWT_KEYS": '[{"kid": "legacy-key", "secret": "a"}]', "JWT_SECRET_KEY": "b"}, "give it another kid"),
            ("production with a short key", {"ENV": "production", "HTTPS_ONLY": "true", "JWT_KEYS": '[{"kid": "a", "secret": "b"}]'}, "in JWT_KEYS"),
            ("tcp without CURVE", {"MEMGATE_CONTROL": "tcp://127.0.0.1:*"}, "MEMGATE_CONTROL"),
            ("long control path", {"MEMGATE_CONTROL": "ipc:///" + "x" * 120}, "107"),
        ]
        for name, environment, word in cases:
            with self.subTest(name):
                self.refused(78, word, **environment)

    def test_all_errors_are_listed_at_once(self):
        self.refused(78, "PORT", "MEM_KDF_OPS", "THREADS", PORT="x", MEM_KDF_OPS="99", THREADS="3")

    def test_unknown_names_are_warned_of_with_the_nearest(self):
        with Server(MEM_AUTOSAVE_FREQ="5") as server:
            server.start()
            self.assertRegex(server.log(), r"MEM_AUTOSAVE_FREQ is not a setting.*MEM_AUTO_SAVE_FREQ")

    def test_missing_folder_names_the_way_out(self):
        self.refused(73, "/nowhere/at/all", MEM_DUMP_PATH="/nowhere/at/all/dump.bin")

    def test_folder_that_is_a_file(self):
        with Server() as server:
            server.dumps.write_text("not a folder")
            self.assertEqual(server.start_fails(), 73, server.log())

    def test_port_taken(self):
        with socket.socket() as taken, Server() as server:
            taken.bind(("127.0.0.1", server.port))
            taken.listen()
            self.refused(69, str(server.port), server=server)

    def test_folder_locked_by_another(self):
        with Server() as first, Server() as second:
            first.start()
            for wait in ("0", "1"):
                code = second.start_fails(MEM_DUMP_PATH=first.environment["MEM_DUMP_PATH"], MEM_DUMP_LOCK_WAIT=wait)
                self.assertEqual(code, 75, second.log())
                self.assertIn(str(first.process.pid), second.log())

    def test_a_signal_that_came_before_the_start_does_not_keep_it_waiting(self):
        def with_a_signal_pending():
            signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
            os.kill(os.getpid(), signal.SIGUSR1)

        with Server() as first, Server() as second:
            first.start()
            second.before_exec = with_a_signal_pending
            code = second.start_fails(MEM_DUMP_PATH=first.environment["MEM_DUMP_PATH"], MEM_DUMP_LOCK_WAIT="1")
            self.assertEqual(code, 75, second.log())

    def test_a_lock_that_is_no_file_is_refused_with_what_mends_it(self):
        with Server() as server:
            server.dumps.mkdir()
            lock = server.dumps / ".memory_dump.lock"
            for make in (lock.mkdir, lambda: os.mkfifo(lock), lambda: lock.symlink_to("/dev/null")):
                make()
                before = len(server.log())
                self.assertEqual(server.start_fails(), 73, server.log())
                self.assertIn("is no regular file: remove it", server.log()[before:])
                lock.rmdir() if lock.is_dir() else lock.unlink()

    def test_sigterm_while_standing_by_ends_with_0_and_no_dump(self):
        with Server() as first, Server() as second:
            first.start()
            second.spawn(MEM_DUMP_PATH=first.environment["MEM_DUMP_PATH"])
            second.wait_log("standing_by")
            second.wait_log("http_listening")
            self.assertEqual(second.http("GET", "/platform/monitor/liveness", token=None)[0], 200)
            self.assertEqual(second.http("GET", "/platform/monitor/readiness", token=None)[0], 503)
            self.assertEqual(second.stop(), 0, second.log())
            self.assertEqual(first.dump_files(), [])

    def test_no_server_at_the_control_socket(self):
        with Server() as server:
            for command in (["status"], ["dump"], ["dumps"], ["export"], ["restore"]):
                done = server.cli(*command)
                self.assertEqual((done.returncode, done.stdout), (69, ""), command)
                self.assertIn("no server at the control socket", done.stderr)

    def test_unknown_command(self):
        with Server() as server:
            done = server.cli("frobnicate")
            self.assertEqual((done.returncode, done.stdout), (64, ""))
            self.assertEqual(server.cli("status", "--frob").returncode, 64)
            self.assertEqual(server.cli("status", "--help").returncode, 0)

    def test_stop_before_ready_ends_with_zero_and_no_dump(self):
        with Server(MEM_ENCRYPTION_KEY="a passphrase that takes its time", MEM_KDF_OPS="16", MEM_KDF_MEM_MIB="256") as server:
            server.start()
            server.cli_json("dump", "--json")
            server.kill()
            server.spawn()
            server.wait_log("event=starting.*(\n.*)*event=starting")
            self.assertEqual(server.stop(signal.SIGTERM), 0)
            self.assertEqual(len(server.dump_files()), 1)


if __name__ == "__main__":
    unittest.main()
