"""Dump files in the hands of an operator: export, diff, rekey, verify of a folder, parts brought back."""
import json
import os
import pathlib
import unittest

import doorman
from control import Control, state_pb2
from server import KEY, Server, onboard

OTHER_KEY = "hex:" + "b2" * 32


def lines(text):
    return [json.loads(line) for line in text.splitlines()]


def fill(server, *documents, collection="things"):
    text = "".join(json.dumps(document) + "\n" for document in documents)
    done = server.cli("import", "--collection", collection, "-", input=text)
    assert done.returncode == 0, done.stderr


def dump(server):
    return server.cli_json("dump", "--json")["path"]


class Export(unittest.TestCase):
    def test_file_gives_what_the_server_gave(self):
        with Server() as server:
            server.start()
            onboard(server)
            fill(server, *({"_id": n, "text": "x" * 500} for n in range(2000)))  # more than one chunk
            path = dump(server)
            live = {arguments: server.cli("export", *arguments).stdout for arguments in ((), ("--collection", "things"), ("--digest",))}
            self.assertEqual(len(lines(live["--collection", "things"])), 2000)
            server.stop()
            for arguments, text in live.items():
                with self.subTest(arguments):
                    done = server.cli("export", *arguments, path)
                    self.assertEqual((done.returncode, done.stderr), (0, ""))
                    self.assertEqual(done.stdout, text)
            (server.folder / "key").write_text("some other passphrase\n" + KEY + "\n")
            self.assertEqual(server.cli("export", "--digest", path, "--key-file", "key", MEM_ENCRYPTION_KEY=OTHER_KEY).stdout, live["--digest",])
            done = server.cli("export", "--digest", path, MEM_ENCRYPTION_KEY=OTHER_KEY)
            self.assertEqual((done.returncode, done.stdout), (77, ""))
            done = server.cli("export", "--digest", path, MEM_ENCRYPTION_KEY=OTHER_KEY, MEM_ENCRYPTION_KEY_PREVIOUS=KEY)
            self.assertEqual(done.returncode, 0, done.stderr)

    def test_file_that_ends_early_is_told(self):
        with Server() as server:
            server.start()
            fill(server, *({"_id": n, "text": os.urandom(300).hex()} for n in range(3000)))
            path = dump(server)
            with open(path, "r+b") as file:
                file.truncate(os.path.getsize(path) - 1000)
            done = server.cli("export", path)
            self.assertEqual(done.returncode, 65)
            self.assertIn("TRUNCATED", done.stderr)
            self.assertEqual(server.cli("export", "--digest", path).stdout, "")

    def test_doorman_file(self):
        with Server(MEM_ENCRYPTION_KEY=doorman.KEY) as server:
            (server.folder / "old.bin").write_bytes(doorman.dump({"tiers": [{"tier_id": "b"}, {"tier_id": "a", "n": 2**70}], "rare": [{"_id": 1}]}))
            done = server.cli("export", "old.bin", "--collection", "tiers")
            self.assertEqual(lines(done.stdout), [{"tier_id": "a", "n": {"$numberDecimal": str(2**70)}}, {"tier_id": "b"}])
            self.assertEqual([line["collection"] for line in lines(server.cli("export", "old.bin").stdout)], ["rare", "tiers", "tiers"])

    def test_refusals(self):
        with Server() as server:
            for arguments, code, words in ((("export", "missing"), 66, "MISSING"), (("export", "--key-file", "key"), 64, "goes with a FILE"),
                                           (("export", "/dev/null"), 65, "no regular file")):
                done = server.cli(*arguments)
                self.assertEqual(done.returncode, code, done.stderr)
                self.assertIn(words, done.stderr)


class Diff(unittest.TestCase):
    def two_dumps(self, server):
        server.start()
        fill(server, *({"_id": f"{n:04}", "text": "x" * 300} for n in range(3000)))
        first = dump(server)
        with_key = {"$key": "0001", "$document": {"_id": "0001", "text": "x" * 300}, "$expires_ns": 4102444800000000000}
        fill(server, {"_id": "0000", "text": "other"}, with_key, {"_id": "9999"})
        fill(server, {"_id": 1}, collection="rare")
        with Control(server) as control:
            control.write(state_pb2.Op(kind=state_pb2.Op.DELETE, collection=b"things", key=b"2999"))
        return first, dump(server)

    EXPECTED = {"rare": {"added": 1, "changed": 0, "removed": 0}, "things": {"added": 1, "changed": 2, "removed": 1}}

    def test_two_dumps_and_live(self):
        with Server() as server:
            first, second = self.two_dumps(server)
            for before, after in ((first, second), (first, "live")):
                with self.subTest(after):
                    done = server.cli("diff", before, after, "--json")
                    self.assertEqual(done.returncode, 1, done.stderr)
                    answer = json.loads(done.stdout)
                    self.assertEqual(answer["collections"], self.EXPECTED)
                    self.assertEqual((answer["same"], answer["total"]), (False, {"added": 2, "changed": 2, "removed": 1}))
                    self.assertEqual([(c["collection"], c["key"], c["change"]) for c in answer["changes"]], [
                        ("rare", "1", "added"), ("things", "0000", "changed"), ("things", "0001", "changed"),
                        ("things", "2999", "removed"), ("things", "9999", "added")])
            for same in (("live", second), (second, "live"), (second, second), ("live", "live")):
                done = server.cli("diff", *same)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertRegex(done.stdout, r"^all +0 added +0 changed +0 removed\n$")
            done = server.cli("diff", second, first, "--collection", "rare")
            self.assertEqual((done.returncode, done.stdout.splitlines()[0]), (1, 'removed  "rare" "1"'))
            server.stop()
            self.assertEqual(server.cli("diff", first, second).returncode, 1)
            self.assertEqual(server.cli("diff", first, "live").returncode, 69)
            self.assertEqual(server.cli("diff", first, "missing").returncode, 66)
            self.assertEqual(server.cli("diff", first, second, MEM_ENCRYPTION_KEY=OTHER_KEY).returncode, 77)

    def test_dry_run_changes_nothing(self):
        with Server() as server:
            first, second = self.two_dumps(server)
            digest, files = server.digest(), server.dump_files()
            done = server.cli("restore", "--dry-run", "--json", first)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(json.loads(done.stdout)["total"], {"added": 1, "changed": 2, "removed": 2})
            done = server.cli("restore", "--dry-run")
            self.assertRegex(done.stdout, r"^all +0 added")
            self.assertEqual((server.digest(), server.dump_files()), (digest, files))


