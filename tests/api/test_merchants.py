"""Merchants, as staff keep them."""

from typing import Any
from uuid import uuid4

from tests.answers import contents, refused, refused_fields
from tests.cast import COMMUNITY, NEXT_COMMUNITY, TOWN, Caller, Cast

KEYS = {"id", "name", "address", "community_code", "active"}
LOGIN = {"username": "barber-2", "password": "a long enough password"}


def names(caller: Caller, **query: Any) -> list[str]:
    return [merchant["name"] for merchant in caller.get("/staff/merchants", query_string=query).json["items"]]


def test_a_new_merchant_belongs_to_the_staffs_community_and_can_sign_in_at_once(cast: Cast) -> None:
    made = cast.admin.post("/staff/merchants", {"name": "老周理发店", "address": "融城路 12 号", **LOGIN})
    assert (made.status_code, made.json.keys()) == (201, KEYS)
    assert {name: made.json[name] for name in KEYS - {"id"}} == {
        "name": "老周理发店",
        "address": "融城路 12 号",
        "community_code": COMMUNITY,
        "active": True,
    }
    tokens = cast.nobody.post("/auth/password", LOGIN).json
    assert tokens["role"] == "merchant"
    assert Caller(cast.app, tokens["access_token"]).get("/merchant/scans").json == {"items": [], "next": None}
    item = {"kind": "service", "name": "剪发", "price": 30, "merchant_id": made.json["id"]}
    assert cast.admin.post("/staff/items", item).status_code == 201


def test_a_merchant_may_have_no_address_and_no_login(cast: Cast) -> None:
    made = cast.admin.post("/staff/merchants", {"name": "流动摊"})
    assert (made.status_code, made.json["address"]) == (201, None)


def test_a_login_needs_a_free_name_and_a_password_that_is_long_enough(cast: Cast, superuser: Any) -> None:
    cast.admin.post("/staff/merchants", {"name": "老周理发店", **LOGIN})
    before = contents(superuser)
    refused(cast.admin.post("/staff/merchants", {"name": "另一家", **LOGIN}), 409, "username_taken")
    refused_fields(cast.admin.post("/staff/merchants", {"name": "x", "username": "y", "password": "short"}), "password")
    refused_fields(cast.admin.post("/staff/merchants", {"name": "x", "username": "y"}), "password")
    refused_fields(cast.admin.post("/staff/merchants", {"name": "x", "password": "z" * 12}), "username")
    refused_fields(cast.admin.post("/staff/merchants", {}), "name")
    refused_fields(cast.admin.post("/staff/merchants", {"name": "x", "active": True}), "active")
    assert contents(superuser) == before


def test_merchants_are_listed_newest_first_and_found_by_name(cast: Cast) -> None:
    for name in ("老周理发店", "融城超市", "周记面馆"):
        cast.merchant(name)
    cast.merchant("隔壁超市", NEXT_COMMUNITY)
    assert names(cast.admin) == ["周记面馆", "融城超市", "老周理发店"]
    assert names(cast.reviewer, q="周") == ["周记面馆", "老周理发店"]
    assert names(cast.admin, q="%") == []
    assert names(cast.neighbour_staff) == ["隔壁超市"]
    assert len(names(cast.official)) == 4
    assert len(names(cast.admin, limit=2)) == 2


def test_staff_above_a_community_say_where_a_merchant_is(cast: Cast) -> None:
    above = cast.staff("admin", TOWN)
    refused_fields(above.post("/staff/merchants", {"name": "x"}), "community_code")
    made = above.post("/staff/merchants", {"name": "x", "community_code": NEXT_COMMUNITY})
    assert made.json["community_code"] == NEXT_COMMUNITY
    refused(cast.admin.post("/staff/merchants", {"name": "x", "community_code": NEXT_COMMUNITY}), 404, "not_found")


def test_a_merchant_that_is_switched_off_sells_nothing_and_is_signed_out(cast: Cast) -> None:
    made = cast.admin.post("/staff/merchants", {"name": "老周理发店", **LOGIN}).json
    till = Caller(cast.app, cast.nobody.post("/auth/password", LOGIN).json["access_token"])
    item = {"kind": "service", "name": "剪发", "price": 30, "merchant_id": made["id"]}
    item_id = cast.admin.post("/staff/items", item).json["id"]
    path = f"/staff/merchants/{made['id']}"
    changed = cast.admin.patch(path, {"active": False, "name": "老周", "address": "新街 1 号"})
    assert changed.json == {**made, "active": False, "name": "老周", "address": "新街 1 号"}
    refused(till.get("/merchant/scans"), 401, "unauthenticated")
    refused(cast.nobody.post("/auth/password", LOGIN), 401, "bad_credentials")
    assert cast.grandmother.get(f"/items/{item_id}").json["available"] is False
    assert cast.admin.patch(path, {"active": True}).json["active"] is True
    refused(till.get("/merchant/scans"), 401, "unauthenticated")
    assert cast.nobody.post("/auth/password", LOGIN).status_code == 200
    assert cast.grandmother.get(f"/items/{item_id}").json["available"] is True


def test_a_change_that_makes_no_sense_is_refused(cast: Cast) -> None:
    path = f"/staff/merchants/{cast.barber.merchant_id}"
    for field, value in (("active", "yes"), ("active", 1), ("active", "false"), ("name", ""), ("community_code", COMMUNITY)):
        refused_fields(cast.admin.patch(path, {field: value}), field)


def test_a_merchant_of_another_community_cannot_be_changed_and_looks_like_none(cast: Cast, superuser: Any) -> None:
    staff, path = cast.neighbour_staff, f"/staff/merchants/{cast.barber.merchant_id}"
    before = contents(superuser)
    foreign, nowhere = staff.patch(path, {"name": "x"}), staff.patch(f"/staff/merchants/{uuid4()}", {"name": "x"})
    assert refused(foreign, 404, "not_found") == refused(nowhere, 404, "not_found")
    assert contents(superuser) == before


def test_only_admins_keep_merchants(cast: Cast) -> None:
    path = f"/staff/merchants/{cast.barber.merchant_id}"
    for caller in (cast.reviewer, cast.auditor, cast.barber, cast.grandmother):
        refused(caller.post("/staff/merchants", {"name": "x"}), 403, "wrong_role")
        refused(caller.patch(path, {"name": "x"}), 403, "wrong_role")
    refused(cast.grandmother.get("/staff/merchants"), 403, "wrong_role")
