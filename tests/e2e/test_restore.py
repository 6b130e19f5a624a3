"""Starting from what is in the folder, and going back while serving."""
import json
import shutil
import unittest

from server import API, Server, onboard, wait_for


def damage(path, at=-300):
    data = bytearray(path.read_bytes())
    data[at] ^= 0x40
    path.write_bytes(data)


class Restore(unittest.TestCase):
    def dump(self, server):
        return server.cli_json("dump", "--json")

    def test_wrong_key_refuses_and_keeps_everything(self):
        with Server() as server:
            server.start()
            dump = self.dump(server)
            server.kill()
            before = [f.read_bytes() for f in server.dump_files()]
            self.assertEqual(server.start_fails(MEM_ENCRYPTION_KEY="hex:" + "00" * 32), 77)
            key_id = server.cli_json("inspect", server.newest_dump(), "--json")["key_id"]
            self.assertIn(key_id, server.log())
            self.assertEqual([f.read_bytes() for f in server.dump_files()], before)
            server.start()
            self.assertEqual(server.cli_json("status", "--json")["generation"], dump["generation"])

    def test_damaged_newest_dump_falls_back_to_the_one_before(self):
        with Server() as server:
            server.start()
            onboard(server)
            good = self.dump(server)
            digest = server.digest()
            server.http("DELETE", "/platform/api/orders/v1")
            bad = self.dump(server)
            server.kill()
            damage(server.dumps / bad["path"].split("/")[-1])
            server.start()
            status = server.cli_json("status", "--json")
            self.assertEqual(status["restored"]["generation"], good["generation"])
            self.assertEqual(server.digest(), digest)
            self.assertIn(bad["path"].split("/")[-1], server.log())
            self.assertGreater(self.dump(server)["generation"], bad["generation"])

    def test_nothing_but_damage_never_starts_empty(self):
        with Server() as server:
            server.start()
            self.dump(server)
            self.dump(server)
            server.kill()
            for path in server.dump_files():
                damage(path)
            self.assertEqual(server.start_fails(), 65, server.log())
            self.assertEqual(len(server.dump_files()), 2)

    def test_online_restore_goes_back_and_can_be_undone(self):
        with Server() as server:
            server.start()
            onboard(server)
            dump = self.dump(server)
            digest = server.digest()
            server.http("DELETE", "/platform/api/orders/v1")
            later = server.digest()
            done = server.cli("restore", dump["path"])
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn("restored from dump", done.stdout)
            self.assertEqual(server.digest(), digest)
            undo = done.stdout.split("`memgate restore ")[1].split("`")[0]
            self.assertEqual(server.cli("restore", undo).returncode, 0)
            self.assertEqual(server.digest(), later)

    def test_online_restore_over_http(self):
        with Server() as server:
            server.start()
            onboard(server)
            status, answer = server.http("POST", "/platform/memory/dump", {})
            self.assertEqual(status, 200, answer)
            path = answer["response"]["path"]
            server.http("DELETE", "/platform/user/ann")
            status, answer = server.http("POST", "/platform/memory/restore", {"path": path})
            self.assertEqual(status, 200, answer)
            self.assertEqual(answer["response"]["version"], 1)
            self.assertEqual(server.http("GET", "/platform/user/ann")[0], 200)
            self.assertEqual(server.http("POST", "/platform/memory/restore", {"path": "missing.bin"})[0], 404)
            digest = server.digest()
            damage(server.newest_dump())
            status, answer = server.http("POST", "/platform/memory/restore", {"path": server.newest_dump().name})
            self.assertEqual((status, answer["error_code"]), (500, "GTW999"))
            self.assertEqual(server.digest(), digest)

    def test_user_missing_from_the_dump_is_out_at_once(self):
        with Server() as server:
            server.start()
            dump = self.dump(server)
            onboard(server)
            token = server.login("ann@example.test", "Str0ng!Passw0rd-ann")
            self.assertEqual(server.http("GET", "/platform/user/me", token=token)[0], 200)
            self.assertEqual(server.cli("restore", dump["path"]).returncode, 0)
            self.assertEqual(server.http("GET", "/platform/user/me", token=token)[0], 401)

    def test_path_of_a_request_is_confined_to_the_root(self):
        with Server() as server:
            server.start()
            for path in ("/etc/passwd", "../x", "a/../../x", "/tmp/", "", ".hidden", "a//b/../c", "x\u0000y", "ü"):
                if path:
                    status, answer = server.http("POST", "/platform/memory/dump", {"path": path})
                    self.assertIn(status, (400, 403), (path, answer))
            (server.dumps / "below").mkdir(exist_ok=True)
            status, answer = server.http("POST", "/platform/memory/dump", {"path": "below/"})
            self.assertEqual(status, 200, answer)
            self.assertEqual(len(list((server.dumps / "below").glob("*.bin"))), 1)
            self.assertEqual(server.dump_files(), [])

    def test_body_is_read_as_leniently_as_all_others(self):
        with Server() as server:
            server.start()
            for body, status, stem in (
                ({"path": 5}, 200, "5"),
                ({"path": -1.5}, 200, "-1"),  # less its extension
                ({"path": None, "comment": "nobody knows this name"}, 200, "memory_dump"),
                ({"path": True}, 422, None),
                ({"path": ["5"]}, 422, None),
                ({"path": {}}, 422, None),
            ):
                with self.subTest(body):
                    before = set(server.dumps.glob("*.bin"))
                    self.assertEqual(server.http("POST", "/platform/memory/dump", body)[0], status)
                    made = [path.name for path in set(server.dumps.glob("*.bin")) - before]
                    self.assertEqual([name[: name.index("-2")] for name in made], [stem] if stem else [])
            self.assertEqual(server.http("POST", "/platform/memory/restore", {"path": 5})[0], 404)
            self.assertEqual(server.http("POST", "/platform/memory/restore", {"path": True})[0], 422)

    def test_dumps_carry_who_asked(self):
        with Server() as server:
            server.start()
            server.http("POST", "/platform/memory/dump", {})
            self.dump(server)
            listed = server.cli_json("dumps", "--json")
            self.assertEqual(sorted(d["trigger"] for d in listed), ["HTTP", "control"])
            for dump in listed:
                self.assertTrue({"path", "generation", "created_at", "requester", "documents", "bytes", "verified"} <= set(dump))
                self.assertTrue(dump["verified"])
            http = next(d for d in listed if d["trigger"] == "HTTP")
            self.assertRegex(http["requester"], r"^http user=admin request=\S+$")

    def test_dump_elsewhere_does_not_count_as_saved(self):
        with Server(MEM_AUTO_SAVE_ENABLED="true", MEM_AUTO_SAVE_FREQ="1") as server:
            server.start()
            onboard(server)
            status, answer = server.http("POST", "/platform/memory/dump", {"path": "copy"})
            self.assertEqual(status, 200, answer)
            wait_for(lambda: any(f.name.startswith("memory_dump-") for f in server.dump_files()), "an automatic dump all the same", 15)
            wait_for(lambda: server.cli_json("status", "--json")["at_risk"]["changes"] == 0, "all saved", 15)
            server.kill()
            server.start()
            self.assertEqual(server.http("GET", "/platform/user/ann")[0], 200)

    def test_nothing_is_at_risk_after_a_restart(self):
        with Server() as server:
            server.start()
            onboard(server)
            self.assertGreater(server.cli_json("status", "--json")["at_risk"]["changes"], 0)
            server.stop()
            server.start()
            self.assertEqual(server.cli_json("status", "--json")["at_risk"]["changes"], 0)

    def test_bad_path_is_the_askers_error_not_a_failed_dump(self):
        with Server() as server:
            server.start()
            self.assertEqual(server.http("POST", "/platform/memory/dump", {"path": "nope/x"})[0], 404)
            self.assertEqual(server.http("GET", "/platform/monitor/readiness", token=None)[1]["status"], "ready")
            status = server.cli_json("status", "--json")
            self.assertEqual((status["last_error"], status["dumps_failed"]), (None, 0))

    def test_command_ends_with_the_code_of_what_is_wrong_with_the_file(self):
        with Server() as server:
            server.start()
            name = self.dump(server)["path"].split("/")[-1]
            good = (server.dumps / name).read_bytes()
            (server.dumps / "junk.bin").write_bytes(b"not a dump")
            (server.dumps / "cut.bin").write_bytes(good[: len(good) // 2])
            (server.dumps / "flipped.bin").write_bytes(good)
            damage(server.dumps / "flipped.bin")
            for file, code in (("junk.bin", 65), ("cut.bin", 65), ("flipped.bin", 65), ("missing.bin", 66), (name, 0)):
                done = server.cli("restore", file)
                self.assertEqual(done.returncode, code, (file, done.stderr))

    def test_fallback_shows_in_status(self):
        with Server() as server:
            server.start()
            self.dump(server)
            bad = self.dump(server)
            server.kill()
            damage(server.dumps / bad["path"].split("/")[-1])
            server.start()
            self.assertEqual(server.cli_json("status", "--json")["restore_skipped"], 1)
            self.assertIn("WARNING", server.cli("status").stdout)

    def test_inspect_and_verify(self):
        with Server() as server:
            server.start()
            self.dump(server)
            path = server.newest_dump()
            inspected = server.cli_json("inspect", path, "--json", MEM_ENCRYPTION_KEY=None)
            self.assertEqual(inspected["authenticated"], False)
            verified = server.cli_json("verify", path, "--json")
            self.assertEqual((verified["outcome"], verified["authenticated"]), ("OK", True))
            wrong = server.cli("verify", path, "--json", MEM_ENCRYPTION_KEY="hex:" + "11" * 32)
            self.assertEqual((wrong.returncode, json.loads(wrong.stdout)["outcome"]), (77, "WRONG_KEY"))
            self.assertEqual(server.cli("verify", "missing.bin", "--json").returncode, 66)
            copy = server.folder / "copy.bin"
            shutil.copy(path, copy)
            damage(copy)
            bad = server.cli("verify", copy, "--json")
            self.assertEqual(bad.returncode, 65)
            self.assertEqual(server.cli("verify", path, MEM_ENCRYPTION_KEY=None).returncode, 78)

    def test_both_aes_providers_read_each_other(self):
        with Server() as server:
            server.start(MEMGATE_AEAD="gnutls")
            onboard(server)
            digest = server.digest()
            for provider in ("libsodium", "gnutls"):
                server.stop()
                server.start(MEMGATE_AEAD=provider)
                self.assertEqual(server.digest(), digest)

    def test_compression_changes_size_not_content(self):
        with Server(MEM_DUMP_COMPRESSION="none") as server:
            server.start()
            lines = "".join(json.dumps({"_id": f"d{i}", "text": "memory " * 40}) + "\n" for i in range(2000))
            server.cli("import", "--collection", "things", "-", input=lines)
            raw = self.dump(server)
            digest = server.digest()
            server.stop()
            server.start(MEM_DUMP_COMPRESSION="zstd")
            packed = self.dump(server)
            self.assertLess(packed["bytes"], raw["bytes"] / 3)
            server.kill()
            server.start()
            self.assertEqual(server.digest(), digest)

    def test_api_survives_with_all_its_fields(self):
        with Server() as server:
            server.start()
            onboard(server)
            before = server.http("GET", "/platform/api/orders/v1")[1]
            server.stop()
            server.start()
            self.assertEqual(server.http("GET", "/platform/api/orders/v1")[1], before)
            self.assertEqual(before["api_servers"], API["api_servers"])


if __name__ == "__main__":
    unittest.main()
