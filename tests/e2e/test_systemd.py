"""memgate as a service of systemd: what it tells a real notify socket from start to end, the watchdog, secrets as credentials, the unit."""
import ctypes
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest

from server import BINARY, KEY, PASSWORD, Server, wait_for

UNIT = pathlib.Path(__file__).resolve().parents[2] / "systemd/memgate.service"
DOCUMENTS = 60_000
WATCHDOG_SECONDS = 0.4


class Manager:
    """A service manager's end of the socket: every message, in order, and when it came."""

    def __init__(self, server, abstract=False):
        path = server.folder / "notify"
        self.address = f"@memgate-test-{os.getpid()}-{server.port}" if abstract else str(path)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind("\0" + self.address[1:] if abstract else self.address)
        self.socket.setblocking(False)
        self.told = []  # (seconds, [lines])
        server.environment["NOTIFY_SOCKET"] = self.address

    def close(self):
        self.socket.close()

    def read(self):
        while True:
            try:
                message = self.socket.recv(65536).decode()
            except BlockingIOError:
                return self.told
            self.told.append((time.monotonic(), message.splitlines()))

    def forget(self):
        self.read()
        self.told.clear()

    def lines(self):
        return [line for _, message in self.read() for line in message]

    def times(self, line):
        return [when for when, message in self.read() if line in message]

    def states(self):
        """All lines but progress within one state: what a person would see happen."""
        seen = []
        for line in self.lines():
            line = re.sub(r" \d+ %", "", re.sub(r"generation (\d+) of \S+Z, \d+ documents", r"generation \1", line))
            if not line.startswith(("EXTEND", "WATCHDOG")) and line not in seen[-1:]:
                seen.append(line)
        return seen

    def wait(self, pattern):
        return wait_for(lambda: any(re.fullmatch(pattern, line) for line in self.lines()), f"the message {pattern}")


class Hang:
    """One thread of a process stands still, by ptrace; the others go on."""

    SEIZE, INTERRUPT, DETACH, ALL = 0x4206, 0x4207, 17, 0x40000000

    def __init__(self, process, name):
        self.libc = ctypes.CDLL(None, use_errno=True)
        self.tid = next(int(task.name) for task in pathlib.Path(f"/proc/{process.pid}/task").iterdir()
                        if (task / "comm").read_text().strip() == name)

    def _ptrace(self, request):
        if self.libc.ptrace(request, self.tid, None, None) != 0:
            raise unittest.SkipTest(f"SKIPPED: ptrace is not allowed here: {os.strerror(ctypes.get_errno())}")

    def __enter__(self):
        self._ptrace(self.SEIZE)
        self._ptrace(self.INTERRUPT)
        os.waitpid(self.tid, self.ALL)
        return self

    def __exit__(self, *_):
        self.libc.ptrace(self.DETACH, self.tid, None, None)

    def reap(self):
        """The process is to end: this thread is reported to us first."""
        wait_for(lambda: os.waitpid(self.tid, self.ALL | os.WNOHANG)[0], "the end of the thread")


def fill(server, documents=DOCUMENTS):
    lines = "".join(json.dumps({"_id": f"d{i:06d}", "text": f"{i * 2654435761 % 2 ** 32:x}" * 40}) + "\n" for i in range(documents))
    done = server.cli("import", "--collection", "things", "-", input=lines)
    assert done.returncode == 0, done.stderr


class Story(unittest.TestCase):
    def server(self, abstract=False, **environment):
        server = Server(**environment)
        self.addCleanup(server.close)
        manager = Manager(server, abstract)
        self.addCleanup(manager.close)
        return server, manager


