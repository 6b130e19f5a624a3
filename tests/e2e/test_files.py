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
            looked = server.cli_json("inspect", "old.bin", "--json")
            self.assertEqual((looked["format"], looked["authenticated"], "documents" in looked), ("DMP1", False, False))
            looked = server.cli_json("verify", "old.bin", "--json")
            self.assertEqual((looked["outcome"], looked["authenticated"], looked["documents"]), ("OK", True, 3))
            self.assertEqual(looked["created_at"], "2026-02-05T22:05:31.250Z")
            self.assertEqual(server.cli("verify", "old.bin", MEM_ENCRYPTION_KEY=OTHER_KEY).returncode, 77)

    def test_refusals(self):
        with Server() as server:
            for arguments, code, words in ((("export", "missing"), 66, "MISSING"), (("export", "--key-file", "key"), 64, "goes with a FILE"),
                                           (("export", "/dev/null"), 65, "no regular file")):
                done = server.cli(*arguments)
                self.assertEqual(done.returncode, code, done.stderr)
                self.assertIn(words, done.stderr)

    def test_collection_that_is_not_there_is_missing_and_one_without_documents_is_empty(self):
        with Server(MEM_ENCRYPTION_KEY=doorman.KEY) as server:
            (server.folder / "old.bin").write_bytes(doorman.dump({"rare": [{"_id": 1}]}))
            server.start()
            fill(server, {"_id": 1})
            for source in ((), (dump(server),), ("old.bin",)):
                for more in ((), ("--digest",)):
                    with self.subTest(source=source, more=more):
                        done = server.cli("export", "--collection", "zzz", *more, *source)
                        self.assertEqual((done.returncode, done.stdout), (66, ""))
                        self.assertIn('no collection "zzz"', done.stderr)
                        self.assertEqual(done.stderr.count("\n"), 1)
                done = server.cli("export", "--collection", "tiers", *source)
                self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))


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


class Rekey(unittest.TestCase):
    KEYS = {"MEM_ENCRYPTION_KEY": OTHER_KEY, "MEM_ENCRYPTION_KEY_PREVIOUS": KEY}

    def test_old_files_need_the_new_key_only_and_the_chain_holds(self):
        with Server() as server:
            server.start()
            for n in range(3):
                fill(server, *({"_id": f"{n}-{i}", "text": "x" * 400} for i in range(1000)))
                dump(server)
            server.stop()
            files = server.dump_files()
            before = [(server.cli_json("inspect", file, "--json"), server.cli("export", "--digest", file).stdout) for file in files]
            middle = files[1:3]  # a newer one stays under the old key
            done = server.cli("rekey", *middle, "--json", **self.KEYS)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn("copies of these files elsewhere", done.stderr)
            self.assertEqual([entry["rekeyed"] for entry in json.loads(done.stdout)], [True, True])
            chain = server.cli("verify", "--chain", server.dumps, **self.KEYS)
            self.assertEqual(chain.returncode, 0, chain.stdout)
            done = server.cli("rekey", *files, **self.KEYS)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(done.stdout.count("is under the current key already"), 2)
            chain = server.cli("verify", "--chain", server.dumps, MEM_ENCRYPTION_KEY=OTHER_KEY)
            self.assertEqual(chain.returncode, 0, chain.stdout)
            for file, (old, digest) in zip(files, before):
                new = server.cli_json("verify", file, "--json", MEM_ENCRYPTION_KEY=OTHER_KEY)
                self.assertEqual(server.cli("verify", file).returncode, 77)
                self.assertEqual(server.cli("export", "--digest", file, MEM_ENCRYPTION_KEY=OTHER_KEY).stdout, digest)
                self.assertEqual((new["trigger"], new["resealed_from"]), ("rekey", old["file_check"]))
                changed = {"trigger", "key_id", "producer", "resealed_from", "finished_at", "file_check", "authenticated", "text", "body_bytes"}
                self.assertEqual({k: v for k, v in new.items() if k not in changed}, {k: v for k, v in old.items() if k not in changed})
                self.assertEqual(file.stat().st_mode & 0o777, 0o600)
            server.environment["MEM_ENCRYPTION_KEY"] = OTHER_KEY
            server.start()
            self.assertEqual(server.digest(), before[-1][1].strip())
            self.assertEqual(server.stop(), 0)

    def test_a_second_time_and_with_passphrases(self):
        with Server(MEM_ENCRYPTION_KEY="first passphrase", MEM_KDF_MEM_MIB="8") as server:
            server.start()
            fill(server, {"_id": 1})
            dump(server)
            dump(server)
            server.stop()
            keys = ["first passphrase", "second passphrase", KEY]
            for old, new in zip(keys, keys[1:]):
                done = server.cli("rekey", *server.dump_files(), MEM_ENCRYPTION_KEY=new, MEM_ENCRYPTION_KEY_PREVIOUS=old)
                self.assertEqual(done.returncode, 0, done.stderr)
                chain = server.cli("verify", "--chain", server.dumps, MEM_ENCRYPTION_KEY=new)
                self.assertEqual(chain.returncode, 0, chain.stdout)
            server.environment["MEM_ENCRYPTION_KEY"] = KEY
            server.start()
            self.assertEqual(server.cli("export", "--collection", "things").stdout, '{"_id":1}\n')

    def test_refusals_touch_nothing(self):
        with Server() as server:
            server.start()
            path = dump(server)
            content = pathlib.Path(path).read_bytes()
            done = server.cli("rekey", path, **self.KEYS)
            self.assertEqual(done.returncode, 75, done.stderr)
            self.assertIn("in use by another memgate", done.stderr)
            server.stop()
            self.assertEqual(server.cli("rekey", path, MEM_ENCRYPTION_KEY=OTHER_KEY).returncode, 77)
            for file, code, words in (("missing.bin", 66, "missing.bin: MISSING: there is no such file."), (".", 65, "NOT_A_DUMP: it is no regular file.")):
                done = server.cli("rekey", file)
                self.assertEqual((done.returncode, done.stdout), (code, ""))
                self.assertIn(words, done.stderr)
                self.assertNotIn("as it was", done.stderr)
            self.assertEqual(pathlib.Path(path).read_bytes(), content)
            damaged = server.dumps / "memory_dump-20260101T000000.000Z-0000000009.bin"
            damaged.write_bytes(content[:-200] + b"x" + content[-199:])
            done = server.cli("rekey", damaged, **self.KEYS)
            self.assertEqual(done.returncode, 65, done.stderr)
            copy = server.folder / "copy.bin"  # any file, its lock beside it
            copy.write_bytes(content)
            done = server.cli("rekey", "copy.bin", **self.KEYS)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(server.cli("verify", "copy.bin", MEM_ENCRYPTION_KEY=OTHER_KEY).returncode, 0)


