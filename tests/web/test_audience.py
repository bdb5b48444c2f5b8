"""Who may call which route, written down once more by hand: a change of audience must change this table too.

And what a caller may not see does not exist for it: foreign ids get the answer of ids that exist nowhere, to the byte.
"""

import json
import types
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from flask import Blueprint, Flask
from flask_smorest import Blueprint as ApiBlueprint
from werkzeug.test import TestResponse

import app as product
from app import api, create_app
from app.web import audience, docs
from app.web.audience import AudienceMissing
from app.web.faces import Pages
from kernel import clock, uploads
from people import units
from points import reviews
from redeem import donation_tariffs, donations, items, orders
from tests.cast import COMMUNITY, NEXT_COMMUNITY, TOWN, Caller, Cast, photo

STAFF = {"reviewer", "admin", "auditor", "grid_worker", "building_head"}
CALLERS = {"nobody", "newcomer", "grandmother", "barber", *STAFF}
# Who belongs to each audience.
WHO = {
    "everybody": CALLERS,
    "signed in": CALLERS - {"nobody"},
    "residents": {"grandmother"},
    "joining": {"newcomer", "grandmother"},
    "merchants": {"barber"},
    "staff": STAFF,
    "enterers": {"grandmother", "reviewer", "admin", "grid_worker", "building_head"},
    "entering staff": {"reviewer", "admin", "grid_worker", "building_head"},
    "staff enterers": STAFF - {"auditor"},
    "reviewers": {"reviewer", "admin"},
    "admins": {"admin"},
    "auditors": {"admin", "auditor"},
    "passwords": STAFF | {"barber"},
}
# The audience of every route; what is not under /api/v1 is for everybody.
ROUTES = {
    "GET /communities": "everybody",
    "GET /openapi.json": "everybody",
    "GET /privacy": "everybody",
    "POST /auth/password": "everybody",
    "POST /auth/refresh": "everybody",
    "POST /auth/wechat": "everybody",
    "POST /auth/logout": "signed in",
    "POST /auth/password/change": "passwords",
    "POST /auth/totp": "staff",
    "POST /auth/totp/confirm": "staff",
    "POST /auth/totp/disable": "staff",
    "GET /me/data": "residents",
    "GET /me/leave": "residents",
    "POST /me/leave": "residents",
    "POST /staff/residents/<id:resident_id>/leave": "admins",
    "GET /staff/roles": "staff",
    "GET /staff/accounts": "admins",
    "POST /staff/accounts": "admins",
    "GET /staff/accounts/<id:staff_id>": "admins",
    "PATCH /staff/accounts/<id:staff_id>": "admins",
    "POST /me/registration": "joining",
    "GET /me": "residents",
    "PATCH /me": "residents",
    "GET /me/link-code": "joining",
    "POST /me/sign-in-codes": "joining",
    "GET /me/code": "residents",
    "GET /me/code.png": "residents",
    "GET /me/code.svg": "residents",
    "GET /me/donations": "residents",
    "GET /me/transfers": "residents",
    "GET /me/wallet": "residents",
    "GET /checkins": "residents",
    "POST /checkins": "residents",
    "POST /checkins/make-up": "residents",
    "GET /households/mine": "residents",
    "PATCH /households/mine": "residents",
    "POST /households/mine/members": "residents",
    "POST /households/mine/leave": "residents",
    "GET /rules": "residents",
    "GET /deeds": "residents",
    "POST /deeds": "residents",
    "GET /deeds/<id:deed_id>": "residents",
    "PATCH /deeds/<id:deed_id>": "residents",
    "POST /deeds/<id:deed_id>/withdraw": "residents",
    "GET /feed": "residents",
    "POST /feed/<id:entry_id>/like": "residents",
    "DELETE /feed/<id:entry_id>/like": "residents",
    "GET /me/messages": "residents",
    "POST /me/messages/read": "residents",
    "GET /items": "residents",
    "GET /items/<id:item_id>": "residents",
    "GET /orders": "residents",
    "POST /orders": "residents",
    "GET /orders/<id:order_id>": "residents",
    "POST /orders/<id:order_id>/cancel": "residents",
    "GET /orders/<id:order_id>/code": "residents",
    "GET /orders/<id:order_id>/code.png": "residents",
    "GET /orders/<id:order_id>/code.svg": "residents",
    "POST /uploads": "enterers",
    "GET /merchant/scans": "merchants",
    "POST /merchant/scans": "merchants",
    "GET /merchant/statement": "merchants",
    "GET /staff/deeds": "staff",
    "POST /staff/deeds": "staff enterers",
    "GET /staff/deeds/<id:deed_id>": "staff",
    "PATCH /staff/deeds/<id:deed_id>": "staff enterers",
    "POST /staff/deeds/approve": "reviewers",
    "GET /staff/reasons": "reviewers",
    "POST /staff/reasons": "admins",
    "DELETE /staff/reasons/<id:reason_id>": "admins",
    "GET /staff/reviews/figures": "staff",
    "POST /staff/deeds/<id:deed_id>/approve": "reviewers",
    "POST /staff/deeds/<id:deed_id>/reject": "reviewers",
    "POST /staff/deeds/<id:deed_id>/return": "reviewers",
    "POST /staff/deeds/<id:deed_id>/revoke": "reviewers",
    "GET /staff/households": "staff",
    "GET /staff/households.csv": "auditors",
    "GET /staff/households.xlsx": "auditors",
    "GET /staff/households/<id:household_id>": "staff",
    "PATCH /staff/households/<id:household_id>": "entering staff",
    "POST /staff/households/<id:household_id>/members": "entering staff",
    "POST /staff/households/<id:household_id>/merge": "admins",
    "POST /staff/households/<id:household_id>/split": "admins",
    "GET /staff/settings": "staff",
    "PATCH /staff/settings": "admins",
    "GET /staff/donation-tariffs": "staff",
    "POST /staff/donation-tariffs": "admins",
    "PATCH /staff/donation-tariffs/<id:tariff_id>": "admins",
    "GET /staff/donations": "staff",
    "POST /staff/donations": "admins",
    "GET /staff/donations/<id:donation_id>": "staff",
    "GET /staff/feed": "staff",
    "POST /staff/feed/<id:entry_id>/take-off": "reviewers",
    "POST /staff/feed/<id:entry_id>/put-back": "reviewers",
    "GET /staff/outbox": "admins",
    "GET /staff/items": "staff",
    "POST /staff/items": "admins",
    "PATCH /staff/items/<id:item_id>": "admins",
    "POST /staff/items/<id:item_id>/stock": "admins",
    "GET /staff/items/<id:item_id>/stock-moves": "staff",
    "GET /staff/cards/sheet": "staff enterers",
    "GET /staff/divisions": "staff",
    "POST /staff/divisions": "admins",
    "PATCH /staff/divisions/<code>": "admins",
    "GET /staff/residents": "staff",
    "POST /staff/residents": "staff enterers",
    "GET /staff/residents/<id:resident_id>": "staff",
    "PATCH /staff/residents/<id:resident_id>": "staff enterers",
    "POST /staff/residents/<id:resident_id>/card": "staff enterers",
    "DELETE /staff/residents/<id:resident_id>/card": "staff enterers",
    "POST /staff/residents/<id:resident_id>/confirm": "staff enterers",
    "POST /staff/residents/<id:resident_id>/link": "staff enterers",
    "GET /staff/merchants": "staff",
    "POST /staff/merchants": "admins",
    "PATCH /staff/merchants/<id:merchant_id>": "admins",
    "GET /staff/imports": "entering staff",
    "POST /staff/imports": "entering staff",
    "GET /staff/imports/<id:import_id>": "entering staff",
    "POST /staff/imports/<id:import_id>/apply": "entering staff",
    "GET /staff/residents.csv": "auditors",
    "GET /staff/residents.xlsx": "auditors",
    "GET /staff/rules": "staff",
    "POST /staff/rules": "admins",
    "PATCH /staff/rules/<id:rule_id>": "admins",
    "GET /staff/rules/<id:rule_id>/versions": "staff",
    "POST /staff/rules/import": "admins",
    "GET /staff/rules/ready-lists": "admins",
    "POST /staff/rules/ready-lists/<name>": "admins",
    "GET /staff/rules.csv": "auditors",
    "GET /staff/rules.xlsx": "auditors",
    "POST /staff/transfers/<id:transfer_id>/reverse": "admins",
    "GET /staff/stats": "staff",
    "GET /staff/stats/rows": "staff",
    "GET /staff/audit": "auditors",
    "GET /staff/units": "staff",
    "POST /staff/units": "admins",
    "GET /staff/units/<id:unit_id>": "staff",
    "PATCH /staff/units/<id:unit_id>": "admins",
    "POST /staff/units/<id:unit_id>/agreements": "admins",
    "POST /staff/units/<id:unit_id>/records": "admins",
}
PREFIX = "/api/v1"


