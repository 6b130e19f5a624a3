"""compose.yaml on an engine, as a newcomer and as an operator meets it, with every Compose that this machine has.

MEMGATE_COMPOSE names one more to try, e.g. a Compose 2 that is not installed as a plugin.
"""
import json
import os
import pathlib
import re
import shutil
import time
import unittest

import engine
from engine import REPO, Box, docker, inspect, run
from server import KEY, PASSWORD, free_port, onboard, wait_for

DOCUMENTS = 1_000_000
GRACE_SECONDS = 120
SOMEBODY = 4242  # a user of the host who is neither root nor the image's
ENV_FILE = f"MEM_ENCRYPTION_KEY={KEY}\nMEMGATE_ADMIN_PASSWORD={PASSWORD}\nMEMGATE_ADMIN_EMAIL=admin@example.test\nLOGIN_IP_RATE_DISABLED=true\n"


def front_ends():
    """Every Compose here, as the words that call it."""
    found = [["docker", "compose"]] if docker("compose", "version", check=False).returncode == 0 else []
    named = [os.environ.get("MEMGATE_COMPOSE"), "docker-compose"]
    return found + [[name] for name in named if name and shutil.which(name)]


class Clone(Box):
    """A fresh clone in a folder of its own, and what `docker compose` makes of it."""

    def __init__(self, front_end, env_file=ENV_FILE):
        super().__init__()
        self.front_end = front_end
        self.project = self.name
        self.dumps.rmdir()
        self.dumps = self.folder / "generated"
        shutil.copy(REPO / "compose.yaml", self.folder)
        if env_file is not None:
            (self.folder / ".env").write_text(env_file)

    def close(self):
        self.compose("down", check=False)
        super().close()

    def compose(self, *arguments, check=True, **shell):
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "IMAGE": engine.IMAGE, "PORT": str(self.port), **shell}
        return run(*self.front_end, "-p", self.project, *arguments, check=check, cwd=self.folder, env=environment)

    def up(self, **shell):
        self.compose("up", "-d", **shell)
        self.name = self.container("memgate")
        self.token = None
        return self.wait_ready()

    def container(self, service):
        """The name of a service's container; with 1.29 its parts are joined by _, with 2 by -."""
        names = docker("ps", "-a", "--filter", f"label=com.docker.compose.project={self.project}", "--filter",
                       f"label=com.docker.compose.service={service}", "--format", "{{.Names}}").stdout.split()
        return names[0] if names else None

    def refuses(self, service, code, *words):
        """`up` ends without a server; the exit code and the sentence are where an operator looks."""
        self.compose("up", "-d", check=False)
        log = self.compose("logs").stdout
        assert inspect(self.container(service))["State"]["ExitCode"] == code, log
        for word in words:
            assert word in log, log
        return log


