"""A newcomer: from a clone to a container that was stopped and restored, by the lines of README.md as they stand there."""
import os
import re
import shutil
import subprocess
import unittest

import engine
from engine import REPO, docker, run
from server import Server, wait_for
from test_compose import front_ends

# Compose under another name, where the engine has no plugin for it.
STAND_IN = 'docker() { if [ "$1" = compose ]; then shift; %s "$@"; else command docker "$@"; fi; }\n'


class Newcomer(Server):
    """A clone, a terminal in it, and what the README says for the terminal."""

    def __init__(self, front_end):
        super().__init__()
        self.clone = self.folder / "memgate"
        self.dumps = self.clone / "generated"
        files = run("git", "-C", REPO, "ls-files", "-z").stdout.split("\0")
        for name in filter(None, files):
            (self.clone / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(REPO / name, self.clone / name)
        text = (REPO / "README.md").read_text().replace("3001", str(self.port))
        self.blocks = [block for block in re.findall(r"^```\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)]
        self.before = STAND_IN % " ".join(front_end) if front_end != ["docker", "compose"] else ""

    def close(self):
        self.type("docker compose down", check=False)
        docker("run", "--rm", "--user", "0", "-v", f"{self.folder}:/folder", "--entrypoint", "find", "debian:bookworm-slim", "/folder",
               "-mindepth", "1", "-delete", check=False)
        super().close()

    def type(self, text, check=True):
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "PORT": str(self.port), "IMAGE": engine.IMAGE,
                       "COMPOSE_PROJECT_NAME": f"memgate-readme-{self.port}"}
        script = self.folder / "typed"
        script.write_text(self.before + text)
        command = ["script", "-qec", f"bash {script}", "/dev/null"]  # in a terminal, as a person has one
        done = subprocess.run(command, cwd=self.clone, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL,
                              check=False, timeout=900)
        assert not check or done.returncode == 0, f"{text}\n{done.stdout}{done.stderr}"
        return done.stdout

    def block(self, word):
        """The one block of the README in which this word stands."""
        found = [block for block in self.blocks if word in block]
        assert len(found) == 1, (word, found)
        return found[0]


class TestReadme(unittest.TestCase):
    def test_from_clone_to_restored(self):
        newcomer = Newcomer(front_ends()[0])
        self.addCleanup(newcomer.close)
        newcomer.type(newcomer.block("docker compose up --build -d"))
        newcomer.wait_log = lambda pattern: wait_for(lambda: re.search(pattern, newcomer.type("docker compose logs memgate")), pattern)
        newcomer.wait_log("event=ready")
        self.assertNotIn("error_code", newcomer.type(newcomer.block("/platform/user ")))
        story = newcomer.block("docker compose kill -s USR1 memgate")
        *steps, last = story.splitlines()
        self.assertIn("grep restored", last)
        for step in steps:
            said = newcomer.type(step)
            if "kill -s USR1" in step:
                wait_for(newcomer.dump_files, "a dump")
            if "status" in step:
                self.assertIn("at risk", said.splitlines()[0])
        newcomer.wait_log("restored from dump")
        self.assertIn("restored from dump", newcomer.type(last))
        self.assertGreater(len(newcomer.dump_files()), 1)
        secrets = dict(line.split("=", 1) for line in (newcomer.clone / ".env").read_text().splitlines() if "=" in line)
        wait_for(newcomer.is_ready, "readiness")
        newcomer.token = newcomer.login(secrets["MEMGATE_ADMIN_EMAIL"], secrets["MEMGATE_ADMIN_PASSWORD"])
        self.assertEqual(newcomer.http("GET", "/platform/user/ann")[0], 200)
        self.assertEqual(newcomer.http("GET", "/platform/api/orders/v1")[0], 200)


if __name__ == "__main__":
    if not engine.why_not() and not front_ends():
        print("SKIPPED: neither docker compose nor docker-compose is installed")
        raise SystemExit(engine.SKIPPED)
    engine.main()