def routes_of(app: Flask) -> dict[str, str]:
    """All routes under /api/v1 with the endpoint of each."""
    return {
        f"{method} {rule.rule.removeprefix(PREFIX)}": rule.endpoint
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith(PREFIX)
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }


def caller(cast: Cast, name: str) -> Caller:
    """One of the cast, or staff of this community in that role."""
    return getattr(cast, name) if hasattr(type(cast), name) else cast.staff(name, COMMUNITY)


def ask(who: Caller, route: str) -> TestResponse:
    """Call a route with an invented id and, where it writes, an empty body."""
    method, path = route.split(" ")
    parts = [str(uuid4()) + part.partition(">")[2] if part.startswith("<id:") else part for part in path.split("/")]
    return who.call(method, "/".join(parts), **({} if method == "GET" else {"json": {}}))


def refusal_of(name: str, route: str) -> tuple[int, str]:
    """What somebody hears who is not of a route's audience."""
    if name == "nobody":
        return 401, "unauthenticated"
    if name == "newcomer" and "grandmother" in WHO[ROUTES[route]]:
        return 403, "not_registered"
    return 403, "wrong_role"


def test_the_table_names_every_route_and_no_other(app: Flask) -> None:
    assert routes_of(app).keys() == ROUTES.keys()


def test_every_route_declares_its_audience(app: Flask) -> None:
    for endpoint in app.view_functions:
        assert isinstance(audience.of(app, endpoint), audience.Audience)


