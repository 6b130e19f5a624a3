"""Configuration export, import and rollback, security settings: platform-api.md sections 10 and 12.1."""
import json
import unittest

from contract import Platform

CONFIG = "/platform/config"


def endpoint(uri="/a", **more):
    return {"api_name": "orders", "api_version": "v1", "endpoint_method": "GET", "endpoint_uri": uri, "endpoint_description": "d", **more}


class Config(Platform):
    def import_(self, **kinds):
        return self.expect(200, f"POST {CONFIG}/import", kinds)["imported"]

    def test_export_and_import_of_everything_in_another_instance(self):
        self.import_(apis=[{"api_name": "orders", "api_version": "v1", "api_servers": ["http://a"]}], endpoints=[endpoint()], routings=[{"client_key": "k", "routing_name": "r", "routing_servers": ["http://a"]}],
                     groups=[{"group_name": "g"}], roles=[{"role_name": "r", "manage_apis": "yes"}])
        before = self.expect(200, f"GET {CONFIG}/export/all")
        self.assertEqual(sorted(before), ["apis", "endpoints", "groups", "roles", "routings"])
        self.assertNotIn("_id", before["apis"][0])
        self.assertEqual(before["endpoints"][0]["api_id"], before["apis"][0]["api_id"])
        self.assertTrue(next(role for role in before["roles"] if role["role_name"] == "r")["manage_apis"])
        with type(self.server)() as other:
            other.start()
            status, answer = other.http("POST", f"{CONFIG}/import", before)
            self.assertEqual((status, answer["imported"]), (200, {kind: len(before[kind]) for kind in ("apis", "endpoints", "roles", "groups", "routings")}))
            self.assertEqual(other.http("GET", f"{CONFIG}/export/all")[1], before)
            self.assertEqual(other.stop(), 0)
            other.start()
            self.assertEqual(other.http("GET", f"{CONFIG}/export/all")[1], before)

    def test_one_kind_and_one_document(self):
        self.import_(apis=[{"api_name": "one", "api_version": "v1"}], endpoints=[{**endpoint(), "api_name": "one"}], routings=[{"client_key": "k1", "routing_name": "r", "routing_servers": ["x"]}])
        answer = self.expect(200, f"GET {CONFIG}/export/apis?api_name=one&api_version=v1")
        self.assertEqual((answer["api"]["api_name"], len(answer["endpoints"])), ("one", 1))
        self.assertIn("apis", self.expect(200, f"GET {CONFIG}/export/apis?api_name=one"))
        self.assertEqual(self.expect(200, f"GET {CONFIG}/export/roles?role_name=admin")["role"]["role_name"], "admin")
        self.assertIn("roles", self.expect(200, f"GET {CONFIG}/export/roles"))
        self.assertEqual(self.expect(200, f"GET {CONFIG}/export/groups?group_name=ALL")["group"]["group_name"], "ALL")
        self.assertIn("groups", self.expect(200, f"GET {CONFIG}/export/groups"))
        self.assertEqual(self.expect(200, f"GET {CONFIG}/export/routings?client_key=k1")["routing"]["client_key"], "k1")
        self.assertIn("routings", self.expect(200, f"GET {CONFIG}/export/routings"))
        self.assertEqual(len(self.expect(200, f"GET {CONFIG}/export/endpoints?api_name=one&api_version=v1")["endpoints"]), 1)
        self.assertIn("endpoints", self.expect(200, f"GET {CONFIG}/export/endpoints"))
        for query, code in (("apis?api_name=x&api_version=v1", "CFG404"), ("roles?role_name=x", "CFG405"), ("groups?group_name=x", "CFG406"), ("routings?client_key=x", "CFG407")):
            self.expect(f"404 {code}", f"GET {CONFIG}/export/{query}")

    def test_import_is_an_upsert_that_keeps_ids_and_counts_what_was_given(self):
        self.import_(apis=[{"api_name": "up", "api_version": "v1", "api_description": "old", "api_servers": ["http://a"]}])
        made = self.expect(200, "GET /platform/api/up/v1")
        self.assertEqual((made["api_path"], made["active"], made["api_allowed_roles"]), ("/up/v1", True, []))
        counts = self.import_(apis=[{"api_name": "up", "api_version": "v1", "api_description": "first"}, {"api_name": "up", "api_version": "v1", "api_allowed_retry_count": "2", "api_id": "forged"},
                                    {"api_version": "v1"}, {"api_name": None, "api_version": "v1"}], groups=None)
        self.assertEqual(counts, {"apis": 4, "endpoints": 0, "roles": 0, "groups": 0, "routings": 0})
        self.assertEqual(self.expect(200, "GET /platform/api/up/v1"), {**made, "api_description": "first", "api_allowed_retry_count": 2})
        self.import_(apis=[{"api_name": "twin-a", "api_version": "v1", "api_id": "same"}, {"api_name": "twin-b", "api_version": "v1", "api_id": "same"}, {"api_name": "twin-c", "api_version": "v1", "api_id": made["api_id"]}])
        self.assertEqual(len({self.expect(200, f"GET /platform/api/{name}/v1")["api_id"] for name in ("twin-a", "twin-b", "twin-c", "up")}), 4)

    def test_rollback_makes_the_configuration_what_it_was_before_the_newest_import(self):
        self.import_()
        before = self.expect(200, f"GET {CONFIG}/export/all")
        self.import_(apis=[{"api_name": "later", "api_version": "v1"}], roles=[{"role_name": "later"}])
        self.expect(201, "POST /platform/group", {"group_name": "later"})
        self.restart()  # the snapshot is in the dump
        self.expect(200, f"POST {CONFIG}/rollback")
        self.assertEqual(self.expect(200, f"GET {CONFIG}/export/all"), before)
        self.expect(200, f"POST {CONFIG}/rollback")
        self.assertEqual(self.expect(200, f"GET {CONFIG}/export/all"), before)
        for _ in range(8):
            self.import_(groups=[{"group_name": "again"}])
        done = self.server.cli("export", "--collection", "config_snapshots")
        self.assertEqual(len({line.split('"_id":"')[1][:20] for line in done.stdout.splitlines()}), 5)

    def test_a_snapshot_of_the_deepest_documents_can_be_dumped_and_gone_back_to(self):
        """Within a snapshot a document is two levels deeper than by itself, and no dump carries more than 64 levels."""
        levels = {}
        for _ in range(62):
            levels = {"a": levels}
        self.expect(422, "POST /platform/api", {"api_name": "deep", "api_version": "v1", "api_request_transform": {"a": levels}})
        self.expect(201, "POST /platform/api", {"api_name": "deep", "api_version": "v1", "api_request_transform": levels})
        self.import_(groups=[{"group_name": "after-deep"}])
        self.restart()
        self.expect(200, f"POST {CONFIG}/rollback")
        self.assertEqual(self.expect(200, "GET /platform/api/deep/v1")["api_request_transform"], levels)
        self.expect("404 GRP003", "GET /platform/group/after-deep")
        self.import_(**self.expect(200, f"GET {CONFIG}/export/all"))
        self.restart()
        self.expect(200, "DELETE /platform/api/deep/v1")

    def test_a_rollback_gives_nobody_more_than_it_may_give(self):
        """Otherwise: import nothing, lose a flag, go back."""
        token = self.user("back", manage_gateway=True, manage_roles=True)
        self.expect(200, f"POST {CONFIG}/import", {}, token=token)
        self.expect(200, "PUT /platform/role/back-role", {"manage_roles": False})
        self.expect("403 ROLE010", f"POST {CONFIG}/rollback", token=token)
        self.assertFalse(self.expect(200, "GET /platform/role/back-role")["manage_roles"])
        self.import_(groups=[{"group_name": "not-a-role"}])
        self.expect(200, f"POST {CONFIG}/rollback", token=token)  # the roles stay as they are
        self.expect("400 GRP003", "PUT /platform/group/not-a-role", {"group_description": "x"})
        self.expect(201, "POST /platform/role", {"role_name": "newcomer"})
        self.expect("403 ROLE011", f"POST {CONFIG}/rollback", token=token)
        self.expect(200, "DELETE /platform/role/newcomer")
        self.expect(201, "POST /platform/role", {"role_name": "gone"})
        self.import_()
        self.expect(200, "DELETE /platform/role/gone")
        self.expect("403 ROLE009", f"POST {CONFIG}/rollback", token=token)
        self.expect(200, "PUT /platform/role/back-role", {"manage_roles": True})
        self.import_(roles=[{"role_name": "boss", "platform_admin": True}])
        self.expect("403 ROLE016", f"POST {CONFIG}/rollback", token=token)
        self.expect(200, f"POST {CONFIG}/rollback")
        self.expect("404 ROLE004", "GET /platform/role/boss")

    def test_refusals(self):
        plain, manager, only = self.user("cfg"), self.user("gate", manage_gateway=True, manage_roles=True), self.user("only", manage_gateway=True)
        for line, code in (("GET export/all", "CFG001"), ("GET export/apis", "CFG002"), ("GET export/roles", "CFG003"), ("GET export/groups", "CFG004"), ("GET export/routings", "CFG005"),
                           ("GET export/endpoints", "CFG007"), ("POST import", "CFG006"), ("POST rollback", "CFG008")):
            line = line.replace(" ", f" {CONFIG}/")
            self.expect(f"403 {code}", line, token=plain)
            self.expect("401 detail", line, token=None)
        self.expect("403 ROLE014", f"POST {CONFIG}/import", {"roles": [{"role_name": "admin", "view_logs": False}]}, token=manager)
        self.expect("403 ROLE010", f"POST {CONFIG}/import", {"roles": [{"role_name": "only-role", "manage_users": True}]}, token=only)
        self.expect("403 ROLE009", f"POST {CONFIG}/import", {"roles": [{"role_name": "new"}]}, token=only)
        self.expect(200, f"POST {CONFIG}/import", {"groups": [{"group_name": "of-only"}]}, token=only)
        self.expect("403 ROLE013", f"POST {CONFIG}/import", {"roles": [{"role_name": "boss", "platform_admin": True}]}, token=manager)
        self.assertNotIn("admin", [role["role_name"] for role in self.expect(200, f"GET {CONFIG}/export/all", token=manager)["roles"]])
        for bad in ({"apis": {}}, {"apis": [1]}, {"apis": [{"api_name": "a\u0000", "api_version": "v1"}]}, {"apis": [{"api_name": "b", "api_version": "v1", "api_servers": 1}]},
                    {"groups": [{"group_name": "x" * 51}]}, {"roles": [{"role_name": "r", "manage_apis": "perhaps"}]}, {"apis": [{"api_name": "a", "api_version": "v1", "$x": 1}]}, [], b"{"):
            with self.subTest(bad):
                self.expect("422 VAL001", f"POST {CONFIG}/import", bad)
        self.expect("400 API003", "GET /platform/api/b/v1")


