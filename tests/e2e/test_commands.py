"""The command line by hand: wrong arguments, files and surroundings get one sentence and a code; --json has its members."""
import json
import os
import unittest

from server import Server, onboard

COMMANDS = ("serve", "status", "dump", "dumps", "restore", "autosave", "shutdown", "import", "export", "inspect", "verify",
            "keygen", "health", "version", "events", "import-dump", "diff", "rekey", "openapi")
FILE = "one.ndjson"

# arguments, exit code, what the sentence says, environment
WITHOUT_SERVER = (
    *((f"{name} --frob", 64, "there is no option --frob; usage: memgate " + name, {}) for name in COMMANDS),
    *((f"{name} x y", 64, "one argument too many", {}) for name in COMMANDS if name not in ("diff", "rekey")),
    ("diff x y z", 64, "one argument too many", {}),
    *((name, 69, "no server at the control socket", {}) for name in ("status", "dump", "dumps", "restore", "autosave", "shutdown", "export", "events")),
    *((name, 69, "no server at the control socket", {}) for name in ("diff live x", "import-dump x", "restore x --collection c")),
    *((name, 64, "an argument is missing", {}) for name in ("import", "inspect", "verify", "import-dump", "diff", "rekey", "diff x")),
    *((f"{name} {FILE}", 78, "memgate: PORT=\"http\"", {"PORT": "http"}) for name in ("import", "inspect", "verify", "export", "rekey", "import-dump", "diff x")),
    *((name, 78, "memgate: PORT=\"http\"", {"PORT": "http"}) for name in ("status", "export", "dump", "health")),
    *((f"{name} {FILE}", 78, "MEM_ENCRYPTION_KEY_FILE=/nowhere", {"MEM_ENCRYPTION_KEY": None, "MEM_ENCRYPTION_KEY_FILE": "/nowhere"})
      for name in ("import", "inspect", "verify")),
    *((f"{name} /dev/null", 65, "/dev/null: it is no regular file", {}) for name in ("inspect", "verify")),
    *((f"{name} /", 65, "/: it is no regular file", {}) for name in ("inspect", "verify")),
    *((f"{name} missing", 66, "missing: there is no such file", {}) for name in ("inspect", "verify")),
    *((f"{name} {FILE}", 65, "does not begin as a memgate dump", {}) for name in ("inspect", "verify", "export", "rekey", "diff one.ndjson")),
    *((name + " ", 64, "an argument is empty", {}) for name in ("inspect", "verify", "restore", "import", "export", "import-dump", "rekey", "diff x")),
    ("frobnicate", 64, "there is no command", {}),
    ("dump --path", 64, "a value is missing behind --path", {}),
    ("dump --path ", 64, "the value is empty of --path", {}),
    ("status --json=3", 64, "no value goes with --json=3", {}),
    ("verify --min-generation 0 x", 64, "--min-generation takes a number", {}),
    ("verify " + FILE, 78, "MEM_ENCRYPTION_KEY is not set", {"MEM_ENCRYPTION_KEY": None}),
    ("verify " + FILE, 78, "the key cannot be used", {"MEM_ENCRYPTION_KEY": "hex:12"}),
    ("health", 69, "nobody alive answers", {}),
    ("status", 78, "HOST=\"no such host\" is no address", {"HOST": "no such host"}),
    ("status", 78, "MEMGATE_CONTROL=\"bogus\" is no endpoint", {"MEMGATE_CONTROL": "bogus"}),
    ("status", 78, "/nowhere/memgate", {"XDG_RUNTIME_DIR": "/nowhere"}),
    ("status", 78, "exceeds 107 bytes", {"XDG_RUNTIME_DIR": None, "MEMGATE_CONTROL": "ipc:///" + "x" * 120}),
    ("status", 78, "MEMGATE_CONTROL_CLIENT_SECRET", {"MEMGATE_CONTROL": "tcp://127.0.0.1:9"}),
    *((f"autosave {rest}", 64, words, {}) for rest, words in (
        ("on --every 0", "from 1 to 31536000"), ("on --every 1.5", "from 1 to 31536000"), ("on --every -1", "from 1 to 31536000"),
        ("on --every 31536001", "from 1 to 31536000"), ("off --every 5", "goes with \"on\""), ("maybe", "\"on\" or \"off\""))),
)