class Life(Story):
    def check_life(self, abstract):
        server, manager = self.server(abstract)
        server.start()
        manager.wait("STATUS=serving; no dump yet")
        server.cli_json("dump", "--json")
        manager.wait("STATUS=serving; last dump: generation 1 .*")
        self.assertEqual(server.stop(), 0)
        self.assertEqual(manager.states()[:3], ["STATUS=starting", "READY=1", "STATUS=serving; no dump yet"])
        self.assertEqual(manager.states()[-1], "STATUS=stopping; last dump: generation 2")
        self.assertEqual((manager.lines().count("READY=1"), manager.lines().count("STOPPING=1")), (1, 1))
        self.assertLess(manager.lines().index("READY=1"), manager.lines().index("STOPPING=1"))
        self.assertNotIn("WATCHDOG=1", manager.lines())  # nobody asked for it
        self.assertNotIn("notify_failed", server.log())

    def test_a_life_told_to_a_path(self):
        self.check_life(abstract=False)

    def test_a_life_told_to_an_abstract_name(self):
        self.check_life(abstract=True)

    def test_ready_is_told_when_requests_are_served_and_not_before(self):
        server, manager = self.server()
        server.start()
        fill(server)
        self.assertEqual(server.stop(), 0)
        manager.forget()
        server.spawn()
        manager.wait("READY=1")
        self.assertTrue(server.is_ready())
        states = [state for state in manager.states() if state != "STATUS=starting; last dump: generation 1"]
        self.assertEqual(states, ["STATUS=starting", "STATUS=starting; restoring", "READY=1", "STATUS=serving; last dump: generation 1"])
        percents = [int(text) for line in manager.lines() for text in re.findall(r"restoring (\d+) %", line)]
        self.assertTrue(percents and percents == sorted(percents) and percents[-1] <= 100, percents)
        self.assertIn("EXTEND_TIMEOUT_USEC=120000000", manager.lines())

    def test_a_large_dump_tells_how_far_it_is_and_asks_for_time_only_at_the_stop(self):
        server, manager = self.server()
        server.start()
        fill(server)
        server.cli_json("dump", "--json")
        manager.wait("STATUS=serving; last dump: generation 1 .*")
        self.assertIn("STATUS=serving; dumping", manager.states())
        self.assertFalse([line for line in manager.lines() if line.startswith("EXTEND")])
        self.assertEqual(server.stop(), 0)
        lines = manager.lines()
        after = lines[lines.index("STOPPING=1"):]
        percents = [int(text) for line in after for text in re.findall(r"stopping; dumping (\d+) %", line)]
        self.assertTrue(percents and percents == sorted(percents), percents)
        self.assertIn("EXTEND_TIMEOUT_USEC=120000000", after)

    def test_a_start_that_fails_says_why(self):
        server, manager = self.server()
        server.start()
        self.assertEqual(server.stop(), 0)
        manager.forget()
        self.assertEqual(server.start_fails(MEM_ENCRYPTION_KEY=KEY.replace("a1", "b2")), 77)
        self.assertNotIn("READY=1", manager.lines())
        self.assertRegex(manager.lines()[-1], r"STATUS=stopping; WRONG_KEY: .*key_id")

    def test_a_dump_that_fails_is_told(self):
        server, manager = self.server()
        server.start()
        shutil.rmtree(server.dumps)
        server.dumps.touch()
        self.assertNotEqual(server.cli("dump").returncode, 0)
        manager.wait("STATUS=serving; the last dump failed: .+")
        server.stop(signal.SIGQUIT)


class NoSocket(Story):
    def test_without_a_socket_nothing_is_sent_and_nothing_is_said(self):
        server, manager = self.server()
        server.start(NOTIFY_SOCKET=None, WATCHDOG_USEC="100000")
        self.assertEqual(server.stop(), 0)
        self.assertEqual(manager.lines(), [])
        self.assertNotIn("notify", server.log())

    def test_a_bad_socket_is_one_warning_and_memgate_serves(self):
        for address in ("relative/path", "/nowhere/notify", "@nobody-listens-here", "/" + "x" * 200):
            with self.subTest(address), Server(NOTIFY_SOCKET=address, WATCHDOG_USEC="100000") as server:
                server.start()
                server.cli_json("dump", "--json")
                self.assertEqual(server.stop(), 0)
                warnings = [line for line in server.log().splitlines() if "level=warn" in line and "notify_failed" in line]
                self.assertEqual(len(warnings), 1, server.log())
                self.assertIn("NOTIFY_SOCKET", warnings[0])


