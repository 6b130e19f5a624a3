"""figures - what every measurement shares: peers to compare with, rounds in turn, medians with their spread, a table of bars.

Whatever is compared is measured in the same run, round by round in turn, so that a machine whose speed drifts hits all alike.
"""
import pathlib
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests" / "e2e"))
from server import free_port, wait_for  # noqa: E402, F401

ROUNDS = 5


FULL = 1_000_000  # documents that the bars are about


class Bars:
    """Rows of figure, peer, ratio and bar; the last column says whether it holds, or nothing when there are fewer documents than it is about."""

    def __init__(self, documents=FULL):
        self.rows = []
        self.judges = documents >= FULL

    def add(self, what, own, peer, bar, least=True, unit=""):
        """`own` and `peer` are lists, one figure a round. least: the ratio must be at least the bar, else at most. No bar: only shown."""
        ratios = [one / other for one, other in zip(own, peer)]
        ratio = statistics.median(ratios)
        if bar is None:  # a neighbour's figure, beside ours
            self.rows.append((what, self._show(own, unit), self._show(peer, unit), f"{ratio:.2f} ({min(ratios):.2f}-{max(ratios):.2f})", "", ""))
            return True
        holds = not self.judges or (ratio >= bar if least else ratio <= bar)
        row = (what, self._show(own, unit), self._show(peer, unit), f"{ratio:.2f} ({min(ratios):.2f}-{max(ratios):.2f})",
               ("≥ " if least else "≤ ") + f"{bar:g}", ("held" if holds else "NOT HELD") if self.judges else "")
        self.rows.append(row)
        return holds

    @staticmethod
    def _show(figures, unit):
        middle = statistics.median(figures)
        text = f"{middle:,.0f}" if middle >= 100 else f"{middle:.3g}"
        return f"{text}{unit}"

    def show(self):
        head = ("what", "memgate", "peer", "ratio (spread)", "bar", "")
        widths = [max(len(row[i]) for row in [head, *self.rows]) for i in range(len(head))]
        for row in [head, *self.rows]:
            print("  ".join(text.ljust(width) for text, width in zip(row, widths)).rstrip())
        return all(row[-1] != "NOT HELD" for row in self.rows)


class Process:
    """A peer that runs until the end of the block."""

    def __init__(self, command, port):
        self.command, self.port = command, port
        self.again()

    def again(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(self.answers, f"{self.command[0]} at port {self.port}")

    def answers(self):
        assert self.process.poll() is None, f"{self.command[0]} ended with {self.process.returncode}"
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Redis(Process):
    """redis-server in a folder of its own, without persistence unless told."""

    def __init__(self, *options):
        self.folder = tempfile.TemporaryDirectory(prefix="bench-redis-")
        port = free_port()
        super().__init__(["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--dir", self.folder.name, "--save", "",
                          "--appendonly", "no", *options], port)

    def cli(self, *arguments, stdin=None):
        done = subprocess.run(["redis-cli", "-p", str(self.port), *arguments], input=stdin, capture_output=True, check=True)
        return done.stdout.decode(errors="replace").strip()

    def bgsave(self):
        """Seconds until the background save has ended well."""
        before = self.info("rdb_last_save_time")
        time.sleep(1.1 - time.time() % 1)  # its clock counts whole seconds
        begin = time.monotonic()
        self.cli("BGSAVE")
        wait_for(lambda: self.info("rdb_bgsave_in_progress") == "0" and self.info("rdb_last_save_time") != before, "BGSAVE")
        assert self.info("rdb_last_bgsave_status") == "ok"
        return time.monotonic() - begin

    def info(self, name):
        return re.search(rf"^{name}:(.*?)\r?$", self.cli("INFO"), re.M).group(1)

    def __exit__(self, *_):
        super().__exit__()
        self.folder.cleanup()


def webdis(redis):
    port = free_port()
    config = pathlib.Path(redis.folder.name) / "webdis.json"
    config.write_text(
        f'{{"redis_host":"127.0.0.1","redis_port":{redis.port},"http_host":"127.0.0.1","http_port":{port},"threads":1,"pool_size":20,'
        '"daemonize":false,"database":0,"verbosity":0,"logfile":"/dev/null"}'
    )
    return Process(["webdis", str(config)], port)


def build(source, *libraries):
    """One C file of this folder, as a program."""
    out = pathlib.Path(tempfile.mkdtemp(prefix="bench-")) / pathlib.Path(source).stem
    subprocess.run(["cc", "-O2", "-Wall", "-o", str(out), str(HERE / source), *libraries], check=True)
    return out


def build_target(name):
    """A program of bench/CMakeLists.txt, built like memgate itself."""
    subprocess.run(["cmake", "--build", "--preset", "release", "--target", name], cwd=HERE.parent, stdout=subprocess.DEVNULL, check=True)
    return HERE.parent / "build" / name


def results_folder():
    folder = HERE / "results"
    folder.mkdir(exist_ok=True)
    return folder


def median(values):
    return statistics.median(list(values))


def wrk(port, path, connections=64, seconds=3, headers=(), script=None):
    """Requests a second; every answer must be a success."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s"]
    for header in headers:
        command += ["-H", header]
    if script:
        command += ["-s", str(script)]
    done = subprocess.run([*command, f"http://127.0.0.1:{port}{path}"], capture_output=True, text=True, check=True)
    assert "Non-2xx" not in done.stdout and "Socket errors" not in done.stdout, done.stdout
    return float(re.search(r"Requests/sec:\s+([\d.]+)", done.stdout).group(1))


def needs(*programs):
    missing = [program for program in programs if not shutil.which(program)]
    if missing:
        sys.exit(f"this measurement needs {', '.join(missing)}: ./dev bench installs them")
