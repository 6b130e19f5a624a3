"""The image: what it is made of, how it starts and ends, and what it says when it can not be used as asked."""
import datetime
import re
import unittest

import engine
from engine import Box, docker, inspect
from server import KEY, onboard, wait_for

IMAGE_MAX_BYTES = 120_000_000
START_MAX_SECONDS = 1


def moment(text):
    """A time as Docker or memgate writes it; parts of a second below a microsecond are dropped."""
    return datetime.datetime.fromisoformat(re.sub(r"(\.\d{1,6})\d*Z$", r"\1+00:00", text))


class TestContent(unittest.TestCase):
    def setUp(self):
        self.image = inspect(engine.IMAGE)
        self.config = self.image["Config"]

    def test_it_is_small(self):
        print("size of the image:", self.image["Size"])
        self.assertLess(self.image["Size"], IMAGE_MAX_BYTES)

    def test_it_runs_one_binary_in_exec_form_as_a_numeric_user(self):
        self.assertRegex(self.config["User"], r"^[1-9]\d*:[1-9]\d*$")
        self.assertEqual(self.config["Entrypoint"], ["/usr/bin/memgate"])
        self.assertEqual(self.config["Cmd"], ["serve"])
        self.assertEqual(self.config["WorkingDir"], "/app")
        self.assertEqual(self.config["StopSignal"], "SIGTERM")
        self.assertEqual(self.config["Healthcheck"]["Test"], ["CMD", "/usr/bin/memgate", "health"])
        self.assertFalse(self.config.get("Volumes"), "a volume would hide that no folder is mounted")

    def test_it_says_what_it_is(self):
        for name in ("title", "description", "licenses", "version", "revision", "created"):
            self.assertTrue(self.config["Labels"]["org.opencontainers.image." + name], name)
        said = docker("run", "--rm", engine.IMAGE, "version").stdout
        self.assertEqual(said.split()[1], self.config["Labels"]["org.opencontainers.image.version"])

    def test_nothing_is_in_it_but_memgate_its_libraries_and_their_licences(self):
        name = docker("create", engine.IMAGE).stdout.strip()
        self.addCleanup(docker, "rm", name)
        files = engine.run("sh", "-c", f"docker export {name} | tar -t").stdout.splitlines()
        programs = [file for file in files if re.match(r"(usr/)?s?bin/.", file)]
        self.assertEqual(programs, ["usr/bin/memgate"])
        libraries = {file for file in files if re.search(r"\.so(\.|$)", file)}
        packages = {file.split("/")[-1] for file in files if re.match(r"var/lib/dpkg/status\.d/.", file)}
        self.assertGreater(len(libraries), 10)
        self.assertGreater(len(packages), 10)
        for package in packages | {"memgate"}:
            self.assertIn(f"usr/share/doc/{package}/copyright", files)
        self.assertIn("usr/share/doc/memgate/THIRD-PARTY-NOTICES", files)
        secrets = [file for file in files if re.search(r"\.env$|\.bin$|\.git/", file)]
        self.assertEqual(secrets, [])


class TestLife(unittest.TestCase):
    def box(self):
        box = Box()
        self.addCleanup(box.close)
        box.give_folder()
        return box

    def test_a_hardened_container_serves_dumps_and_ends_as_pid_1(self):
        box = self.box().run().wait_ready()
        onboard(box)
        self.assertEqual(box.cli("health").returncode, 0)
        self.assertRegex(box.cli("status", "--json").stdout, r'"pid":1,')
        box.send_signal("USR1")
        wait_for(box.dump_files, "a dump")
        self.assertEqual(box.dump_files()[0].stat().st_uid, engine.UID)
        before = len(box.dump_files())
        box.http("DELETE", "/platform/user/ann")
        self.assertEqual(box.stop(), 0, box.log())
        self.assertGreater(len(box.dump_files()), before)

    def test_it_is_ready_in_less_than_a_second(self):
        box = self.box().run().wait_ready()
        ready = re.search(r"time=(\S+) .*event=ready", box.log()).group(1)
        took = (moment(ready) - moment(box.state()["StartedAt"])).total_seconds()
        print("seconds from the start of the container to ready:", took)
        self.assertLess(took, START_MAX_SECONDS)

    def test_the_engine_sees_that_it_is_healthy(self):
        box = self.box().run("--health-interval", "1s").wait_ready()
        wait_for(lambda: box.state()["Health"]["Status"] == "healthy", "health")

    def test_a_second_container_on_the_folder_stands_by_and_takes_over(self):
        first = self.box().run().wait_ready()
        onboard(first)
        second = Box(first.dumps)
        self.addCleanup(second.close)
        second.run()
        second.wait_log("standing_by")
        self.assertFalse(second.is_ready())
        self.assertTrue(first.is_ready())
        self.assertEqual(first.stop(), 0)
        second.wait_ready()
        self.assertEqual(second.http("GET", "/platform/user/ann")[0], 200)
        self.assertEqual(second.stop(), 0)


class TestRefusals(unittest.TestCase):
    def refuses(self, code, *words, uid=engine.UID, box=None, **options):
        box = box or Box()
        self.addCleanup(box.close)
        if uid is not None:
            box.give_folder(uid)
        box.run(**options)
        self.assertEqual(box.wait_exit(), code, box.log())
        for word in words:
            self.assertIn(word, box.log())

    def test_no_key(self):
        self.refuses(78, "MEM_ENCRYPTION_KEY is not set", "keygen", MEM_ENCRYPTION_KEY=None)

    def test_placeholders(self):
        self.refuses(78, "MEM_ENCRYPTION_KEY is a placeholder", "keygen", MEM_ENCRYPTION_KEY="your-strong-key")
        self.refuses(78, "MEMGATE_ADMIN_PASSWORD is a placeholder", MEMGATE_ADMIN_PASSWORD="change-me-please")

    def test_workers(self):
        self.refuses(78, "THREADS must be 1", THREADS=4)

    def test_external_state(self):
        self.refuses(78, "MEM_OR_EXTERNAL=EXTERNAL", MEM_OR_EXTERNAL="EXTERNAL")

    def test_every_error_at_once(self):
        self.refuses(78, "THREADS must be 1", "MEM_ENCRYPTION_KEY is not set", THREADS=2, MEM_ENCRYPTION_KEY=None)

    def test_folder_of_somebody_else(self):
        self.refuses(73, "cannot be written by uid 10001", f"chown -R 10001:10001 '{engine.FOLDER}'", uid=0)

    def test_folder_that_is_read_only(self):
        self.refuses(73, "read-only file system", "mount a writable volume", mount=":ro")

    def test_no_mount(self):
        self.refuses(73, "mount a", engine.FOLDER, mount=None)
        self.refuses(73, "mount a volume there", mount=None, MEM_DUMP_PATH="/data/dumps/memory_dump.bin")

    def test_folder_in_use(self):
        first = Box()
        self.addCleanup(first.close)
        first.give_folder()
        first.run().wait_ready()
        self.refuses(75, "in use by another memgate", uid=None, box=Box(first.dumps), MEM_DUMP_LOCK_WAIT=0)

    def test_wrong_key(self):
        box = Box()
        self.addCleanup(box.close)
        box.give_folder()
        box.run().wait_ready().stop()
        docker("rm", box.name)
        self.refuses(77, "key_id", uid=None, box=box, MEM_ENCRYPTION_KEY=KEY.replace("a1", "b2"))
        self.assertEqual(len(box.dump_files()), 1)


if __name__ == "__main__":
    engine.main()