class Watchdog(Story):
    def beating(self, **environment):
        server, manager = self.server(WATCHDOG_USEC=str(int(WATCHDOG_SECONDS * 1_000_000)), **environment)
        server.start()
        manager.wait("READY=1")
        return server, manager

    def beats(self, manager, count):
        """Waits for so many more beats."""
        already = len(manager.times("WATCHDOG=1"))
        wait_for(lambda: len(manager.times("WATCHDOG=1")) >= already + count, "beats")

    def stands_still(self, manager):
        """No beat for three intervals, once what was under way is over."""
        wait_for(lambda: time.monotonic() - manager.times("WATCHDOG=1")[-1] > 3 * WATCHDOG_SECONDS, "the end of the beats", 20)

    def test_it_beats_at_half_the_interval(self):
        _, manager = self.beating()
        self.beats(manager, 8)
        times = manager.times("WATCHDOG=1")[-8:]
        self.assertGreater((times[-1] - times[0]) / 7, WATCHDOG_SECONDS / 2 * 0.9)
        self.assertLess((times[-1] - times[0]) / 7, WATCHDOG_SECONDS)

    def test_it_stops_while_an_actor_hangs_without_which_nothing_is_served(self):
        for name in ("mg-state", "gateway"):
            with self.subTest(name):
                server, manager = self.beating()
                with Hang(server.process, name):
                    self.stands_still(manager)
                self.beats(manager, 2)
                self.assertEqual(server.stop(), 0)

    def test_a_disk_that_stands_still_is_no_reason(self):
        server, manager = self.beating()
        with Hang(server.process, "mg-dump"):
            self.beats(manager, 6)
        self.assertEqual(server.stop(), 0)

    def test_a_process_that_stands_still_gives_no_beat(self):
        server, manager = self.beating()
        server.send_signal(signal.SIGSTOP)
        self.stands_still(manager)
        server.send_signal(signal.SIGCONT)
        self.beats(manager, 2)

    def test_the_watchdog_of_another_process_is_not_ours(self):
        _, manager = self.beating(WATCHDOG_PID="1")
        self.assertNotIn("WATCHDOG=1", manager.lines())

    def test_a_gateway_that_hangs_does_not_cost_the_state(self):
        server, _ = self.beating(MEM_SHUTDOWN_GRACE="4")
        server.http("POST", "/platform/role", {"role_name": "kept", "role_description": "kept"})
        with Hang(server.process, "gateway") as hang:
            server.send_signal(signal.SIGTERM)  # the unit's WatchdogSignal
            hang.reap()
        self.assertEqual(server.process.wait(20), 0)
        self.assertIn("event=actor_silent actor=gateway", server.log())
        server.start()
        self.assertEqual(server.http("GET", "/platform/role/kept")[0], 200)

    def test_whoever_hangs_does_not_keep_the_process_from_its_end(self):
        for name in ("mg-control", "mg-sealer"):
            with self.subTest(name):
                server, _ = self.beating()
                server.http("POST", "/platform/role", {"role_name": "kept", "role_description": "kept"})
                with Hang(server.process, name) as hang:
                    server.send_signal(signal.SIGTERM)
                    hang.reap()
                self.assertEqual(server.process.wait(20), 0)
                self.assertIn(f"event=actor_silent actor={name}", server.log())
                server.start()
                self.assertEqual(server.http("GET", "/platform/role/kept")[0], 200)

    def test_a_state_that_hangs_ends_with_the_loss_told(self):
        server, _ = self.beating(MEM_SHUTDOWN_GRACE="4")
        with Hang(server.process, "mg-state") as hang:
            server.send_signal(signal.SIGTERM)
            hang.reap()
        self.assertEqual(server.process.wait(20), 74)
        self.assertIn("event=actor_silent actor=state", server.log())
        self.assertIn("event=state_lost", server.log())