WITH_SERVER = (
    ("import --collection c /", 66, "/ can not be read: Is a directory", {}),
    ("import --collection c missing", 66, "missing can not be read: No such file", {}),
    ("import --collection c /proc/self/mem", 74, "can not be read: Input/output error", {}),
    ("import " + FILE, 65, FILE + ", line 1, without --collection each line must be", {}),
    ("export --collection nope", 66, "There is no collection \"nope\"", {}),
    ("restore missing", 66, "there is no dump at this path", {}),
    ("restore /etc/passwd", 65, "the path is not allowed", {}),
    ("dump --path ../x", 65, "the path is not allowed", {}),
)

# text of a line that is refused, what the sentence says besides file and line
BAD_LINES = (
    ("{", "column 1: the text ends before the object does"),
    ('{"_id":1,"b":x}', "column 14: this is not JSON"),
    ("[]", "column 1: a JSON object is needed here"),
    ('{"_id":1,"_id":2}', "a field stands twice in one object"),
    ('{"_id":1} x', "something follows the object"),
    ('{"_id":99999999999999999999}', "a number is out of range"),
    ('{"_id":1,"a":{"$oid":"x"}}', "field \"a\": a `$` form in it makes no sense"),
    ('{"_id":1,"a.b":1}', "field \"a.b\": a key at its top level"),
    ('{"n":1}', "\"_id\", so it has no key"),
    ('{"$document":{"_id":1},"$expires":1}', "there may be only \"$key\" and \"$expires_ns\""),
    (json.dumps({"_id": 1, "t": "x" * (17 << 20)}), "the document is larger than 16 MiB"),
    (" " * (33 << 20) + "x", "the line is longer than 32 MiB"),
)

DUMP = {"path", "generation", "created_at", "trigger", "requester", "documents", "bytes", "seconds", "view_us", "verified"}
STATUS = {"pid", "ready", "documents", "generation", "state_version", "uptime_seconds", "mode", "at_risk", "last_dump", "last_error",
          "restored", "collections"}
HEADER = {"generation", "key_id", "state_version", "created_at", "parent_generation", "timeline", "trigger", "requester", "host",
          "store_id", "instance_id", "compression", "chunk_size", "payload_schema", "final"}
FOOTER = {"documents", "collections", "records", "chunks", "plain_bytes", "body_bytes", "finished_at", "file_check"}


