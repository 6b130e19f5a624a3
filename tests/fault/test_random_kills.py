"""Kill -9 at random moments under write load, with dumps asked for from all sides; and a storm of signals."""
import json
import os
import pathlib
import random
import signal
import subprocess
import threading
import unittest

import zmq
from faults import BINARY, Control, SEED, check_folder, chance, control_pb2, copy_of, make_template, preload, report, share, wait_for
from ledger import ACCOUNTS, COLLECTION, START, put, value_of

KILLS = 300
SIGNALS = 1000
CHECK_EVERY = 10  # kills between two looks at every file


class Load:
    """A writer and a dumper that go on until the server is gone."""

    def __init__(self, server, ledger, seed):
        self.server, self.ledger, self.random = server, ledger, random.Random(seed)
        self.threads = [threading.Thread(target=self.run, args=(work,)) for work in (self.write, self.dump)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        for thread in self.threads:
            thread.join(60)
            assert not thread.is_alive()

    def run(self, work):
        with Control(self.server) as control:
            control.socket.rcvtimeo = 50
            try:
                while self.server.process.poll() is None:
                    work(control)
            except ConnectionError:
                pass  # it is gone, or going: what was on its way was not acknowledged

    def ask(self, control, request):
        control.send(request)
        while True:
            try:
                return control.receive()
            except zmq.Again:
                if self.server.process.poll() is not None:
                    raise ConnectionError("the server is gone") from None

    def write(self, control):
        control.ask = lambda request: self.ask(control, request)
        self.ledger.step(control)

    def dump(self, control):
        if self.random.random() < 0.5:
            self.server.send_signal(signal.SIGUSR1)
        held = self.ledger.acknowledged
        reply = self.ask(control, control_pb2.ControlRequest(dump=control_pb2.ControlDump()))
        if reply.status == control_pb2.ControlReply.OK:
            self.ledger.promised = max(self.ledger.promised, held)


class Transfers:
    """Moves amounts between accounts as long as it lasts; a batch holds only on the revs that it was made from."""

    def __init__(self, server, seed):
        self.server, self.random, self.made, self.ended = server, random.Random(seed), 0, False
        self.thread = threading.Thread(target=self.run)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended = True
        self.thread.join(60)
        assert not self.thread.is_alive()

    def run(self):
        with Control(self.server) as control:
            while not self.ended:
                names = [b"a%02d" % number for number in self.random.sample(range(ACCOUNTS), 2)]
                read = [control.ask(control_pb2.ControlRequest(read=control_pb2.ControlRead(collection=COLLECTION, key=name))) for name in names]
                held = [value_of(reply.document.body) for reply in read]
                ops = [put(name, value, reply.document.rev) for name, value, reply in zip(names, (held[0] - 1, held[1] + 1), read)]
                self.made += control.write(*ops).status == control_pb2.ControlReply.OK


class RandomKills(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.template, cls.ledger = make_template()

    @classmethod
    def tearDownClass(cls):
        cls.template.close()

    def kill_under_load(self, server, ledger, delay, seed):
        with Load(server, ledger, seed):
            timer = threading.Event()
            timer.wait(delay)  # the moment of the kill, not a wait for something
            server.kill()

    def test_what_a_dump_promised_outlives_every_kill(self):
        dice = chance()
        kills = share(KILLS)
        server, ledger = copy_of(self.template, self.ledger)
        with server:
            server.start()
            for number in range(kills):
                self.kill_under_load(server, ledger, dice.uniform(0, 0.12), SEED + number)
                server.start()
                ledger.check(server)
                if number % CHECK_EVERY == 0:
                    check_folder(server)
            check_folder(server)
            self.assertEqual(server.stop(), 0)
        report("random kills", kills)

    def storm(self, server, ledger, count):
        """So many signals to a server that has just started, then those that end it; nothing that was acknowledged is lost."""
        dice = chance()
        ledger.steps(server, 5)
        strays = [signal.SIGUSR1, signal.SIGUSR1, signal.SIGUSR2, signal.SIGCHLD, signal.SIGPIPE, signal.SIGALRM, signal.SIGXFSZ]
        for _ in range(count):
            server.send_signal(dice.choice(strays))
        self.assertEqual(server.cli("status").returncode, 0, server.log()[-2000:])
        ledger.steps(server, 1)
        for number in (signal.SIGTERM, signal.SIGTERM, signal.SIGINT, signal.SIGUSR1):
            server.send_signal(number)
        self.assertEqual(server.process.wait(60), 0, server.log()[-2000:])
        ledger.promised = ledger.acknowledged
        server.start()
        ledger.check(server, at_most=ledger.acknowledged)
        check_folder(server)

    def test_a_storm_of_signals_ends_with_one_last_dump(self):
        count = share(SIGNALS)
        server, ledger = copy_of(self.template, self.ledger)
        with server:
            server.start()
            self.storm(server, ledger, count - 1)
        report("mixed signals", count + 3)

    def test_a_stray_signal_that_is_not_blocked_is_found_out(self):
        """The control run: where one kind of stray signal gets through, the storm's check must fail."""
        server, ledger = copy_of(self.template, self.ledger)
        with server:
            server.start(LD_PRELOAD=preload("no_mask"))
            with self.assertRaises(AssertionError):
                self.storm(server, ledger, share(SIGNALS) - 1)
            self.assertEqual(server.process.wait(60), -signal.SIGUSR2)

    def test_a_restore_while_the_state_changes_gives_one_version(self):
        """Transfers that look first, and are made only if nothing has changed since; restores and dumps meanwhile."""
        server, ledger = copy_of(self.template, self.ledger)
        with server:
            server.environment["MEM_DUMP_KEEP"] = "1000"
            server.start()
            older = server.dump_files()[0].name
            with Transfers(server, SEED) as transfers:
                for number in range(share(30)):
                    made = server.cli_json("dump", "--json")
                    self.assertEqual(server.cli("restore", older if number % 3 == 0 else made["path"]).returncode, 0)
                    self.assertEqual(sum(ledger.read(server)[1]), START * ACCOUNTS)
            self.assertGreater(transfers.made, 0)
            server.kill()
            server.start()
            self.assertEqual(sum(ledger.read(server)[1]), START * ACCOUNTS)
            self.assertEqual(server.stop(), 0)

    def test_a_stop_during_a_restore_loses_no_acknowledged_write(self):
        """The stop finds the restore between Freeze and Swap; what is written from there on is in the last dump, or was refused."""
        server, _ = copy_of(self.template, self.ledger)
        with server:
            older = server.dump_files()[0].name
            server.start(MEMGATE_FAILPOINT="dump.viewed:1:stop")
            self.fill(server, 20)
            restore = subprocess.Popen(
                [os.path.abspath(BINARY), "restore", older], cwd=server.folder, env=server._environment({}), stderr=subprocess.PIPE, text=True
            )
            wait_for(lambda: pathlib.Path(f"/proc/{server.process.pid}/stat").read_text().rsplit(") ", 1)[1][0] == "T", "the failpoint")
            server.send_signal(signal.SIGTERM)
            server.send_signal(signal.SIGCONT)
            marked = self.mark_until_end(server)
            self.assertEqual(server.process.wait(60), 0)
            text = restore.communicate(timeout=60)[1]
            self.assertEqual(restore.returncode, 75, text)
            self.assertIn("memgate is stopping; nothing was changed", text)
            server.start()
            held = server.cli("export", "--collection", "accounts").stdout
            self.assertTrue(marked == 0 or f"{marked}}}" in held, f"write {marked} was acknowledged, and is lost")
            self.assertIn('"f000001"', server.cli("export", "--collection", "more").stdout)  # the state from before

    def fill(self, server, mib):
        noise = random.Random(1)
        lines = "".join(json.dumps({"_id": f"f{i:06d}", "noise": noise.randbytes(500).hex()}) + "\n" for i in range(mib * 1000))
        self.assertEqual(server.cli("import", "--collection", "more", "-", input=lines).returncode, 0)

    def mark_until_end(self, server):
        """Writes one document again and again; the last number that was acknowledged."""
        marked = 0
        with Control(server) as control:
            control.socket.rcvtimeo = 2000
            number = 1000000
            while server.process.poll() is None:
                number += 1
                try:
                    reply = control.write(put(b"mark", number))
                except zmq.ZMQError:  # it has ended meanwhile
                    break
                if reply.status == control_pb2.ControlReply.OK:
                    marked = number
        return marked

    def test_a_dump_that_lies_about_being_there_is_found_out(self):
        """The control run: acknowledged dumps whose file does not get its name must make the ledger's check fail."""
        server, ledger = copy_of(self.template, self.ledger)
        with server:
            server.start(LD_PRELOAD=preload("no_rename"), MEM_DUMP_VERIFY="off")
            ledger.steps(server, 5)
            server.cli_json("dump", "--json")
            ledger.promised = ledger.acknowledged
            server.kill()
            server.start()
            with self.assertRaises(AssertionError):
                ledger.check(server)


if __name__ == "__main__":
    unittest.main(verbosity=2)
