"""The table of cases: what is arranged, what is sent to each face, and what comes of it.

`{name}` in a path or a value is what was arranged under that name; `{today}` and `{tomorrow}` are days. A form holds the same as
the body of the API's call, unless it says otherwise.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pyotp

from kernel import clock
from tests.cast import COMMUNITY, PASSWORD, Cast

Things = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """One case. `effect` looks at what became of it, by the API; `code` is the refusal's, None where it is done."""

    name: str
    who: str
    api: tuple[str, str, dict[str, Any]]
    form: str
    effect: Callable[[Cast, Things], Any]
    expected: Any
    code: str | None = None
    arrange: Callable[[Cast], Things] = lambda cast: {}
    fields: dict[str, Any] | None = None
    later: timedelta = timedelta(0)


# --- what is arranged ---------------------------------------------------------------------------------------------------------


def done(*calls: tuple[str, str]) -> Callable[[Cast], Things]:
    """Somebody called the API before: `done(("grandmother", "/checkins"))`."""

    def arrange(cast: Cast) -> Things:
        for who, path in calls:
            assert getattr(cast, who).post(path).status_code < 300
        return {}

    return arrange


def patrol(**terms: Any) -> Callable[[Cast], Things]:
    return lambda cast: {"rule": cast.rule(**terms)}


def deed(status: str = "pending") -> Callable[[Cast], Things]:
    """A deed of the grandmother's in a state of its review."""

    def arrange(cast: Cast) -> Things:
        made = cast.deed(cast.grandmother)
        verb = {"approved": "approve", "rejected": "reject", "returned": "return"}.get(status)
        if verb:
            body = {} if verb == "approve" else {"reason": "请补照片"}
            assert cast.admin.post(f"/staff/deeds/{made}/{verb}", body).status_code == 200
        return {"deed": made}

    return arrange


def own_deed(cast: Cast) -> Things:
    """A deed of somebody who is the reviewer himself."""
    cast.__dict__["reviewer"] = cast.staff("reviewer", COMMUNITY, resident=cast.grandmother)
    cast.patrol  # noqa: B018 (made by the admin)
    return {"deed": cast.deed(cast.grandmother)}


def rich(**item: Any) -> Callable[[Cast], Things]:
    """A grandmother with 50 points, and an item."""

    def arrange(cast: Cast) -> Things:
        cast.give(cast.grandmother, 50)
        return {"item": cast.item(**item)}

    return arrange


def poor(cast: Cast) -> Things:
    cast.grandmother.post("/checkins")
    return {"item": cast.item()}


def ordered_once(cast: Cast) -> Things:
    cast.give(cast.grandmother, 50)
    item = cast.item(price=10, limits={"per_person": 1})
    cast.order(cast.grandmother, item)
    return {"item": item}


def off_the_shelf(cast: Cast) -> Things:
    cast.give(cast.grandmother, 50)
    item = cast.item()
    day = str(clock.today() - timedelta(days=1))
    assert cast.admin.patch(f"/staff/items/{item}", {"on_shelf_to": day}).status_code == 200
    return {"item": item}


def order(then: str | None = None) -> Callable[[Cast], Things]:
    """An order that waits, with its present code; `then` it was cancelled or scanned."""

    def arrange(cast: Cast) -> Things:
        cast.give(cast.grandmother, 50)
        made = cast.order(cast.grandmother)
        token = cast.token(cast.grandmother, made)
        if then == "cancelled":
            assert cast.grandmother.post(f"/orders/{made}/cancel").status_code == 200
        if then == "scanned":
            assert cast.barber.post("/merchant/scans", {"token": token}).status_code == 200
        cast.till  # noqa: B018 (the other merchant)
        return {"order": made, "token": token}

    return arrange


def till_that_missed(cast: Cast) -> Things:
    things = order()(cast)
    for _ in range(30):
        assert cast.barber.post("/merchant/scans", {"token": "870000000000000000"}).status_code == 400
    return things


