"""Every route under /api/v1 with what it can be sent, read from the route map and the OpenAPI document.

A route that is new is tried by itself. What cannot be told from the document stands in the literal tables here, and a route
that needs a line in one of them fails with a sentence that says which.
"""

from __future__ import annotations

import copy
import io
import re
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from flask import Flask

from kernel import clock, tables
from people.privacy import VERSION

PREFIX = "/api/v1"
# Which kind of thing an id stands for, by the name it has in paths, queries and bodies.
KINDS = {
    "resident_id": "resident",
    "resident_ids": "resident",
    "head_id": "resident",
    "subject_id": "resident",
    "household_id": "household",
    "into_id": "other household",
    "deed_id": "deed",
    "upload_id": "upload",
    "upload_ids": "upload",
    "entry_id": "entry",
    "rule_id": "rule",
    "reason_id": "reason",
    "item_id": "item",
    "order_id": "order",
    "merchant_id": "merchant",
    "transfer_id": "transfer",
    "tariff_id": "tariff",
    "donation_id": "donation",
    "unit_id": "unit",
    "staff_id": "account",
    "actor_id": "actor",
    "import_id": "import",
    "community_code": "community",
    "parent_code": "community",
    "parent": "community",
    "division_code": "community",
    "scope_code": "community",
    "place_code": "place",
}
# Names that mean another thing in one route than elsewhere; None is no id at all.
KINDS_HERE: dict[tuple[str, str], str | None] = {
    ("POST /staff/deeds/approve", "ids"): "deed",
    ("POST /me/messages/read", "ids"): "message",
    ("PATCH /staff/deeds/<id:deed_id>", "deed_id"): "entered deed",  # a resident's own is his to change
    ("PATCH /staff/divisions/<code>", "code"): "place",
    ("POST /staff/rules/ready-lists/<name>", "name"): None,
    ("PATCH /deeds/<id:deed_id>", "deed_id"): "returned deed",
    ("DELETE /staff/residents/<id:resident_id>/card", "resident_id"): "card holder",
    ("GET /staff/deeds", "rule_id"): "rule in use",
    ("GET /staff/deeds", "resident_id"): "resident in use",
    ("GET /staff/donations", "resident_id"): "resident in use",
    ("GET /items", "merchant_id"): "merchant in use",
    ("GET /staff/items", "merchant_id"): "merchant in use",
    ("POST /auth/wechat", "code"): None,  # WeChat's own
    ("POST /me/registration", "phone_code"): None,  # WeChat's own
    ("POST /me/registration", "community_code"): None,  # whoever joins chooses among all communities
    ("POST /staff/rules", "code"): None,  # what the community calls its rule
    ("POST /households/mine/members", "code"): None,  # shown by the other person, that is the consent
    ("POST /staff/residents/<id:resident_id>/link", "code"): None,  # shown by the newcomer
    ("GET /communities", "parent"): None,  # open to everybody
}
IDS = re.compile(r"(^|_)(id|ids|code|codes)$")
# Values in paths that are no ids.
PATH_VALUES = {"name": "fangniuping"}
# What to send where the document's example is not enough: (route, name of the id tried) or the route.
GOODS = {"quantity": 2, "points": 5}
BODIES: dict[str | tuple[str, str], dict[str, Any]] = {
    "POST /staff/donations": {"lines": [{"name": "旧书", **GOODS}]},
    ("POST /staff/donations", "item_id"): {"lines": [{"item_id": "", **GOODS}]},
    ("POST /staff/donations", "tariff_id"): {"lines": [{"tariff_id": "", "quantity": 2}]},
    "POST /staff/accounts": {"password": "a password for tests"},
    "POST /staff/imports": {"dry_run": "true"},
    "POST /staff/rules/import": {"dry_run": "true"},
    "POST /staff/households/<id:household_id>/split": {"points": 0},
}
FILES = {
    "POST /uploads": (b"no picture", "photo.jpg"),
    "POST /staff/imports": (tables.to_csv(["姓名", "电话", "住址", "出生年月"], [["钱进", "", "", ""]]), "people.csv"),
    "POST /staff/rules/import": (tables.to_csv(["编号", "名称", "类别", "积分"], [["T-1", "巡逻", "治理", 5]]), "rules.csv"),
}


@dataclass(frozen=True)
class Slot:
    """A place in a request where an id goes: in the path, the query or the body (there perhaps in a list of things)."""

    where: str
    name: str
    kind: str
    many: bool = False
    inside: str | None = None
    required: bool = False


