"""growth - how each cost grows with the number of documents: import, dump, restart, stop and memory, beside redis."""
import argparse
import pathlib
import re
import sys
import time

from durability import load_memgate, load_redis, resident, restart_memgate, restart_redis
from figures import Redis, median, needs, results_folder
from server import Server

COLUMNS = ("documents", "dump", "BGSAVE", "view us", "fork us", "restart", "redis", "stop", "redis", "MB", "redis")
NEED = 5  # times the documents' size: two servers with what they add to each document, the pages that a fork copies, files in the cache


def available():
    """Bytes."""
    return int(re.search(r"MemAvailable:\s+(\d+)", pathlib.Path("/proc/meminfo").read_text()).group(1)) * 1024


def measure(documents, options):
    """One row of figures, medians over the rounds; seconds but for what says otherwise."""
    with Server(MEM_DUMP_COMPRESSION="none", MEM_DUMP_VERIFY="footer", MEM_DUMP_KEEP="2") as server, \
            Redis("--rdbcompression", "no") as redis:
        server.start()
        load_memgate(server, documents, options.size)
        load_redis(redis, documents, options.size)
        dumps, saves, stops, starts, redis_stops, redis_starts = [], [], [], [], [], []
        for _ in range(options.rounds):
            dumps.append(server.cli_json("dump", "--json"))
            saves.append((redis.bgsave(), int(redis.info("latest_fork_usec"))))
        sizes = resident(server.process.pid) / 1e6, resident(redis.process.pid) / 1e6
        for _ in range(options.rounds):
            for times, restart, subject in (((stops, starts), restart_memgate, server), ((redis_stops, redis_starts), restart_redis, redis)):
                stop, start = restart(subject)
                times[0].append(stop)
                times[1].append(start)
        return (documents, median(d["seconds"] for d in dumps), median(s for s, _ in saves), median(d["view_us"] for d in dumps),
                median(f for _, f in saves), median(starts), median(redis_starts), median(stops), median(redis_stops), *sizes)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--documents", type=int, nargs="*", default=[100_000, 300_000, 1_000_000, 3_000_000, 10_000_000])
    parser.add_argument("--size", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--save", action="store_true", help="keep the table for the plots")
    options = parser.parse_args()
    needs("redis-server", "redis-cli")
    rows = []
    print("".join(f"{name:>11}" for name in COLUMNS))
    for documents in options.documents:
        if documents * options.size * NEED > available():
            print(f"{documents:>11,}   LEFT OUT: memory for two servers and a fork is not there", flush=True)
            continue
        begin = time.monotonic()
        row = measure(documents, options)
        rows.append(row)
        print(f"{row[0]:>11,}" + "".join(f"{value:>11,.2f}" for value in row[1:]) + f"   ({time.monotonic() - begin:.0f} s)", flush=True)
    if options.save:
        lines = [" ".join(f"{value:g}" for value in row) + "\n" for row in rows]
        (results_folder() / "growth.dat").write_text("# " + ", ".join(COLUMNS) + "\n" + "".join(lines))
    return 0


if __name__ == "__main__":
    sys.exit(main())
