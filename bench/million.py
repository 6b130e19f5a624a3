"""million - a dump of 1,000,000 documents while a writer changes 20,000 a second and a reader polls.

The writer moves amounts between accounts in atomic batches, so the sum over all accounts is the same in every version of the
state. The slowest reply with and without a dump stand side by side; restoring the dump must give exactly one version.
"""
import argparse
import json
import os
import statistics
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "tests", "e2e"))
import zmq  # noqa: E402
from control import Control, control_pb2  # noqa: E402
from server import Server  # noqa: E402

START = 100  # each account begins with this


def document(number, size):
    text = f"a{number:07d}"
    filler = "account of the million " * 20
    line = {"_id": text, "balance": START, "text": ""}
    line["text"] = filler[: max(0, size - len(json.dumps(line)))]
    return json.dumps(line)


def load(server, documents, size):
    path = server.folder / "documents.ndjson"
    with open(path, "w", encoding="utf-8") as out:
        for number in range(documents):
            out.write(document(number, size) + "\n")
    begin = time.monotonic()
    done = server.cli("import", "--collection", "accounts", path)
    assert done.returncode == 0, done.stderr
    path.unlink()
    return time.monotonic() - begin


def bson_int64(name, value):
    body = b"\x12" + name + b"\0" + value.to_bytes(8, "little", signed=True)
    return (len(body) + 5).to_bytes(4, "little") + body + b"\0"


class Writer(threading.Thread):
    """Transfers at a fixed rate: batches of patches, open loop; what it falls behind is caught up.

    With `ahead`, so many requests are made and packed before the start, and sent again and again: a writer that takes little of the
    processor, where others are measured beside it."""

    def __init__(self, server, documents, rate, batch=200, ahead=0):
        super().__init__(daemon=True)
        self.server, self.documents, self.rate, self.batch = server, documents, rate, batch
        self.stop, self.latencies = False, []
        self.balance = {}
        self.ahead = [self.request(turn).SerializeToString() for turn in range(ahead)]

    def request(self, turn):
        Op = control_pb2.state__pb2.Op
        ops = []
        for i in range(0, self.batch, 2):
            one = (turn * self.batch + i * 7919) % self.documents
            two = (one + 1 + turn) % self.documents
            if one == two:
                continue
            for number, change in ((one, -1), (two, 1)):
                self.balance[number] = self.balance.get(number, START) + change
                ops.append(Op(kind=Op.PATCH, collection=b"accounts", key=b"a%07d" % number, body=bson_int64(b"balance", self.balance[number])))
        return control_pb2.ControlRequest(write=control_pb2.ControlWrite(ops=ops))

    def run(self):
        with Control(self.server, zmq.DEALER) as control:
            due = time.monotonic()
            turn = 0
            while not self.stop:
                request = self.ahead[turn % len(self.ahead)] if self.ahead else self.request(turn)
                begin = time.monotonic()
                control.send(request)
                reply = control.receive()
                assert reply.status == 0, reply.text
                self.latencies.append((begin, time.monotonic() - begin))
                turn += 1
                due += self.batch / self.rate
                time.sleep(max(0, due - time.monotonic()))


class Reader(threading.Thread):
    """Polls one document over HTTP."""

    def __init__(self, server):
        super().__init__(daemon=True)
        self.server, self.stop, self.latencies = server, False, []
        self.token = server.login()

    def run(self):
        import http.client
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30)
        headers = {"Authorization": "Bearer " + self.token}
        while not self.stop:
            begin = time.monotonic()
            connection.request("GET", "/platform/user/admin", headers=headers)
            answer = connection.getresponse()
            answer.read()
            assert answer.status == 200, answer.status
            self.latencies.append((begin, time.monotonic() - begin))
            time.sleep(0.001)


def summary(latencies, begin, end):
    values = sorted(took * 1000 for at, took in latencies if begin <= at < end)
    if not values:
        return {"n": 0, "p50": 0.0, "p99": 0.0, "max": 0.0}
    return {"n": len(values), "p50": statistics.median(values), "p99": values[int(len(values) * 0.99)], "max": values[-1]}


def total(server):
    """Sum of all balances, and how many accounts: from one consistent view."""
    amount = count = 0
    with Control(server) as control:
        session, end = 0, False
        while not end:
            page = control.ask(control_pb2.ControlRequest(export=control_pb2.ControlExport(session=session, collection=b"accounts"))).page
            for row in page.documents:
                at = row.body.index(b"\x12balance\0") + 9
                amount += int.from_bytes(row.body[at : at + 8], "little", signed=True)
                count += 1
            session, end = page.session, page.end
    return amount, count


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--documents", type=int, default=1_000_000)
    parser.add_argument("--size", type=int, default=300)
    parser.add_argument("--rate", type=int, default=20_000)
    parser.add_argument("--seconds", type=float, default=5.0)
    options = parser.parse_args()
    with Server(MEM_DUMP_COMPRESSION="none") as server:
        server.start()
        load(server, min(1000, options.documents), options.size)
        small = server.cli_json("dump", "--json")
        seconds = load(server, options.documents, options.size)
        print(f"import       {options.documents} documents in {seconds:.1f} s = {options.documents / seconds:,.0f} documents/s")
        writer, reader = Writer(server, options.documents, options.rate), Reader(server)
        writer.start()
        reader.start()
        time.sleep(1)
        quiet = time.monotonic()
        time.sleep(options.seconds)
        begin = time.monotonic()
        dump = server.cli_json("dump", "--json")
        end = time.monotonic()
        while time.monotonic() < begin + options.seconds:  # the same time again, dump after dump
            dump = server.cli_json("dump", "--json")
            end = time.monotonic()
        writer.stop = reader.stop = True
        writer.join()
        reader.join()
        rate = sum(1 for at, _ in writer.latencies if quiet <= at < end) * writer.batch / (end - quiet)
        print(f"writer       {rate:,.0f} documents/s")
        print(f"dump         {dump['documents']} documents, {dump['bytes'] / 1e6:.0f} MB in {dump['seconds']:.2f} s, verified: {dump['verified']}")
        print(f"view         opened in {dump['view_us']:.2f} us at {dump['documents']} documents, {small['view_us']:.2f} us at {small['documents']}")
        print(f"{'reply, ms':12} {'':8}{'p50':>8} {'p99':>8} {'slowest':>8}")
        for name, worker in (("write", writer), ("read", reader)):
            without, during = summary(worker.latencies, quiet, begin), summary(worker.latencies, begin, end)
            for label, row in (("without", without), ("dumping", during)):
                print(f"{name:12} {label:8}{row['p50']:8.2f} {row['p99']:8.2f} {row['max']:8.2f}")
            print(f"{name:12} {'ratio':8}{during['p50'] / without['p50']:8.2f} {during['p99'] / without['p99']:8.2f} {during['max'] / without['max']:8.2f}")
        server.kill()
        begin = time.monotonic()
        server.start()
        print(f"restart      {time.monotonic() - begin:.2f} s to ready")
        restored = server.cli_json("status", "--json")["restored"]
        amount, count = total(server)
        assert restored["generation"] == dump["generation"], (restored, dump)
        held = amount == options.documents * START and count == options.documents
        print(f"restored     generation {restored['generation']}: sum {amount} over {count} accounts, {'one version' if held else 'TORN'}")
        return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
