"""Two instances on one folder: one serves, the other stands by, and takes over what the first one leaves."""
import signal
import unittest

from faults import Control, Ledger, Server, chance, check_folder, control_pb2, preload, report, share, wait_for
from server import free_port

RACES = 200
LOCKED = 75


class Races(unittest.TestCase):
    def instance(self, first, **environment):
        """One more process on the folder of `first`."""
        server = Server(**{"MEM_DUMP_LOCK_WAIT": "60", "MEM_DUMP_KEEP": "3", **environment})
        server.dumps = first.dumps if first else server.dumps
        server.environment["MEM_DUMP_PATH"] = str(server.dumps / "memory_dump.bin")
        return server

    def served_by_one(self, servers):
        """Waits until one of them serves, and sees that the others do not."""
        ready = wait_for(lambda: [server for server in servers if server.is_ready()], "somebody to serve")
        self.assertEqual(len(ready), 1, "two instances serve one folder")
        others = [server for server in servers if server is not ready[0]]
        for other in others:
            self.assertFalse(other.is_ready(), "two instances serve one folder")
        return ready[0], others

    def test_one_serves_and_the_next_goes_on_where_it_ended(self):
        dice = chance()
        races = share(RACES)
        with self.instance(None) as first:
            ledger = Ledger()
            first.start()
            with Control(first) as control:
                ledger.open(control)
            serving, spare = first, []
            try:
                for number in range(races):
                    ledger.steps(serving, 1)
                    challenger = self.instance(first).spawn()
                    spare.append(challenger)
                    if dice.random() < 0.3:
                        wait_for(lambda one=challenger: "standing_by" in one.log() or one.process.poll(), "the challenger to stand by")
                    if dice.random() < 0.5:
                        serving.cli_json("dump", "--json")
                        ledger.promised = ledger.acknowledged
                        serving.kill()
                    else:
                        ledger.promised = ledger.acknowledged  # the last dump of a shutdown holds everything
                        self.assertEqual(serving.stop(signal.SIGTERM), 0)
                    serving, others = self.served_by_one([challenger])
                    self.assertEqual(others, [])
                    ledger.check(serving)
            finally:
                for server in spare:
                    if server is not serving:
                        server.close()
            check_folder(serving)
            self.assertEqual(serving.stop(), 0)
            serving.close()
        report("races for one folder", races)

    def test_of_many_that_start_at_once_one_serves(self):
        with self.instance(None) as first:
            servers = [first] + [self.instance(first, MEM_DUMP_LOCK_WAIT="0") for _ in range(5)]
            for server in servers:
                server.spawn(MEM_DUMP_LOCK_WAIT="0")
            serving, others = self.served_by_one(servers)
            for server in others:
                self.assertEqual(server.process.wait(30), LOCKED)
                self.assertRegex(server.log(), "in use by another memgate .instance=")
                server.close() if server is not first else None
            self.assertEqual(serving.stop(), 0)
            serving.close() if serving is not first else None

    def test_a_writer_that_lost_its_lock_ends_with_75_and_loses_nothing(self):
        with self.instance(None) as first:
            ledger = Ledger()
            first.start()
            with Control(first) as control:
                ledger.open(control)
            ledger.steps(first, 3)
            first.cli_json("dump", "--json")
            (first.dumps / ".memory_dump.lock").unlink()  # as a lost lease of a network file system would have it
            with self.instance(first) as second:
                second.start()
                ledger.check(second, at_least=3)
                ledger.steps(first, 2)
                first.send_signal(signal.SIGUSR1)
                self.assertEqual(first.process.wait(60), LOCKED, first.log()[-2000:])
                self.assertEqual(second.cli_json("dump", "--json")["generation"], 2)
                orphans = sorted(first.dumps.glob("memory_dump.orphan-*.bin"))
                self.assertTrue(orphans)
                self.assertEqual(second.cli("restore", orphans[-1].name).returncode, 0)
                self.assertEqual(ledger.read(second)[0], 5)  # what it had is there, for whoever wants it

    def test_a_fenced_writer_does_not_take_its_successor_with_it(self):
        """Both hold the lock in one file, as after a lost lease: only the content says whose it is."""
        with self.instance(None) as first, self.instance(first) as second:
            library = preload("no_lock")
            first.start(LD_PRELOAD=library)
            second.start(LD_PRELOAD=library)
            first.send_signal(signal.SIGUSR1)
            self.assertEqual(first.process.wait(60), LOCKED, first.log()[-2000:])
            done = second.cli("dump", "--json")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertNotIn(".orphan-", done.stdout)
            self.assertEqual(second.stop(), 0)

    def test_without_the_lock_two_serve(self):
        """The control run: where every lock is granted, the check must see two that serve."""
        with self.instance(None) as first, self.instance(first) as second:
            library = preload("no_lock")
            first.start(LD_PRELOAD=library)
            second.start(LD_PRELOAD=library)
            with self.assertRaises(AssertionError):
                self.served_by_one([first, second])


if __name__ == "__main__":
    unittest.main(verbosity=2)