class Unit(Story):
    """The unit file: what it says is read by the server as systemd would hand it over."""

    def setUp(self):
        self.text = UNIT.read_text()

    def values(self, name):
        return re.findall(rf"^{name}=(.*)$", self.text, re.MULTILINE)

    def test_its_environment_starts_a_server_with_secrets_as_credentials(self):
        server, manager = self.server()
        state, credentials = server.folder / "state", server.folder / "credentials"
        (server.folder / "private").mkdir(mode=0o700)
        state.symlink_to("private")  # as systemd does it for a DynamicUser
        credentials.mkdir(mode=0o500)
        self.addCleanup(credentials.chmod, 0o700)
        secrets = {"encryption-key": KEY, "admin-password": PASSWORD}
        self.assertEqual([line.split(":")[0] for line in self.values("LoadCredential")], [*secrets])
        credentials.chmod(0o700)
        for name, secret in secrets.items():
            (credentials / name).write_text(secret + "\n")
            (credentials / name).chmod(0o400)
        credentials.chmod(0o500)
        given = dict(word.split("=", 1) for line in self.values("Environment") for word in line.split())
        for specifier, path in (("%S/memgate", state), ("%t/memgate", server.run_folder), ("%d", credentials)):
            given = {name: value.replace(specifier, str(path)) for name, value in given.items()}
        self.assertNotIn("%", "".join(given.values()))
        for name in ("MEM_ENCRYPTION_KEY", "MEMGATE_ADMIN_PASSWORD", "XDG_RUNTIME_DIR", "MEM_DUMP_PATH"):
            server.environment.pop(name)
        server.environment.update(given)
        server.start()
        manager.wait("READY=1")
        self.assertTrue(server.login())
        self.assertEqual(server.cli("dump").returncode, 0)
        self.assertEqual(server.stop(), 0)
        self.assertEqual(len(list((server.folder / "private").glob("memory_dump-*.bin"))), 2)
        warned = set(re.findall(r"level=(?:warn|error|critical) event=(\w+)", server.log()))
        self.assertLessEqual(warned, {"memory_unlocked", "slow_turn"})  # what this machine is to blame for
        for secret in (KEY, PASSWORD):
            self.assertNotIn(secret, server.log())

    def test_times_fit_each_other(self):
        given = dict(word.split("=", 1) for line in self.values("Environment") for word in line.split())
        self.assertGreater(int(self.values("TimeoutStopSec")[0]), int(given["MEM_SHUTDOWN_GRACE"]))
        wait = re.search(r"`MEM_DUMP_LOCK_WAIT` \| `(\d+)`", (UNIT.parents[1] / "docs/configuration.md").read_text()).group(1)
        self.assertGreater(int(self.values("TimeoutStartSec")[0]), int(wait))

    def test_every_line_is_explained(self):
        guide = (UNIT.parents[1] / "docs/deploy-systemd.md").read_text()
        names = {line.split("=")[0] for line in self.text.splitlines() if re.match(r"[A-Z]\w+=", line)}
        self.assertEqual({name for name in names if f"`{name}" not in guide}, set())

    def test_systemd_itself_finds_nothing(self):
        program = shutil.which("systemd-analyze")
        if not program:
            self.skipTest("SKIPPED: systemd-analyze is not installed")
        with tempfile.TemporaryDirectory() as folder:
            copy = pathlib.Path(folder) / UNIT.name
            copy.write_text(self.text.replace("/usr/bin/memgate", os.path.abspath(BINARY)))  # this machine may have none installed
            done = subprocess.run([program, "verify", "--man=no", copy], capture_output=True, text=True, check=False, timeout=60)
            said = [line for line in (done.stdout + done.stderr).splitlines() if "memgate.service" in line]
            self.assertEqual((done.returncode, said), (0, []), done.stderr)
            done = subprocess.run([program, "security", "--offline=true", "--threshold=20", "--no-pager", copy], capture_output=True,
                                  text=True, check=False, timeout=60)
            level = re.search(r"Overall exposure level for memgate.service: ([\d.]+)", done.stdout)
            if not level:
                self.skipTest("SKIPPED: this systemd-analyze does not judge files: " + done.stderr.strip())
            print("exposure of the unit:", level.group(1))
            self.assertEqual(done.returncode, 0, done.stdout)


if __name__ == "__main__":
    unittest.main(verbosity=2)