class OldSnapshot(Platform):
    def test_a_snapshot_of_an_earlier_version_holds_documents_and_is_read(self):
        self.expect(200, f"POST {CONFIG}/import", {"apis": [{"api_name": "a", "api_version": "v1"}]})
        roles = [json.loads(line) for line in self.server.cli("export", "--collection", "roles").stdout.splitlines()]
        old = "".join(json.dumps({"_id": f"9{number:019}-000000", "collection": kind, "documents": documents}) + "\n"
                      for number, (kind, documents) in enumerate((("roles", roles), ("groups", [{"_id": "g-1", "group_name": "of-old", "api_access": []}]))))
        old = old.replace("90000000000000000001-000000", "90000000000000000000-000001")
        done = self.server.cli("import", "--collection", "config_snapshots", "-", input=old)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.expect(200, f"POST {CONFIG}/rollback")
        self.assertEqual([group["group_name"] for group in self.expect(200, f"GET {CONFIG}/export/groups")["groups"]], ["of-old"])
        self.assertEqual(self.expect(200, f"GET {CONFIG}/export/apis")["apis"], [])


class Large(Platform):
    environment = {"MAX_BODY_SIZE_BYTES": str(16 << 20), "MEM_DUMP_COMPRESSION": "none"}

    def api(self, name, size):
        self.expect(201, "POST /platform/api", {"api_name": name, "api_version": "v1", "api_request_transform": {"x": "x" * size}})

    def test_large_documents_fit_into_snapshots_until_all_are_too_much(self):
        """A part of a snapshot is a document as well, and none is over 16 MiB."""
        self.api("a", 3_900_000)
        self.api("b", 14_000_000)
        self.expect(200, f"POST {CONFIG}/import", {"groups": [{"group_name": "first"}]})
        self.api("c", 16_700_000)
        self.expect(200, f"POST {CONFIG}/import", {"groups": [{"group_name": "second"}]})
        self.api("d", 16_700_000)  # more than one write carries
        self.expect("413 CFG413", f"POST {CONFIG}/import", {"groups": [{"group_name": "third"}]})
        self.expect("404 GRP003", "GET /platform/group/third")
        self.expect(200, f"POST {CONFIG}/rollback")
        self.assertEqual([self.call(f"GET /platform/api/{name}/v1")[0] for name in "abcd"], [200, 200, 200, 400])
        self.restart()

    def test_a_document_that_leaves_no_room_for_the_part_around_it(self):
        line = json.dumps({"_id": "x", "api_name": "full", "api_version": "v1", "x": ""})
        room = (16 << 20) - len(b"\0" * 5 + b"\2_id\0....x\0" + b"\2api_name\0....full\0" + b"\2api_version\0....v1\0" + b"\2x\0....\0")
        done = self.server.cli("import", "--collection", "apis", "-", input=line.replace('"x": ""', f'"x": "{"x" * room}"') + "\n")
        self.assertEqual(done.returncode, 0, done.stderr)
        answer = self.expect("413 CFG413", f"POST {CONFIG}/import", {"groups": [{"group_name": "fourth"}]})
        self.assertIn("snapshot", answer["error_message"])
        self.expect("404 GRP003", "GET /platform/group/fourth")
        self.expect(200, "DELETE /platform/api/full/v1")


