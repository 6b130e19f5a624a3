"""What an operator relies on: secrets that stay secret, paths that stay inside, folders full of strange things, memory that ends."""
import os
import pathlib
import random
import resource
import shutil
import signal
import struct
import subprocess
import sys
import time
import unittest
from unittest import mock

from server import API, KEY, PASSWORD, Server, onboard, wait_for

OTHER_KEY = "hex:" + "c3" * 32
PASSPHRASE = "correct horse battery staple"
SEED = int(os.environ.get("MG_SEED", random.randrange(2**31)))


class Secrets(unittest.TestCase):
    def test_no_secret_is_in_the_environment_the_log_or_a_core(self):
        jwt = "jwt-secret-that-nobody-may-see-0123456789"
        with Server(MEM_ENCRYPTION_KEY=PASSPHRASE, MEM_KDF_MEM_MIB="8", MEM_DEBUG_DUMPABLE=None, JWT_SECRET_KEY=jwt,
                    MEM_ENCRYPTION_KEY_PREVIOUS=KEY) as server:
            server.start()
            onboard(server)
            server.cli_json("dump", "--json")
            process = pathlib.Path(f"/proc/{server.process.pid}")
            if os.geteuid() == 0:  # others may not look at all
                environment = (process / "environ").read_bytes()
                for secret in (PASSPHRASE, PASSWORD, jwt, KEY):
                    self.assertNotIn(secret.encode(), environment)
            self.assertRegex((process / "limits").read_text(), r"Max core file size +0 +0")
            server.stop()
            for secret in (PASSPHRASE, PASSWORD, jwt, KEY[4:]):
                self.assertNotIn(secret, server.log())

    def as_nobody(self, server):
        """The server runs as a user without rights."""
        if os.geteuid() != 0:
            self.skipTest("NOT ROOT: a process of another user can not be started here")
        server.user = "nobody"
        os.chmod(server.folder, 0o755)
        for place in (server.folder, server.run_folder):
            shutil.chown(place, "nobody")
        binary = server.folder / "memgate"
        shutil.copy(os.path.abspath(os.environ.get("MEMGATE_BIN", "build/memgate")), binary)
        return mock.patch("server.BINARY", str(binary))

    def test_keys_that_can_not_be_locked_in_memory_are_warned_of(self):
        if b"__asan_init" in pathlib.Path(os.environ.get("MEMGATE_BIN", "build/memgate")).read_bytes():
            self.skipTest("ASAN ANSWERS mlock BY ITSELF: the warning can not be provoked in this build")
        with Server() as server, self.as_nobody(server):
            limits = resource.getrlimit(resource.RLIMIT_MEMLOCK)
            server.start()
            self.assertNotIn("memory_unlocked", server.log())
            server.stop()
            resource.setrlimit(resource.RLIMIT_MEMLOCK, (0, limits[1]))  # inherited
            try:
                server.start()
            finally:
                resource.setrlimit(resource.RLIMIT_MEMLOCK, limits)
            self.assertIn("memory_unlocked", server.log())
            self.assertEqual(server.stop(), 0)

    def test_nobody_may_look_into_the_process(self):
        with Server(MEM_DEBUG_DUMPABLE=None) as server:
            with self.as_nobody(server):
                server.start()
                self.assertEqual(os.stat(f"/proc/{server.process.pid}/environ").st_uid, 0)  # not dumpable: it is root's
                server.stop()
                server.start(MEM_DEBUG_DUMPABLE="true")
                self.assertNotEqual(os.stat(f"/proc/{server.process.pid}/environ").st_uid, 0)

    def test_a_key_file_is_as_good_as_a_variable(self):
        with Server(MEM_ENCRYPTION_KEY=None) as server:
            path = server.folder / "key"
            path.write_text(KEY + "\n")
            server.environment["MEM_ENCRYPTION_KEY_FILE"] = str(path)
            server.start()
            server.cli_json("dump", "--json")
            server.kill()
            path.write_text(OTHER_KEY)
            self.assertEqual(server.start_fails(), 77)
            old = server.folder / "old"
            old.write_text(f"a passphrase of long ago\n{KEY}\n")
            server.start(MEM_ENCRYPTION_KEY_PREVIOUS_FILE=str(old))
            server.wait_log("event=rekey")
            wait_for(lambda: len(server.dump_files()) == 2, "the dump under the new key")
            server.kill()
            server.start()  # the old key is not needed any more
            self.assertEqual(server.stop(), 0)

    def test_bad_previous_keys_are_refused_with_their_line(self):
        with Server() as server:
            self.assertEqual(server.start_fails(MEM_ENCRYPTION_KEY_PREVIOUS="good enough key\nshort\nhex:12"), 78)
            self.assertIn("MEM_ENCRYPTION_KEY_PREVIOUS, line 2", server.log())
            self.assertIn("MEM_ENCRYPTION_KEY_PREVIOUS, line 3", server.log())
            self.assertNotIn("good enough key", server.log())
            self.assertEqual(server.start_fails(MEM_ENCRYPTION_KEY_PREVIOUS="\n".join(f"passphrase {n}" for n in range(5))), 78)


