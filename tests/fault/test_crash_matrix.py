"""Kill -9 at every step of a dump, a restore and a start, whoever asked for it. Each cell: crash, start again, compare."""
import signal
import unittest

from faults import Control, Server, check_folder, control_pb2, copy_of, ended_by_kill, failpoints, make_template, preload, report, sample
import doorman  # noqa: E402, found by faults

DUMP = [
    "dump.viewed", "dump.created", "dump.header", "dump.chunk", "dump.chunk:3", "dump.walked", "dump.footer", "dump.synced", "read.chunk:{reads}",
    "dump.verified", "publish.ready", "publish.closed", "publish.renamed", "publish.synced", "publish.noted", "retention.listed",
    "retention.removed", "retention.done", "publish.answered",
]
START = [
    "lock.taken", "lock.written", "lock.cleaned", "restore.scanned", "read.chunk", "read.chunk:3", "restore.loaded", "start.aligned",
    "start.swapped",
]
RESTORE = [
    "restore.frozen", "restore.way_back_written", "restore.swapped", "restore.thawed", "restore.written",
    *[f"{point}:{nth}" for point in ("dump.viewed", "dump.created", "dump.synced", "publish.closed", "publish.renamed", "publish.synced",
                                     "publish.noted", "retention.done") for nth in (1, 2)],
]
REKEY = ["rekey.begun", "dump.created", "dump.synced", "publish.closed", "publish.renamed", "publish.noted", "retention.removed"]
RESEAL = [
    "lock.taken", "lock.written", "lock.cleaned", "dump.created", "reseal.chunk", "reseal.chunk:3", "reseal.synced", "reseal.verified",
    "reseal.renamed", "dump.created:2", "reseal.renamed:2",
]
IMPORT = ["restore.loaded", "start.swapped", "import.begun", "dump.created", "dump.synced", "publish.closed", "publish.renamed", "publish.noted"]
OTHER_KEY = "hex:" + "b2" * 32


def ask(server, body):
    """A request whose answer is lost when the server dies; True if it came."""
    with Control(server) as control:
        control.socket.rcvtimeo = 20
        control.send(control_pb2.ControlRequest(**body))
        while server.process.poll() is None:
            try:
                return control.receive().status == control_pb2.ControlReply.OK
            except Exception:  # pylint: disable=broad-except
                continue
    return False


def by_http(server, path, body=None):
    try:
        return server.http("POST", path, body or {})[0] == 200
    except OSError:
        return False


TRIGGERS = {
    "signal": lambda server: server.send_signal(signal.SIGUSR1),
    "autosave": lambda server: None,  # due by itself after a second
    "HTTP": lambda server: by_http(server, "/platform/memory/dump"),
    "control": lambda server: ask(server, {"dump": control_pb2.ControlDump()}),
    "SIGTERM": lambda server: server.send_signal(signal.SIGTERM),
}


