"""From Doorman to memgate: its dumps at start and by import-dump; its users log in."""
import json
import pathlib
import unittest

import doorman
from server import PASSWORD, Server, onboard

VECTORS = pathlib.Path(__file__).resolve().parents[1] / "vectors"
PASSPHRASE = "correct horse battery staple"


def place(server, name, content):
    server.dumps.mkdir(mode=0o700, exist_ok=True)
    file = server.dumps / name
    file.write_bytes(content)
    return file


class AtStart(unittest.TestCase):
    def test_newest_by_what_is_sealed_in_it_and_a_dump_of_our_own(self):
        with Server(MEM_ENCRYPTION_KEY=doorman.KEY, MEM_KDF_MEM_MIB="8") as server:
            files = [
                place(server, "memory_dump-20260205T220531Z.bin", doorman.dump({"users": doorman.users("new")}, "2026-03-01T00:00:00Z")),
                place(server, "memory_dump-20260301T000000Z.bin", doorman.dump({"users": doorman.users("old")}, "2026-01-01T00:00:00Z")),
            ]
            before = [file.read_bytes() for file in files]
            server.start()
            self.assertIn(f"restored from dump {files[0]}", server.log())
            self.assertRegex(server.log(), r"event=imported .*documents=1 .*duplicates=0")
            server.wait_log(r"event=dump_published .*trigger=import")
            own = [file for file in server.dump_files() if file not in files]
            self.assertEqual(len(own), 1)
            self.assertEqual(server.cli_json("verify", own[0], "--json")["trigger"], "import")
            self.assertEqual(server.http("GET", "/platform/user/new")[0], 200)
            self.assertEqual(server.http("GET", "/platform/user/old")[0], 404)
            self.assertTrue(server.login("new@example.test", doorman.PASSWORD))
            stored = json.loads(server.cli("export", "--collection", "users").stdout.splitlines()[-1])
            self.assertTrue(str(stored["password"]).startswith("$argon2id$"), stored)
            self.assertTrue(server.login("new@example.test", doorman.PASSWORD))
            self.assertEqual(server.stop(), 0)
            server.start()  # from our own now
            self.assertNotIn("imported", server.log()[server.log().rindex("restored from dump"):])
            self.assertEqual(server.stop(), 0)
            self.assertEqual([file.read_bytes() for file in files], before)

    def test_revocations_bind_and_go_when_their_tokens_would_have_ended(self):
        revoked = [{"_id": f"r{number}", "type": "jti", "username": "ann", "jti": jti, "expires_at": at}
                   for number, (jti, at) in enumerate((("past", 1_000_000_000), ("later", 4_000_000_000), ("never", None), ("far", 10**18)))]
        everybody = {"_id": "r9", "type": "revoke_all", "username": "bob", "revoke_all": True}
        with Server(MEM_ENCRYPTION_KEY=doorman.KEY, MEM_KDF_MEM_MIB="8") as server:
            place(server, "memory_dump-20260205T220531Z.bin", doorman.dump({"users": doorman.users("ann", "bob"), "revocations": [*revoked, everybody]}))
            server.start()
            lines = [json.loads(line) for line in server.cli("export").stdout.splitlines()]
            kept = {line["document"].get("jti"): line.get("expires_ns", 0) for line in lines if line["collection"] == "revocations"}
            self.assertEqual(kept, {"later": 4_000_000_000 * 10**9, "never": 0, "far": 0, None: 0})
            token = server.login("bob@example.test", doorman.PASSWORD)
            self.assertEqual(server.http("GET", "/platform/authorization/status", token=token)[0], 401)

    def test_another_key_or_damage_ends_the_start(self):
        with Server() as server:
            file = place(server, "memory_dump-20260205T220531Z.bin", doorman.dump({}, secret="another passphrase"))
            self.assertEqual(server.start_fails(), 77)
            self.assertIn("WRONG_KEY_OR_CORRUPT", server.log())
            server.start(MEM_ENCRYPTION_KEY_PREVIOUS="another passphrase")
            server.stop()
            for own in server.dump_files():
                if own != file:
                    own.unlink()
            file.write_bytes(doorman.seal("{}", "another passphrase"))
            self.assertEqual(server.start_fails(MEM_ENCRYPTION_KEY_PREVIOUS="another passphrase"), 65)
            self.assertIn("PAYLOAD_INVALID", server.log())

    def test_a_file_above_the_limit_is_refused(self):
        with Server(MEM_ENCRYPTION_KEY=doorman.KEY, MEM_IMPORT_MAX_MIB="1") as server:
            place(server, "memory_dump-20260205T220531Z.bin", doorman.dump({"tiers": [{"tier_id": "x" * (1 << 20)}]}))
            self.assertEqual(server.start_fails(), 65)
            self.assertIn("MEM_IMPORT_MAX_MIB", server.log())


