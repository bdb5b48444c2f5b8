"""Every page with what it can be sent, read from the route map, the schemas of its query and its form, and the API's examples.

A page that is new is tried by itself. What cannot be told stands in the literal tables here, and a page that needs a line in one
of them fails with a sentence that says which.
"""

from __future__ import annotations

import ast
import inspect
import io
import re
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from flask import Flask
from marshmallow import Schema, fields
from werkzeug.datastructures import MultiDict

from app.schemas.fields import Choice, Day, Flag, Id, Inside, Listed, Month, Picture, Sheet, Whole
from app.web.audience import Audience
from app.web.faces import Pages
from kernel import clock, tables
from people import permissions
from people.actors import Staff
from people.privacy import VERSION
from tests.abuse import routes
from tests.abuse.routes import IDS, KINDS
from tests.abuse.worlds import World
from tests.cast import photo

# Values in paths that are no ids, by their name.
VALUES = {
    "figure": "issued",
    "name": "fangniuping",
    "action": "return",
    "format": "csv",
    "form": "csv",
    "kind": "csv",
    "step": "1",
}
# Ids that mean another thing in a page than their name says; None is no id at all. By page or schema, and name.
KINDS_HERE: dict[tuple[str, str], str | None] = {
    ("EnterForm", "code"): None,  # WeChat's own
    ("WeChatForm", "code"): None,  # WeChat's own
    ("EnterCodeForm", "sign_in_code"): None,  # what signs somebody in, and belongs to nobody before
    ("JoinForm", "phone_code"): None,  # WeChat's own
    ("JoinForm", "community_code"): None,  # whoever joins chooses among all communities
    ("GET /join", "community_code"): None,
    ("GET /join", "parent"): None,
    ("InviteForm", "code"): None,  # shown by the other person, that is the consent
    ("LinkBody", "code"): None,  # shown by the newcomer
    ("RuleBody", "code"): None,  # what the community calls its rule
    ("GET /staff/places/<code>", "code"): "place",
    ("POST /staff/places/<code>", "code"): "place",
    ("GET /deeds/<id:deed_id>/edit", "deed_id"): "returned deed",
    ("POST /deeds/<id:deed_id>/edit", "deed_id"): "returned deed",
    ("POST /staff/deeds/<id:deed_id>/resubmit", "deed_id"): "entered deed",  # a resident's own is his to change
    ("POST /staff/residents/<id:resident_id>/card/revoke", "resident_id"): "card holder",
    ("GET /merchant/scans/<id:scan_id>", "scan_id"): "scan",
}
# What to send where the API's example and the schema are not enough: by page or schema.
BODIES: dict[str, dict[str, Any]] = {}
PEOPLE = tables.to_csv(["姓名", "电话", "住址", "出生年月"], [["钱进", "", "", ""]])
RULES = tables.to_csv(["编号", "名称", "类别", "积分"], [["T-1", "巡逻", "治理", 5]])


@dataclass(frozen=True)
class Slot:
    """A place in a request to a page where an id goes."""

    where: str  # path, query or body
    name: str
    kind: str
    many: bool = False
    required: bool = False


@dataclass
class Page:
    """A page by its method and rule, and what can be sent to it."""

    name: str
    endpoint: str
    path: str
    face: str
    view: Callable[..., Any]
    slots: list[Slot] = field(default_factory=list)
    body: dict[str, Any] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)

    @property
    def method(self) -> str:
        return self.name.split(" ")[0]

    @property
    def audience(self) -> Audience:
        audience = self.view.audience  # type: ignore[attr-defined]
        assert isinstance(audience, Audience)
        return audience

    def request(self, ids: dict[str, str], tried: Slot | None = None, given: str = "") -> tuple[str, dict[str, Any]]:
        """The path and the rest of a request with these ids by kind, and `given` where an id is tried."""
        path, query, body = self.path, {}, MultiDict(flat(self.body))
        for slot in self.slots:
            if slot != tried and not slot.required:
                continue
            value = given if slot == tried else ids[slot.kind]
            if slot.where == "path":
                path = path.replace(f"{{{slot.name}}}", value)
            elif slot.where == "query":
                query[slot.name] = value
            else:
                body.setlist(slot.name, [value])
        files = {
            name: (io.BytesIO(data), name + (".jpg" if data[:2] == b"\xff\xd8" else ".csv")) for name, data in self.files.items()
        }
        rest: dict[str, Any] = {"query_string": query} if query else {}
        return path, rest | ({"data": {**body.to_dict(flat=False), **files}} if self.method == "POST" else {})