class Paths(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server().start()
        cls.outside = cls.server.folder / "outside"
        cls.outside.mkdir()
        (cls.outside / "memory_dump-secret.bin").write_bytes(b"x")

    @classmethod
    def tearDownClass(cls):
        cls.server.close()

    def strings(self, count):
        """Paths that try to get out, and ones that mean no harm."""
        dice = random.Random(SEED)
        print(f"MG_SEED={SEED}", file=sys.stderr)
        parts = ["..", ".", "", "sub", "a b", "x.bin", ".hidden", "~", "$HOME", "%2e%2e", "\\..", "ü", "c" * 256, "link", "\t", "*", "a" * 30]
        fixed = ["/", "//", "/etc/passwd", str(self.outside), str(self.outside / "x.bin"), str(self.server.dumps) + "/../outside/x.bin",
                 "../outside/", "link/x.bin", "link/", "a/b/c/d/e/f/g/h/i/j", "x" * 1025, "/proc/self/fd/3", "/dev/full"]
        while len(fixed) < count:
            fixed.append(dice.choice(["", "/", str(self.server.dumps) + "/"]) + "/".join(dice.choices(parts, k=dice.randint(1, 5))))
        return fixed

    def everything(self):
        """All files below the test's folder but those of the dump folder and the log."""
        found = set()
        for folder, _, names in os.walk(self.server.folder):
            if not pathlib.Path(folder).is_relative_to(self.server.dumps):
                found.update(os.path.join(folder, name) for name in names)
        return found

    def test_200_paths_never_leave_the_folder(self):
        (self.server.dumps / "sub").mkdir()
        (self.server.dumps / "link").symlink_to(self.outside)
        before = self.everything()
        answers = {}
        for path in self.strings(200):
            for action in ("dump", "restore"):
                status, answer = self.server.http("POST", f"/platform/memory/{action}", {"path": path})
                answers.setdefault(status, []).append((action, path))
                self.assertIn(status, (200, 400, 403, 404), (action, path, answer))
                if status != 200:
                    self.assertIn(answer["error_code"], ("MEM003", "MEM004", "MEM005"), (path, answer))
        self.assertEqual(self.everything() - before, set())
        self.assertIn(200, answers)
        self.assertIn(400, answers)

    def test_an_answer_does_not_tell_whether_something_outside_exists(self):
        told = []
        for name in ("memory_dump-secret.bin", "memory_dump-nothing.bin"):
            for path in (str(self.outside / name), f"../outside/{name}", f"link/{name}"):
                _, answer = self.server.http("POST", "/platform/memory/restore", {"path": path})
                told.append((path.replace(name, ""), answer))
        self.assertEqual(told[:3], told[3:])

    def test_a_folder_that_becomes_a_link_meanwhile_leads_nowhere(self):
        """A race: `swap` is now a folder, now a link to the outside; not one dump gets out."""
        swap, spare = self.server.dumps / "swap", self.server.dumps / "spare"
        swap.mkdir()
        script = "import os,sys\nwhile True:\n os.rename(sys.argv[1], sys.argv[2]); os.symlink(sys.argv[3], sys.argv[1])\n os.unlink(sys.argv[1]); os.rename(sys.argv[2], sys.argv[1])\n"
        swapper = subprocess.Popen([sys.executable, "-c", script, swap, spare, self.outside])
        try:
            statuses = {self.server.http("POST", "/platform/memory/dump", {"path": "swap/"})[0] for _ in range(150)}
        finally:
            swapper.kill()
            swapper.wait()
        self.assertLessEqual(statuses, {200, 400, 404, 500})
        self.assertIn(200, statuses)
        self.assertEqual([path.name for path in self.outside.iterdir()], ["memory_dump-secret.bin"])


class StrangeFolders(unittest.TestCase):
    def header_with_kdf(self, dump, ops, mem_kib):
        """The dump with other KDF parameters in its header, which nobody has authenticated."""
        data = bytearray(dump.read_bytes())
        data[32:40] = struct.pack(">II", ops, mem_kib)
        return bytes(data)

    def test_whatever_lies_in_the_folder_the_newest_good_dump_is_found(self):
        with Server(MEM_ENCRYPTION_KEY=PASSPHRASE, MEM_KDF_MEM_MIB="8") as server:
            server.start()
            onboard(server)
            good = server.cli_json("dump", "--json")
            digest = server.digest()
            server.kill()
            place = server.dumps
            dump = server.newest_dump()
            (place / "memory_dump-zz-empty.bin").write_bytes(b"")
            (place / "memory_dump-zz-text.bin").write_text("not a dump\n" * 100)
            (place / "memory_dump-zz-folder.bin").mkdir()
            os.mkfifo(place / "memory_dump-zz-fifo.bin")
            (place / "memory_dump-zz-link.bin").symlink_to(dump)
            (place / "memory_dump-zz-dangling.bin").symlink_to("/nowhere")
            (place / "memory_dump-zz-cut.bin").write_bytes(dump.read_bytes()[:-200])
            for number, (ops, mem_kib) in enumerate([(2**32 - 1, 8192), (1, 2**32 - 1), (16, 1048577), (0, 0)]):
                (place / f"memory_dump-zz-bomb-{number}.bin").write_bytes(self.header_with_kdf(dump, ops, mem_kib))
            for number in range(5000):
                (place / f"memory_dump-zz-{number:05d}.bin").write_bytes(b"\x89MGD1\r\n\x1a")
            (place / "memory_dump-zz-00000.bin").unlink()
            shutil.move(dump, place / "memory_dump-zzzz-by-another-name.bin")  # names decide nothing
            begin = time.monotonic()
            server.start()
            self.assertLess(time.monotonic() - begin, 10)
            self.assertEqual(server.cli_json("status", "--json")["restored"]["generation"], good["generation"])
            self.assertEqual(server.digest(), digest)
            self.assertEqual(server.stop(), 0)

    def test_bombs_alone_end_the_start_at_once(self):
        with Server(MEM_ENCRYPTION_KEY=PASSPHRASE, MEM_KDF_MEM_MIB="8") as server:
            server.start()
            server.cli_json("dump", "--json")
            server.kill()
            dump = server.newest_dump()
            dump.write_bytes(self.header_with_kdf(dump, 16, 2**31))
            begin = time.monotonic()
            self.assertEqual(server.start_fails(), 65)
            self.assertLess(time.monotonic() - begin, 2)


class Memory(unittest.TestCase):
    def test_near_the_end_of_memory_growing_is_refused_and_said(self):
        with Server() as server:
            server.start()
            onboard(server)
            server.cli_json("dump", "--json")
            server.stop()
            server.start(MEM_MAX_MEMORY="1M")
            self.assertEqual(server.http("POST", "/platform/group", {"group_name": "more"})[0], 507)
            self.assertEqual(server.http("GET", "/platform/user/ann")[0], 200)
            status, answer = server.http("GET", "/platform/monitor/readiness")
            self.assertEqual((status, answer["status"], answer["reasons"]), (200, "degraded", ["memory_full"]))
            self.assertRegex(server.http("GET", "/metrics", token=None)[1], r"\nmemgate_memory_full 1\n")
            done = server.cli("import", "--collection", "more", "-", input='{"_id":"x"}\n')
            self.assertEqual(done.returncode, 75)
            self.assertIn("MEM_MAX_MEMORY", done.stderr)
            self.assertEqual(server.http("POST", "/platform/memory/restore", {})[0], 507)
            self.assertEqual(server.cli("dump").returncode, 0)
            self.assertEqual(server.http("DELETE", "/platform/user/ann")[0], 200)
            self.assertEqual(server.stop(), 0)

    def test_sizes_are_read_and_refused(self):
        with Server() as server:
            for size in ("12x", "K", "-1", "99999999999T", "1 G"):
                self.assertEqual(server.start_fails(MEM_MAX_MEMORY=size), 78, size)
            self.assertEqual(server.start(MEM_MAX_MEMORY="0").stop(), 0)


class Listing(unittest.TestCase):
    def test_dumps_are_listed_over_http_for_who_may(self):
        with Server() as server:
            server.start()
            onboard(server)
            made = [server.cli_json("dump", "--json") for _ in range(2)]
            status, answer = server.http("GET", "/platform/memory/dumps")
            self.assertEqual(status, 200)
            newest, first = answer["dumps"]
            self.assertEqual(newest["path"], made[1]["path"])
            self.assertEqual((newest["trigger"], newest["verified"], newest["chain"], first["chain"]), ("control", True, "ok", "first"))
            self.assertTrue({"generation", "created_at", "requester", "documents", "bytes", "key_id", "outcome"} <= set(newest))
            self.assertEqual(server.http("GET", "/platform/memory/dumps", token=None)[0], 401)
            server.http("POST", "/platform/role", {"role_name": "plain"})
            server.http("PUT", "/platform/user/ann", {"role": "plain"})
            token = server.login("ann@example.test", "Str0ng!Passw0rd-ann")
            status, answer = server.http("GET", "/platform/memory/dumps", token=token)
            self.assertEqual((status, answer["error_code"]), (403, "SEC006"))
            server.stop()
            server.start(MEM_DUMP_MIN_GENERATION=str(made[1]["generation"]))
            status, answer = server.http("POST", "/platform/memory/restore", {"path": made[0]["path"]})
            self.assertEqual((status, answer["error_code"]), (409, "MEM006"))


if __name__ == "__main__":
    unittest.main()