class WhileServing(unittest.TestCase):
    def test_import_dump_replaces_the_state_and_can_be_undone(self):
        with Server() as server:
            server.start()
            onboard(server)
            digest = server.digest()
            file = place(server, "old.bin", doorman.dump({"users": doorman.users("bea"), "tiers": [{"tier_id": "t"}, {"tier_id": "t"}]}))
            (server.folder / "key").write_text(doorman.KEY + "\n")
            answer = server.cli_json("import-dump", "dumps/old.bin", "--key-file", "key", "--json")
            self.assertEqual((answer["counts"]["duplicates"], answer["after"]["trigger"]), (1, "import"))
            self.assertEqual(answer["restored"]["path"], str(file))
            server.token = None  # the signing key went with the state
            self.assertEqual(server.http("GET", "/platform/user/bea")[0], 200)
            self.assertEqual(server.http("GET", "/platform/user/ann")[0], 404)
            self.assertTrue(server.login("admin@example.test", PASSWORD))
            self.assertNotIn(doorman.KEY, server.log())
            undone = server.cli("restore", answer["before"]["path"])
            self.assertEqual(undone.returncode, 0, undone.stderr)
            self.assertEqual(server.digest(), digest)
            chain = server.cli_json("dumps", "--json")
            self.assertNotIn("mismatch", [dump.get("chain") for dump in chain])

    def test_vector_is_imported_with_its_counts(self):
        with Server(MEM_DUMP_MIN_GENERATION="1", MEM_REQUIRE_DUMP="false") as server:
            server.start(MEM_DUMP_MIN_GENERATION="0")
            place(server, "vector.bin", (VECTORS / "dmp1-small.bin").read_bytes())
            (server.folder / "key").write_text(PASSPHRASE)
            done = server.cli("import-dump", "vector.bin", "--key-file", "key")
            self.assertEqual(done.returncode, 66, done.stderr)  # not where it is run
            answer = server.cli_json("import-dump", "--json", "dumps/vector.bin", "--key-file", "key")
            expected = json.loads((VECTORS / "dmp1-small.expected.json").read_text())["counts"]
            self.assertEqual({name: answer["counts"][name] for name in expected}, expected)

    def test_http_restores_one_too(self):
        with Server(MEM_ENCRYPTION_KEY=doorman.KEY, MEM_KDF_MEM_MIB="8") as server:
            server.start()
            place(server, "old.bin", doorman.dump({"users": doorman.users("bea")}))
            status, answer = server.http("POST", "/platform/memory/restore", {"path": "old.bin"})
            self.assertEqual(status, 200, answer)
            self.assertIn("2026-02-05T22:05:31.250", json.dumps(answer))
            server.token = None
            self.assertEqual(server.http("GET", "/platform/user/bea")[0], 200)

    def test_refusals(self):
        with Server() as server:
            server.start()
            digest = server.digest()
            server.cli("dump")
            place(server, "old.bin", doorman.dump({}))
            (server.folder / "key").write_text("not the passphrase")
            (server.folder / "outside.bin").write_bytes(doorman.dump({}))
            own = server.dump_files()[0].name
            for arguments, code, words in (
                (["old.bin"], 77, "WRONG_KEY_OR_CORRUPT"),
                (["dumps/old.bin", "--key-file", "key"], 77, "WRONG_KEY_OR_CORRUPT"),
                ([own], 65, "it is no Doorman dump"),
                (["dumps/" + own, "--key-file", "key"], 65, "it is no Doorman dump"),
                (["outside.bin"], 65, "the path is not allowed"),
                (["dumps/old.bin", "--key-file", "/nowhere"], 78, "/nowhere can not be used"),
                (["missing.bin"], 66, "there is no dump at this path"),
            ):
                with self.subTest(arguments):
                    done = server.cli("import-dump", *arguments)
                    self.assertEqual(done.returncode, code, done.stderr)
                    self.assertIn(words, done.stderr)
            self.assertEqual(server.digest(), digest)


if __name__ == "__main__":
    unittest.main()
