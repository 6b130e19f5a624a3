"""The API document: as it is shipped, served and shown; it agrees with the server, and each of its examples is executed."""
import html.parser
import json
import re
import unittest
from urllib.parse import quote

import jsonschema
import yaml

from contract import Platform
from described import SHIPPED, Described
from server import PASSWORD

METHODS = ("get", "post", "put", "delete")

# Examples that build the world in which all others are executed: in this order, once.
WORLD = [
    "POST /platform/group", "POST /platform/role", "POST /platform/user", "POST /platform/api", "POST /platform/endpoint", "POST /platform/routing",
    "POST /platform/credit", "POST /platform/credit/{name}", "POST /platform/tiers/", "POST /platform/tiers/assignments", "POST /platform/rate-limits/",
    "POST /platform/subscription/subscribe", "POST /platform/config/import", "POST /platform/endpoint/validation",
]
# What must go before an example can create it again.
AGAIN = {"POST /platform/endpoint/endpoint/validation": "DELETE /platform/endpoint/validation/{endpoint_id}"}
# Examples of what a user does for itself.
OF_ANN = {"POST /platform/credit/rotate-key"}
# After these the token is no longer good.
ENDS_TOKEN = {"POST /platform/authorization/invalidate"}
# The one route whose answer is always a refusal.
REFUSED = {"POST /platform/security/restart": 409}