def test_what_is_neither_under_the_api_nor_a_page_of_a_face_is_for_everybody(app: Flask) -> None:
    pages = {name for name, blueprint in app.blueprints.items() if isinstance(blueprint, Pages)}
    rules = [rule for rule in app.url_map.iter_rules() if rule.endpoint.split(".")[0] not in pages]
    outside = [rule.endpoint for rule in rules if not rule.rule.startswith(PREFIX)]
    assert outside
    assert {audience.of(app, endpoint).name for endpoint in outside} == {"anyone"}


@pytest.mark.parametrize("name", sorted(CALLERS))
def test_every_route_is_open_to_its_audience_and_to_nobody_else(cast: Cast, name: str) -> None:
    who = caller(cast, name)
    for route in sorted(ROUTES, key=lambda route: route.endswith("/logout")):
        answer = ask(who, route)
        code = (answer.get_json(silent=True) or {}).get("code")
        if name in WHO[ROUTES[route]]:
            assert answer.status_code < 500, route
            assert answer.status_code != 401, route
            assert code not in ("wrong_role", "not_registered"), route
        else:
            assert answer.mimetype == "application/problem+json", route
            assert (answer.status_code, code) == refusal_of(name, route), route
            assert answer.json.keys() - {"detail"} == {"type", "title", "status", "code"}, route


def test_who_is_refused_hears_nothing_about_the_body_or_the_id(cast: Cast) -> None:
    """The audience comes first: before the body is read, and before anything is looked up."""
    deed = cast.deed(cast.grandmother)
    for who in (cast.nobody, cast.grandmother, cast.auditor, cast.barber):
        answers = [
            who.call("POST", f"/staff/deeds/{deed}/approve", data=body, content_type=kind)
            for body, kind in ((b"{", "application/json"), (b"{}", "application/json"), (b"x", "text/plain"), (b"", ""))
        ]
        answers.append(who.post(f"/staff/deeds/{uuid4()}/approve", {}))
        assert len({answer.data for answer in answers}) == 1
        assert answers[0].status_code in (401, 403)


