"""latency - GET of one document at a fixed rate, open loop: idle, under 20,000 writes a second, and during dumps under them.

Each request is timed from the moment at which it was due (load.c), so a pause hurts all requests of that pause. The rate is half of
what the server can do, measured before each round. Beside it redis: GET at the same rate, the same writes, BGSAVE. While the dumps run, memory is watched too.
"""
import argparse
import array
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time

from durability import load_memgate, load_redis, resident
from figures import ROUNDS, Bars, Redis, build, median, needs, results_folder, wrk
from million import Writer
from server import API, Server

PATH = "/platform/api/orders/v1"
CONNECTIONS = 64
WARM_UP = 0.5  # seconds at the front of a segment that are left out
BETWEEN_DUMPS = 0.5
AHEAD = 1000  # batches of writes that are made before the clock starts


class Load(threading.Thread):
    """One run of load.c; `answers` are pairs (when it was due, monotonic seconds; how long it took, ms)."""

    def __init__(self, program, port, request, rate, seconds):
        super().__init__(daemon=True)
        self.folder = tempfile.TemporaryDirectory(prefix="bench-load-")
        folder = pathlib.Path(self.folder.name)
        (folder / "request").write_bytes(request)
        self.out = folder / "out"
        command = [program, port, rate, seconds, CONNECTIONS, folder / "request", self.out]
        self.process = subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, text=True)
        self.begin = int(self.process.stdout.readline()) / 1e9
        self.start()

    def run(self):
        self.process.wait()

    def end(self):
        self.join()
        assert self.process.returncode == 0, "load failed"
        rows = array.array("I", self.out.read_bytes())
        self.folder.cleanup()
        return [(self.begin + rows[i] / 1e6, rows[i + 1] / 1000) for i in range(0, len(rows), 2)]


class RedisWriter(threading.Thread):
    """The same load of writes: whole documents, pipelined in the same batches, made ahead."""

    def __init__(self, redis, documents, size, rate, ahead, batch=200):
        super().__init__(daemon=True)
        self.redis, self.documents, self.size, self.rate, self.batch, self.stop = redis, documents, size, rate, batch, False
        self.ahead = [self.request(turn) for turn in range(ahead)]

    def request(self, turn):
        value = b"x" * self.size
        keys = (b"a%07d" % ((turn * self.batch + i * 7919) % self.documents) for i in range(self.batch))
        return b"".join(b"*3\r\n$3\r\nSET\r\n$8\r\n%s\r\n$%d\r\n%s\r\n" % (key, len(value), value) for key in keys)

    def run(self):
        with socket.create_connection(("127.0.0.1", self.redis.port)) as peer:
            due, turn = time.monotonic(), 0
            while not self.stop:
                peer.sendall(self.ahead[turn % len(self.ahead)])
                left = 5 * self.batch  # +OK\r\n each
                while left > 0:
                    left -= len(peer.recv(left))
                turn += 1
                due += self.batch / self.rate
                time.sleep(max(0, due - time.monotonic()))


