"""described - whether answers are what the API document says: for its own tests, and for each call of contract.py."""
import functools
import pathlib
import re

import jsonschema
import yaml

SHIPPED = pathlib.Path(__file__).resolve().parents[2] / "docs/openapi.yaml"


class Described:
    """A document. Schemas are used closed: a member that is not described does not fit."""

    def __init__(self, document):
        self.document = document
        self.validators = {}
        self.patterns = [(self.pattern(template), item) for template, item in document["paths"].items()]
        failure = document["components"]["responses"]["Failure"]["description"]
        self.always = set(re.findall(r"\b\d{3} ([A-Z]+\d+):", failure))

    def at(self, reference):
        node = self.document
        for name in reference.removeprefix("#/").split("/"):
            node = node[name]
        return node

    def closed(self, schema, depth=0):
        """The schema with references in their places."""
        if depth > 12:  # rules within rules
            return {}
        whole = dict(schema)
        if "$ref" in whole:
            base = self.at(whole.pop("$ref"))
            whole = {**base, **whole, "properties": {**base.get("properties", {}), **whole.get("properties", {})}, "required": base.get("required", []) + whole.get("required", [])}
        if whole.get("properties"):
            whole["properties"] = {name: self.closed(member, depth + 1) for name, member in whole["properties"].items()}
            whole.setdefault("additionalProperties", False)
        for key in ("items", "additionalProperties"):
            if isinstance(whole.get(key), dict):
                whole[key] = self.closed(whole[key], depth + 1)
        if "anyOf" in whole:
            whole["anyOf"] = [self.closed(one, depth + 1) for one in whole["anyOf"]]
        return whole

    @staticmethod
    def pattern(template):
        parts = re.split(r"(\{[^}]*\})", template)
        return re.compile("".join(".*" if part == "{endpoint_uri}" else "[^/]+" if part.startswith("{") else re.escape(part) for part in parts), re.DOTALL)

    def operation(self, method, target):
        """The operation that answers; None when there is none."""
        path = target.partition("?")[0]
        items = (item for pattern, item in self.patterns if method.lower() in item and pattern.fullmatch(path))
        return next(items, {}).get(method.lower())

    def validator(self, operation, status, schema):
        name = operation["operationId"], status
        if name not in self.validators:
            self.validators[name] = jsonschema.Draft202012Validator(self.closed(schema))
        return self.validators[name]

    def check(self, operation, status, answer, kind):
        """Fails when the answer is not one of those that the operation has, or not of its shape."""
        what = operation["operationId"], status, answer
        response = operation["responses"].get(str(status))
        if response is None:
            assert isinstance(answer, dict) and answer.get("error_code") in self.always, ("not documented", *what)
            response = self.at(operation["responses"]["default"]["$ref"])
        content = response.get("content", {})
        kind = kind.partition(";")[0]
        assert kind in content if kind else not content, (kind, *what)
        if kind == "application/json":
            self.validator(operation, status, content[kind]["schema"]).validate(answer)


@functools.cache
def shipped():
    return Described(yaml.load(SHIPPED.read_text(), getattr(yaml, "CSafeLoader", yaml.SafeLoader)))