def credit(then: str | None = None) -> Callable[[Cast], Things]:
    """A transfer to the grandmother, of a deed; `then` it was taken back, or spent."""

    def arrange(cast: Cast) -> Things:
        cast.give(cast.grandmother, 50)
        transfer = cast.grandmother.get("/me/transfers").json["items"][0]["id"]
        if then == "reversed":
            assert cast.admin.post(f"/staff/transfers/{transfer}/reverse", {"reason": "重复入账"}).status_code == 201
        if then == "spent":
            cast.order(cast.grandmother)
        return {"transfer": transfer}

    return arrange


def family(cast: Cast) -> Things:
    """The grandmother is the head of a household of two."""
    head, other = cast.family("李秀英", "李小明")
    cast.__dict__["grandmother"], cast.__dict__["volunteer"] = head, other
    return {"code": cast.resident("李小红").get("/me/code").json["token"]}


def alone(cast: Cast) -> Things:
    cast.settings(counts_by="household")
    return {"code": cast.volunteer.get("/me/code").json["token"]}


def donor(cast: Cast) -> Things:
    return {"resident": cast.grandmother.id}


def entered(**rule: Any) -> Callable[[Cast], Things]:
    return lambda cast: {"resident": cast.grandmother.id, "rule": cast.rule(**rule)}


def merchant(cast: Cast) -> Things:
    return {"merchant": str(cast.barber.merchant_id)}


def goods(cast: Cast) -> Things:
    return {"item": cast.item(kind="goods", name="大米", stock=3), "service": cast.item()}


def login(wrong: int = 0, second_factor: bool = False) -> Callable[[Cast], Things]:
    """The reviewer's username, after some wrong passwords; with a second factor."""

    def arrange(cast: Cast) -> Things:
        if second_factor:
            with clock.stopped_at(clock.now() - timedelta(minutes=1)):
                otp = pyotp.TOTP(cast.reviewer.post("/auth/totp").json["secret"]).at(clock.now())
                assert cast.reviewer.post("/auth/totp/confirm", {"otp": otp}).status_code == 200
        for _ in range(wrong):
            cast.nobody.post("/auth/password", {"username": cast.reviewer.username, "password": "wrong"})
        return {"username": cast.reviewer.username}

    return arrange


# --- what became of it --------------------------------------------------------------------------------------------------------


def balance(cast: Cast, things: Things) -> int:
    return cast.balance(cast.grandmother)


def statuses(cast: Cast, things: Things) -> list[str]:
    """How the grandmother's deeds stand, newest first."""
    return [made["status"] for made in cast.grandmother.get("/deeds").json["items"]]


def deeds_and_balance(cast: Cast, things: Things) -> tuple[list[str], int]:
    return statuses(cast, things), balance(cast, things)


def channels(cast: Cast, things: Things) -> list[tuple[str, str]]:
    items = cast.admin.get("/staff/deeds").json["items"]
    return [(made["channel"], made["status"]) for made in items]


def orders(cast: Cast, things: Things) -> tuple[list[str], int]:
    return [made["status"] for made in cast.grandmother.get("/orders").json["items"]], balance(cast, things)


def scanned(cast: Cast, things: Things) -> tuple[list[int], str]:
    """What the barber has scanned, and how the order stands."""
    scans = cast.barber.get("/merchant/scans").json["items"]
    return [scan["points"] for scan in scans], cast.grandmother.get(f"/orders/{things['order']}").json["status"]


def residents(cast: Cast, things: Things) -> list[str]:
    return sorted(person["name"] for person in cast.admin.get("/staff/residents").json["items"])


def rules(cast: Cast, things: Things) -> list[tuple[str, int, int]]:
    return [(rule["title"], rule["points"], rule["version"]) for rule in cast.admin.get("/staff/rules").json["items"]]


def stocks(cast: Cast, things: Things) -> list[tuple[str, int | None]]:
    return sorted((item["name"], item["stock"]) for item in cast.admin.get("/staff/items").json["items"])