class Memory(threading.Thread):
    """Resident memory of a process, every 10 ms."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.pid, self.samples, self.stop = pid, [], False
        self.start()

    def run(self):
        while not self.stop:
            self.samples.append((time.monotonic(), resident(self.pid)))
            time.sleep(0.01)

    def most(self, windows):
        return max(size for at, size in self.samples if any(begin <= at < end for begin, end in windows))


def percentiles(answers, windows):
    """Of what was due in any of the windows."""
    values = sorted(took for at, took in answers if any(begin <= at < end for begin, end in windows))
    return {"p50": values[len(values) // 2], "p99": values[int(len(values) * 0.99)], "p99.9": values[int(len(values) * 0.999)],
            "max": values[-1]}


def segments(load, writer, dump, seconds):
    """Idle, then writes, then writes with dumps; each a list of windows: what is between two dumps counts for nobody."""
    idle = load.begin
    time.sleep(max(0, idle + seconds - time.monotonic()))
    writing = time.monotonic()
    writer.start()
    time.sleep(seconds)
    begin = time.monotonic()
    dumps = []
    while time.monotonic() < begin + seconds - 1:
        dumping = time.monotonic()
        dump()
        dumps.append((dumping, time.monotonic()))
        time.sleep(BETWEEN_DUMPS)
    answers = load.end()
    writer.stop = True
    writer.join()
    return answers, {"idle": [(idle + WARM_UP, writing)], "writes": [(writing + WARM_UP, begin)], "dumps": dumps}


def memgate_round(options, program, server, rate, token):
    request = f"GET {PATH} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
    memory = Memory(server.process.pid)
    views = []
    writer = Writer(server, options.documents, options.writes, ahead=AHEAD)
    load = Load(program, server.port, request, rate, 3 * options.seconds)
    answers, windows = segments(load, writer, lambda: views.append(server.cli_json("dump", "--json")["view_us"]), options.seconds)
    memory.stop = True
    memory.join()
    extra = memory.most(windows["dumps"]) - memory.most(windows["writes"])
    return answers, windows, max(0, extra), views


def redis_round(options, program, redis, rate):
    writer = RedisWriter(redis, options.documents, options.size, options.writes, AHEAD)
    load = Load(program, redis.port, b"GET orders\r\n", rate, 3 * options.seconds)
    answers, windows = segments(load, writer, redis.bgsave, options.seconds)
    return answers, windows, int(redis.info("rdb_last_cow_size")), int(redis.info("latest_fork_usec"))


def state_bytes(server):
    """Keys and bodies of all documents."""
    text = server.http("GET", "/metrics", token=None)[1]
    return float(re.search(r"^memgate_state_bytes (\S+)$", text, re.M).group(1))


def show(name, rounds):
    """Medians over the rounds, one line per window."""
    for window in ("idle", "writes", "dumps"):
        rows = [percentiles(answers, windows[window]) for answers, windows, *_ in rounds]
        middle = {key: median(row[key] for row in rows) for key in rows[0]}
        print(f"{name:8} {window:7}" + "".join(f"{key:>8} {value:8.2f}" for key, value in middle.items()) + "  ms")


def save_timeline(name, answers, windows):
    """The slowest answer of each 10 ms, from a second before the writes on: what the plots show."""
    begin = windows["writes"][0][0] - 1
    slowest = {}
    for due, took in answers:
        slot = int((due - begin) * 100)
        if slot >= 0:
            slowest[slot] = max(slowest.get(slot, 0), took)
    lines = [f"{slot / 100:.2f} {took:.3f}\n" for slot, took in sorted(slowest.items())]
    dumps = " ".join(f"{first - begin:.2f}-{last - begin:.2f}" for first, last in windows["dumps"])
    (results_folder() / f"latency-{name}.dat").write_text(f"# seconds, slowest answer in ms of 10 ms; dumps at {dumps}\n" + "".join(lines))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--documents", type=int, default=1_000_000)
    parser.add_argument("--size", type=int, default=300)
    parser.add_argument("--writes", type=int, default=20_000, help="documents a second")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--seconds", type=int, default=5, help="of each window")
    parser.add_argument("--save", action="store_true", help="keep the last round's timeline for the plots")
    options = parser.parse_args()
    needs("redis-server", "redis-cli", "wrk")
    bars = Bars(options.documents)
    program = build("load.c")
    with Server(MEM_DUMP_COMPRESSION="none", MEM_DUMP_KEEP="2") as server, Redis() as redis:
        server.start()
        load_memgate(server, options.documents, options.size)
        load_redis(redis, options.documents, options.size)
        assert server.http("POST", "/platform/api", API)[0] == 201
        token = server.login()
        redis.cli("SET", "orders", "x" * 900)
        ours, theirs, rates = [], [], []
        for _ in range(options.rounds):
            rate = wrk(server.port, PATH, CONNECTIONS, 2, ["Authorization: Bearer " + token]) / 2  # anew: the machine's speed drifts
            rates.append(rate)
            ours.append(memgate_round(options, program, server, rate, token))
            theirs.append(redis_round(options, program, redis, rate))
        data = state_bytes(server)
    print(f"rate     {median(rates):,.0f} ({min(rates):,.0f}-{max(rates):,.0f}) requests/s, {options.writes:,} writes/s, {options.documents:,} documents")
    show("memgate", ours)
    show("redis", theirs)
    for key, bar in (("p99", 1.5), ("max", 3)):
        for name, rounds in (("memgate", ours), ("redis", theirs)):
            during = [percentiles(answers, windows["dumps"])[key] for answers, windows, *_ in rounds]
            without = [percentiles(answers, windows["writes"])[key] for answers, windows, *_ in rounds]
            bars.add(f"{name}: {key} of GET under writes, during dumps : without", during, without, bar if name == "memgate" else None,
                     least=False, unit=" ms")
    tens = [10] * options.rounds
    bars.add("view opened for a dump, the slowest : 10 us", [max(views) for *_, views in ours], tens, 1, least=False, unit=" us")
    bars.add("redis: fork, last : 10 us", [fork for *_, fork in theirs], tens, None, least=False, unit=" us")
    bars.add("extra memory during dumps : data", [extra / 1e6 for *_, extra, _ in ours], [data / 1e6] * options.rounds, 0.10, least=False, unit=" MB")
    bars.add("redis: copy on write : data", [extra / 1e6 for *_, extra, _ in theirs], [data / 1e6] * options.rounds, None, least=False, unit=" MB")
    if options.save:
        save_timeline("memgate", *ours[-1][:2])
        save_timeline("redis", *theirs[-1][:2])
    return 0 if bars.show() else 1


if __name__ == "__main__":
    sys.exit(main())
