"""server - a real memgate for end-to-end tests: the built binary in a folder of its own, on a free port.

MEMGATE_BIN names the binary. Everything that waits has a deadline; everything started is ended.
"""
import http.client
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import tempfile
import time

BINARY = os.environ.get("MEMGATE_BIN", "build/memgate")
KEY = "hex:" + "a1" * 32
PASSWORD = "a-long-admin-password-1"
WAIT_SECONDS = 60


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(condition, what, seconds=WAIT_SECONDS):
    """Polls until the condition gives something true; fails loudly at the deadline."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        result = condition()
        if result:
            return result
        time.sleep(0.01)
    raise AssertionError(f"waited {seconds} s for {what}")


class Server:
    """One folder, one port, any number of starts."""

    def __init__(self, **environment):
        self._folder = tempfile.TemporaryDirectory(prefix="memgate-test-")
        self.folder = pathlib.Path(self._folder.name)
        self.port = free_port()
        self.run_folder = self.folder / "run"
        self.run_folder.mkdir(mode=0o700)
        self.dumps = self.folder / "dumps"
        self.environment = {
            "PATH": os.environ["PATH"],
            "PORT": str(self.port),
            "XDG_RUNTIME_DIR": str(self.run_folder),
            "MEM_ENCRYPTION_KEY": KEY,
            "MEM_DUMP_PATH": str(self.dumps / "memory_dump.bin"),
            "MEMGATE_ADMIN_EMAIL": "admin@example.test",
            "MEMGATE_ADMIN_PASSWORD": PASSWORD,
            "LOGIN_IP_RATE_DISABLED": "true",
            "MEM_DEBUG_DUMPABLE": "true",
            **{name: os.environ[name] for name in os.environ if name.endswith("SAN_OPTIONS")},
        }
        self.environment.update(environment)
        self.process = None
        self.token = None
        self.log_path = self.folder / "log"
        self.user = None  # that the server runs as; only root may choose another one
        self.before_exec = None  # runs in the child before the program does

    # --- life ---

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self._folder.cleanup()

    def _environment(self, more):
        environment = dict(self.environment)
        environment.update(more)
        return {name: value for name, value in environment.items() if value is not None}

    def spawn(self, **more):
        log = open(self.log_path, "ab")
        self.process = subprocess.Popen(
            [os.path.abspath(BINARY), "serve"], cwd=self.folder, env=self._environment(more), stderr=log, stdin=subprocess.DEVNULL,
            user=self.user, preexec_fn=self.before_exec,
        )
        log.close()
        self.token = None
        return self

    def start(self, **more):
        """Starts and waits until it is ready."""
        self.spawn(**more)
        wait_for(lambda: self.process.poll() is not None or self.is_ready(), "readiness")
        if self.process.poll() is not None:
            raise AssertionError(f"memgate ended with {self.process.returncode}:\n{self.log()}")
        return self

    def start_fails(self, **more):
        """Starts a server that must end by itself; returns its exit code."""
        self.spawn(**more)
        return self.process.wait(WAIT_SECONDS)

    def is_ready(self):
        try:
            return self.http("GET", "/platform/monitor/readiness", token=None)[0] == 200
        except OSError:
            return False

    def send_signal(self, number):
        self.process.send_signal(number)

    def stop(self, number=signal.SIGTERM):
        """Signals, waits for the end, returns the exit code."""
        self.send_signal(number)
        return self.process.wait(WAIT_SECONDS)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def wait_log(self, pattern, since=0):
        return wait_for(lambda: re.search(pattern, self.log()[since:]), f"log line {pattern}")

    # --- HTTP ---

    def http(self, method, path, body=None, token="login", headers=None):
        """One request; (status, parsed JSON or text). token="login" logs in as admin first."""
        if token == "login":
            token = self.token = self.token or self.login()
        headers = dict(headers or {})
        if token:
            headers["Authorization"] = "Bearer " + token
        data = body if isinstance(body, (bytes, type(None))) else json.dumps(body).encode()
        if data is not None:
            headers.setdefault("Content-Type", "application/json")
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, data, headers)
            answer = connection.getresponse()
            text = answer.read().decode()
            self.last_headers = dict(answer.getheaders())
        finally:
            connection.close()
        try:
            return answer.status, json.loads(text)
        except ValueError:
            return answer.status, text

    def login(self, email="admin@example.test", password=PASSWORD):
        status, answer = self.http("POST", "/platform/authorization", {"email": email, "password": password}, token=None)
        assert status == 200, (status, answer)
        return answer["access_token"]

    # --- command line ---

    def cli(self, *arguments, input=None, **more):
        """Runs a subcommand in the server's environment; the finished process."""
        return subprocess.run(
            [os.path.abspath(BINARY), *map(str, arguments)], cwd=self.folder, env=self._environment(more), input=input,
            capture_output=True, text=not isinstance(input, bytes), timeout=WAIT_SECONDS * 2, check=False,
        )

    def cli_json(self, *arguments, **more):
        done = self.cli(*arguments, **more)
        assert done.returncode == 0, (arguments, done.returncode, done.stderr)
        return json.loads(done.stdout)

    def digest(self):
        done = self.cli("export", "--digest")
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    # --- dumps ---

    def dump_files(self):
        return sorted(self.dumps.glob("*.bin"))

    def newest_dump(self):
        return self.dump_files()[-1]


USER = {
    "username": "ann", "email": "ann@example.test", "password": "Str0ng!Passw0rd-ann", "role": "admin", "groups": ["ALL"],
}
API = {
    "api_name": "orders", "api_version": "v1", "api_description": "orders", "api_allowed_roles": ["admin"],
    "api_allowed_groups": ["ALL"], "api_servers": ["http://127.0.0.1:9"], "api_type": "REST",
}


def onboard(server):
    """A user and an API, as an operator does it."""
    status, answer = server.http("POST", "/platform/user", USER)
    assert status == 201, (status, answer)
    status, answer = server.http("POST", "/platform/api", API)
    assert status == 201, (status, answer)
