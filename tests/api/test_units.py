"""Units: enterprises and institutions that take part, as staff keep them."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from kernel import clock
from tests.answers import refused, refused_fields
from tests.cast import COMMUNITY, DISTRICT, NEXT_COMMUNITY, Caller, Cast

UNIT = {"name": "八桥镇卫生院", "kind": "institution", "contact_name": "王主任", "contact_phone": "13800000009"}
DID = {"kind": "did", "day": "2026-01-05", "description": "义诊", "quantity": 40}


def unit(caller: Caller, **given: Any) -> str:
    made = caller.post("/staff/units", {**UNIT, **given})
    assert made.status_code == 201, made.text
    return str(made.json["id"])


def names(caller: Caller, **query: Any) -> list[str]:
    return [found["name"] for found in caller.get("/staff/units", query_string=query).json["items"]]


def test_a_new_unit_belongs_to_the_staffs_own_node_and_is_active(cast: Cast) -> None:
    made = cast.admin.post("/staff/units", UNIT).json
    assert {name: made[name] for name in UNIT} == UNIT
    assert (made["division_code"], made["active"], made["note"]) == (COMMUNITY, True, None)
    assert cast.reviewer.get(f"/staff/units/{made['id']}").json == {**made, "agreements": [], "records": []}


def test_what_was_agreed_offered_and_done_is_shown_newest_first(cast: Cast) -> None:
    path = f"/staff/units/{unit(cast.admin)}"
    agreed = cast.admin.post(f"{path}/agreements", {"title": "共建协议", "from_on": "2026-01-01", "to_on": "2026-12-31"})
    assert (agreed.status_code, agreed.json["text"]) == (201, "")
    assert (
        cast.admin.post(f"{path}/agreements", {"title": "长期协议", "from_on": "2026-01-01", "text": "无期限"}).status_code == 201
    )
    did = cast.admin.post(f"{path}/records", DID)
    assert (did.status_code, {name: did.json[name] for name in DID}) == (201, DID)
    cast.admin.post(f"{path}/records", {"kind": "offered", "day": "2026-01-09", "description": "提供场地"})
    shown = cast.reviewer.get(path).json
    assert [agreement["title"] for agreement in shown["agreements"]] == ["长期协议", "共建协议"]
    assert [(record["day"], record["kind"]) for record in shown["records"]] == [("2026-01-09", "offered"), ("2026-01-05", "did")]


def test_a_unit_is_changed_and_switched_off(cast: Cast, superuser: Any) -> None:
    path = f"/staff/units/{unit(cast.admin)}"
    changed = cast.admin.patch(path, {"contact_phone": "023-68900000", "active": False, "note": "搬走了"}).json
    assert (changed["contact_phone"], changed["active"], changed["note"]) == ("023-68900000", False, "搬走了")
    assert cast.admin.patch(path, {"contact_phone": None, "contact_name": None}).json["contact_phone"] is None
    details = superuser.execute("SELECT details FROM audit_log WHERE action = 'unit.change' ORDER BY id").fetchall()
    assert [row[0]["fields"] for row in details] == [["active", "contact_phone", "note"], ["contact_name", "contact_phone"]]


def test_who_to_call_is_masked_for_auditors_and_sealed_in_the_database(cast: Cast, superuser: Any) -> None:
    path = f"/staff/units/{unit(cast.admin)}"
    for seen in (cast.auditor.get(path).json, cast.auditor.get("/staff/units").json["items"][0]):
        assert (seen["contact_name"], seen["contact_phone"]) == ("王**", "138****0009")
    (row,) = superuser.execute("SELECT units::text FROM units").fetchall()
    assert "13800000009" not in row[0]
    rows = superuser.execute("SELECT details::text FROM audit_log WHERE action LIKE 'unit.%'").fetchall()
    assert all("138" not in row[0] and "王" not in row[0] for row in rows)


def test_units_are_found_by_name_kind_state_and_place(cast: Cast) -> None:
    district = cast.staff("admin", DISTRICT)
    unit(cast.admin, name="融城超市", kind="shop")
    off = unit(cast.admin, name="融城小学", kind="school")
    cast.admin.patch(f"/staff/units/{off}", {"active": False})
    unit(district, name="区医院")
    unit(district, name="隔壁超市", kind="shop", division_code=NEXT_COMMUNITY)
    assert names(district) == ["隔壁超市", "区医院", "融城小学", "融城超市"]
    assert names(district, q="超市") == ["隔壁超市", "融城超市"]
    assert names(district, kind="school") == ["融城小学"]
    assert names(district, active="false") == ["融城小学"]
    assert names(district, division_code=COMMUNITY) == ["融城小学", "融城超市"]
    assert names(cast.admin) == ["融城小学", "融城超市"]


def test_a_unit_of_the_district_is_seen_by_the_district_alone(cast: Cast) -> None:
    district = cast.staff("admin", DISTRICT)
    above, ours = unit(district, name="区医院"), unit(cast.admin)
    for who, foreign in ((cast.admin, above), (cast.neighbour_staff, above), (cast.neighbour_staff, ours)):
        for answer in (
            who.get(f"/staff/units/{foreign}"),
            who.patch(f"/staff/units/{foreign}", {"active": False}),
            who.post(f"/staff/units/{foreign}/agreements", {"title": "协议", "from_on": "2026-01-01"}),
            who.post(f"/staff/units/{foreign}/records", DID),
        ):
            assert answer.data == who.get(f"/staff/units/{uuid4()}").data
            refused(answer, 404, "not_found")
    assert names(cast.neighbour_staff) == []
    refused(cast.admin.post("/staff/units", {**UNIT, "division_code": DISTRICT}), 404, "not_found")
    refused(cast.admin.get(f"/staff/units?division_code={DISTRICT}"), 404, "not_found")


@pytest.mark.parametrize(
    ("given", "field"),
    [({"contact_phone": "12345"}, "contact_phone"), ({"kind": "club"}, "kind"), ({"name": " "}, "name"), ({"role": "x"}, "role")],
)
def test_what_makes_no_sense_is_refused(cast: Cast, given: dict[str, Any], field: str, superuser: Any) -> None:
    refused_fields(cast.admin.post("/staff/units", {**UNIT, **given}), field)
    assert superuser.execute("SELECT count(*) FROM units").fetchone() == (0,)


def test_an_agreement_ends_after_it_begins_and_a_record_is_of_the_past(cast: Cast) -> None:
    path = f"/staff/units/{unit(cast.admin)}"
    wrong = {"title": "协议", "from_on": "2026-02-01", "to_on": "2026-01-01"}
    refused_fields(cast.admin.post(f"{path}/agreements", wrong), "to_on")
    tomorrow = str(clock.today() + timedelta(days=1))
    refused_fields(cast.admin.post(f"{path}/records", {**DID, "day": tomorrow}), "day")
    refused_fields(cast.admin.post(f"{path}/records", {**DID, "quantity": 0}), "quantity")


def test_a_unit_entered_twice_with_one_key_is_there_once(cast: Cast) -> None:
    for _ in range(2):
        assert cast.admin.post("/staff/units", UNIT, key="one").status_code == 201
    assert len(names(cast.admin)) == 1


def test_the_share_of_units_that_took_part_is_among_the_figures(cast: Cast) -> None:
    active, agreed, idle, off = (unit(cast.admin, name=name) for name in ("做了", "签了", "没动", "停用"))
    cast.admin.post(f"/staff/units/{active}/records", DID)
    cast.admin.post(f"/staff/units/{agreed}/agreements", {"title": "协议", "from_on": "2025-12-01"})
    cast.admin.post(f"/staff/units/{off}/records", DID)
    cast.admin.patch(f"/staff/units/{off}", {"active": False})
    unit(cast.neighbour_staff)
    january, november = ("from=2026-01-01&to=2026-01-31", "from=2025-11-01&to=2025-11-30")
    assert cast.admin.get(f"/staff/stats?{january}").json["units"] == {"total": 4, "active": 3, "took_part": 2}
    assert cast.admin.get(f"/staff/stats?{november}").json["units"]["took_part"] == 0
    assert cast.official.get(f"/staff/stats?{january}").json["units"]["total"] == 5
    assert idle
