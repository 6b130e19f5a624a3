"""Conditional requests and Idempotency-Key: what makes it safe to send a request twice, or on an old copy."""
import threading
import unittest

from contract import STRONG, Platform

GROUP = "/platform/group"


class Conditional(Platform):
    def etag(self, path):
        self.expect(200, f"GET {path}")
        return self.server.last_headers["ETag"]

    def test_if_none_match_spares_the_body_until_the_document_changes(self):
        self.expect(201, f"POST {GROUP}", {"group_name": "g1"})
        etag = self.etag(f"{GROUP}/g1")
        for value in (etag, f'"x", {etag}', "*", "W/" + etag):
            status, body = self.call(f"GET {GROUP}/g1", headers={"If-None-Match": value})
            self.assertEqual((status, body, self.server.last_headers["ETag"]), (304, "", etag), value)
        self.expect(200, f"GET {GROUP}/g1", headers={"If-None-Match": '"other"'})
        self.expect(200, f"PUT {GROUP}/g1", {"group_description": "d"})
        self.expect(200, f"GET {GROUP}/g1", headers={"If-None-Match": etag})
        self.assertNotEqual(self.server.last_headers["ETag"], etag)

    def test_if_match_refuses_a_write_on_an_old_copy(self):
        self.expect(201, f"POST {GROUP}", {"group_name": "g2"})
        first = self.etag(f"{GROUP}/g2")
        self.expect(200, f"PUT {GROUP}/g2", {"group_description": "a"}, headers={"If-Match": first})
        self.expect("412 PRE001", f"PUT {GROUP}/g2", {"group_description": "b"}, headers={"If-Match": first})
        self.expect("412 PRE001", f"DELETE {GROUP}/g2", headers={"If-Match": first})
        second = self.etag(f"{GROUP}/g2")
        self.expect("412 PRE001", f"PUT {GROUP}/g2", {"group_description": "b"}, headers={"If-Match": "W/" + second})
        self.expect(200, f"PUT {GROUP}/g2", {"group_description": "b"}, headers={"If-Match": "*"})
        self.expect(200, f"DELETE {GROUP}/g2", headers={"If-Match": f'"x", {self.etag(f"{GROUP}/g2")}'})
        self.expect("400 GRP003", f"DELETE {GROUP}/g2", headers={"If-Match": second})

    def test_every_kind_of_document_has_them(self):
        self.user("etta")
        self.expect(201, "POST /platform/api", {"api_name": "cond", "api_version": "v1"})
        self.expect(201, "POST /platform/credit", {"api_credit_group": "c", "api_key": "k", "api_key_header": "h", "credit_tiers": [{"tier_name": "t", "credits": 1}]})
        self.expect(201, "POST /platform/tiers/", {"tier_id": "t", "name": "free", "display_name": "T", "limits": {}})
        for read, write, body in (("/platform/user/etta", None, {"custom_attributes": {"a": 1}}), ("/platform/role/etta-role", None, {"view_logs": True}), ("/platform/api/cond/v1", None, {"api_description": "d"}),
                                  ("/platform/credit/defs/c", "/platform/credit/c", {"api_key_header": "x"}), ("/platform/tiers/t", None, {"enabled": False})):
            with self.subTest(read):
                write = write or read
                etag = self.etag(read)
                self.assertEqual(self.call(f"GET {read}", headers={"If-None-Match": etag})[0], 304)
                self.expect(200, f"PUT {write}", body, headers={"If-Match": etag})
                self.expect("412 PRE001", f"PUT {write}", body, headers={"If-Match": etag})

    def test_settings_too(self):
        path = "/platform/security/settings"
        etag = self.etag(path)
        self.expect(200, f"PUT {path}", {"xff_trusted_proxies": ["10.0.0.1"]}, headers={"If-Match": etag})
        self.expect("412 PRE001", f"PUT {path}", {"xff_trusted_proxies": []}, headers={"If-Match": etag})

    def test_of_many_writers_on_one_copy_one_wins(self):
        self.expect(201, f"POST {GROUP}", {"group_name": "race"})
        etag, token, statuses = self.etag(f"{GROUP}/race"), self.server.token, []

        def work(number):
            statuses.append(self.server.http("PUT", f"{GROUP}/race", {"group_description": str(number)}, token=token, headers={"If-Match": etag})[0])

        threads = [threading.Thread(target=work, args=(number,)) for number in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(sorted(statuses), [200] + [412] * 15)


class Idempotency(Platform):
    def post(self, key, body, line=f"POST {GROUP}", token="login"):
        return self.call(line, body, token=token, headers={"Idempotency-Key": key})

    def test_a_second_time_gives_the_first_answer_and_does_nothing(self):
        first = self.post("k-1", {"group_name": "once"})
        self.assertEqual(first[0], 201)
        self.assertNotIn("Idempotency-Replayed", self.server.last_headers)
        self.assertEqual(self.post("k-1", {"group_name": "once"}), first)
        self.assertEqual(self.server.last_headers["Idempotency-Replayed"], "true")
        self.expect("400 GRP001", f"POST {GROUP}", {"group_name": "once"})
        self.restart()
        self.assertEqual(self.post("k-1", {"group_name": "once"}), first)
        self.server.http("DELETE", f"{GROUP}/once")
        self.assertEqual(self.post("k-1", {"group_name": "once"}), first)
        self.expect("404 GRP003", f"GET {GROUP}/once")

    def test_a_key_belongs_to_one_request_of_one_user(self):
        self.assertEqual(self.post("k-2", {"group_name": "two"})[0], 201)
        for body, line in (({"group_name": "other"}, f"POST {GROUP}"), ({"group_name": "two"}, "POST /platform/role")):
            status, answer = self.post("k-2", body, line)
            self.assertEqual((status, answer["error_code"]), (422, "IDM002"))
        token = self.user("ida", manage_groups=True)
        status, answer = self.post("k-2", {"group_name": "two"}, token=token)
        self.assertEqual((status, answer["error_code"]), (400, "GRP001"))

    def test_what_changed_nothing_is_not_remembered(self):
        self.assertEqual(self.post("k-3", {"group_name": ""})[0], 422)
        self.assertEqual(self.post("k-3", {"group_name": "three"})[0], 201)
        for key in ("", "a b", "x" * 256):
            status, answer = self.post(key, {"group_name": "four"})
            self.assertEqual((status, answer["error_code"]), (400, "IDM001"), key)
        self.assertEqual(self.post("x" * 255, {"group_name": "four"})[0], 201)

    def test_a_password_is_hashed_once_and_a_new_key_made_once(self):
        user = {"username": "ivan", "email": "ivan@example.test", "password": STRONG, "role": "r1"}
        first = self.post("k-5", user, "POST /platform/user")
        self.assertEqual((first[0], self.post("k-5", user, "POST /platform/user")), (201, first))
        token = self.server.login("ivan", STRONG)
        self.expect(200, "POST /platform/credit/ivan", {"username": "ivan", "users_credits": {"g": {"tier_name": "t", "available_credits": 1, "user_api_key": "k"}}})
        rotated = self.post("k-6", {"api_credit_group": "g"}, "POST /platform/credit/rotate-key", token=token)
        self.assertEqual(self.post("k-6", {"api_credit_group": "g"}, "POST /platform/credit/rotate-key", token=token), rotated)
        done = self.server.cli("export", "--collection", "idempotency_keys")
        self.assertIn('"key":"k-6"', done.stdout)
        self.assertNotIn(rotated[1]["api_key"], done.stdout)

    def test_of_many_at_once_one_does_it_and_all_get_its_answer(self):
        self.server.token, answers = self.server.login(), []
        token = self.server.token

        def work():
            answers.append(self.server.http("POST", "/platform/api", {"api_name": "many", "api_version": "v1"}, token=token, headers={"Idempotency-Key": "k-7"}))

        threads = [threading.Thread(target=work) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual({status for status, _ in answers}, {201})
        self.assertEqual(len({answer["api"]["api_id"] for _, answer in answers}), 1)

    def test_a_long_answer_is_not_given_twice_and_nothing_happens_twice(self):
        wish = {"api_name": "long", "api_version": "v1", "api_servers": ["http://" + "x" * 9000]}
        self.assertEqual(self.post("k-8", wish, "POST /platform/api")[0], 201)
        status, answer = self.post("k-8", wish, "POST /platform/api")
        self.assertEqual((status, answer["error_code"]), (409, "IDM003"))

    def test_keys_of_one_user_are_bounded(self):
        token = self.user("bulk", manage_roles=True)
        for number in range(1010):
            status, answer = self.post(f"b-{number:04}", {"role_name": f"bulk-{number}"}, "POST /platform/role", token=token)
            self.assertEqual(status, 201, answer)
        done = self.server.cli("export", "--collection", "idempotency_keys")
        self.assertEqual(sum('"username":"bulk"' in line for line in done.stdout.splitlines()), 1000)
        self.assertEqual(self.post("b-1009", {"role_name": "bulk-1009"}, "POST /platform/role", token=token)[0], 201)
        self.assertEqual(self.post("b-0000", {"role_name": "bulk-0"}, "POST /platform/role", token=token)[0], 400)


if __name__ == "__main__":
    unittest.main()
