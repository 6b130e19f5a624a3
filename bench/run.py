"""run - the measurements of memgate, one after the other; each prints what it compares with in the same run.

    ./dev bench            all of them
    ./dev bench million    one; further arguments go to it, e.g. --documents 100000
"""
import pathlib
import subprocess
import sys

BENCHES = ["requests", "state", "latency", "durability", "million"]
HERE = pathlib.Path(__file__).resolve().parent


def main():
    wanted = sys.argv[1:2] or BENCHES
    if wanted[0] not in BENCHES:
        print("known measurements:", ", ".join(BENCHES), file=sys.stderr)
        return 64
    code = 0
    for name in wanted:
        print(f"== {name}", flush=True)
        code |= subprocess.run([sys.executable, "-B", str(HERE / f"{name}.py"), *sys.argv[2:]], check=False).returncode
    return code


if __name__ == "__main__":
    sys.exit(main())
