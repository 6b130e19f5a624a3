"""engine - memgate in containers, on the Docker Engine of this machine.

Nothing here installs or replaces an engine. Without one that answers the tests are skipped: exit code 77 with the reason.
Every container and network of a test carries its own name and is removed; the base image and the build cache stay.
"""
import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import unittest
import uuid

REPO = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPO / "tests/e2e"))

import server  # noqa: E402

IMAGE = "memgate-test:image"
FOLDER = "/app/backend-services/generated"
UID = 10001
SKIPPED = 77
SECRETS = {"MEM_ENCRYPTION_KEY": server.KEY, "MEMGATE_ADMIN_PASSWORD": server.PASSWORD}


def run(*command, check=True, input=None, **options):
    """Runs a command; with `check` a failure shows all of its output."""
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False, timeout=900, input=input, **options)
    if check and done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, command))} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done


def docker(*arguments, **options):
    return run("docker", *arguments, **options)


def inspect(name):
    return json.loads(docker("inspect", name).stdout)[0]


def why_not():
    """None when containers can be run here, else the reason."""
    if not shutil.which("docker"):
        return "docker is not installed"
    answer = docker("version", "--format", "{{.Server.Version}}", check=False)
    if answer.returncode != 0:
        return "no Docker Engine answers: " + answer.stderr.strip()
    base = run(REPO / "docker/base.sh", check=False)
    return base.stderr.strip().splitlines()[-1] if base.returncode != 0 else None


def build():
    docker("build", "-q", "-f", REPO / "docker/Dockerfile", "-t", IMAGE, REPO)


def main():
    """The end of every test file here."""
    reason = why_not()
    if reason:
        print("SKIPPED:", reason)
        sys.exit(SKIPPED)
    build()
    unittest.main(verbosity=2)


class Box(server.Server):
    """memgate in one container: what server.Server offers over HTTP, with an engine between."""

    def __init__(self, dumps=None):
        super().__init__()
        self.name = "memgate-test-" + uuid.uuid4().hex[:8]
        self.dumps = dumps or self.dumps
        self.dumps.mkdir(exist_ok=True)

    def close(self):
        docker("rm", "-fv", self.name, check=False)
        # Dumps belong to the container's user: only root, or a container, can remove them.
        docker("run", "--rm", "--user", "0", "-v", f"{self.folder}:/folder", "--entrypoint", "find", "debian:bookworm-slim", "/folder",
               "-mindepth", "1", "-delete", check=False)
        super().close()

    def give_folder(self, uid=UID):
        os.chown(self.dumps, uid, uid)

    def run(self, *options, mount="", command=("serve",), **environment):
        """Starts the container with an image's defaults and what hardening asks for."""
        settings = {**SECRETS, "PORT": self.port, "LOGIN_IP_RATE_DISABLED": "true", "MEMGATE_ADMIN_EMAIL": "admin@example.test", **environment}
        given = [word for name, value in settings.items() if value is not None for word in ("-e", f"{name}={value}")]
        volume = ["-v", f"{self.dumps}:{FOLDER}{mount}"] if mount is not None else []
        docker("run", "-d", "--name", self.name, "--read-only", "--tmpfs", "/run:mode=1777,size=1m", "--cap-drop", "ALL", "--security-opt",
               "no-new-privileges", "-p", f"127.0.0.1:{self.port}:{self.port}", *given, *volume, *options, IMAGE, *command)
        self.token = None
        return self

    def state(self):
        return inspect(self.name)["State"]

    def wait_ready(self):
        server.wait_for(lambda: not self.state()["Running"] or self.is_ready(), "readiness")
        assert self.state()["Running"], self.log()
        return self

    def is_ready(self):
        with contextlib.suppress(ConnectionError, server.http.client.HTTPException):
            return super().is_ready()
        return False

    def wait_exit(self):
        """The exit code of a container that ends by itself."""
        return int(docker("wait", self.name).stdout)

    def stop(self, seconds=120):
        docker("stop", "-t", seconds, self.name)
        return self.state()["ExitCode"]

    def send_signal(self, name):
        docker("kill", "-s", name, self.name)

    def log(self):
        done = docker("logs", self.name, check=False)
        return done.stdout + done.stderr

    def cli(self, *arguments, input=None):
        """A subcommand inside of the container."""
        return docker("exec", "-i", self.name, "/usr/bin/memgate", *arguments, check=False, input=input)

    def dump_files(self):
        return sorted(path for path in self.dumps.iterdir() if path.suffix == ".bin")
