"""Entry on behalf: staff declare for those who come, phone or write, by the same rules, under their own name."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from werkzeug.test import TestResponse

from kernel import clock
from tests.answers import contents, refused, refused_fields
from tests.cast import COMMUNITY, NEXT_COMMUNITY, TOWN, Caller, Cast

pytestmark = pytest.mark.usefixtures("verified")
CHANNELS = ("visit", "phone", "sms", "qq", "wechat", "inspection")


def enter(cast: Cast, staff: Caller | None = None, **given: Any) -> TestResponse:
    body = {"rule_id": cast.patrol, "occurred_on": str(clock.today()), "description": "晚上巡逻", "channel": "phone"}
    return (staff or cast.reviewer).post("/staff/deeds", {"resident_id": cast.grandmother.id, **body, **given})


def test_a_deed_entered_on_behalf_waits_like_any_other_and_says_who_entered_it(cast: Cast) -> None:
    photo = cast.reviewer.upload()
    made = enter(cast, upload_ids=[photo])
    assert made.status_code == 201
    shown = made.json
    assert (shown["status"], shown["channel"], shown["entered_by"]) == ("pending", "phone", "小林")
    assert shown["resident"] == {"id": cast.grandmother.id, "name": "李秀英"}
    assert [step["by"] for step in shown["steps"]] == ["小林"]
    assert [each["id"] for each in shown["photos"]] == [photo]
    queued = cast.reviewer.get("/staff/deeds?status=pending").json["items"]
    assert [(deed["id"], deed["entered_by"]) for deed in queued] == [(shown["id"], "小林")]
    own = cast.grandmother.get("/deeds").json["items"]
    assert [(deed["id"], deed["channel"], deed["steps"][0]["by"]) for deed in own] == [(shown["id"], "phone", "小林")]


def test_the_resident_is_told_what_was_entered_for_him(cast: Cast) -> None:
    deed, today = enter(cast).json["id"], clock.today()
    (told,) = [one for one in cast.grandmother.get("/me/messages").json["items"] if one["kind"] == "deed.entered"]
    assert told["source"] == {"type": "deed", "id": deed}
    assert f"“参加治安巡逻”（{today.month}月{today.day}日）" in told["body"]
    own = cast.deed(cast.grandmother)
    assert own not in [one["source"]["id"] for one in cast.grandmother.get("/me/messages").json["items"]]


def test_a_deed_that_a_resident_declared_himself_was_entered_by_nobody(cast: Cast) -> None:
    cast.deed(cast.grandmother)
    assert cast.reviewer.get("/staff/deeds").json["items"][0]["entered_by"] is None


def test_who_entered_a_deed_may_approve_it(cast: Cast) -> None:
    deed = cast.entered(cast.grandmother)
    assert cast.reviewer.post(f"/staff/deeds/{deed}/approve").status_code == 200
    assert cast.balance(cast.grandmother) == 50


def test_every_channel_is_taken_but_the_residents_own(cast: Cast) -> None:
    for channel in CHANNELS:
        assert enter(cast, channel=channel).json["channel"] == channel
    for channel in ("self", "telegram", "", None, 5):
        refused_fields(enter(cast, channel=channel), "channel")


def test_what_is_entered_is_checked_as_what_is_declared(cast: Cast, superuser: Any) -> None:
    evidence, once = cast.rule(evidence_required=True), cast.rule(limits={"per_day": 1})
    foreign_rule, foreign_photo = cast.rule(NEXT_COMMUNITY), cast.grandmother.upload()
    cast.deed(cast.grandmother, rule_id=once)
    _ = cast.reviewer, cast.patrol
    before = contents(superuser)
    refused_fields(enter(cast, rule_id=evidence), "upload_ids")
    refused_fields(enter(cast, occurred_on=str(clock.today() + timedelta(days=1))), "occurred_on")
    refused_fields(enter(cast, occurred_on=str(clock.today() - timedelta(days=91))), "occurred_on")
    refused_fields(enter(cast, description=" "), "description")
    refused_fields(enter(cast, status="approved"), "status")
    refused(enter(cast, rule_id=once), 409, "limit_reached")
    refused(enter(cast, rule_id=foreign_rule), 404, "not_found")
    refused(enter(cast, upload_ids=[foreign_photo]), 404, "not_found")  # the resident's photo is not the staff member's
    assert contents(superuser) == before
    assert enter(cast, rule_id=evidence, upload_ids=[cast.reviewer.upload()]).status_code == 201


def test_residents_outside_of_the_staffs_part_of_the_tree_do_not_exist(cast: Cast, superuser: Any) -> None:
    _ = cast.grandmother, cast.neighbour, cast.patrol, cast.reviewer
    before = contents(superuser)
    nowhere = refused(enter(cast, resident_id=str(uuid4())), 404, "not_found")
    for somebody in (cast.neighbour.id, cast.reviewer.id, "nobody"):
        assert refused(enter(cast, resident_id=somebody), 404, "not_found") == nowhere
    assert contents(superuser) == before
    assert enter(cast, cast.staff("grid_worker", TOWN)).status_code == 201


def test_staff_of_a_building_enter_for_its_residents_only(cast: Cast, superuser: Any) -> None:
    superuser.execute(
        "INSERT INTO divisions (code, name, level, parent_code, lineage, path) "
        "SELECT code || '-01', '一网格', 'grid', code, lineage || code || '-01/', path || '/一网格' "
        "FROM divisions WHERE code = %s",
        (COMMUNITY,),
    )
    try:
        head = cast.staff("building_head", f"{COMMUNITY}-01", name="楼栋长")
        refused(enter(cast, head), 404, "not_found")
        deed = cast.deed(cast.grandmother)
        assert head.get("/staff/deeds").json["items"] == []
        refused(head.get(f"/staff/deeds/{deed}"), 404, "not_found")
        superuser.execute("UPDATE residents SET place_code = %s WHERE id = %s", (f"{COMMUNITY}-01", cast.grandmother.id))
        assert enter(cast, head).status_code == 201
        assert len(head.get("/staff/deeds").json["items"]) == 2
        assert head.get(f"/staff/deeds/{deed}").status_code == 200
        assert head.get("/staff/reviews/figures").json["waiting"]["count"] == 2
    finally:
        superuser.execute("SET session_replication_role = replica")
        superuser.execute("DELETE FROM divisions WHERE code = %s", (f"{COMMUNITY}-01",))
        superuser.execute("SET session_replication_role = origin")
        superuser.execute("UPDATE residents SET place_code = community_code")


def test_an_auditor_may_not_enter_and_a_grid_worker_may(cast: Cast) -> None:
    refused(enter(cast, cast.auditor), 403, "wrong_role")
    refused(enter(cast, cast.grandmother), 403, "wrong_role")
    assert enter(cast, cast.staff("grid_worker", COMMUNITY)).status_code == 201


def test_an_entry_sent_again_with_its_key_is_made_once_and_is_on_record(cast: Cast, superuser: Any) -> None:
    body = {"resident_id": cast.grandmother.id, "rule_id": cast.patrol, "occurred_on": str(clock.today()), "channel": "visit"}
    first, again = (cast.reviewer.post("/staff/deeds", {**body, "description": "巡逻"}, key="entry") for _ in range(2))
    assert (again.status_code, again.json) == (201, first.json)
    rows = superuser.execute(
        "SELECT action, actor_kind, actor_id::text, community_code FROM audit_log WHERE subject_id = %s", (first.json["id"],)
    ).fetchall()
    assert rows == [("deed.enter", "staff", cast.reviewer.id, COMMUNITY)]
