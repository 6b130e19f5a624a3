"""durability - what it costs to keep the state: dumps, restart, stop and memory, beside redis with the same documents.

memgate encrypts with AES-256-GCM and syncs; redis does neither for the encryption. A hex: key: Argon2 is measured by nobody here.
"""
import argparse
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time

from figures import ROUNDS, Bars, Redis, needs, wait_for
from million import document
from server import Server


def resident(pid):
    """Bytes."""
    return int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text()).group(1)) * 1024


def load_redis(redis, documents, size):
    """The same texts under the same keys, as one stream of commands."""
    with tempfile.TemporaryFile() as stream:
        for number in range(documents):
            key, value = b"a%07d" % number, document(number, size).encode()
            stream.write(b"*3\r\n$3\r\nSET\r\n$%d\r\n%s\r\n$%d\r\n%s\r\n" % (len(key), key, len(value), value))
        stream.seek(0)
        subprocess.run(["redis-cli", "-p", str(redis.port), "--pipe"], stdin=stream, stdout=subprocess.DEVNULL, check=True)


def load_memgate(server, documents, size):
    path = server.folder / "documents.ndjson"
    with open(path, "w", encoding="utf-8") as out:
        for number in range(documents):
            out.write(document(number, size) + "\n")
    done = server.cli("import", "--collection", "accounts", path)
    assert done.returncode == 0, done.stderr
    path.unlink()


def measure(options, bars, compression, redis_compression, bar):
    """Dumps of one kind, in turn."""
    with Server(MEM_DUMP_COMPRESSION=compression, MEM_DUMP_VERIFY="footer", MEM_DUMP_KEEP="2") as server, \
            Redis("--rdbcompression", redis_compression, "--rdbchecksum", "yes") as redis:
        server.start()
        load_memgate(server, options.documents, options.size)
        load_redis(redis, options.documents, options.size)
        took, saved, dump = [], [], None
        for _ in range(options.rounds):
            dump = server.cli_json("dump", "--json")
            took.append(dump["seconds"])
            saved.append(redis.bgsave())
        what = "compressed" if compression == "zstd" else "uncompressed"
        bars.add(f"encrypted, synced dump, {what} : BGSAVE", took, saved, bar, least=False, unit=" s")
        if compression == "none":
            bars.add("resident memory, loaded : redis", [resident(server.process.pid)], [resident(redis.process.pid)], 0.95, least=False)
            life(options, bars, server, redis)
        return dump["bytes"]


def life(options, bars, server, redis):
    """Stop with a last dump, and restart to ready."""
    ends, ups, redis_ends, redis_ups = [], [], [], []
    for _ in range(options.rounds):
        begin = time.monotonic()
        assert server.stop() == 0
        ends.append(time.monotonic() - begin)
        begin = time.monotonic()
        server.start()
        ups.append(time.monotonic() - begin)
        begin = time.monotonic()
        redis.cli("CONFIG", "SET", "save", "1 1")  # with a save point SIGTERM saves
        redis.process.send_signal(signal.SIGTERM)
        redis.process.wait(120)
        redis_ends.append(time.monotonic() - begin)
        begin = time.monotonic()
        redis.again()
        wait_for(lambda: redis.cli("PING") == "PONG", "redis to have loaded")
        redis_ups.append(time.monotonic() - begin)
    bars.add("SIGTERM to exit, with a last dump : redis", ends, redis_ends, 0.4, least=False, unit=" s")
    bars.add("restart to ready : redis", ups, redis_ups, 0.6, least=False, unit=" s")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--documents", type=int, default=1_000_000)
    parser.add_argument("--size", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    options = parser.parse_args()
    needs("redis-server", "redis-cli")
    bars = Bars()
    plain = measure(options, bars, "none", "no", 0.35)
    packed = measure(options, bars, "zstd", "yes", 0.35)
    bars.add("size of a zstd dump : uncompressed", [packed], [plain], 0.3, least=False, unit=" B")
    return 0 if bars.show() else 1


if __name__ == "__main__":
    sys.exit(main())