@dataclass
class Route:
    """A method and a path, and what can be sent to it."""

    name: str
    path: str
    slots: list[Slot] = field(default_factory=list)
    query: list[str] = field(default_factory=list)
    choices: dict[str, list[str]] = field(default_factory=dict)  # of what the query must name
    fields: set[str] | None = None  # of a JSON body; None where there is none
    example: dict[str, Any] = field(default_factory=dict)
    file: bool = False

    @property
    def method(self) -> str:
        return self.name.split(" ")[0]

    def request(self, ids: dict[str, str], tried: Slot | None = None, given: str = "") -> tuple[str, dict[str, Any]]:
        """The path and the rest of a request with these ids by kind, and `given` where an id is tried."""
        filled = {slot: given if slot == tried else ids[slot.kind] for slot in self.slots if slot.required or slot == tried}
        path, query, body = self.path, dict(self.ways()[0]), self.body(tried)
        for slot, value in filled.items():
            if slot.where == "path":
                path = path.replace(f"{{{slot.name}}}", value)
            elif slot.where == "query":
                query[slot.name] = value
            else:
                (body[slot.inside][0] if slot.inside else body)[slot.name] = [value] if slot.many else value
        for name, value in PATH_VALUES.items():
            path = path.replace(f"{{{name}}}", value)
        rest: dict[str, Any] = {"query_string": query} if query else {}
        if self.file:
            data, filename = FILES[self.name]
            rest["data"] = {**body, "file": (io.BytesIO(data), filename)}
        elif self.fields is not None:
            rest["json"] = body
        return path, rest

    def ways(self) -> list[dict[str, str]]:
        """What must be asked for in the query, each of its values once."""
        return [{name: value} for name, values in self.choices.items() for value in values] or [{}]

    def body(self, tried: Slot | None = None) -> dict[str, Any]:
        """A body without ids that is in order today."""
        ids = {slot.name for slot in self.slots if slot.where == "body"}
        body = {name: value for name, value in copy.deepcopy(self.example).items() if name not in ids}
        body |= copy.deepcopy(BODIES.get(self.name, {}))
        body |= copy.deepcopy(BODIES.get((self.name, tried.name), {}) if tried else {})
        today = clock.today()
        fresh = {"occurred_on": today, "day": today, "date": today - timedelta(days=1), "consent_version": VERSION}
        return body | {name: str(value) for name, value in fresh.items() if name in body}


def all_of(app: Flask) -> list[Route]:
    """Every route under /api/v1. Fails, with what to add, where one cannot be tried."""
    document = app.extensions["defen-openapi"].to_dict()
    found = []
    for rule in app.url_map.iter_rules():
        if not rule.rule.startswith(PREFIX):
            continue
        path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
        for method in sorted(rule.methods - {"HEAD", "OPTIONS"}):
            name = f"{method} {rule.rule.removeprefix(PREFIX)}"
            route = Route(name, path.removeprefix(PREFIX))
            assert path in document["paths"] or path.endswith("/openapi.json"), f"{name} is not in the OpenAPI document"
            _read(route, document, document["paths"].get(path, {}), method.lower())
            found.append(route)
    return sorted(found, key=lambda route: route.name)


def _read(route: Route, document: dict[str, Any], described: dict[str, Any], method: str) -> None:
    operation = described.get(method, {})
    for name in re.findall(r"{(\w+)}", route.path):
        if kind := _kind(route, name, in_path=True):
            route.slots.append(Slot("path", name, kind, required=True))
        else:
            assert name in PATH_VALUES, f"{route.name}: put a value for {{{name}}} into PATH_VALUES in tests/abuse/routes.py"
    for parameter in operation.get("parameters", ()):
        if (parameter := _resolved(document, parameter)).get("in") == "query":
            route.query.append(parameter["name"])
            if parameter.get("required") and "enum" in parameter["schema"]:
                route.choices[parameter["name"]] = parameter["schema"]["enum"]
            if kind := _kind(route, parameter["name"]):
                route.slots.append(Slot("query", parameter["name"], kind, required=parameter.get("required", False)))
    for content_type, content in operation.get("requestBody", {}).get("content", {}).items():
        schema = _resolved(document, content["schema"])
        assert "example" in content, f"{route.name}: its body has no example in the OpenAPI document"
        route.file = content_type == "multipart/form-data"
        route.example = {name: value for name, value in content["example"].items() if name != "file"}
        if route.file:
            assert route.name in FILES, f"{route.name}: put a file to send into FILES in tests/abuse/routes.py"
        else:
            route.fields = set(schema.get("properties", {}))
        _read_body(route, document, schema)


def _read_body(route: Route, document: dict[str, Any], schema: dict[str, Any], inside: str | None = None) -> None:
    for name, given in schema.get("properties", {}).items():
        shape = _resolved(document, given)
        many = "items" in shape
        below = _resolved(document, shape["items"]) if many else shape
        if kind := _kind(route, name):
            required = inside is None and name in schema.get("required", ())
            route.slots.append(Slot("body", name, kind, many, inside, required))
        elif "properties" in below and inside is None:
            has_ids = any(_kind(route, below_it) for below_it in below["properties"])
            assert many or not has_ids, f"{route.name}: ids inside {name} are not tried; teach tests/abuse/routes.py"
            _read_body(route, document, below, name)


def _kind(route: Route, name: str, *, in_path: bool = False) -> str | None:
    if (route.name, name) in KINDS_HERE:
        return KINDS_HERE[route.name, name]
    looks_like_an_id = in_path or IDS.search(name)
    assert name in KINDS or not looks_like_an_id, (
        f"{route.name}: say in KINDS (or KINDS_HERE) in tests/abuse/routes.py which kind of thing {name} stands for, and in"
        " World of tests/abuse/worlds.py how one is made"
    )
    return KINDS.get(name)


def _resolved(document: dict[str, Any], shape: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in shape:
        *_, section, name = shape["$ref"].split("/")
        shape = document["components"][section][name]
    for choice in shape.get("allOf", ()) or shape.get("anyOf", ()):
        if "$ref" in choice:
            return _resolved(document, choice)
    return shape
