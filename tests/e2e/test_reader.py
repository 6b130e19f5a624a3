"""What memgate writes, read by somebody who has only the document of the format."""
import json
import pathlib
import unittest

from reader import Broken, Dump
from server import KEY, Server, onboard

VECTORS = pathlib.Path(__file__).resolve().parents[1] / "vectors"
PASSPHRASE = "correct horse battery staple"
RAW = "hex:" + "".join(f"{n:02x}" for n in range(0x80, 0xA0))


class Reader(unittest.TestCase):
    def test_the_published_vectors(self):
        for name, secret in (("mgd1-v1", PASSPHRASE), ("mgd1-v1-raw", RAW), ("mgd1-v1-zstd", PASSPHRASE), ("mgd1-v1-state", PASSPHRASE)):
            dump = Dump((VECTORS / f"{name}.bin").read_bytes(), secret)
            self.assertEqual(dump.header["generation"], 42, name)
        self.assertEqual(dump.plain, (VECTORS / "mgd1-v1-state.payload").read_bytes())
        self.assertEqual(sum(map(len, dump.read().values())), 5)

    def check(self, server, secret):
        """The newest dump holds what the server exports."""
        path = pathlib.Path(server.cli_json("dump", "--json")["path"])
        dump = Dump(path.read_bytes(), secret)
        content = dump.read()
        exported = [json.loads(line)["collection"] for line in server.cli("export").stdout.splitlines()]
        counts = {name: exported.count(name) for name in set(exported)}
        self.assertEqual({name: len(documents) for name, documents in content.items() if name in counts}, counts)
        self.assertIn(b"ann@example.test", b"".join(body for _, body, _, _ in content["users"]))
        self.assertTrue(all(1 <= rev <= dump.header["version"] for documents in content.values() for *_, rev in documents))
        return dump

    def test_dumps_of_every_kind(self):
        for secret, compression in ((KEY, "zstd"), (KEY, "none"), (PASSPHRASE, "zstd")):
            with self.subTest(compression=compression), Server(MEM_ENCRYPTION_KEY=secret, MEM_DUMP_COMPRESSION=compression, MEM_KDF_MEM_MIB="8") as server:
                server.start()
                onboard(server)
                lines = "".join(json.dumps({"_id": f"{number:05d}", "text": "filler " * 40}) + "\n" for number in range(3000))
                self.assertEqual(server.cli("import", "--collection", "more", "-", input=lines).returncode, 0)
                first = self.check(server, secret)
                self.assertGreater(len(first.plain), 2 * first.header["chunk_size"])
                second = self.check(server, secret)
                self.assertEqual((second.header["parent"], second.header["tlv"][2]), (first.header["generation"], first.file_check))
                self.assertRegex(second.header["tlv"][3].decode(), r"^control cli uid=\d+ pid=\d+$")

    def test_what_is_wrong_has_the_name_that_memgate_gives_it(self):
        with Server() as server:
            server.start()
            server.cli_json("dump", "--json")
            path = server.newest_dump()
            good = path.read_bytes()
            for at in (3, 9, 100, 270, 300, len(good) - 200, len(good) - 60, len(good) - 20):
                data = bytearray(good)
                data[at] ^= 1
                with self.assertRaises(Broken) as caught:
                    Dump(bytes(data), KEY)
                path.write_bytes(data)
                told = json.loads(server.cli("verify", path, "--json").stdout)
                self.assertEqual(str(caught.exception), told["outcome"], at)
            with self.assertRaises(Broken) as caught:
                Dump(good, "hex:" + "00" * 32)
            self.assertEqual(str(caught.exception), "WRONG_KEY")


if __name__ == "__main__":
    unittest.main()
