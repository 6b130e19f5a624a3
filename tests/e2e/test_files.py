"""Dump files in the hands of an operator: export, diff, rekey, verify of a folder, parts brought back."""
import json
import os
import unittest

import doorman
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


if __name__ == "__main__":
    unittest.main()