class PutBack(unittest.TestCase):
    def test_one_document_one_collection_and_what_the_dump_lacks(self):
        with Server() as server:
            server.start()
            onboard(server)
            fill(server, *({"_id": f"{n:04}", "text": "x" * 1500} for n in range(2500)))  # several batches
            path = dump(server)
            whole = server.digest()
            things = server.cli("export", "--collection", "things").stdout
            fill(server, *({"_id": f"{n:04}", "text": "lost"} for n in range(2000)), {"_id": "new"})
            fill(server, {"_id": 1}, collection="rare")
            name = os.path.basename(path)  # not here: in the server's folder
            answer = server.cli_json("restore", name, "--collection", "things", "--key", "0007", "--json")
            self.assertEqual((answer["written"], answer["deleted"], answer["kept"]), (1, 0, 0))
            answer = server.cli_json("restore", "dumps/" + name, "--collection", "things", "--json")
            self.assertEqual((answer["written"], answer["deleted"], answer["kept"]), (1999, 0, 1))
            self.assertEqual(server.cli("export", "--collection", "things").stdout, things + '{"_id":"new"}\n')
            done = server.cli("restore", path, "--collection", "things", "--delete-missing")
            self.assertIn("0 documents brought back, 1 removed", done.stdout)
            self.assertEqual(server.cli("export", "--collection", "things").stdout, things)
            done = server.cli("restore", path, "--collection", "rare", "--delete-missing")
            self.assertIn("1 removed", done.stdout)
            self.assertEqual(server.digest(), whole)

    def test_refusals_change_nothing(self):
        with Server() as server:
            server.start()
            fill(server, *({"_id": n, "text": os.urandom(300).hex()} for n in range(3000)))
            path = dump(server)
            fill(server, {"_id": 0, "text": "now"})
            digest = server.digest()
            bad = server.folder / "bad.bin"
            content = bytearray(pathlib.Path(path).read_bytes())
            content[-300] ^= 1
            bad.write_bytes(content)
            for arguments, code, words in (
                (("bad.bin", "--collection", "things"), 65, "CHUNK_CORRUPT"),
                (("bad.bin", "--dry-run"), 65, "CHUNK_CORRUPT"),
                ((path, "--collection", "typo"), 66, "holds no such document"),
                ((path, "--collection", "things", "--key", "typo"), 66, "holds no such document"),
                (("missing", "--collection", "things"), 66, "MISSING"),
                ((path, "--key", "1"), 64, "--key goes with --collection"),
                ((path, "--delete-missing"), 64, "--delete-missing goes with"),
                (("--collection", "things"), 64, "goes with a FILE"),
                ((path, "--key-file", "key"), 64, "--key-file goes with"),
            ):
                with self.subTest(arguments):
                    done = server.cli("restore", *arguments)
                    self.assertEqual(done.returncode, code, done.stderr)
                    self.assertIn(words, done.stderr)
            self.assertEqual(server.digest(), digest)

    def test_unique_field_that_is_taken_now_is_told(self):
        with Server() as server:
            server.start()
            fill(server, {"username": "ann", "email": "same@example.test"}, collection="users")
            path = dump(server)
            with Control(server) as control:
                control.write(state_pb2.Op(kind=state_pb2.Op.DELETE, collection=b"users", key=b"ann"))
            fill(server, {"username": "bea", "email": "same@example.test"}, collection="users")
            done = server.cli("restore", path, "--collection", "users", "--key", "ann")
            self.assertEqual(done.returncode, 65)
            self.assertIn('document "ann" of "users": Another document holds this value', done.stderr)

    def test_plain_restore_finds_a_file_where_it_is_called(self):
        with Server() as server:
            server.start()
            fill(server, {"_id": 1})
            path, digest = dump(server), server.digest()
            fill(server, {"_id": 2})
            done = server.cli("restore", "dumps/" + os.path.basename(path))
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(server.digest(), digest)


if __name__ == "__main__":
    unittest.main()