def members(cast: Cast, things: Things) -> list[str]:
    return sorted(member["name"] for member in cast.grandmother.get("/households/mine").json["members"] if member["present"])


def settings(cast: Cast, things: Things) -> tuple[int, int]:
    found = cast.admin.get("/staff/settings").json
    return found["checkin_points"], found["notice_days"]


def accounts(cast: Cast, things: Things) -> list[tuple[str, str]]:
    items = cast.admin.get("/staff/accounts").json["items"]
    return sorted((account["name"], account["role"]) for account in items if account["id"] != str(cast.admin.id))


def still_here(cast: Cast, things: Things) -> int:
    return int(cast.grandmother.get("/me").status_code)


def nothing(cast: Cast, things: Things) -> None:
    return None


# --- the table ----------------------------------------------------------------------------------------------------------------

DEED = {"rule_id": "{rule}", "occurred_on": "{today}", "description": "晚上巡逻"}
FORM = {"occurred_on": "{today}", "description": "晚上巡逻"}
DECLARE = {"who": "grandmother", "form": "/declare/{rule}", "effect": statuses}
ONE = {"item_id": "{item}", "quantity": 1}
ORDER = {
    "who": "grandmother",
    "api": ("POST", "/orders", ONE),
    "form": "/shop/{item}",
    "fields": {"quantity": 1},
    "effect": orders,
}
SCAN = {"who": "barber", "form": "/merchant/scans", "effect": scanned}
TOKEN = ("POST", "/merchant/scans", {"token": "{token}"})
ENTRY = {**DEED, "resident_id": "{resident}", "channel": "phone"}
WHY = {"reason": "照片与所报的事不符"}
REVERSE = {
    "who": "admin",
    "api": ("POST", "/staff/transfers/{transfer}/reverse", {"reason": "重复入账"}),
    "form": "/staff/transfers/{transfer}/reverse",
    "effect": balance,
}
RULE = {"code": "B-09", "title": "清扫楼道", "category": "环境", "points": 20}
ITEM = {"kind": "goods", "name": "鸡蛋", "price": 15, "merchant_id": "{merchant}", "stock": 20}
GIFT = {"resident_id": "{resident}", "lines": [{"name": "旧书", "quantity": 12, "points": 6}]}
ACCOUNT = {
    "username": "xiaowang",
    "password": "a good long password",
    "name": "小王",
    "role": "reviewer",
    "scope_code": COMMUNITY,
}
SIGN_IN = {"who": "nobody", "form": "/sign-in", "effect": nothing, "expected": None}
PASS = ("POST", "/auth/password", {"username": "{username}", "password": PASSWORD})


def review(verb: str, body: dict[str, Any]) -> dict[str, Any]:
    """A reviewer's decision on a deed."""
    path = f"/staff/deeds/{{deed}}/{verb}"
    return {"who": "reviewer", "api": ("POST", path, body), "form": path, "effect": deeds_and_balance}


