"""memgate events: what happens, line by line, and a command after each verified dump."""
import json
import os
import signal
import subprocess
import unittest

from server import BINARY, KEY, Server, wait_for


class Listener:
    """A running `memgate events`, its output in files."""

    def __init__(self, server, *arguments, **more):
        self.server = server
        self.out, self.err = server.folder / "events.out", server.folder / "events.err"
        with open(self.out, "wb") as out, open(self.err, "wb") as err:
            self.process = subprocess.Popen(
                [os.path.abspath(BINARY), "events", *arguments], cwd=server.folder, env={**server.environment, **more}, stdout=out, stderr=err)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def begin(self):
        """Dumps until the first one is heard of: a subscription takes effect a moment after the connection."""
        def heard():
            self.server.cli_json("dump", "--json")
            return b"dump_done" in self.out.read_bytes()
        wait_for(heard, "the first event")

    def dump(self, **arguments):
        done = self.server.cli_json("dump", "--json", *[word for pair in arguments.items() for word in ("--" + pair[0], pair[1])])
        wait_for(lambda: done["path"] in self.out.read_text(), "the event of the dump")
        return done

    def talk(self):
        return self.err.read_text()

    def wait_talk(self, words):
        wait_for(lambda: words in self.talk(), words)

    def end(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        return self.process.wait(60)


class Events(unittest.TestCase):
    def test_lines_and_json(self):
        with Server() as server:
            server.start()
            with Listener(server) as listener:
                listener.begin()
                done = listener.dump()
                self.assertRegex(listener.out.read_text(), rf"dump_done +generation {done['generation']}, .*by control, verified  {done['path']}")
                self.assertEqual(listener.end(), 0)
            with Listener(server, "--json") as listener:
                listener.begin()
                done = listener.dump()
                self.assertEqual(server.cli("restore").returncode, 0)
                wait_for(lambda: "restore_done" in listener.out.read_text(), "restore_done")
                events = [json.loads(line) for line in listener.out.read_text().splitlines()]
                self.assertIn(done["path"], [event["data"].get("path") for event in events if event["event"] == "dump_done"])
                self.assertEqual(listener.end(signal.SIGINT), 0)

    def test_without_a_server_and_when_it_ends(self):
        with Server() as server:
            self.assertEqual(server.cli("events").returncode, 69)
            self.assertEqual(server.cli("events", "--exec-timeout", "5").returncode, 64)
            self.assertEqual(server.cli("events", "--exec", "true", "--exec-timeout", "0").returncode, 64)
            server.start()
            with Listener(server, "--exec", "echo copied") as listener:
                listener.begin()
                server.stop()
                self.assertEqual(listener.process.wait(60), 69)
                self.assertIn("the server has ended", listener.talk())


class Exec(unittest.TestCase):
    def script(self, server, text):
        path = server.folder / "copy.sh"
        path.write_text("#!/bin/sh\n" + text)
        path.chmod(0o700)
        return str(path) + " first"

    def test_command_gets_path_and_figures_and_no_secret(self):
        with Server() as server:
            server.start()
            command = self.script(server, 'env >"env-$MEMGATE_DUMP_GENERATION"; echo "out $1 $2"; cat; exit 3\n')
            with Listener(server, "--exec", command, MEMGATE_DUMP_PATH="/forged") as listener:
                listener.begin()
                done = listener.dump()
                listener.wait_talk(f"exec {done['path']}: exit code 3 after")
                self.assertIn(f"out first {done['path']}\n", listener.talk())
                self.assertNotIn("out first", listener.out.read_text())
                environment = dict(line.split("=", 1) for line in (server.folder / f"env-{done['generation']}").read_text().splitlines())
                self.assertEqual(environment["MEMGATE_DUMP_PATH"], done["path"])
                self.assertEqual(environment["MEMGATE_DUMP_DOCUMENTS"], str(done["documents"]))
                self.assertEqual(environment["MEMGATE_DUMP_BYTES"], str(done["bytes"]))
                self.assertEqual(environment["MEMGATE_DUMP_TRIGGER"], "control")
                self.assertEqual(environment["MEMGATE_DUMP_KEY_ID"], done["key_id"])
                for secret in (KEY, KEY[4:], server.environment["MEMGATE_ADMIN_PASSWORD"]):
                    self.assertNotIn(secret, "\n".join(environment.values()))
                self.assertNotIn("MEM_ENCRYPTION_KEY", environment)
                (server.dumps / "elsewhere").mkdir()
                away = listener.dump(path="elsewhere")  # a copy of its own: nothing is run for it
                after = listener.dump()
                listener.wait_talk(f"exec {after['path']}: exit code")
                self.assertNotIn(away["path"], listener.talk())
                self.assertEqual(listener.end(), 0)

    def test_one_at_a_time_at_most_sixteen_wait(self):
        with Server() as server:
            server.start()
            command = self.script(server, 'mkdir busy || echo twice; while [ -e hold ]; do sleep 0.01; done; echo "$2" >>copied; rmdir busy\n')
            with Listener(server, "--exec", command) as listener:
                listener.begin()
                wait_for(lambda: not (server.folder / "busy").exists() and "exit code" in listener.talk(), "the command is done")
                (server.folder / "hold").touch()
                paths = [listener.dump()["path"] for _ in range(19)]
                listener.wait_talk(f"exec {paths[2]}: skipped")
                (server.folder / "hold").unlink()
                wait_for(lambda: paths[-1] in (server.folder / "copied").read_text(), "the last one")
                copied = (server.folder / "copied").read_text().splitlines()
                self.assertEqual([path for path in copied if path in paths], [paths[0], *paths[3:]])
                self.assertNotIn("twice", listener.talk())

    def test_what_takes_too_long_is_killed_with_its_children(self):
        with Server() as server:
            server.start()
            command = self.script(server, "sleep 1000 & echo $! >child; wait\n")
            with Listener(server, "--exec", command, "--exec-timeout", "1") as listener:
                listener.begin()
                listener.wait_talk("killed by signal 9 after")
                self.assertIn("which was too long", listener.talk())
                child = int((server.folder / "child").read_text())
                wait_for(lambda: not alive(child), "the end of the child")

    def test_signal_waits_for_the_command_and_a_second_one_kills_it(self):
        with Server() as server:
            server.start()
            command = self.script(server, "touch begun; while [ -e hold ]; do sleep 0.01; done; touch ended\n")
            for second in (False, True):
                for name in ("begun", "ended"):
                    (server.folder / name).unlink(missing_ok=True)
                (server.folder / "hold").touch()
                with Listener(server, "--exec", command) as listener:
                    listener.begin()
                    wait_for((server.folder / "begun").exists, "the command")
                    listener.dump()
                    listener.process.send_signal(signal.SIGTERM)
                    listener.wait_talk("skipped, as memgate events ends")
                    self.assertIsNone(listener.process.poll())
                    if second:
                        listener.process.send_signal(signal.SIGTERM)
                    else:
                        (server.folder / "hold").unlink()
                    self.assertEqual(listener.process.wait(60), 0)
                    self.assertEqual((server.folder / "ended").exists(), not second)


def alive(pid):
    try:
        return open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


if __name__ == "__main__":
    unittest.main()
