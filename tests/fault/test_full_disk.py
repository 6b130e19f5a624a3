"""Disks that are full or lie, and a process without descriptors, while memgate serves: it says so, goes on, and recovers without a restart."""
import os
import resource
import signal
import socket
import unittest

from disks import Tmpfs
from faults import Control, Ledger, Server, check_folder, preload, wait_for


class FullDisk(unittest.TestCase):
    def begin(self, **environment):
        self.disk = Tmpfs("600k")
        self.addCleanup(self.disk.close)
        if self.disk.problem:
            self.skipTest(f"NO SMALL DISKS HERE: this machine mounts no tmpfs ({self.disk.problem})")
        self.server = Server(MEM_DUMP_PATH=str(self.disk.place / "memory_dump.bin"), MEM_DUMP_COMPRESSION="none", **environment)
        self.server.dumps = self.disk.place
        self.addCleanup(self.server.close)
        self.ledger = Ledger()
        self.server.start()
        with Control(self.server) as control:
            self.ledger.open(control)
        self.ledger.steps(self.server, 2)

    def fill(self):
        """Takes all the room there is."""
        try:
            with open(self.disk.place / "filler", "wb", buffering=0) as filler:
                while filler.write(b"x" * 4096):
                    pass
        except OSError:
            pass

    def status(self):
        return self.server.http("GET", "/platform/monitor/readiness", token=None)[1]["status"]

    def dump_fails(self, sentence):
        done = self.server.cli("dump")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(sentence, done.stderr)
        wait_for(lambda: self.status() == "degraded", "readiness to say degraded")
        self.assertEqual(self.server.http("GET", "/platform/monitor/readiness", token=None)[0], 200)
        self.assertEqual(self.server.http("GET", "/platform/monitor/liveness", token=None)[0], 200)
        self.ledger.steps(self.server, 1)  # it goes on serving

    def dump_works(self):
        self.server.cli_json("dump", "--json")
        self.ledger.promised = self.ledger.acknowledged
        wait_for(lambda: self.status() == "ready", "readiness")
        check_folder(self.server)

    def crash_and_look(self):
        self.server.kill()
        self.server.start()
        self.ledger.check(self.server)

    def test_a_full_disk_degrades_and_mends_without_a_restart(self):
        self.begin()
        self.dump_works()
        self.fill()
        self.dump_fails("No space left on device")
        (self.disk.place / "filler").unlink()
        self.dump_works()
        self.crash_and_look()
        self.assertEqual(self.server.stop(), 0)

    def test_old_dumps_make_room_when_that_is_allowed(self):
        self.begin(MEM_DUMP_EMERGENCY_KEEP="2")
        for _ in range(6):
            self.ledger.steps(self.server, 1)
            self.dump_works()
        self.fill()
        self.dump_works()
        self.assertIn("room_made", self.server.log())
        self.crash_and_look()

    def take_all_descriptors(self):
        """Clients take what is free between those in use, a limit takes the rest; the clients and the limit that was."""
        held = [socket.create_connection(("127.0.0.1", self.server.port)) for _ in range(20)]
        wait_for(lambda: len(self.descriptors()) >= 20 and max(self.descriptors()) + 1 == len(self.descriptors()), "no gap to be left")
        limits = resource.prlimit(self.server.process.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(self.server.process.pid, resource.RLIMIT_NOFILE, (len(self.descriptors()), limits[1]))
        return held, limits

    def descriptors(self):
        return [int(name) for name in os.listdir(f"/proc/{self.server.process.pid}/fd")]

    def test_a_process_without_descriptors(self):
        self.begin()
        self.dump_works()
        held, limits = self.take_all_descriptors()
        self.server.send_signal(signal.SIGUSR1)
        self.server.wait_log("dump_failed.*Too many open files")
        resource.prlimit(self.server.process.pid, resource.RLIMIT_NOFILE, limits)
        for client in held:
            client.close()
        wait_for(lambda: self.status() == "degraded", "readiness to say degraded")
        self.ledger.steps(self.server, 1)
        self.dump_works()
        self.crash_and_look()

    def test_a_last_dump_that_finds_no_room_ends_with_74(self):
        self.begin(MEM_SHUTDOWN_GRACE="1")
        self.dump_works()
        self.fill()
        self.ledger.steps(self.server, 1)
        self.assertEqual(self.server.stop(), 74)
        self.assertIn("state_lost", self.server.log())
        (self.disk.place / "filler").unlink()
        self.server.start()
        self.ledger.check(self.server, at_most=self.ledger.promised)

    def test_a_disk_that_lies_is_found_out_by_reading_back(self):
        """With the proof of restore a dump that was not written is refused; without it, the control run, it is lost."""
        library = preload("lying_disk")
        self.begin()
        self.dump_works()
        self.server.stop()
        self.server.start(LD_PRELOAD=library)
        self.ledger.check(self.server)
        done = self.server.cli("dump")
        self.assertIn("VERIFY_FAILED", done.stderr)
        self.server.kill()
        self.server.start(LD_PRELOAD=library, MEM_DUMP_VERIFY="off")
        self.ledger.steps(self.server, 2)
        self.server.cli_json("dump", "--json")
        self.ledger.promised = self.ledger.acknowledged
        self.server.kill()
        self.server.start()
        with self.assertRaises(AssertionError):
            self.ledger.check(self.server)


if __name__ == "__main__":
    unittest.main(verbosity=2)