class Story:
    """One story per method, told for each front end."""

    front_end = None

    def clone(self, **options):
        clone = Clone(self.front_end, **options)
        self.addCleanup(clone.close)
        return clone

    # --- the first minute ---

    def test_a_fresh_clone_whose_folder_the_daemon_makes(self):
        clone = self.clone().up()
        self.assertEqual(clone.dumps.stat().st_uid, engine.UID)
        self.assertEqual(inspect(clone.name)["Config"]["User"], "10001:10001")

    def test_a_fresh_clone_whose_folder_the_user_has_made(self):
        clone = self.clone()
        clone.dumps.mkdir(0o700)
        clone.give_folder(SOMEBODY)
        clone.up()

    def test_the_env_file_of_dev_makes_the_container_run_as_the_one_who_cloned(self):
        clone = self.clone(env_file=ENV_FILE + f"RUN_AS={SOMEBODY}:{SOMEBODY}\n").up()
        self.assertEqual(inspect(clone.name)["Config"]["User"], f"{SOMEBODY}:{SOMEBODY}")
        clone.send_signal("USR1")
        wait_for(clone.dump_files, "a dump")
        self.assertEqual({path.stat().st_uid for path in clone.dumps.iterdir()}, {SOMEBODY})

    def test_dumps_that_root_has_written_are_taken_along(self):
        clone = self.clone(env_file=ENV_FILE + "RUN_AS=0:0\n").up()
        onboard(clone)
        self.assertEqual(clone.stop(), 0)
        clone.compose("down")
        (clone.folder / ".env").write_text(ENV_FILE)
        clone.up()
        self.assertEqual(clone.http("GET", "/platform/user/ann")[0], 200)

    def test_a_folder_in_use_by_somebody_else_and_the_command_that_the_sentence_names(self):
        clone = self.clone()
        clone.dumps.mkdir(0o700)
        (clone.dumps / "theirs").touch()
        clone.give_folder(SOMEBODY)
        log = clone.refuses("prepare", 73, f"belongs to uid {SOMEBODY}", "sudo chown -R 10001:10001 generated")
        run("sh", "-c", re.search(r"`(echo [^`]*)`", log).group(1), cwd=clone.folder)
        clone.up()

    def test_no_key_stops_with_the_way_to_make_one(self):
        clone = self.clone(env_file=f"MEMGATE_ADMIN_PASSWORD={PASSWORD}\n")
        clone.refuses("prepare", 78, "MEM_ENCRYPTION_KEY is not set", "docker compose run --rm --no-deps memgate keygen")
        made = clone.compose("run", "--rm", "--no-deps", "memgate", "keygen").stdout.strip()
        (clone.folder / ".env").write_text(f"MEM_ENCRYPTION_KEY={made}\nMEMGATE_ADMIN_PASSWORD={PASSWORD}\n")
        clone.up()

    def test_wrong_settings_are_told_and_not_retried(self):
        self.clone(env_file=ENV_FILE + "THREADS=2\n").refuses("prepare", 78, "THREADS must be 1")
        self.clone(env_file="MEM_ENCRYPTION_KEY=your-strong-key\n").refuses("prepare", 78, "placeholder")

    # --- settings ---

    def environment(self, clone):
        return dict(line.split("=", 1) for line in inspect(clone.name)["Config"]["Env"])

    def test_env_file_fills_and_the_shell_overrides(self):
        clone = self.clone(env_file=ENV_FILE + "MEM_AUTO_SAVE_FREQ=41\n").up()
        self.assertEqual(self.environment(clone)["MEM_AUTO_SAVE_FREQ"], "41")
        self.assertEqual(self.environment(clone)["MEM_AUTO_SAVE_ENABLED"], "true")
        clone.up(MEM_AUTO_SAVE_FREQ="7")
        self.assertEqual(self.environment(clone)["MEM_AUTO_SAVE_FREQ"], "7")
        self.assertIn("every_s=7 ", clone.log())

    def test_the_container_is_hardened(self):
        host = inspect(self.clone().up().name)["HostConfig"]
        self.assertTrue(host["ReadonlyRootfs"])
        self.assertEqual(host["CapDrop"], ["ALL"])
        self.assertIsNone(host["CapAdd"])
        self.assertIn("no-new-privileges:true", host["SecurityOpt"])
        self.assertEqual(host["RestartPolicy"]["Name"], "unless-stopped")

    # --- life ---

    def test_a_life(self):
        clone = self.clone().up()
        onboard(clone)
        before = len(clone.dump_files())
        clone.send_signal("USR1")
        wait_for(lambda: len(clone.dump_files()) > before, "a dump asked for by docker kill -s USR1")
        with self.subTest("docker kill: nothing is lost that was dumped"):
            docker("kill", clone.name)
            clone.up()
            self.assertIn("restored from dump", clone.log())
            self.assertEqual(clone.http("GET", "/platform/user/ann")[0], 200)
            self.assertEqual(clone.http("GET", "/platform/api/orders/v1")[0], 200)
        with self.subTest("stop: a final dump, exit 0"):
            self.assertEqual(clone.http("DELETE", "/platform/user/ann")[0], 200)
            before = len(clone.dump_files())
            clone.compose("stop")
            self.assertEqual(clone.state()["ExitCode"], 0)
            self.assertGreater(len(clone.dump_files()), before)
        with self.subTest("up again: restored"):
            clone.up()
            self.assertEqual(clone.http("GET", "/platform/user/ann")[0], 404)
            self.assertEqual(clone.http("GET", "/platform/api/orders/v1")[0], 200)
        with self.subTest("down and up: a new container, the same state"):
            clone.compose("down")
            clone.up()
            self.assertEqual(clone.http("GET", "/platform/api/orders/v1")[0], 200)

    def test_two_containers_on_one_folder(self):
        clone = self.clone().up()
        onboard(clone)
        other = Clone(self.front_end)
        self.addCleanup(other.close)
        other.folder.joinpath("compose.yaml").write_text(
            (REPO / "compose.yaml").read_text().replace("./generated:", f"{clone.dumps}:"))
        other.compose("up", "-d")
        other.name = other.container("memgate")
        other.wait_log("standing_by")
        self.assertEqual((clone.is_ready(), other.is_ready()), (True, False))
        clone.compose("stop")
        other.wait_ready()
        self.assertEqual(other.http("GET", "/platform/user/ann")[0], 200)