CHECKIN: dict[str, Any] = {"who": "grandmother", "api": ("POST", "/checkins", {}), "form": "/checkins", "effect": balance}
WITHDRAW: dict[str, Any] = {
    "who": "grandmother",
    "api": ("POST", "/deeds/{deed}/withdraw", {}),
    "form": "/deeds/{deed}/withdraw",
    "effect": statuses,
}
CANCEL: dict[str, Any] = {
    "who": "grandmother",
    "api": ("POST", "/orders/{order}/cancel", {}),
    "form": "/orders/{order}/cancel",
    "effect": orders,
}
INVITE: dict[str, Any] = {
    "api": ("POST", "/households/mine/members", {"code": "{code}"}),
    "form": "/household/members",
    "effect": members,
}
LEAVE_HOME: dict[str, Any] = {"api": ("POST", "/households/mine/leave", {}), "form": "/household/leave", "effect": members}
ENTER: dict[str, Any] = {"who": "reviewer", "form": "/staff/entries", "effect": channels}
DECLARED = ("POST", "/deeds", DEED)
CASES: list[Case] = [
    Case("check in", expected=1, **CHECKIN),
    Case("check in again", arrange=done(("grandmother", "/checkins")), expected=1, **CHECKIN),
    Case("declare", arrange=patrol(), api=DECLARED, fields=FORM, expected=["pending"], **DECLARE),
    Case(
        "declare more than the rule allows",
        arrange=lambda cast: (
            (rule := cast.rule(limits={"per_day": 1})) and cast.deed(cast.grandmother, rule_id=rule) and {"rule": rule}
        ),
        api=DECLARED,
        fields=FORM,
        expected=["pending"],
        code="limit_reached",
        **DECLARE,
    ),
    Case(
        "declare without the photo",
        arrange=patrol(evidence_required=True),
        api=DECLARED,
        fields=FORM,
        expected=[],
        code="validation_failed",
        **DECLARE,
    ),
    Case(
        "declare what is yet to come",
        arrange=patrol(),
        api=("POST", "/deeds", {**DEED, "occurred_on": "{tomorrow}"}),
        fields={**FORM, "occurred_on": "{tomorrow}"},
        expected=[],
        code="validation_failed",
        **DECLARE,
    ),
    Case("withdraw", arrange=deed(), expected=["withdrawn"], **WITHDRAW),
    Case("withdraw too late", arrange=deed("approved"), expected=["approved"], code="already_reviewed", **WITHDRAW),
    Case("order", arrange=rich(), expected=(["reserved"], 20), **ORDER),
    Case("order with too few points", arrange=poor, expected=([], 1), code="insufficient_points", **ORDER),
    Case("order what is gone", arrange=rich(kind="goods", stock=0), expected=([], 50), code="out_of_stock", **ORDER),
    Case("order more than allowed", arrange=ordered_once, expected=(["reserved"], 40), code="limit_reached", **ORDER),
    Case("order what left the shelf", arrange=off_the_shelf, expected=([], 50), code="item_unavailable", **ORDER),
    Case("cancel", arrange=order(), expected=(["cancelled"], 50), **CANCEL),
    Case("cancel again", arrange=order("cancelled"), expected=(["cancelled"], 50), code="order_not_open", **CANCEL),
    Case("scan", arrange=order(), api=TOKEN, expected=([30], "redeemed"), **SCAN),
    Case("scan again", arrange=order("scanned"), api=TOKEN, expected=([30], "redeemed"), code="code_already_redeemed", **SCAN),
    Case(
        "scan what was cancelled",
        arrange=order("cancelled"),
        api=TOKEN,
        expected=([], "cancelled"),
        code="order_not_open",
        **SCAN,
    ),
    Case(
        "scan what is no code",
        arrange=order(),
        api=("POST", "/merchant/scans", {"token": "870000000000000000"}),
        expected=([], "reserved"),
        code="code_invalid",
        **SCAN,
    ),
    Case(
        "scan an old code",
        arrange=order(),
        api=TOKEN,
        later=timedelta(minutes=11),
        expected=([], "reserved"),
        code="code_expired",
        **SCAN,
    ),
    Case(
        "scan another merchant's",
        arrange=order(),
        api=TOKEN,
        expected=([], "reserved"),
        code="code_other_merchant",
        **{**SCAN, "who": "till"},
    ),
    Case(
        "scan more pieces than there are",
        arrange=order(),
        api=("POST", "/merchant/scans", {"token": "{token}", "pieces": 5}),
        expected=([], "reserved"),
        code="not_enough_pieces",
        **SCAN,
    ),
    Case(
        "scan after too many misses",
        arrange=till_that_missed,
        api=TOKEN,
        expected=([], "reserved"),
        code="too_many_requests",
        **SCAN,
    ),
    Case("approve", arrange=deed(), expected=(["approved"], 50), **review("approve", {"note": "照片清楚"})),
    Case(
        "approve what is decided",
        arrange=deed("rejected"),
        expected=(["rejected"], 0),
        code="already_reviewed",
        **review("approve", {}),
    ),
    Case("approve one's own", arrange=own_deed, expected=(["pending"], 0), code="own_deed", **review("approve", {})),
    Case("reject", arrange=deed(), expected=(["rejected"], 0), **review("reject", WHY)),
    Case("reject without a reason", arrange=deed(), expected=(["pending"], 0), code="validation_failed", **review("reject", {})),
    Case(
        "reject what is decided",
        arrange=deed("approved"),
        expected=(["approved"], 50),
        code="already_reviewed",
        **review("reject", WHY),
    ),
    Case("return", arrange=deed(), expected=(["returned"], 0), **review("return", WHY)),
    Case("return one's own", arrange=own_deed, expected=(["pending"], 0), code="own_deed", **review("return", WHY)),
    Case("revoke", arrange=deed("approved"), expected=(["revoked"], 0), **review("revoke", WHY)),
    Case("revoke what waits", arrange=deed(), expected=(["pending"], 0), code="already_reviewed", **review("revoke", WHY)),
    Case("enter on behalf", arrange=entered(), api=("POST", "/staff/deeds", ENTRY), expected=[("phone", "pending")], **ENTER),
    Case(
        "enter without the photo",
        arrange=entered(evidence_required=True),
        api=("POST", "/staff/deeds", ENTRY),
        expected=[],
        code="validation_failed",
        **ENTER,
    ),
    Case(
        "enter without saying how it came",
        arrange=entered(),
        api=("POST", "/staff/deeds", {name: value for name, value in ENTRY.items() if name != "channel"}),
        expected=[],
        code="validation_failed",
        **ENTER,
    ),
    Case(
        "register a resident",
        who="reviewer",
        api=("POST", "/staff/residents", {"name": "王大福", "phone": "13800000010"}),
        form="/staff/residents",
        effect=residents,
        expected=["王大福"],
    ),
    Case(
        "register a resident without a name",
        who="reviewer",
        api=("POST", "/staff/residents", {"name": "", "phone": "13800000010"}),
        form="/staff/residents",
        effect=residents,
        expected=[],
        code="validation_failed",
    ),
    Case(
        "new rule",
        who="admin",
        api=("POST", "/staff/rules", RULE),
        form="/staff/rules",
        effect=rules,
        expected=[("清扫楼道", 20, 1)],
    ),
    Case(
        "new rule with a code that is taken",
        who="admin",
        arrange=lambda cast: {"rule": cast.rule(code="B-09")},
        api=("POST", "/staff/rules", RULE),
        form="/staff/rules",
        effect=rules,
        expected=[("参加治安巡逻", 50, 1)],
        code="rule_code_taken",
    ),
    Case(
        "change a rule",
        who="admin",
        arrange=patrol(),
        api=("PATCH", "/staff/rules/{rule}", {"points": 60}),
        form="/staff/rules/{rule}",
        effect=rules,
        expected=[("参加治安巡逻", 60, 2)],
    ),
    Case(
        "a rule of too many points",
        who="admin",
        arrange=patrol(),
        api=("PATCH", "/staff/rules/{rule}", {"points": 100_000_000}),
        form="/staff/rules/{rule}",
        effect=rules,
        expected=[("参加治安巡逻", 50, 1)],
        code="validation_failed",
    ),
    Case(
        "new item",
        who="admin",
        arrange=merchant,
        api=("POST", "/staff/items", ITEM),
        form="/staff/items",
        effect=stocks,
        expected=[("鸡蛋", 20)],
    ),
    Case(
        "new item without a price",
        who="admin",
        arrange=merchant,
        api=("POST", "/staff/items", {name: value for name, value in ITEM.items() if name != "price"}),
        form="/staff/items",
        effect=stocks,
        expected=[],
        code="validation_failed",
    ),
    Case(
        "restock",
        who="admin",
        arrange=goods,
        api=("POST", "/staff/items/{item}/stock", {"delta": 5, "reason": "进货"}),
        form="/staff/items/{item}/stock",
        effect=stocks,
        expected=[("剪发一次", None), ("大米", 8)],
    ),
    Case(
        "write off more than there is",
        who="admin",
        arrange=goods,
        api=("POST", "/staff/items/{item}/stock", {"delta": -5, "reason": "受潮"}),
        form="/staff/items/{item}/stock",
        effect=stocks,
        expected=[("剪发一次", None), ("大米", 3)],
        code="out_of_stock",
    ),
    Case(
        "restock a service",
        who="admin",
        arrange=goods,
        api=("POST", "/staff/items/{service}/stock", {"delta": 5, "reason": "进货"}),
        form="/staff/items/{service}/stock",
        effect=stocks,
        expected=[("剪发一次", None), ("大米", 3)],
        code="stock_not_kept",
    ),
    Case(
        "donation",
        who="admin",
        arrange=donor,
        api=("POST", "/staff/donations", GIFT),
        form="/staff/donations",
        effect=balance,
        expected=6,
    ),
    Case(
        "donation of nothing",
        who="admin",
        arrange=donor,
        api=("POST", "/staff/donations", {**GIFT, "lines": []}),
        form="/staff/donations",
        effect=balance,
        expected=0,
        code="validation_failed",
    ),
    Case("take into the household", who="grandmother", arrange=alone, expected=["李秀英", "陈晨"], **INVITE),
    Case("take in who is no head", who="volunteer", arrange=family, expected=["李小明", "李秀英"], code="not_head", **INVITE),
    Case("leave the household", who="volunteer", arrange=family, expected=["李秀英"], **LEAVE_HOME),
    Case(
        "leave a household of one", who="grandmother", arrange=alone, expected=["李秀英"], code="alone_in_household", **LEAVE_HOME
    ),
    Case(
        "change settings",
        who="admin",
        api=("PATCH", "/staff/settings", {"checkin_points": 3, "notice_days": 2}),
        form="/staff/settings",
        effect=settings,
        expected=(3, 2),
    ),
    Case(
        "settings that make no sense",
        who="admin",
        api=("PATCH", "/staff/settings", {"checkin_points": 3, "notice_days": 99}),
        form="/staff/settings",
        effect=settings,
        expected=(1, 0),
        code="validation_failed",
    ),
    Case(
        "new account",
        who="admin",
        api=("POST", "/staff/accounts", ACCOUNT),
        form="/staff/accounts",
        effect=accounts,
        expected=[("小王", "reviewer")],
    ),
    Case(
        "new account with a weak password",
        who="admin",
        api=("POST", "/staff/accounts", {**ACCOUNT, "password": "short"}),
        form="/staff/accounts",
        effect=accounts,
        expected=[],
        code="validation_failed",
    ),
    Case("reverse", arrange=credit(), expected=0, **REVERSE),
    Case("reverse again", arrange=credit("reversed"), expected=0, code="already_reversed", **REVERSE),
    Case("reverse what is spent", arrange=credit("spent"), expected=20, code="insufficient_points", **REVERSE),
    Case(
        "leave the community",
        who="grandmother",
        arrange=poor,
        api=("POST", "/me/leave", {"confirm": True}),
        form="/me/leave",
        effect=still_here,
        expected=401,
    ),
    Case(
        "leave without saying that one means it",
        who="grandmother",
        arrange=poor,
        api=("POST", "/me/leave", {}),
        form="/me/leave",
        effect=still_here,
        expected=200,
        code="validation_failed",
    ),
    Case("sign in", arrange=login(), api=PASS, **SIGN_IN),
    Case(
        "sign in with a wrong password",
        arrange=login(),
        api=("POST", "/auth/password", {"username": "{username}", "password": "wrong"}),
        code="bad_credentials",
        **SIGN_IN,
    ),
    Case("sign in without the second factor", arrange=login(second_factor=True), api=PASS, code="otp_required", **SIGN_IN),
    Case("sign in after ten wrong passwords", arrange=login(wrong=10), api=PASS, code="too_many_attempts", **SIGN_IN),
]
