"""Endpoint validation, subscriptions and routings: platform-api.md sections 6.1, 7, 8."""
import unittest

from contract import Platform

ENDPOINT = {"api_name": "orders", "api_version": "v1", "endpoint_method": "POST", "endpoint_uri": "/create", "endpoint_description": "d"}
RULE = {"required": True, "type": "string", "min": 1, "max": 9.5, "pattern": "^a", "enum": ["a", "b"], "format": "email"}


def api(name="orders", groups=("ALL",)):
    return {"api_name": name, "api_version": "v1", "api_allowed_groups": list(groups), "api_description": name + "!"}


class Validation(Platform):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server.http("POST", "/platform/api", api())
        cls.server.http("POST", "/platform/endpoint", ENDPOINT)
        cls.endpoint_id = cls.server.http("GET", "/platform/endpoint/POST/orders/v1/create")[1]["endpoint_id"]

    def body(self, **rule):
        return {"endpoint_id": self.endpoint_id, "validation_enabled": True, "validation_schema": {"validation_schema": {"user.name": {**RULE, **rule}}}}

    def test_it_lives_through_create_read_update_delete_on_both_paths(self):
        for path in ("/platform/endpoint/endpoint/validation", "/platform/endpoint/validation"):
            with self.subTest(path):
                one = f"{path}/{self.endpoint_id}"
                nested = self.body(type="object", nested_schema={"x": {"type": "array", "array_items": {"type": "number"}}})
                self.expect(201, f"POST {path}", nested)
                self.expect("400 END017", f"POST {path}", self.body())
                shown = self.expect(200, f"GET {one}")["validation_schema"]["validation_schema"]["user.name"]
                self.assertEqual(len(shown), 10)
                self.assertEqual(shown["nested_schema"]["x"]["array_items"]["required"], False)
                self.restart()
                self.expect(200, f"PUT {one}", {"validation_enabled": False})
                self.assertFalse(self.expect(200, f"GET {one}")["validation_enabled"])
                self.expect("400 END022", f"PUT {one}", {})
                self.expect("400 END022", f"PUT {one}", {"endpoint_id": "other", "validation_enabled": True})
                self.expect(200, f"DELETE {one}")
                self.expect("400 END018", f"GET {one}")
                self.expect("400 END018", f"DELETE {one}")
                self.expect("400 END021", f"PUT {one}", {"validation_enabled": True})

    def test_it_goes_with_its_endpoint(self):
        self.expect(201, "POST /platform/endpoint", {**ENDPOINT, "endpoint_uri": "/gone"})
        endpoint_id = self.expect(200, "GET /platform/endpoint/POST/orders/v1/gone")["endpoint_id"]
        self.expect(201, "POST /platform/endpoint/validation", {**self.body(), "endpoint_id": endpoint_id})
        self.expect(200, "DELETE /platform/endpoint/POST/orders/v1/gone")
        self.expect("400 END018", f"GET /platform/endpoint/validation/{endpoint_id}")

    def test_refusals(self):
        path = "/platform/endpoint/validation"
        self.expect("400 END015", f"POST {path}", {**self.body(), "endpoint_id": "none"})
        for rule in ({"type": "text"}, {"type": None}, {"required": "perhaps"}, {"format": "x"}, {"min": "x"}, {"nested_schema": []},
                     {"nested_schema": {"a": 1}}, {"array_items": {"type": "x"}}):
            with self.subTest(rule):
                self.expect("422 VAL001", f"POST {path}", self.body(**rule))
        for schema in (None, [], {}, {"validation_schema": []}, {"validation_schema": {"a": []}}):
            with self.subTest(schema):
                self.expect("422 VAL001", f"POST {path}", {**self.body(), "validation_schema": schema})
        plain = self.user("vera")
        self.expect("403 END013", f"POST {path}", {}, token=plain)
        self.expect("403 END014", f"PUT {path}/x", {}, token=plain)
        self.expect("403 END015", f"DELETE {path}/x", token=plain)
        self.expect("400 END018", f"GET {path}/x", token=plain)
        self.expect("401 detail", f"GET {path}/x", token=None)


