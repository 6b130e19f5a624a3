"""faults - what every fault test shares: how much of the suite runs, what must hold after each fault, a folder to begin with.

Without MEMGATE_FULL a third of each suite runs, chosen by a seed that is printed; MG_SEED repeats a choice.
"""
import atexit
import functools
import json
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
from control import Control, control_pb2  # noqa: E402, F401
from ledger import Ledger  # noqa: E402
from server import BINARY, Server, wait_for  # noqa: E402, F401

FULL = bool(os.environ.get("MEMGATE_FULL"))
SEED = int(os.environ.get("MG_SEED", random.randrange(2**31)))
FILLER_BYTES = 1_300_000  # of incompressible documents: a dump has several chunks
SOURCES = pathlib.Path(__file__).resolve().parents[2]


def chance():
    """A random source of its own for each test; the seed is in the output."""
    print(f"MG_SEED={SEED}", file=sys.stderr)
    return random.Random(SEED)


def share(count):
    return count if FULL else -(-count // 3)


def sample(cells):
    """All cells, or a third of them."""
    return cells if FULL else sorted(chance().sample(cells, share(len(cells))))


def report(what, count):
    print(f"{what}: {count}", file=sys.stderr)


def failpoints():
    """Every point that the program has, as its sources say."""
    names = set()
    for room in ("core", "messages", "actors", "gateway", "cli"):
        for path in (SOURCES / room).rglob("*.c"):
            names.update(re.findall(r'MG_FAILPOINT\("([a-z._]+)"\)', path.read_text()))
    return names


def make_template(**environment):
    """A stopped server with a ledger, filler and two dumps in its folder; its ledger."""
    server, ledger = Server(MEM_DUMP_KEEP="2", **environment), Ledger()
    server.start()
    noise = random.Random(1)
    lines = "".join(json.dumps({"_id": f"f{i:04d}", "noise": noise.randbytes(600).hex()}) + "\n" for i in range(FILLER_BYTES // 1200))
    done = server.cli("import", "--collection", "filler", "-", input=lines)
    assert done.returncode == 0, done.stderr
    with Control(server) as control:
        ledger.open(control)
    for _ in range(3):
        ledger.steps(server, 2)
        server.cli_json("dump", "--json")
    ledger.promised = ledger.acknowledged
    server.kill()
    return server, ledger


def copy_of(template, ledger, **environment):
    """A server on a copy of the template's folder, and a ledger that knows the same."""
    server, copy = Server(MEM_DUMP_KEEP="2", **environment), Ledger()
    shutil.copytree(template.dumps, server.dumps)
    copy.held, copy.acknowledged, copy.promised = list(ledger.held), ledger.acknowledged, ledger.promised
    return server, copy


def check_folder(server):
    """Nothing half-written is left, and whatever bears the name of a dump is one."""
    leftovers = [path.name for path in server.dumps.iterdir() if path.name.endswith(".tmp")]
    assert not leftovers, leftovers
    for path in server.dump_files():
        done = server.cli("verify", path, "--json")
        assert done.returncode == 0, (path.name, done.stdout, done.stderr)


def ended_by_kill(server):
    """The process is gone by its failpoint, and by nothing else."""
    code = server.process.wait(60)
    assert code == -signal.SIGKILL, f"ended with {code}:\n{server.log()[-3000:]}"


@functools.cache
def libraries():
    """A folder for what preload builds; it goes when the tests end."""
    folder = tempfile.TemporaryDirectory(prefix="memgate-preload-")
    atexit.register(folder.cleanup)
    return pathlib.Path(folder.name)


@functools.cache
def preload(source):
    """Builds tests/fault/<source>.c as a library that takes one protection away; its path, for LD_PRELOAD."""
    out = libraries() / f"{source}.so"
    subprocess.run(
        ["cc", "-shared", "-fPIC", "-O1", "-D_GNU_SOURCE", "-o", str(out), str(pathlib.Path(__file__).with_name(source + ".c")), "-ldl"],
        check=True,
    )
    return str(out)


def main():
    unittest.main(verbosity=2)