class Page(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.ids, self.links, self.foreign = set(), [], set(), set()

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        for name, value in attributes:
            if name == "id":
                self.ids.append(value)
            elif name == "href":
                self.links.add(value)
            elif name not in ("lang", "charset", "border"):
                self.foreign.add(name)


class OpenApi(Platform):
    """A server, its document, and the requests that the document describes."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.document = cls.server.http("GET", "/platform/openapi.json")[1]
        cls.described = Described(cls.document)
        cls.operations = {f"{method.upper()} {path}": (path, item[method]) for path, item in cls.document["paths"].items() for method in item}

    # --- what a request of an operation is ---

    def path(self, path, operation):
        """The path with the examples of its parameters."""
        for parameter in operation.get("parameters", []):
            if parameter.get("in") == "path":
                path = path.replace("{" + parameter["name"] + "}", quote(parameter["example"], safe="@"))
        self.assertNotIn("{", path)
        return path

    def body(self, operation):
        return operation["requestBody"]["content"]["application/json"]["example"] if "requestBody" in operation else None

    def send(self, line, token="login", body=...):
        path, operation = self.operations[line]
        return self.call(f"{line.split()[0]} {self.path(path, operation)}", self.body(operation) if body is ... else body, token=token)

    def fits(self, line, status, answer):
        """The answer is one that the document describes, and not only as what can always happen."""
        self.assertIn(str(status), self.operations[line][1]["responses"], (line, status, answer))
        self.described.check(self.operations[line][1], status, answer, self.server.last_headers.get("Content-Type", ""))


class Document(OpenApi):
    environment = {"MAX_BODY_SIZE_BYTES": "4096"}

    def test_shipped_document_is_the_served_one(self):
        made = self.server.cli("openapi")
        self.assertEqual((made.returncode, made.stderr), (0, ""))
        self.assertEqual(made.stdout, SHIPPED.read_text(), "docs/openapi.yaml is made by `memgate openapi`")
        self.assertEqual(yaml.safe_load(made.stdout), self.document)
        self.assertEqual(self.server.cli_json("openapi", "--json"), self.document)
        again = self.call("GET /platform/openapi.json")[1]
        self.assertEqual(list(again["paths"]), list(self.document["paths"]))
        for line in ("GET /platform/openapi.json", "GET /platform/docs"):
            self.expect("401 detail", line, token=None)
            self.assertEqual(self.call(line, token=self.server.login())[0], 200)

    def test_it_is_sound(self):
        self.assertRegex(self.document["openapi"], r"^3\.1\.")
        identities = [operation["operationId"] for _, operation in self.operations.values()]
        self.assertEqual(len(set(identities)), len(identities))
        shapes = [re.sub(r"\{[^}]*\}", "{}", path) for path in self.document["paths"]]
        self.assertEqual(len(set(shapes)), len(shapes), "two names for one place of a path")
        for line, (path, operation) in self.operations.items():
            named = [p["name"] for p in operation.get("parameters", []) if p.get("in") == "path"]
            self.assertEqual(named, re.findall(r"\{([^}]*)\}", path), line)
            self.assertTrue(operation["summary"] and operation["tags"], line)
            self.assertLessEqual(set(operation), {"tags", "summary", "operationId", "description", "security", "parameters", "requestBody", "responses", "x-access", "x-permission"})
            for parameter in operation.get("parameters", []):
                self.assertTrue("$ref" in parameter or {"name", "in", "schema"} <= set(parameter), line)
            for answer in operation["responses"].values():
                self.assertTrue("$ref" in answer or answer["description"], line)
            for schema in self.schemas_of(operation):
                jsonschema.Draft202012Validator.check_schema(self.described.closed(schema))
        for reference in re.findall(r'"\$ref": "(#[^"]*)"', json.dumps(self.document)):
            self.assertIsInstance(self.described.at(reference), dict)
        self.assertNotIn(PASSWORD, json.dumps({**self.document, "paths": {}}))

    def schemas_of(self, operation):
        for holder in [operation.get("requestBody", {}), *operation["responses"].values()]:
            for content in holder.get("content", {}).values():
                yield content["schema"]

    def test_documented_methods_are_those_that_the_server_allows(self):
        patterns = [(re.compile(re.sub(r"\{endpoint_uri\}", ".*", re.escape(path).replace(r"\{", "{").replace(r"\}", "}")).replace("{", "(?P<").replace("}", ">[^/]+)") + "$"), item) for path, item in self.document["paths"].items()]
        for line, (path, operation) in self.operations.items():
            real = self.path(path, operation)
            wanted = {method.upper() for pattern, item in patterns if pattern.match(real) for method in item}
            self.assertEqual(self.call("OPTIONS " + real, token=None)[0], 204, line)
            allowed = set(self.server.last_headers["Allow"].split(", "))
            self.assertEqual(allowed - {"HEAD", "OPTIONS"}, wanted, line)

    # --- who may ---

    def test_access_is_as_documented(self):
        plain = self.user("plain")
        for line, (_, operation) in self.operations.items():
            status, answer = self.send(line, token=None)
            if operation["x-access"] == "open":
                self.assertEqual(operation["security"], [], line)
                continue
            self.assertEqual(status, 401, (line, answer))
            self.fits(line, status, answer)
            if operation["x-access"] == "role":
                status, answer = self.send(line, token=plain)
                self.assertEqual(status, 403, (line, answer))
                self.fits(line, status, answer)

    def test_the_documented_permission_is_enough(self):
        for permission in sorted({o["x-permission"] for _, o in self.operations.values() if o["x-access"] == "role"}):
            token = self.user("may-" + permission.replace("_", "-"), **{permission: True})
            for line, (_, operation) in self.operations.items():
                if operation["x-access"] == "role" and operation["x-permission"] == permission and line.startswith("GET "):
                    status, answer = self.send(line, token=token)
                    self.assertNotEqual(status, 403, (line, answer))
                    self.fits(line, status, answer)

    def test_bodies_that_do_not_fit_are_refused_as_documented(self):
        for line, (_, operation) in self.operations.items():
            if "requestBody" in operation:
                for bad in (b"[", b"[]", b"x" * 4097):
                    status, answer = self.send(line, body=bad)
                    self.assertEqual(status // 100, 4, (line, answer))
                    self.fits(line, status, answer)

    # --- the page ---

    def test_page_needs_no_script_and_nothing_from_elsewhere(self):
        status, text = self.call("GET /platform/docs")
        self.assertEqual(status, 200)
        self.assertEqual(self.server.last_headers["Content-Security-Policy"], "default-src 'none'; frame-ancestors 'none'")
        self.assertEqual(self.server.last_headers["Content-Type"], "text/html; charset=utf-8")
        page = Page()
        page.feed(text)
        self.assertFalse(page.tags & {"script", "style", "link", "img", "iframe", "form", "object"}, page.tags)
        self.assertEqual(page.foreign, set())
        self.assertEqual(len(set(page.ids)), len(page.ids))
        targets = {link for link in page.links if link.startswith("#")}
        self.assertEqual({link.removeprefix("#") for link in targets} - set(page.ids), set(), "links to nowhere")
        self.assertEqual(page.links - targets, {"/platform/openapi.json"})
        self.assertEqual({o["operationId"] for _, o in self.operations.values()} - set(page.ids), set())


class Examples(OpenApi):
    """Each example of the document, each in one and the same world."""

    def execute(self, line, token="login"):
        path, operation = self.operations[line]
        status, answer = self.send(line, token=token)
        first = REFUSED.get(line) or int(next(iter(operation["responses"])))
        self.assertEqual(status, first, (line, answer))
        self.fits(line, status, answer)
        if "requestBody" in operation:
            content = operation["requestBody"]["content"]["application/json"]
            jsonschema.Draft202012Validator(self.described.closed(content["schema"])).validate(content["example"])

    def build(self):
        for line in WORLD:
            if line.endswith("/endpoint/validation"):
                self.name_endpoint()
            self.execute(line)

    def name_endpoint(self):
        """The example of a validation names its endpoint by an id, which the server gives: here it gives this one."""
        wanted = self.body(self.operations["POST /platform/endpoint/validation"][1])["endpoint_id"]
        endpoint = self.body(self.operations["POST /platform/endpoint"][1])
        done = self.server.cli("import", "--collection", "endpoints", "-", input=json.dumps({**endpoint, "endpoint_id": wanted}) + "\n")
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_every_example(self):
        self.build()
        password = self.body(self.operations["POST /platform/user"][1])["password"]
        world = self.expect(200, "POST /platform/memory/dump", {"path": "world"})["response"]["path"]
        for line in self.operations:
            if line in WORLD:
                continue
            self.expect(200, "POST /platform/memory/restore", {"path": world})
            if line in AGAIN:
                self.send(AGAIN[line])
            with self.subTest(line):
                self.execute(line, token=self.server.login("ann", password) if line in OF_ANN else "login")
            if line in ENDS_TOKEN:
                self.server.token = None


if __name__ == "__main__":
    unittest.main()
