"""run - the measurements of memgate, one after the other; each prints what it compares with in the same run.

    ./dev bench            all of them; what they print is kept in bench/results, with the facts of the machine
    ./dev bench --quick    the main ratios in under a minute; nothing is kept
    ./dev bench million    one; further arguments go to it, e.g. --documents 100000; nothing is kept
"""
import pathlib
import platform
import re
import subprocess
import sys
import time

from figures import results_folder

HERE = pathlib.Path(__file__).resolve().parent
# name: arguments of the full run, arguments of the quick one (None: left out)
BENCHES = {
    "requests": ([], ["--rounds", "2", "--seconds", "1", "--connections", "64"]),
    "state": ([], ["--documents", "100000"]),
    "latency": (["--save"], ["--rounds", "1", "--seconds", "2", "--documents", "100000"]),
    "durability": ([], ["--rounds", "2", "--documents", "100000"]),
    "million": ([], None),
    "growth": (["--save"], None),
}


def machine():
    """What a reader must know to compare: processor, memory, kernel, day, commit."""
    cpu = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    memory = int(re.search(r"MemTotal:\s+(\d+)", pathlib.Path("/proc/meminfo").read_text()).group(1)) / (1 << 20)
    cores = len(re.findall(r"^processor", pathlib.Path("/proc/cpuinfo").read_text(), re.M))
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=HERE, capture_output=True, text=True, check=False).stdout.strip()
    return (f"machine  {cores} x {cpu.group(1) if cpu else platform.machine()}, {memory:.0f} GiB, Linux {platform.release()}\n"
            f"run      {time.strftime('%Y-%m-%d %H:%M', time.gmtime())} UTC, commit {commit or 'unknown'}\n")


def run(name, arguments, keep):
    print(f"== {name}", flush=True)
    command = [sys.executable, "-B", "-u", str(HERE / f"{name}.py"), *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        lines = []
        for line in process.stdout:
            print(line, end="", flush=True)
            lines.append(line)
    if keep:
        (results_folder() / f"{name}.txt").write_text(machine() + "".join(lines))
    return process.returncode


def main():
    words = sys.argv[1:]
    if words and words[0] in BENCHES:
        return run(words[0], words[1:], keep=False)
    if words not in ([], ["--quick"]):
        print("known measurements:", ", ".join(BENCHES), "- or --quick", file=sys.stderr)
        return 64
    code = 0
    for name, (full, quick) in BENCHES.items():
        arguments = quick if words else full
        if arguments is not None:
            code |= run(name, arguments, keep=not words)
    return code


if __name__ == "__main__":
    sys.exit(main())
