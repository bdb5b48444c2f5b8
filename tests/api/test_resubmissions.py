"""Handing in again: what was returned is completed by its resident, or by staff where they had entered it."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from kernel import clock
from tests.answers import after, contents, refused, refused_fields
from tests.cast import Cast, photo

pytestmark = pytest.mark.usefixtures("verified")


def test_a_returned_deed_that_is_completed_waits_again(cast: Cast, superuser: Any) -> None:
    resident = cast.grandmother
    deed, upload = cast.returned(resident), resident.upload()
    yesterday = str(clock.today() - timedelta(days=1))
    answer = resident.patch(f"/deeds/{deed}", {"description": "补了照片", "upload_ids": [upload], "occurred_on": yesterday})
    assert answer.status_code == 200
    shown = answer.json
    assert (shown["status"], shown["description"], shown["occurred_on"]) == ("pending", "补了照片", yesterday)
    assert [each["id"] for each in shown["photos"]] == [upload]
    assert [step["action"] for step in shown["steps"]] == ["declared", "returned", "resubmitted"]
    assert resident.get(f"/deeds/{deed}").json["steps"] == shown["steps"]
    assert [each["id"] for each in cast.reviewer.get("/staff/deeds?status=pending").json["items"]] == [deed]
    audited = superuser.execute("SELECT action, actor_kind FROM audit_log WHERE subject_id = %s ORDER BY id", (deed,)).fetchall()
    assert audited[-1] == ("deed.resubmit", "resident")
    assert cast.reviewer.post(f"/staff/deeds/{deed}/approve").status_code == 200
    assert cast.balance(resident) == 50


def test_what_is_not_given_stays(cast: Cast) -> None:
    upload = cast.grandmother.upload()
    body = {"rule_id": cast.patrol, "occurred_on": str(clock.today()), "description": "巡逻", "upload_ids": [upload]}
    deed = cast.grandmother.post("/deeds", body).json
    cast.reviewer.post(f"/staff/deeds/{deed['id']}/return", {"reason": "请核对"})
    again = cast.grandmother.patch(f"/deeds/{deed['id']}", {}).json
    kept = ("occurred_on", "description", "rule", "declared_at", "channel")
    assert {name: again[name] for name in kept} == {name: deed[name] for name in kept}
    assert [each["id"] for each in again["photos"]] == [upload]


def test_photos_that_are_given_replace_the_old_ones_which_may_be_named_again(cast: Cast) -> None:
    first, second = cast.grandmother.upload(photo("red")), cast.grandmother.upload(photo("blue"))
    body = {"rule_id": cast.patrol, "occurred_on": str(clock.today()), "description": "巡逻", "upload_ids": [first]}
    deed = cast.grandmother.post("/deeds", body).json["id"]
    for given in ([second, first], []):
        cast.reviewer.post(f"/staff/deeds/{deed}/return", {"reason": "请换照片"})
        shown = cast.grandmother.patch(f"/deeds/{deed}", {"upload_ids": given}).json
        assert [each["id"] for each in shown["photos"]] == given


def test_only_a_returned_deed_is_handed_in_again(cast: Cast, superuser: Any) -> None:
    pending, approved = cast.deed(cast.grandmother), cast.give(cast.grandmother, 5)
    withdrawn, again = cast.deed(cast.grandmother), cast.returned(cast.grandmother)
    cast.grandmother.post(f"/deeds/{withdrawn}/withdraw")
    assert cast.grandmother.patch(f"/deeds/{again}", {}).status_code == 200
    before = contents(superuser)
    for deed in (pending, approved, withdrawn, again):
        refused(cast.grandmother.patch(f"/deeds/{deed}", {"description": "改一下"}), 409, "already_reviewed")
    assert contents(superuser) == before


def test_what_is_handed_in_again_is_checked_as_what_is_declared(cast: Cast, superuser: Any) -> None:
    rule = cast.rule(evidence_required=True)
    upload, foreign = cast.grandmother.upload(), cast.volunteer.upload()
    body = {"rule_id": rule, "occurred_on": str(clock.today()), "description": "巡逻", "upload_ids": [upload]}
    path = f"/deeds/{cast.grandmother.post('/deeds', body).json['id']}"
    cast.reviewer.post(f"/staff{path}/return", {"reason": "请换照片"})
    before = contents(superuser)
    refused_fields(cast.grandmother.patch(path, {"upload_ids": []}), "upload_ids")
    refused_fields(cast.grandmother.patch(path, {"occurred_on": str(clock.today() + timedelta(days=1))}), "occurred_on")
    refused_fields(cast.grandmother.patch(path, {"occurred_on": str(clock.today() - timedelta(days=91))}), "occurred_on")
    refused_fields(cast.grandmother.patch(path, {"description": ""}), "description")
    refused_fields(cast.grandmother.patch(path, {"rule_id": rule}), "rule_id")
    refused(cast.grandmother.patch(path, {"upload_ids": [foreign]}), 404, "not_found")
    nowhere = refused(cast.grandmother.patch(f"/deeds/{uuid4()}", {}), 404, "not_found")
    assert refused(cast.volunteer.patch(path, {}), 404, "not_found") == nowhere
    assert contents(superuser) == before


def test_a_slow_review_does_not_make_a_deed_too_old_to_be_completed(cast: Cast) -> None:
    resident, reviewer = cast.grandmother, cast.reviewer
    with clock.stopped_at(after(days=80)):
        deed = cast.deed(resident, occurred_on=clock.today() - timedelta(days=89))
        old = str(clock.today() - timedelta(days=90))
    with clock.stopped_at(after(days=100)):
        reviewer.post(f"/staff/deeds/{deed}/return", {"reason": "日期不对"})
        assert resident.patch(f"/deeds/{deed}", {"occurred_on": old}).json["occurred_on"] == old


def test_a_limit_does_not_count_the_deed_itself_and_holds_on_another_day(cast: Cast) -> None:
    rule = cast.rule(limits={"per_day": 1})
    today, yesterday, before = (clock.today() - timedelta(days=days) for days in range(3))
    deed = cast.returned(cast.grandmother, rule_id=rule, occurred_on=today)
    cast.deed(cast.grandmother, rule_id=rule, occurred_on=yesterday)
    refused(cast.grandmother.patch(f"/deeds/{deed}", {"occurred_on": str(yesterday)}), 409, "limit_reached")
    assert cast.grandmother.patch(f"/deeds/{deed}", {"occurred_on": str(today)}).status_code == 200
    cast.reviewer.post(f"/staff/deeds/{deed}/return", {"reason": "日期不对"})
    assert cast.grandmother.patch(f"/deeds/{deed}", {"occurred_on": str(before)}).status_code == 200


def test_a_weeks_limit_lets_the_deed_move_within_its_week(cast: Cast) -> None:
    resident, rule = cast.grandmother, cast.rule(limits={"per_week": 1})
    _ = cast.reviewer
    with clock.stopped_at(after(days=10)):
        deed = cast.returned(resident, rule_id=rule, occurred_on=after(days=3).date())
        assert resident.patch(f"/deeds/{deed}", {"occurred_on": str(after(days=4).date())}).status_code == 200


def test_staff_hand_in_again_what_they_entered_and_nothing_else(cast: Cast) -> None:
    deed = cast.entered(cast.grandmother)
    cast.reviewer.post(f"/staff/deeds/{deed}/return", {"reason": "请补照片"})
    worker = cast.staff("grid_worker", "500104101009", name="老何")
    upload = worker.upload()
    answer = worker.patch(f"/staff/deeds/{deed}", {"upload_ids": [upload]})
    assert (answer.status_code, answer.json["status"], answer.json["entered_by"]) == (200, "pending", "小林")
    assert [(step["action"], step["by"]) for step in answer.json["steps"]][-1] == ("resubmitted", "老何")
    refused(worker.patch(f"/staff/deeds/{deed}", {}), 409, "already_reviewed")
    refused(worker.patch(f"/staff/deeds/{cast.returned(cast.grandmother)}", {}), 403, "declared_by_resident")
    nowhere = refused(worker.patch(f"/staff/deeds/{uuid4()}", {}), 404, "not_found")
    assert refused(cast.neighbour_staff.patch(f"/staff/deeds/{deed}", {}), 404, "not_found") == nowhere
    refused(cast.auditor.patch(f"/staff/deeds/{deed}", {}), 403, "wrong_role")


def test_a_resident_completes_what_was_entered_for_him_and_may_keep_the_photos(cast: Cast) -> None:
    taken = cast.reviewer.upload()
    deed = cast.entered(cast.grandmother, upload_ids=[taken])
    cast.reviewer.post(f"/staff/deeds/{deed}/return", {"reason": "请再补一张"})
    own = cast.grandmother.upload()
    shown = cast.grandmother.patch(f"/deeds/{deed}", {"upload_ids": [taken, own]}).json
    assert [each["id"] for each in shown["photos"]] == [taken, own]