def all_of(app: Flask) -> list[Page]:
    """Every page of every face. Fails, with what to add, where one cannot be tried."""
    api = _Api(app)
    found = []
    for rule in app.url_map.iter_rules():
        blueprint = app.blueprints.get(rule.endpoint.rpartition(".")[0])
        if not isinstance(blueprint, Pages):
            continue
        path = re.sub(r"<(?:[^<>:]+:)?(\w+)>", r"{\1}", rule.rule)
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            page = Page(f"{method} {rule.rule}", rule.endpoint, path, blueprint.face, app.view_functions[rule.endpoint])
            _read(page, api)
            found.append(page)
    return sorted(found, key=lambda page: page.name)


def _read(page: Page, api: _Api) -> None:
    for name in re.findall(r"{(\w+)}", page.path):
        if name in VALUES and name not in KINDS:
            page.path = page.path.replace(f"{{{name}}}", VALUES[name])
            continue
        kind = _kind(page.name, name, in_path=True)
        assert kind, f"{page.name}: put a value for {{{name}}} into VALUES in tests/abuse/pages.py"
        page.slots.append(Slot("path", name, kind, required=True))
    query: type[Schema] | None = getattr(page.view, "query", None)
    for name, inside in (query().fields if query and page.method == "GET" else {}).items():
        if kind := _kind_of(page, query, inside.data_key or name, api):
            page.slots.append(Slot("query", inside.data_key or name, kind, required=inside.required))
    schema: type[Schema] | None = getattr(page.view, "schema", None)
    if page.method == "POST" and schema is not None:
        page.body = {**_body(page, schema, api), **BODIES.get(schema.__name__, {}), **BODIES.get(page.name, {})}


def _body(page: Page, schema: type[Schema], api: _Api) -> dict[str, Any]:
    """A form that is in order: the API's example where it has the same schema, else the least that the fields want."""
    example = next((api.examples[one.__name__] for one in schema.__mro__ if one.__name__ in api.examples), None)
    body: dict[str, Any] = {}
    for name, inside in schema().fields.items():
        if isinstance(inside, Picture):
            page.files[name] = photo().getvalue() if not isinstance(inside, Sheet) else RULES if "rule" in page.name else PEOPLE
        elif kind := _kind_of(page, schema, name, api):
            page.slots.append(Slot("body", name, kind, isinstance(inside, Listed | fields.List), inside.required))
        elif example is not None and name in example:
            body[name] = example[name]
        elif inside.required:
            body[name] = _least(inside)
    today = clock.today()
    fresh = {"occurred_on": today, "day": today, "date": today - timedelta(days=1), "consent_version": VERSION}
    return body | {name: str(value) for name, value in fresh.items() if name in body}


def _least(inside: fields.Field[Any]) -> Any:
    if isinstance(inside, Whole):
        return 1
    if isinstance(inside, Flag):
        return True
    if isinstance(inside, Day):
        return str(clock.today())
    if isinstance(inside, Month):
        return f"{clock.today():%Y-%m}"
    if isinstance(inside, Choice):
        return inside.validators[0].choices[0]  # type: ignore[attr-defined]
    if isinstance(inside, Listed) and isinstance(inside.inner, Inside):
        return [{name: _least(one) for name, one in inside.inner.schema.fields.items() if one.required}]
    return "一段文字"


