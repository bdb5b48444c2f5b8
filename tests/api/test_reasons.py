"""Reasons: sentences for reviewers to choose, the community's own or those that are built in."""

from typing import Any
from uuid import uuid4

import pytest

from tests.answers import CHINESE, contents, refused, refused_fields
from tests.cast import COMMUNITY, NEXT_COMMUNITY, TOWN, Caller, Cast

pytestmark = pytest.mark.usefixtures("verified")
ACTIONS = {"approve", "reject", "return", "revoke"}


def listed(caller: Caller, **query: Any) -> list[str]:
    return [reason["text"] for reason in caller.get("/staff/reasons", query_string=query).json["items"]]


def test_a_community_without_reasons_of_its_own_is_offered_plain_ones(cast: Cast) -> None:
    items = cast.reviewer.get("/staff/reasons?limit=100").json["items"]
    assert {reason["action"] for reason in items} == ACTIONS
    for reason in items:
        assert reason.keys() == {"id", "community_code", "action", "text"}
        assert (reason["id"], reason["community_code"]) == (None, None)
        assert CHINESE.search(reason["text"])
    assert len(listed(cast.reviewer, action="return")) >= 2


def test_an_admins_reasons_take_the_place_of_the_built_in_ones_for_that_action(cast: Cast) -> None:
    built_in = listed(cast.reviewer, action="reject")
    made = cast.admin.post("/staff/reasons", {"action": "return", "text": " 请补一张楼栋号 "})
    assert made.status_code == 201
    assert made.json == {"id": made.json["id"], "community_code": COMMUNITY, "action": "return", "text": "请补一张楼栋号"}
    assert listed(cast.reviewer, action="return") == ["请补一张楼栋号"]
    assert listed(cast.reviewer, action="reject") == built_in
    assert cast.admin.delete(f"/staff/reasons/{made.json['id']}").status_code == 204
    assert len(listed(cast.reviewer, action="return")) >= 2


def test_the_same_reason_is_kept_once(cast: Cast) -> None:
    body = {"action": "return", "text": "请补照片"}
    assert cast.admin.post("/staff/reasons", body).status_code == 201
    refused(cast.admin.post("/staff/reasons", body), 409, "reason_exists")
    assert cast.admin.post("/staff/reasons", {**body, "action": "reject"}).status_code == 201
    assert listed(cast.admin, action="return") == ["请补照片"]


def test_reasons_come_in_pages(cast: Cast) -> None:
    for number in range(5):
        cast.admin.post("/staff/reasons", {"action": "return", "text": f"理由 {number}"})
    first = cast.reviewer.get("/staff/reasons?action=return&limit=3").json
    second = cast.reviewer.get("/staff/reasons", query_string={"action": "return", "limit": 3, "cursor": first["next"]}).json
    assert [reason["text"] for reason in first["items"] + second["items"]] == [f"理由 {number}" for number in range(5)]
    assert second["next"] is None
    refused_fields(cast.reviewer.get("/staff/reasons?cursor=nonsense"), "cursor")


def test_what_makes_no_sense_is_refused(cast: Cast) -> None:
    for body, field in (
        ({"action": "forget", "text": "好"}, "action"),
        ({"action": "return", "text": " "}, "text"),
        ({"action": "return", "text": "长" * 201}, "text"),
        ({"action": "return", "text": "好", "id": "1"}, "id"),
    ):
        refused_fields(cast.admin.post("/staff/reasons", body), field)
    refused_fields(cast.reviewer.get("/staff/reasons?action=forget"), "action")
    refused_fields(cast.staff("admin", TOWN).post("/staff/reasons", {"action": "return", "text": "好"}), "community_code")


def test_another_communitys_reasons_do_not_exist(cast: Cast, superuser: Any) -> None:
    made = cast.admin.post("/staff/reasons", {"action": "return", "text": "请补照片"}).json["id"]
    nowhere = refused(cast.neighbour_staff.delete(f"/staff/reasons/{uuid4()}"), 404, "not_found")
    before = contents(superuser)
    assert refused(cast.neighbour_staff.delete(f"/staff/reasons/{made}"), 404, "not_found") == nowhere
    body = {"action": "return", "text": "好", "community_code": NEXT_COMMUNITY}
    refused(cast.admin.post("/staff/reasons", body), 404, "not_found")
    assert contents(superuser) == before
    assert made not in cast.neighbour_staff.get("/staff/reasons?limit=100").text
    assert listed(cast.staff("reviewer", TOWN), action="return") == ["请补照片"]


def test_only_an_admin_keeps_reasons_and_only_who_reviews_sees_them(cast: Cast, superuser: Any) -> None:
    refused(cast.reviewer.post("/staff/reasons", {"action": "return", "text": "好"}), 403, "wrong_role")
    refused(cast.reviewer.delete(f"/staff/reasons/{uuid4()}"), 403, "wrong_role")
    refused(cast.auditor.get("/staff/reasons"), 403, "wrong_role")
    made = cast.admin.post("/staff/reasons", {"action": "return", "text": "请补照片"}).json["id"]
    cast.admin.delete(f"/staff/reasons/{made}")
    rows = superuser.execute("SELECT action, community_code FROM audit_log WHERE subject_id = %s ORDER BY id", (made,)).fetchall()
    assert rows == [("reason.create", COMMUNITY), ("reason.forget", COMMUNITY)]
