"""durability - what it costs to keep the state: dumps, restart, stop and memory, beside redis with the same documents.

memgate encrypts with AES-256-GCM and syncs; redis does neither for the encryption. A hex: key: Argon2 is measured by nobody here.
"""
import argparse
import os
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


def save_and_encrypt(redis):
    """Seconds for what people do today: SAVE, which stops the server, then a tool that encrypts the file."""
    begin = time.monotonic()
    redis.cli("SAVE")
    folder = pathlib.Path(redis.folder.name)
    subprocess.run(["openssl", "enc", "-aes-256-ctr", "-K", "ab" * 32, "-iv", "00" * 16, "-in", folder / "dump.rdb", "-out", folder / "dump.enc"], check=True)
    with open(folder / "dump.enc", "rb") as file:
        os.fsync(file.fileno())
    return time.monotonic() - begin


def measure(options, bars, compression, redis_compression, bar):
    """Dumps of one kind, in turn."""
    with Server(MEM_DUMP_COMPRESSION=compression, MEM_DUMP_VERIFY="footer", MEM_DUMP_KEEP="2") as server, \
            Redis("--rdbcompression", redis_compression, "--rdbchecksum", "yes") as redis:
        server.start()
        load_memgate(server, options.documents, options.size)
        load_redis(redis, options.documents, options.size)
        took, saved, encrypted, dump = [], [], [], None
        for _ in range(options.rounds):
            dump = server.cli_json("dump", "--json")
            took.append(dump["seconds"])
            saved.append(redis.bgsave())
            encrypted.append(save_and_encrypt(redis))
        what = "compressed" if compression == "zstd" else "uncompressed"
        bars.add(f"encrypted, synced dump, {what} : BGSAVE", took, saved, bar, least=False, unit=" s")
        bars.add(f"encrypted, synced dump, {what} : SAVE, then openssl enc", took, encrypted, None, least=False, unit=" s")
        if compression == "none":
            bars.add("resident memory, loaded : redis", [resident(server.process.pid)], [resident(redis.process.pid)], 0.95, least=False)
            life(options, bars, server, redis)
        return dump["bytes"]


def restart_memgate(server):
    """Seconds until it has ended with a last dump, and until it is ready again."""
    begin = time.monotonic()
    assert server.stop() == 0
    ended = time.monotonic()
    server.start()
    return ended - begin, time.monotonic() - ended


def restart_redis(redis):
    begin = time.monotonic()
    redis.cli("CONFIG", "SET", "save", "1 1")  # with a save point SIGTERM saves
    redis.process.send_signal(signal.SIGTERM)
    redis.process.wait(120)
    ended = time.monotonic()
    redis.again()
    wait_for(lambda: redis.cli("PING") == "PONG", "redis to have loaded")
    return ended - begin, time.monotonic() - ended


def life(options, bars, server, redis):
    """Stop with a last dump, and restart to ready."""
    ours, theirs = [], []
    for _ in range(options.rounds):
        ours.append(restart_memgate(server))
        theirs.append(restart_redis(redis))
    for at, what, bar in ((0, "SIGTERM to exit, with a last dump", 0.4), (1, "restart to ready", 0.6)):
        bars.add(f"{what} : redis", [times[at] for times in ours], [times[at] for times in theirs], bar, least=False, unit=" s")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--documents", type=int, default=1_000_000)
    parser.add_argument("--size", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    options = parser.parse_args()
    needs("redis-server", "redis-cli", "openssl")
    bars = Bars(options.documents)
    plain = measure(options, bars, "none", "no", 0.35)
    packed = measure(options, bars, "zstd", "yes", 0.35)
    bars.add("size of a zstd dump : uncompressed", [packed], [plain], 0.3, least=False, unit=" B")
    return 0 if bars.show() else 1


if __name__ == "__main__":
    sys.exit(main())