class NoSnapshot(Platform):
    def test_there_is_nothing_to_go_back_to(self):
        self.expect("404 CFG404", f"POST {CONFIG}/rollback")


class Settings(Platform):
    PATH = "/platform/security/settings"

    def test_restart_is_left_to_who_supervises(self):
        self.expect("409 SEC004", "POST /platform/security/restart")
        self.expect("403 SEC003", "POST /platform/security/restart", token=self.user("sec"))
        self.expect("401 detail", "POST /platform/security/restart", token=None)

    def test_put_merges_and_survives_a_restart(self):
        whole = self.expect(200, f"PUT {self.PATH}", {"ip_blacklist": ["192.0.2.1"], "trust_x_forwarded_for": True, "auto_save_frequency_seconds": 90.9})
        self.assertEqual((whole["memory_only"], whole["ip_blacklist"], whole["ip_whitelist"], whole["auto_save_frequency_seconds"]), (True, ["192.0.2.1"], [], 90))
        self.restart()
        shown = self.expect(200, f"GET {self.PATH}")
        self.assertEqual({name: shown[name] for name in whole}, whole)
        self.assertEqual(len(shown["security_warnings"]), 1)
        for name in ("allow_localhost_bypass_locked", "client_ip", "client_ip_xff"):
            self.assertIn(name, shown)
        for bad in ({"auto_save_frequency_seconds": 59}, {"ip_whitelist": "x"}, {"enable_auto_save": "perhaps"}):
            self.expect("422 VAL001", f"PUT {self.PATH}", bad)
        self.expect("400 SEC005", f"PUT {self.PATH}", {"dump_path": "/etc/x"})
        plain = self.user("set")
        self.expect("403 SEC001", f"GET {self.PATH}", token=plain)
        self.expect("403 SEC002", f"PUT {self.PATH}", {}, token=plain)


if __name__ == "__main__":
    unittest.main()