class Subscriptions(Platform):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server.http("POST", "/platform/api", api())
        cls.server.http("POST", "/platform/api", api("closed", ()))

    def test_a_user_subscribes_itself_and_it_survives_a_restart(self):
        token = self.user("sue")
        wish = {"username": "sue", "api_name": "orders", "api_version": "v1"}
        self.assertEqual(self.expect(200, "GET /platform/subscription/subscriptions", token=token), {"apis": []})
        self.expect("400 SUB006", "POST /platform/subscription/unsubscribe", wish, token=token)
        self.expect(200, "POST /platform/subscription/subscribe", wish, token=token)
        self.expect("400 SUB004", "POST /platform/subscription/subscribe", wish, token=token)
        self.restart()
        whole = {"apis": ["orders/v1"], "subscriptions": {"apis": ["orders/v1"]}}
        self.assertEqual(self.expect(200, "GET /platform/subscription/subscriptions", token=token), whole)
        self.assertEqual(self.expect(200, "GET /platform/subscription/subscriptions/sue"), whole)
        self.expect(200, "POST /platform/subscription/unsubscribe", wish)
        self.assertEqual(self.expect(200, "GET /platform/subscription/subscriptions", token=token)["apis"], [])

    def test_refusals(self):
        plain, manager = self.user("tom"), self.user("meg", manage_subscriptions=True)
        wish = {"username": "tom", "api_name": "orders", "api_version": "v1"}
        for what, others, code in (("subscribe", "SUB009", "GEN001"), ("unsubscribe", "SUB010", "GEN002")):
            path = f"POST /platform/subscription/{what}"
            self.expect(f"401 {code}", path, wish, token=None)
            self.expect(f"403 {others}", path, {**wish, "username": "meg"}, token=plain)
            self.expect(f"404 {code}", path, {**wish, "api_name": "none"}, token=plain)
            self.expect(f"404 {code}", path, {**wish, "username": "nobody"}, token=manager)
            self.expect(f"401 {code}", path, {**wish, "api_name": "closed"}, token=plain)
            for bad in ({}, {**wish, "api_name": "ab"}, {**wish, "api_version": "v12345"}, {**wish, "username": 1}):
                self.expect("422 VAL001", path, bad, token=plain)
        self.expect(200, "POST /platform/subscription/subscribe", wish, token=manager)
        self.expect("403 SUB011", "GET /platform/subscription/subscriptions/meg", token=plain)
        self.expect(200, "GET /platform/subscription/subscriptions/tom", token=manager)
        self.expect("401 detail", "GET /platform/subscription/subscriptions", token=None)

    def test_available_apis_are_those_of_shared_groups_or_all(self):
        token = self.user("una")
        path = "GET /platform/subscription/available-apis/"
        self.assertEqual(self.expect(200, path + "una", token=token)["apis"], [{"api_name": "orders", "api_version": "v1", "api_description": "orders!"}])
        self.assertEqual([one["api_name"] for one in self.expect(200, path + "una")["apis"]], ["closed", "orders"])
        self.expect("403 SUB009", path + "admin", token=token)


class Routings(Platform):
    def test_it_lives_through_create_read_update_delete(self):
        wish = {"routing_name": "r", "routing_servers": ["http://a", "http://b"], "client_key": "k-1", "server_index": 1}
        message = self.expect(201, "POST /platform/routing", wish)["message"]
        self.assertEqual(message.split("key: ")[1], "k-1")
        self.expect("400 RTG001", "POST /platform/routing", wish)
        made = self.expect(201, "POST /platform/routing", {"routing_name": "r2", "routing_servers": ["http://c"]})["message"].split("key: ")[1]
        self.assertEqual(len(made), 36)
        self.restart()
        self.assertEqual(self.expect(200, f"GET /platform/routing/{made}")["routing_name"], "r2")
        self.expect(200, "PUT /platform/routing/k-1", {"routing_description": "d", "server_index": 7, "client_key": "k-1"})
        shown = self.expect(200, "GET /platform/routing/k-1")
        self.assertEqual((shown["routing_description"], shown["server_index"], shown["routing_servers"]), ("d", 1, wish["routing_servers"]))
        self.assertEqual(self.expect(200, "GET /platform/routing/all?page_size=1")["total"], 2)
        self.expect("400 PAG001", "GET /platform/routing/all?page=0")
        self.expect("400 RTG005", "PUT /platform/routing/k-1", {"client_key": "other"})
        self.expect("400 RTG007", "PUT /platform/routing/k-1", {})
        self.expect("400 RTG004", "PUT /platform/routing/none", {"routing_name": "x"})
        self.expect(200, "DELETE /platform/routing/k-1")
        self.expect("400 RTG004", "DELETE /platform/routing/k-1")
        self.expect("400 RTG004", "GET /platform/routing/k-1")

    def test_refusals(self):
        plain = self.user("rolf")
        for line, code in (("POST /platform/routing", "RTG009"), ("PUT /platform/routing/x", "RTG010"), ("DELETE /platform/routing/x", "RTG011"),
                           ("GET /platform/routing/all", "RTG012"), ("GET /platform/routing/x", "RTG013")):
            self.expect(f"403 {code}", line, token=plain)
            self.expect("401 detail", line, token=None)
        for bad in ({}, {"routing_name": "r"}, {"routing_name": "r", "routing_servers": []}, {"routing_name": "r", "routing_servers": "x"},
                    {"routing_name": "r", "routing_servers": ["x"], "server_index": -1}, {"routing_name": "r", "routing_servers": ["x"], "client_key": "a\u0000"}):
            self.expect("422 VAL001", "POST /platform/routing", bad)


if __name__ == "__main__":
    unittest.main()