class TestStopDuringALargeDump(unittest.TestCase):
    """What a stop costs when a million documents are in memory and a dump is running already."""

    def test_it_ends_inside_the_grace_and_the_state_is_safe(self):
        clone = Clone(front_ends()[-1], env_file=ENV_FILE + "MEM_AUTO_SAVE_ENABLED=false\n")
        self.addCleanup(clone.close)
        clone.up()
        lines = "".join(json.dumps({"_id": f"document-{i:07}", "text": f"{i * 2654435761 % 2 ** 32:x}" * 24}) + "\n"
                        for i in range(DOCUMENTS))
        done = clone.cli("import", "--collection", "things", "-", input=lines)
        self.assertEqual(done.returncode, 0, done.stderr)
        digest = clone.cli("export", "--digest").stdout
        clone.send_signal("USR1")
        wait_for(lambda: any(path.suffix == ".tmp" for path in clone.dumps.iterdir()), "a dump that is being written")
        started = time.monotonic()
        clone.compose("stop")
        took = time.monotonic() - started
        print(f"seconds to stop {DOCUMENTS} documents during a dump: {took:.1f}")
        self.assertLess(took, GRACE_SECONDS)
        self.assertEqual(clone.state()["ExitCode"], 0, clone.log())
        clone.up()
        self.assertEqual(clone.cli("export", "--digest").stdout, digest)


class TestFile(unittest.TestCase):
    """compose.yaml itself."""

    def test_every_setting_of_the_server_can_stand_in_the_env_file(self):
        rows = set(re.findall(r'\.name = "(\w+)"', (REPO / "core/configtable.c").read_text()))
        passed = set(re.findall(r"^  (\w+): \$\{\1-", (REPO / "compose.yaml").read_text(), re.MULTILINE))
        fixed = {"HOST", "XDG_RUNTIME_DIR", "TMPDIR", "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}  # what the container decides, or systemd
        self.assertEqual({name for name in rows - passed - fixed if not name.startswith("MEMGATE_CONTROL")}, set())

    def test_no_secret_has_a_default(self):
        text = (REPO / "compose.yaml").read_text()
        for name in ("MEM_ENCRYPTION_KEY", "MEM_ENCRYPTION_KEY_PREVIOUS", "MEMGATE_ADMIN_PASSWORD", "JWT_SECRET_KEY"):
            self.assertIn(f"  {name}: ${{{name}-}}\n", text)

    def test_it_has_no_name_that_1_29_would_refuse(self):
        self.assertNotRegex((REPO / "compose.yaml").read_text(), r"(?m)^name:")


def load_tests(loader, tests, pattern):
    """Adds the stories, once per front end."""
    for number, front_end in enumerate(front_ends()):
        name = pathlib.Path(front_end[-1]).name
        story = type(f"TestStories_{number}_{name}", (Story, unittest.TestCase), {"front_end": front_end})
        tests.addTests(loader.loadTestsFromTestCase(story))
    return tests


if __name__ == "__main__":
    if not engine.why_not() and not front_ends():
        print("SKIPPED: neither docker compose nor docker-compose is installed")
        raise SystemExit(engine.SKIPPED)
    engine.main()