def flat(body: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """A body as a form sends it: rows as `lines.0.points`, yes and no as words, nothing as blank."""
    for name, value in body.items():
        if isinstance(value, dict):
            yield from flat(value, f"{prefix}{name}.")
        elif isinstance(value, list):
            for number, one in enumerate(value):
                yield from flat(one, f"{prefix}{name}.{number}.") if isinstance(one, dict) else [(prefix + name, one)]
        else:
            yield prefix + name, str(value).lower() if isinstance(value, bool) else "" if value is None else str(value)


def more_of(world: World) -> dict[str, str]:
    """Things of a world that only pages name."""
    order = world.makers["order"]()
    till = world.cast.in_app(lambda: world.cast._signed_in("merchant", merchant_id=UUID(world.merchant)))
    token = world.resident.get(f"/orders/{order}/code").json["token"]
    assert till.post("/merchant/scans", {"token": token}).status_code == 200
    return {"scan": str(till.get("/merchant/scans").json["items"][0]["id"])}


def _kind(page: str, name: str, *, in_path: bool = False) -> str | None:
    if (page, name) in KINDS_HERE:
        return KINDS_HERE[page, name]
    assert name in KINDS or not (in_path or IDS.search(name)), (
        f"{page}: say which kind of thing {name} stands for: in KINDS of tests/abuse/routes.py, or in KINDS_HERE or VALUES of"
        " tests/abuse/pages.py; and in World of tests/abuse/worlds.py how one is made"
    )
    return KINDS.get(name)


def _kind_of(page: Page, schema: type[Schema] | None, name: str, api: _Api) -> str | None:
    for one in schema.__mro__ if schema else ():
        if (one.__name__, name) in KINDS_HERE:
            return KINDS_HERE[one.__name__, name]
        if (one.__name__, name) in api.kinds:
            return api.kinds[one.__name__, name]
    field_of = schema().fields[name] if schema and name in schema().fields else None
    if not IDS.search(name) and not isinstance(field_of, Id) and name not in KINDS:
        return None
    return _kind(page.name, name)


class _Api:
    """What the API says of the schemas that pages share with it: their examples, and what their ids stand for."""

    def __init__(self, app: Flask) -> None:
        document = app.extensions["defen-openapi"].to_dict()
        self.examples: dict[str, dict[str, Any]] = {}
        self.kinds: dict[tuple[str, str], str | None] = {}
        for route in routes.all_of(app):
            operation = document["paths"].get(routes.PREFIX + route.path, {}).get(route.method.lower(), {})
            for content in operation.get("requestBody", {}).get("content", {}).values():
                name = str(content["schema"].get("$ref", "")).rpartition("/")[2]
                self.examples.setdefault(name, {**route.example, **routes.BODIES.get(route.name, {})})
                for slot in route.slots:
                    if slot.where == "body":
                        self.kinds.setdefault((name, slot.name), slot.kind)


# --- the domain functions behind a view ---------------------------------------------------------------------------------------


def calls_of(view: Callable[..., Any], seen: frozenset[Any] = frozenset()) -> set[str]:
    """The domain functions that a view calls, itself or through functions of ours beside it: `points.reviews.approve`."""
    plain = inspect.unwrap(view)
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(plain)))
    except (OSError, TypeError, SyntaxError):
        return set()
    found: set[str] = set()
    for node in ast.walk(tree):
        called = _resolved(node, plain.__globals__) if isinstance(node, ast.Call) else None
        module = getattr(called, "__module__", "") or ""
        if called is None or not inspect.isfunction(called) or called in seen:
            continue
        if module.split(".")[0] in ("people", "points", "redeem", "reports"):
            found.add(f"{module}.{called.__name__}")
        elif module == plain.__module__ and not hasattr(called, "audience"):
            found |= calls_of(called, seen | {plain})
    return found


def _resolved(call: ast.Call, names: dict[str, Any]) -> Any:
    function = call.func
    if isinstance(function, ast.Name):
        return names.get(function.id)
    if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name):
        module = names.get(function.value.id)
        return getattr(module, function.attr, None) if inspect.ismodule(module) else None
    return None


def admits(audience: Audience) -> frozenset[str]:
    """Whom an audience admits, each kind and each role by its name; an empty one admits everybody."""
    if not audience.kinds:
        return frozenset({"nobody", "newcomer", "resident", "merchant", *permissions.ROLES})
    kinds = {kind.kind for kind in audience.kinds if kind is not Staff}  # type: ignore[attr-defined]
    roles = {role for role in permissions.ROLES if not audience.right or permissions.may(role, audience.right)}
    return frozenset(kinds | (roles if Staff in audience.kinds else set()))