def test_a_role_that_is_slipped_into_a_header_a_query_or_a_body_changes_nothing(cast: Cast) -> None:
    deed = cast.deed(cast.grandmother)
    headers = {"X-Role": "admin", "X-Forwarded-User": "admin", "X-HTTP-Method-Override": "POST"}
    answer = cast.grandmother.post(f"/staff/deeds/{deed}/approve?role=admin", {"role": "admin"}, headers=headers)
    assert (answer.status_code, answer.json["code"]) == (403, "wrong_role")
    answer = cast.reviewer.post(f"/staff/deeds/{deed}/approve", {"role": "admin"})
    assert (answer.status_code, answer.json["code"]) == (422, "validation_failed")


# --- a route without an audience ----------------------------------------------------------------------------------------------


def _api_module(*, declared: bool) -> types.SimpleNamespace:
    blueprint = ApiBlueprint("careless", __name__)

    def view() -> dict[str, str]:
        return {}

    blueprint.get("/careless")(audience.anyone(view) if declared else view)
    return types.SimpleNamespace(blueprint=blueprint)


def test_an_app_with_an_api_route_without_audience_does_not_start(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = app.config["SETTINGS"]
    monkeypatch.setattr(api, "MODULES", (*api.MODULES, _api_module(declared=False)))
    with pytest.raises(AudienceMissing, match="careless"):
        create_app(settings)
    monkeypatch.setattr(api, "MODULES", (*api.MODULES[:-1], _api_module(declared=True)))
    assert create_app(settings).test_client().get("/api/v1/careless").status_code == 200


def test_an_app_with_a_page_without_audience_does_not_start(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    page = Blueprint("careless", __name__)
    page.get("/careless")(lambda: "hello")
    monkeypatch.setattr(docs, "blueprint", page)
    with pytest.raises(AudienceMissing, match="careless"):
        product.create_app(app.config["SETTINGS"])


def test_an_audience_that_is_only_a_word_is_none(app: Flask) -> None:
    other = Flask("other")

    def view() -> str:
        return ""

    view.audience = "anyone"  # type: ignore[attr-defined]
    other.get("/")(view)
    with pytest.raises(AudienceMissing):
        audience.check_all(other)


# --- what may not be seen does not exist --------------------------------------------------------------------------------------

DEED = {"occurred_on": "{today}", "description": "晚上巡逻"}
ITEM = {"kind": "goods", "name": "大米", "price": 5}
ACCOUNT = {"username": "xiaowang", "password": "a password for tests", "name": "小王", "role": "reviewer"}
RULE = {"code": "X-1", "title": "参加治安巡逻", "category": "社区治理", "points": 5}
GOODS = {"quantity": 2, "points": 5}
TARIFF = {"name": "大米", "unit": "公斤", "points": 2}
# Who calls what; {deed}, {rule} … is the id in question, {our_rule} … one that he may use.
CALLS: list[tuple[str, str, str, dict[str, Any] | None]] = [
    ("grandmother", "GET", "/deeds/{deed}", None),
    ("grandmother", "PATCH", "/deeds/{deed}", {}),
    ("grandmother", "POST", "/deeds/{deed}/withdraw", {}),
    ("grandmother", "POST", "/deeds", {**DEED, "rule_id": "{rule}"}),
    ("grandmother", "POST", "/deeds", {**DEED, "rule_id": "{our_rule}", "upload_ids": ["{upload}"]}),
    ("grandmother", "GET", "/items/{item}", None),
    ("grandmother", "POST", "/orders", {"item_id": "{item}", "quantity": 1}),
    ("grandmother", "GET", "/orders/{order}", None),
    ("grandmother", "GET", "/orders/{order}/code", None),
    ("grandmother", "GET", "/orders/{order}/code.svg", None),
    ("grandmother", "GET", "/orders/{order}/code.png", None),
    ("grandmother", "POST", "/orders/{order}/cancel", {}),
    ("reviewer", "GET", "/staff/deeds/{deed}", None),
    ("grandmother", "POST", "/feed/{entry}/like", {}),
    ("grandmother", "DELETE", "/feed/{entry}/like", {}),
    ("grandmother", "POST", "/me/messages/read", {"ids": ["{our_message}", "{message}"]}),
    ("reviewer", "POST", "/staff/feed/{entry}/take-off", {"reason": "照片里有别人的孩子"}),
    ("reviewer", "POST", "/staff/feed/{entry}/put-back", {}),
    ("reviewer", "POST", "/staff/deeds/{deed}/approve", {}),
    ("reviewer", "POST", "/staff/deeds/{deed}/reject", {"reason": "不符"}),
    ("reviewer", "POST", "/staff/deeds/{deed}/return", {"reason": "请补照片"}),
    ("admin", "POST", "/staff/reasons", {"action": "return", "text": "请补照片", "community_code": "{community}"}),
    ("admin", "POST", "/staff/rules", {**RULE, "community_code": "{community}"}),
    ("admin", "PATCH", "/staff/rules/{rule}", {"points": 9}),
    ("admin", "GET", "/staff/rules/{rule}/versions", None),
    ("admin", "POST", "/staff/rules/ready-lists/fangniuping", {"community_code": "{community}"}),
    ("admin", "GET", "/staff/rules.csv?community_code={community}", None),
    ("admin", "POST", "/staff/items", {**ITEM, "merchant_id": "{merchant}"}),
    ("admin", "POST", "/staff/items", {**ITEM, "merchant_id": "{our_merchant}", "community_code": "{community}"}),
    ("admin", "POST", "/staff/items", {**ITEM, "merchant_id": "{our_merchant}", "upload_id": "{staff_upload}"}),
    ("admin", "PATCH", "/staff/items/{item}", {"price": 9}),
    ("admin", "PATCH", "/staff/items/{our_item}", {"upload_id": "{staff_upload}"}),
    ("admin", "POST", "/staff/items/{item}/stock", {"delta": 3, "reason": "送货"}),
    ("admin", "GET", "/staff/items/{item}/stock-moves", None),
    ("admin", "POST", "/staff/donations", {"resident_id": "{resident}", "lines": [{**GOODS, "name": "旧书"}]}),
    ("admin", "POST", "/staff/donations", {"resident_id": "{our_resident}", "lines": [{**GOODS, "item_id": "{item}"}]}),
    ("admin", "POST", "/staff/donations", {"resident_id": "{our_resident}", "lines": [{"tariff_id": "{tariff}", "quantity": 2}]}),
    ("admin", "GET", "/staff/donations/{donation}", None),
    ("admin", "POST", "/staff/donation-tariffs", {**TARIFF, "community_code": "{community}"}),
    ("admin", "POST", "/staff/donation-tariffs", {**TARIFF, "item_id": "{item}"}),
    ("admin", "PATCH", "/staff/donation-tariffs/{tariff}", {"points": 9}),
    ("admin", "POST", "/staff/merchants", {"name": "理发店", "community_code": "{community}"}),
    ("admin", "PATCH", "/staff/merchants/{merchant}", {"active": False}),
    ("admin", "POST", "/staff/transfers/{transfer}/reverse", {"reason": "重复入账"}),
    ("admin", "GET", "/staff/stats?division_code={community}", None),
    ("admin", "GET", "/staff/stats/rows?figure=issued&division_code={community}", None),
    ("admin", "GET", "/staff/units?division_code={community}", None),
    ("admin", "POST", "/staff/units", {"name": "超市", "kind": "shop", "division_code": "{community}"}),
    ("admin", "GET", "/staff/units/{unit}", None),
    ("admin", "PATCH", "/staff/units/{unit}", {"active": False}),
    ("admin", "POST", "/staff/units/{unit}/agreements", {"title": "共建协议", "from_on": "2026-01-01"}),
    ("admin", "POST", "/staff/units/{unit}/records", {"kind": "did", "day": "{today}", "description": "义诊"}),
    ("admin", "POST", "/staff/accounts", {**ACCOUNT, "scope_code": "{community}"}),
    ("admin", "POST", "/staff/accounts", {**ACCOUNT, "scope_code": "{our_community}", "resident_id": "{resident}"}),
    ("admin", "GET", "/staff/accounts/{account}", None),
    ("admin", "PATCH", "/staff/accounts/{account}", {"name": "小王"}),
    ("admin", "PATCH", "/staff/accounts/{our_account}", {"scope_code": "{community}"}),
    ("admin", "PATCH", "/staff/accounts/{our_account}", {"resident_id": "{resident}"}),
    ("admin", "POST", "/staff/residents/{resident}/leave", {"reason": "本人提出"}),
]
# Lists, asked for by a foreign id: as empty as for an invented one.
LISTS = [
    ("grandmother", "/items?merchant_id={merchant}"),
    ("reviewer", "/staff/deeds?rule_id={rule}"),
    ("admin", "/staff/items?merchant_id={merchant}"),
    ("admin", "/staff/donations?resident_id={resident}"),
]
KINDS = (
    *("deed", "rule", "item", "order", "merchant", "upload", "staff_upload", "transfer", "community"),
    *("resident", "tariff", "donation", "entry", "message", "unit", "account"),
)


def objects_of(cast: Cast, resident: Caller, admin: Caller, community_code: str, merchant: Caller) -> dict[str, str]:
    """One thing of every kind, of a resident and of staff in a community."""

    def item() -> str:
        given = {"kind": "goods", "name": "鸡蛋", "price": 5, "stock": 9, "merchant_id": merchant.merchant_id}
        return str(items.create(admin.actor, **given).id)

    def donation() -> str:
        lines = [{"name": "旧书", "quantity": 1, "points": 1}]
        return str(donations.record(admin.actor, resident_id=UUID(resident.id), lines=lines).donation.id)

    rule = cast.rule(community_code)
    for earned in (cast.deed(resident, rule_id=rule), cast.deed(resident, rule_id=rule)):
        cast.in_app(lambda earned=earned: reviews.approve(admin.actor, UUID(earned), points=100))
    sold = cast.in_app(item)
    return {
        "deed": cast.deed(resident, rule_id=rule),
        "rule": rule,
        "item": sold,
        "order": str(cast.in_app(lambda: orders.place(resident.actor, item_id=UUID(sold), quantity=1)).id),
        "merchant": str(merchant.merchant_id),
        "upload": str(cast.in_app(lambda: uploads.store(resident.actor.id, photo())).id),
        "staff_upload": str(cast.in_app(lambda: uploads.store(admin.actor.id, photo())).id),
        "transfer": next(t["id"] for t in resident.get("/me/transfers").json["items"] if t["kind"] == "deed"),
        "community": community_code,
        "resident": resident.id,
        "tariff": str(cast.in_app(lambda: donation_tariffs.create(admin.actor, **TARIFF)).id),
        "donation": cast.in_app(donation),
        "entry": resident.get("/feed?limit=1").json["items"][0]["id"],
        "message": resident.get("/me/messages?limit=1").json["items"][0]["id"],
        "unit": str(cast.in_app(lambda: units.create(admin.actor, name="卫生院", kind="institution")).id),
        "account": cast.staff("reviewer", community_code).id,
    }


@pytest.fixture
def things(cast: Cast) -> dict[str, dict[str, str]]:
    """The same things five times: ours, the next community's, a fellow resident's, those of ids that are nowhere, of no ids."""
    ours = objects_of(cast, cast.grandmother, cast.admin, COMMUNITY, cast.barber)
    next_door = cast.merchant("隔壁超市", NEXT_COMMUNITY)
    fellow = objects_of(cast, cast.volunteer, cast.admin, COMMUNITY, cast.barber)
    return {
        "ours": ours,
        "next door": objects_of(cast, cast.neighbour, cast.neighbour_staff, NEXT_COMMUNITY, next_door),
        "fellow": ours | {kind: fellow[kind] for kind in ("deed", "order", "upload", "message")},
        "nowhere": {kind: str(uuid4()) for kind in KINDS} | {"community": "500104101999"},
        "nonsense": dict.fromkeys(KINDS, "nonsense"),
    }


def fill(template: str, things: dict[str, str], ours: dict[str, str]) -> str:
    """A path or a body with its ids."""
    template = template.replace("{today}", str(clock.today()))
    for kind in KINDS:
        template = template.replace(f"{{{kind}}}", things[kind]).replace(f"{{our_{kind}}}", ours[kind])
    return template


def everything(superuser: psycopg.Connection) -> dict[str, Any]:
    """A digest of every table but those that say who is signed in."""
    tables = superuser.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1").fetchall()
    return {
        table: superuser.execute(f"SELECT md5(string_agg(t::text, '' ORDER BY t::text)) FROM {table} t").fetchone()
        for (table,) in tables
    }


@pytest.mark.parametrize("name", sorted({name for name, *_ in CALLS}))
def test_a_foreign_id_gets_the_answer_of_an_id_that_is_nowhere_and_changes_nothing(
    cast: Cast, things: dict[str, dict[str, str]], superuser: psycopg.Connection, name: str
) -> None:
    who, calls = caller(cast, name), [call[1:] for call in CALLS if call[0] == name]

    def call(whose: str, method: str, path: str, body: dict[str, Any] | None) -> TestResponse:
        given = {} if body is None else {"json": json.loads(fill(json.dumps(body), things[whose], things["ours"]))}
        return who.call(method, fill(path, things[whose], things["ours"]), **given)

    before = everything(superuser)
    for method, path, body in calls:
        private = any(kind in path + json.dumps(body) for kind in ("{deed}", "{order}", "{upload}", "{message}"))
        nowhere = call("nowhere", method, path, body)
        assert (nowhere.status_code, nowhere.json["code"]) == (404, "not_found"), (method, path, body)
        for whose in ("nonsense", "next door", *(["fellow"] if name == "grandmother" and private else [])):
            answer = call(whose, method, path, body)
            assert (answer.status_code, answer.data) == (404, nowhere.data), (whose, method, path, body)
    assert everything(superuser) == before
    for method, path, body in calls:
        assert call("ours", method, path, body).status_code in (200, 201, 409), (method, path, body)


@pytest.mark.parametrize(("name", "path"), LISTS)
def test_a_list_asked_for_by_a_foreign_id_is_as_empty_as_by_an_invented_one(
    cast: Cast, things: dict[str, dict[str, str]], name: str, path: str
) -> None:
    who = caller(cast, name)
    answers = {whose: who.get(fill(path, things[whose], things["ours"])) for whose in ("ours", "next door", "nowhere")}
    assert answers["next door"].data == answers["nowhere"].data
    assert answers["nowhere"].json == {"items": [], "next": None}
    assert answers["ours"].json["items"]


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("grandmother", "/rules"),
        ("grandmother", "/items"),
        ("grandmother", "/deeds"),
        ("grandmother", "/orders"),
        ("grandmother", "/me/transfers"),
        ("grandmother", "/feed"),
        ("grandmother", "/me/messages"),
        ("reviewer", "/staff/feed"),
        ("admin", "/staff/outbox"),
        ("reviewer", "/staff/deeds"),
        ("auditor", "/staff/rules"),
        ("admin", "/staff/items"),
        ("admin", "/staff/merchants"),
        ("admin", "/staff/donations"),
        ("admin", "/staff/donation-tariffs"),
        ("grandmother", "/me/donations"),
        ("barber", "/merchant/scans"),
    ],
)
def test_no_list_holds_anything_of_the_next_community(
    cast: Cast, things: dict[str, dict[str, str]], name: str, path: str
) -> None:
    foreign = things["next door"]
    answer = caller(cast, name).get(path)
    assert answer.status_code == 200
    for kind in ("deed", "rule", "item", "order", "merchant", "transfer", "tariff", "donation", "entry", "message"):
        assert foreign[kind] not in answer.text, kind


def test_staff_above_see_both_communities_and_staff_below_neither(cast: Cast, things: dict[str, dict[str, str]]) -> None:
    ours, next_door = things["ours"]["deed"], things["next door"]["deed"]
    above = cast.staff("reviewer", TOWN)
    assert {ours, next_door} <= {deed["id"] for deed in above.get("/staff/deeds?status=pending").json["items"]}
    assert above.post(f"/staff/deeds/{next_door}/approve").status_code == 200
    elsewhere = cast.staff("reviewer", "500101")
    assert elsewhere.get("/staff/deeds").json["items"] == []
    assert elsewhere.post(f"/staff/deeds/{ours}/approve").status_code == 404