class Commands(unittest.TestCase):
    def check(self, server, cases):
        (server.folder / FILE).write_text('{"_id":1}\n')
        for line, code, words, environment in cases:
            with self.subTest(line, **environment):
                done = server.cli(*line.split(" "), **environment)
                self.assertEqual(done.returncode, code, done.stderr)
                self.assertIn(words, done.stderr)
                self.assertTrue(done.stderr.startswith("memgate: "), done.stderr)
                self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
                if code in (64, 69, 78):
                    self.assertEqual(done.stdout, "")

    def test_wrong_arguments_and_surroundings(self):
        with Server() as server:
            self.check(server, WITHOUT_SERVER)

    def test_wrong_arguments_to_a_server(self):
        with Server() as server:
            self.check(server.start(), WITH_SERVER)

    @unittest.skipIf(os.geteuid() == 0, "root may read everything")
    def test_file_that_may_not_be_read(self):
        with Server() as server:
            (server.folder / FILE).touch(mode=0)
            for name, code in (("inspect", 74), ("verify", 74), ("import", 66)):
                done = server.cli(name, FILE)
                self.assertEqual(done.returncode, code, done.stderr)
                self.assertIn("Permission denied", done.stderr)

    def test_every_bad_line_is_told_with_its_place(self):
        with Server() as server:
            server.start()
            for text, words in BAD_LINES:
                with self.subTest(words):
                    done = server.cli("import", "--collection", "c", "-", input='{"_id":"good"}\n\n' + text + "\n")
                    self.assertEqual(done.returncode, 65, done.stderr)
                    self.assertIn("memgate: -, line 3, ", done.stderr)
                    self.assertIn(words, done.stderr)
                    self.assertIn("Lines before it were stored", done.stderr)
            self.assertEqual(server.cli("export", "--collection", "c").stdout, '{"_id":"good"}\n')

    def test_what_the_server_refuses_is_told_with_its_line(self):
        with Server() as server:
            server.start()
            user = {"username": "one", "email": "same@example.test"}
            lines = "".join(json.dumps({**user, "username": name}) + "\n" for name in ("one", "two"))
            done = server.cli("import", "--collection", "users", "-", input=lines)
            self.assertEqual(done.returncode, 65)
            self.assertIn("memgate: -, line 2: Another document holds this value of a unique field.", done.stderr)
            self.assertIn("begins at line 1", done.stderr)

    def test_members_of_json(self):
        with Server() as server:
            server.start()
            onboard(server)
            dump = server.cli_json("dump", "--json")
            self.assertLessEqual(DUMP, set(dump))
            self.assertIs(dump["verified"], True)
            listed = server.cli_json("dumps", "--json")
            self.assertEqual([d["generation"] for d in listed], [dump["generation"]])
            self.assertLessEqual(DUMP - {"seconds", "view_us"}, set(listed[0]))
            file = server.newest_dump()
            inspected = server.cli_json("inspect", file, "--json", MEM_ENCRYPTION_KEY=None)
            self.assertLessEqual({"file", "outcome", "authenticated"} | HEADER | FOOTER, set(inspected))
            self.assertIs(inspected["authenticated"], False)
            self.assertEqual(inspected["documents"], dump["documents"])
            verified = server.cli_json("verify", file, "--json")
            self.assertLessEqual({"file", "outcome", "authenticated", "generation", "key_id"}, set(verified))
            self.assertEqual((verified["outcome"], verified["generation"]), ("OK", dump["generation"]))
            self.assertEqual(server.stop(), 0)
            server.start()
            self.check_status(server)
            self.check_arguments_of_an_outcome(server, file)

    def check_status(self, server):
        onboarded = server.cli_json("status", "--json")
        self.assertLessEqual(STATUS, set(onboarded))
        self.assertEqual((onboarded["mode"], onboarded["ready"], onboarded["last_dump"], onboarded["last_error"]), ("MEM", True, None, None))
        self.assertLessEqual({"path", "generation"}, set(onboarded["restored"]))
        self.assertEqual(onboarded["generation"], onboarded["restored"]["generation"])
        self.assertEqual(onboarded["documents"], sum(onboarded["collections"].values()))
        self.assertEqual(onboarded["collections"]["users"], 2)
        self.assertTrue(server.cli("status").stdout.startswith("at risk      nothing: every change is in a dump\n"))
        self.assertEqual(server.http("DELETE", "/platform/user/ann")[0], 200)
        self.assertRegex(server.cli("status").stdout, r"\Aat risk      1 change since \S+: a crash now would lose it\n")
        self.assertEqual(server.cli_json("status", "--json")["at_risk"]["changes"], 1)
        server.cli_json("dump", "--json")
        last = server.cli_json("status", "--json")["last_dump"]
        self.assertLessEqual({"path", "generation", "trigger", "requester", "seconds", "verified"}, set(last))
        self.assertEqual(last["trigger"], "control")

    def check_arguments_of_an_outcome(self, server, file):
        data = bytearray(file.read_bytes())
        data[-300] ^= 0x40
        bad = server.folder / "bad.bin"
        bad.write_bytes(data)
        done = server.cli("verify", bad, "--json")
        told = json.loads(done.stdout)
        self.assertEqual((done.returncode, told["outcome"]), (65, "CHUNK_CORRUPT"), told)
        self.assertLessEqual({"chunk", "offset"}, set(told))
        old = json.loads(server.cli("verify", "--min-generation", "99", file, "--json").stdout)
        self.assertEqual((old["outcome"], old["minimum"]), ("ROLLED_BACK", 99))


if __name__ == "__main__":
    unittest.main()