class CrashMatrix(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.template, cls.ledger = make_template()

    @classmethod
    def tearDownClass(cls):
        cls.template.close()

    def reads_at_start(self):
        """Chunks of the newest dump: a start reads so many before a dump's own verification does."""
        return self.template.cli_json("inspect", self.template.newest_dump(), "--json")["chunks"]

    def recover(self, server, ledger, **limits):
        server.start()
        step = ledger.check(server, **limits)
        check_folder(server)
        self.assertEqual(server.stop(), 0)
        return step

    def crash_in_dump(self, trigger, point):
        autosave = {"MEM_AUTO_SAVE_ENABLED": "true", "MEM_AUTO_SAVE_FREQ": "1"} if trigger == "autosave" else {}
        server, ledger = copy_of(self.template, self.ledger)
        with server:
            plan = point.format(reads=self.reads_at_start() + 2)
            server.start(MEMGATE_FAILPOINT=plan, **autosave)
            server.token = server.login() if trigger == "HTTP" else None
            ledger.steps(server, 3)
            if TRIGGERS[trigger](server):
                ledger.promised = ledger.acknowledged
            ended_by_kill(server)
            self.recover(server, ledger)

    def crash_in_start(self, point):
        server, ledger = copy_of(self.template, self.ledger)
        with server:
            server.spawn(MEMGATE_FAILPOINT=point)
            ended_by_kill(server)
            self.recover(server, ledger, at_most=ledger.acknowledged)

    def crash_in_rekey(self, point):
        keys = {"MEM_ENCRYPTION_KEY": OTHER_KEY, "MEM_ENCRYPTION_KEY_PREVIOUS": self.template.environment["MEM_ENCRYPTION_KEY"]}
        server, ledger = copy_of(self.template, self.ledger)
        with server:
            server.spawn(MEMGATE_FAILPOINT=point, **keys)
            ended_by_kill(server)
            server.environment.update(keys)
            server.start()
            ledger.check(server)
            self.assertEqual(server.stop(), 0)

    def crash_in_reseal(self, point):
        """memgate rekey dies: each file is under the old key or under the new one, and the command can be given again."""
        old = self.template.environment["MEM_ENCRYPTION_KEY"]
        keys = {"MEM_ENCRYPTION_KEY": OTHER_KEY, "MEM_ENCRYPTION_KEY_PREVIOUS": old}
        server, ledger = copy_of(self.template, self.ledger)
        with server:
            files = server.dump_files()
            before = [server.cli("export", "--digest", path).stdout for path in files]
            done = server.cli("rekey", *files, MEMGATE_FAILPOINT=point, **keys)
            self.assertEqual(done.returncode, -signal.SIGKILL, done.stderr)
            self.assertEqual([server.cli("export", "--digest", path, **keys).stdout for path in files], before)
            done = server.cli("rekey", *files, **keys)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(list(server.dumps.glob(".*.tmp")), [])
            server.environment["MEM_ENCRYPTION_KEY"] = OTHER_KEY
            self.recover(server, ledger, at_most=ledger.acknowledged)

    def crash_in_import(self, point):
        """A start from a Doorman dump dies: the next one begins from it anew, or from the dump that was made of it."""
        with Server() as server:
            server.dumps.mkdir(mode=0o700)
            file = server.dumps / "memory_dump-20260205T220531Z.bin"
            content = doorman.dump({"tiers": [{"tier_id": "t"}]}, secret=server.environment["MEM_ENCRYPTION_KEY"])
            file.write_bytes(content)
            server.spawn(MEMGATE_FAILPOINT=point)
            ended_by_kill(server)
            server.start()
            self.assertEqual(server.cli("export", "--collection", "tiers").stdout, '{"tier_id":"t"}\n')
            self.assertEqual(server.stop(), 0)
            self.assertEqual(file.read_bytes(), content)
            self.assertEqual(list(server.dumps.glob(".*.tmp")), [])

    def crash_in_restore(self, way, point):
        server, ledger = copy_of(self.template, self.ledger)
        with server:
            target = server.dump_files()[0].name
            server.start(MEMGATE_FAILPOINT=point)
            server.token = server.login()
            ledger.steps(server, 2)
            if way == "HTTP":
                done = by_http(server, "/platform/memory/restore", {"path": target})
            else:
                done = ask(server, {"restore": control_pb2.ControlRestore(path=target)})
            self.assertFalse(done)
            ended_by_kill(server)
            headers = [server.cli_json("inspect", path, "--json") for path in server.dump_files()]
            went_back = any(header["timeline"] > 1 for header in headers)
            target_step = self.ledger.acknowledged - 2  # the older of the two dumps that are left
            limits = {"at_least": target_step, "at_most": target_step} if went_back else {}
            self.recover(server, ledger, **limits)

    def cells(self):
        cells = [("dump", trigger, point) for trigger in TRIGGERS for point in DUMP]
        cells += [("start", "start", point) for point in START]
        cells += [("rekey", "start", point) for point in REKEY]
        cells += [("reseal", "command", point) for point in RESEAL]
        cells += [("import", "start", point) for point in IMPORT]
        cells += [("restore", way, point) for way in ("HTTP", "control") for point in RESTORE]
        return cells

    def test_every_point_of_the_program_has_a_cell(self):
        covered = {point.split(":")[0] for _, _, point in self.cells()}
        self.assertEqual(failpoints() - covered, set())

    def test_kill_at_every_step(self):
        cells = sample(self.cells())
        for kind, trigger, point in cells:
            with self.subTest(kind=kind, trigger=trigger, point=point):
                if kind == "dump":
                    self.crash_in_dump(trigger, point)
                elif kind == "start":
                    self.crash_in_start(point)
                elif kind == "rekey":
                    self.crash_in_rekey(point)
                elif kind == "reseal":
                    self.crash_in_reseal(point)
                elif kind == "import":
                    self.crash_in_import(point)
                else:
                    self.crash_in_restore(trigger, point)
        report("crash cells", len(cells))

    def test_without_a_temporary_file_the_matrix_fails(self):
        """The control run: a dump written under its final name from the start leaves a torn one behind."""
        server, ledger = copy_of(self.template, self.ledger)
        with server:
            server.start(MEMGATE_FAILPOINT="dump.chunk:3", LD_PRELOAD=preload("no_temporary_file"))
            ledger.steps(server, 3)
            server.send_signal(signal.SIGUSR1)
            ended_by_kill(server)
            with self.assertRaises(AssertionError):
                self.recover(server, ledger)


if __name__ == "__main__":
    unittest.main(verbosity=2)