class Chain(unittest.TestCase):
    """verify --chain: what must be found is, and what a healthy server does is clean."""

    def check(self, server, folder=None, *arguments, **more):
        done = server.cli("verify", "--chain", folder or server.dumps, "--json", *arguments, **more)
        answer = json.loads(done.stdout)
        sealed = answer["dumps"] and all(dump["outcome"].startswith("WRONG_KEY") for dump in answer["dumps"])
        self.assertEqual(done.returncode, 77 if sealed else 65 if answer["findings"] else 0, done.stderr)
        self.assertEqual(answer["clean"], not answer["findings"])
        return [(finding["kind"], finding["file"]) for finding in answer["findings"]], answer

    def five(self, server, **more):
        server.start(**more)
        for n in range(5):
            fill(server, {"_id": n})
            dump(server)
        return [file.name for file in server.dump_files()]

    def test_healthy_folders_are_clean(self):
        with Server(MEM_DUMP_KEEP="4") as server:
            names = self.five(server)
            findings, answer = self.check(server)  # while it runs; the first was pruned
            self.assertEqual((findings, len(answer["dumps"]), answer["newest_good"]), ([], 4, 5))
            self.assertEqual(server.cli("restore", names[-2]).returncode, 0)
            dump(server)
            findings, answer = self.check(server)
            self.assertEqual(findings, [])
            self.assertEqual([note["kind"] for note in answer["notes"]], ["restore"])
            server.stop()
            server.start()
            server.stop()
            os.chmod(server.dumps, 0o500)
            self.assertEqual(self.check(server)[0], [])  # a copy on a read-only disk
            os.chmod(server.dumps, 0o700)
            text = server.cli("verify", "--chain", server.dumps).stdout
            self.assertIn("0 findings", text)

    def dump_to(self, server, path):
        return server.http("POST", "/platform/memory/dump", {"path": path})[0]

    def test_a_longer_stem_is_another_store(self):
        with Server(MEM_DUMP_KEEP="2") as server:
            server.start()
            self.assertEqual(self.dump_to(server, "memory_dump-backup.bin"), 200)
            (copy,) = server.dumps.glob("memory_dump-backup-*")
            dump(server)
            self.assertEqual(self.dump_to(server, server.newest_dump().name), 200)
            for n in range(4):
                fill(server, {"_id": n})
                dump(server)
            self.assertTrue(copy.exists(), "retention took a client's copy")
            self.assertEqual(self.check(server)[0], [])
            server.stop()
            server.start(MEM_DUMP_PATH=str(server.dumps / "memory_dump-eu.bin"))  # a new store beside it
            fill(server, {"_id": "eu"})
            self.assertEqual(server.stop(), 0)
            server.start()
            kept = server.cli("export", "--collection", "things").stdout
            self.assertIn('"_id":3', kept)
            self.assertNotIn("eu", kept)

    def test_gap_damage_and_rollback(self):
        with Server() as server:
            names = self.five(server)
            server.stop()
            (server.dumps / names[2]).rename(server.folder / "away.bin")
            self.assertEqual(self.check(server)[0], [("gap", names[3])])
            (server.folder / "away.bin").rename(server.dumps / names[2])
            content = bytearray((server.dumps / names[1]).read_bytes())
            content[-200] ^= 1
            (server.dumps / names[1]).write_bytes(content)
            self.assertEqual(self.check(server)[0], [("damage", names[1])])
            (server.dumps / names[1]).unlink()
            (server.dumps / names[0]).unlink()  # all older ones: retention does that
            self.assertEqual(self.check(server)[0], [])
            self.assertEqual(self.check(server, None, "--min-generation", "5")[0], [])
            for file in server.dump_files()[2:]:
                file.unlink()
            self.assertEqual(self.check(server, None, "--min-generation", "5")[0], [("rollback", "")])

    def test_fork_and_mismatch(self):
        with Server() as server:
            names = self.five(server)
            server.stop()
            other = server.folder / "other"
            other.mkdir()
            for name in names[:3]:
                (other / name).write_bytes((server.dumps / name).read_bytes())
            for _ in range(2):  # a second life from the third dump
                server.start(MEM_DUMP_PATH=str(other / "memory_dump.bin"))
                fill(server, {"_id": "fork"})
                server.stop()
            self.assertEqual(self.check(server, other)[0], [])
            late = sorted(other.glob("*.bin"))[3:]
            fourth = server.dumps / names[3]
            (server.dumps / late[0].name).write_bytes(late[0].read_bytes())
            self.assertEqual([kind for kind, _ in self.check(server)[0]], ["fork"])
            fourth.unlink()  # the fifth now stands behind a strange fourth
            self.assertEqual(self.check(server)[0], [("mismatch", names[4])])

    def test_a_folder_under_another_key_is_told_apart_from_a_damaged_one(self):
        with Server() as server:
            names = self.five(server)
            server.stop()
            done = server.cli("verify", "--chain", server.dumps, MEM_ENCRYPTION_KEY=OTHER_KEY)
            self.assertEqual(done.returncode, 77)
            self.assertRegex(done.stderr, f"{server.dumps}: no dump opens with the configured keys: .* whose key_id is [0-9a-f]{{32}}")
            (server.dumps / names[0]).write_bytes(b"no dump")  # that is damage, whatever the key
            done = server.cli("verify", "--chain", server.dumps, MEM_ENCRYPTION_KEY=OTHER_KEY)
            self.assertEqual((done.returncode, done.stderr), (65, ""))

    def test_surroundings(self):
        with Server() as server:
            self.assertEqual(server.cli("verify", "--chain", "nowhere").returncode, 73)
            self.assertFalse((server.folder / "nowhere").exists())
            self.assertEqual(server.cli("verify", "--chain", "--no-key", ".").returncode, 64)
            self.assertEqual(server.cli("verify", "--stem", "x", ".").returncode, 64)
            self.assertEqual(server.cli("verify", "--chain", ".", MEM_ENCRYPTION_KEY=None).returncode, 78)
            names = self.five(server, MEM_DUMP_PATH=str(server.dumps / "other.bin"))
            server.stop()
            (server.dumps / "other-old.bin").write_bytes(doorman.dump({}, secret=KEY))
            self.assertEqual(self.check(server)[1]["dumps"], [])
            findings, answer = self.check(server, None, "--stem", "other")
            self.assertEqual((findings, len(answer["dumps"]), answer["notes"][0]["kind"]), ([], len(names) + 2, "doorman"))
            findings, _ = self.check(server, None, "--stem", "other", MEM_ENCRYPTION_KEY=OTHER_KEY)
            self.assertEqual({kind for kind, _ in findings}, {"damage"})


if __name__ == "__main__":
    unittest.main()
