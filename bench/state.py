"""state - what the state costs in the process: updates with and without a view, looking up, walking, opening a view; and what the
processor can do at most of that which a dump consists of."""
import argparse
import subprocess
import sys

from figures import Bars, build_target


def figures(*command):
    """`name value` lines as a dictionary."""
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, text=True, check=True)
    return {name: float(value) for name, value in (line.split() for line in done.stdout.splitlines())}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--documents", type=int, nargs="*", default=[100_000, 1_000_000])
    options = parser.parse_args()
    bars = Bars()
    program = build_target("mg_bench_store")
    for documents in options.documents:
        row = figures(program, documents)
        size = f"{documents:,} documents"
        for kind, what, bar in (("update_one_view", "one view is live", 1.3), ("update_new_views", "a new view after each batch of 20", 2)):
            bars.add(f"update while {what}, {size} : without a view", [row[kind]], [row["update_no_view"]], bar, least=False, unit=" ns")
        bars.add(f"opening a view, {size} : 10 us", [row["open_view"]], [10_000], 1, least=False, unit=" ns")
        print(f"{size}: look-up {row['look_up']:.0f} ns, walk {row['walk_per_document']:.0f} ns a document")
    ceilings = figures(build_target("mg_bench_ceilings"))
    print("one core, MB/s of plaintext: " + ", ".join(f"{name} {value:,.0f}" for name, value in ceilings.items()))
    return 0 if bars.show() else 1


if __name__ == "__main__":
    sys.exit(main())
