"""The audit log: searched by those who may, within their part of the tree; changed by nobody."""

from typing import Any

import psycopg
import pytest
from psycopg import errors

from kernel import clock
from kernel.database import db
from tests.answers import after, refused, refused_fields
from tests.cast import COMMUNITY, NEXT_COMMUNITY, PASSWORD, Caller, Cast

KEYS = {"id", "at", "actor", "action", "subject_id", "community_code", "request_id", "address", "details"}


def found(caller: Caller, **query: Any) -> list[dict[str, Any]]:
    answer = caller.get("/staff/audit", query_string={"limit": 100, **query})
    assert answer.status_code == 200, answer.text
    rows: list[dict[str, Any]] = answer.json["items"]
    return rows


def actions(caller: Caller, **query: Any) -> list[str]:
    return [row["action"] for row in found(caller, **query)]


def test_it_says_who_did_what_to_whom_when_and_from_where(cast: Cast) -> None:
    deed = cast.deed(cast.grandmother)
    approved = cast.reviewer.post(f"/staff/deeds/{deed}/approve")
    (row,) = found(cast.admin, action="deed.approved")
    assert row.keys() == KEYS
    assert row["actor"] == {"kind": "staff", "id": cast.reviewer.id, "name": "小林"}
    assert (row["subject_id"], row["community_code"], row["details"]) == (deed, COMMUNITY, {"points": 50})
    assert row["request_id"] == approved.headers["X-Request-Id"]
    assert row["address"] == "127.0.0.1"


def test_rows_are_found_by_actor_subject_action_and_time_newest_first(cast: Cast) -> None:
    with clock.stopped_at(after()):
        deed = cast.give(cast.grandmother, 50)
    with clock.stopped_at(after(days=1)):
        cast.deed(cast.grandmother)
    admin = cast.staff("admin", COMMUNITY)
    assert actions(admin, subject_id=deed) == ["deed.approved", "deed.declare"]
    assert actions(admin, action="deed.") == ["deed.declare", "deed.approved", "deed.declare"]
    assert actions(admin, action="eed.") == []
    assert actions(admin, action="deed_") == []
    assert actions(admin, actor_id=cast.grandmother.id, action="deed") == ["deed.declare", "deed.declare"]
    day, next_day = "2025-03-03", "2025-03-04"
    assert actions(admin, action="deed.", **{"from": day, "to": day}) == ["deed.approved", "deed.declare"]
    assert actions(admin, action="deed.", **{"from": next_day}) == ["deed.declare"]
    assert actions(admin, action="deed.", to=day) == ["deed.approved", "deed.declare"]


def test_it_is_given_in_pages(cast: Cast) -> None:
    for _ in range(5):
        cast.deed(cast.grandmother)
    seen: list[str] = []
    path = "/staff/audit?limit=2&action=deed."
    cursor = ""
    while cursor is not None:
        page = cast.admin.get(f"{path}{cursor and '&cursor='}{cursor}").json
        seen += [row["id"] for row in page["items"]]
        cursor = page["next"]
    assert (len(seen), seen) == (5, sorted(seen, reverse=True))


def test_residents_are_masked_for_auditors_and_staff_are_not(cast: Cast) -> None:
    cast.give(cast.grandmother, 50)
    assert {row["actor"]["name"] for row in found(cast.admin, action="deed.")} == {"李秀英", "小林"}
    assert {row["actor"]["name"] for row in found(cast.auditor, action="deed.")} == {"李**", "小林"}


def test_a_till_is_called_by_its_merchants_name(cast: Cast) -> None:
    cast.give(cast.grandmother, 50)
    token = cast.token(cast.grandmother, cast.order(cast.grandmother))
    cast.barber.post("/merchant/scans", {"token": token})
    (row,) = found(cast.admin, action="scan.")
    assert row["actor"] == {"kind": "merchant", "id": str(cast.barber.login_id), "name": "老周理发店"}


def test_staff_see_what_was_done_in_their_part_of_the_tree_only(cast: Cast) -> None:
    ours, theirs = cast.give(cast.grandmother, 50), cast.deed(cast.neighbour)
    assert {row["community_code"] for row in found(cast.admin)} == {COMMUNITY}
    assert {row["community_code"] for row in found(cast.neighbour_staff)} == {NEXT_COMMUNITY}
    assert found(cast.neighbour_staff, subject_id=ours) == []
    assert found(cast.admin, subject_id=theirs) == found(cast.admin, actor_id=cast.neighbour.id) == []
    assert {row["subject_id"] for row in found(cast.official, action="deed.declare")} == {ours, theirs}
    assert found(cast.staff("auditor", "500101"), action="deed.") == []


def test_what_belongs_to_no_community_is_seen_by_who_did_it_and_by_his_district(cast: Cast) -> None:
    for who in (cast.admin, cast.barber, cast.staff("admin", "500101")):
        assert cast.nobody.post("/auth/password", {"username": who.username, "password": PASSWORD}).status_code == 200
    assert [row["actor"]["id"] for row in found(cast.admin, action="login.")] == [cast.admin.id]
    assert found(cast.auditor, action="login.") == []
    seen = {row["actor"]["id"] for row in found(cast.official, action="login.")}
    assert seen == {cast.admin.id, str(cast.barber.login_id)}


def test_to_look_is_itself_on_record_once(cast: Cast) -> None:
    assert actions(cast.auditor, action="audit.") == []
    (row,) = found(cast.admin, action="audit.")
    assert (row["actor"]["id"], row["community_code"], row["details"]) == (
        cast.auditor.id,
        COMMUNITY,
        {"asked": {"action": "audit."}},
    )
    assert len(found(cast.official, action="audit.search")) == 2


@pytest.mark.parametrize("name", ["nobody", "grandmother", "barber", "reviewer"])
def test_nobody_else_may_look_and_a_refused_look_finds_nothing(cast: Cast, name: str) -> None:
    answer = getattr(cast, name).get("/staff/audit")
    assert answer.status_code in (401, 403)
    assert actions(cast.admin, action="audit.") == []


def test_what_makes_no_sense_is_refused(cast: Cast) -> None:
    refused_fields(cast.admin.get("/staff/audit?from=yesterday"), "from")
    refused_fields(cast.admin.get("/staff/audit?cursor=xx"), "cursor")
    refused(cast.admin.get("/staff/audit?limit=0"), 422, "validation_failed")
    assert found(cast.admin, actor_id="nonsense") == found(cast.admin, subject_id="nonsense") == []


@pytest.mark.parametrize("change", ["UPDATE audit_log SET action = 'x'", "DELETE FROM audit_log", "TRUNCATE audit_log"])
def test_the_app_cannot_change_or_delete_what_is_on_record(cast: Cast, change: str) -> None:
    cast.give(cast.grandmother, 50)
    with cast.app.app_context(), db.engine.connect() as connection:
        raw = connection.connection.dbapi_connection
        assert isinstance(raw, psycopg.Connection)
        with pytest.raises(errors.InsufficientPrivilege):
            raw.execute(change.encode())
        raw.rollback()
    assert actions(cast.admin, action="deed.") == ["deed.approved", "deed.declare"]
