"""Review: staff of the resident's community decide what was declared, once."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from kernel import clock
from tests.answers import contents, refused, refused_fields
from tests.cast import COMMUNITY, TOWN, Caller, Cast, photo

pytestmark = pytest.mark.usefixtures("verified")
KEYS = {
    "id",
    "status",
    "rule",
    "occurred_on",
    "quantity",
    "description",
    "photos",
    "points",
    "channel",
    "declared_at",
    "steps",
    "waiting",
}
ACTIONS: list[tuple[str, dict[str, Any]]] = [
    ("approve", {}),
    ("reject", {"reason": "不属实"}),
    ("return", {"reason": "请补照片"}),
]


def queue(caller: Caller, **query: Any) -> list[str]:
    answer = caller.get("/staff/deeds", query_string=query)
    assert answer.status_code == 200
    return [deed["id"] for deed in answer.json["items"]]


def test_the_queue_is_oldest_first_and_shows_whose_deed_it_is(cast: Cast) -> None:
    deeds = [cast.deed(cast.grandmother), cast.deed(cast.volunteer), cast.deed(cast.grandmother)]
    answer = cast.reviewer.get("/staff/deeds?status=pending").json
    assert [deed["id"] for deed in answer["items"]] == deeds
    assert all(deed.keys() == KEYS | {"resident", "entered_by", "flags"} for deed in answer["items"])
    assert answer["items"][0]["resident"] == {"id": cast.grandmother.id, "name": "李秀英"}
    assert answer["items"][1]["resident"]["name"] == "陈晨"


def test_pages_of_the_queue_go_on_to_newer_deeds(cast: Cast) -> None:
    deeds = [cast.deed(cast.grandmother) for _ in range(5)]
    first = cast.reviewer.get("/staff/deeds?status=pending&limit=2").json
    cast.reviewer.post(f"/staff/deeds/{deeds[0]}/approve")  # what was decided in between shifts nothing
    second = cast.reviewer.get("/staff/deeds", query_string={"status": "pending", "limit": 2, "cursor": first["next"]}).json
    assert [deed["id"] for deed in first["items"] + second["items"]] == deeds[:4]


def test_the_queue_is_narrowed_to_what_waits_for_more_than_three_days(cast: Cast) -> None:
    _ = cast.grandmother, cast.reviewer, cast.patrol
    with clock.stopped_at(clock.now() - timedelta(days=3, minutes=1)):
        late, again, decided = cast.deed(cast.grandmother), cast.returned(cast.grandmother), cast.deed(cast.grandmother)
    with clock.stopped_at(clock.now() - timedelta(days=3) + timedelta(minutes=1)):
        cast.deed(cast.grandmother)
    cast.grandmother.patch(f"/deeds/{again}", {"description": "补充好了"})
    cast.reviewer.post(f"/staff/deeds/{decided}/approve")
    assert queue(cast.reviewer, late="true") == [late]
    assert len(queue(cast.reviewer, late="false")) == 4


def test_the_queue_is_narrowed_to_what_waits_for_its_credit(cast: Cast) -> None:
    credited, noticed = cast.deed(cast.grandmother), cast.deed(cast.volunteer)
    cast.reviewer.post(f"/staff/deeds/{credited}/approve")
    cast.settings(notice_days=3)
    cast.reviewer.post(f"/staff/deeds/{noticed}/approve")
    assert queue(cast.reviewer, waits_for="notice") == [noticed]
    assert queue(cast.reviewer, waits_for="budget") == []


def test_the_queue_is_filtered_by_status_rule_and_words(cast: Cast) -> None:
    cleaning = cast.rule(title="清洁家园")
    patrol = cast.deed(cast.grandmother, description="夜里巡逻 100% 认真")
    clean = cast.deed(cast.volunteer, rule_id=cleaning, description="打扫楼道")
    rejected = cast.deed(cast.grandmother, description="打扫院子")
    cast.reviewer.post(f"/staff/deeds/{rejected}/reject", {"reason": "不属实"})
    reviewer = cast.reviewer
    assert queue(reviewer) == [patrol, clean, rejected]
    assert queue(reviewer, status="pending") == [patrol, clean]
    assert queue(reviewer, status="rejected") == [rejected]
    assert queue(reviewer, rule_id=cleaning) == [clean]
    assert queue(reviewer, q="打扫") == [clean, rejected]
    assert queue(reviewer, q="陈晨") == [clean]
    assert queue(reviewer, q="打扫", status="pending", rule_id=cleaning) == [clean]
    assert queue(reviewer, q="0%") == [patrol]
    assert queue(reviewer, q="_") == []
    assert queue(reviewer, rule_id=str(uuid4())) == []
    refused_fields(reviewer.get("/staff/deeds?status=waiting"), "status")
    refused_fields(reviewer.get("/staff/deeds?waits_for=rain"), "waits_for")
    refused_fields(reviewer.get("/staff/deeds", query_string={"q": "问" * 51}), "q")


def test_a_second_deed_under_the_same_rule_on_the_same_day_is_flagged(cast: Cast) -> None:
    cast.deed(cast.grandmother)
    cast.deed(cast.grandmother)
    cast.deed(cast.volunteer)
    flags = [deed["flags"] for deed in cast.reviewer.get("/staff/deeds").json["items"]]
    assert flags == [["same_day"], ["same_day"], []]
    first = queue(cast.reviewer)[0]
    cast.grandmother.post(f"/deeds/{first}/withdraw")
    assert [deed["flags"] for deed in cast.reviewer.get("/staff/deeds?status=pending").json["items"]] == [[], []]


def test_the_same_photo_shown_twice_is_flagged_whoever_sends_it(cast: Cast) -> None:
    def declare(resident: Caller, color: str) -> str:
        upload = resident.post("/uploads", data={"file": (photo(color), "photo.jpg")}).json["id"]
        body = {"rule_id": cast.patrol, "occurred_on": str(clock.today()), "description": "巡逻", "upload_ids": [upload]}
        return str(resident.post("/deeds", body).json["id"])

    declare(cast.grandmother, "green")
    declare(cast.volunteer, "green")
    declare(cast.resident("王五"), "red")
    flags = [deed["flags"] for deed in cast.reviewer.get("/staff/deeds").json["items"]]
    assert flags == [["duplicate_photo"], ["duplicate_photo"], []]


def test_an_approved_deed_is_credited_with_the_points_of_its_rule(cast: Cast) -> None:
    deed = cast.deed(cast.grandmother)
    approved = cast.reviewer.post(f"/staff/deeds/{deed}/approve", {"note": "照片清楚"})
    assert approved.status_code == 200
    assert approved.json.keys() == KEYS | {"resident", "entered_by", "flags"}
    assert (approved.json["status"], approved.json["points"]) == ("approved", 50)
    step = approved.json["steps"][-1]
    assert (step["action"], step["by"], step["note"]) == ("approved", "小林", "照片清楚")
    assert cast.balance(cast.grandmother) == 50
    shown = cast.grandmother.get(f"/deeds/{deed}").json
    assert (shown["status"], shown["points"], shown["steps"]) == ("approved", 50, approved.json["steps"])
    transfer = cast.grandmother.get("/me/transfers").json["items"][0]
    assert (transfer["points"], transfer["source"]) == (50, {"type": "deed", "id": deed})


def test_a_reviewer_may_give_other_points_and_needs_no_body(cast: Cast) -> None:
    first, second, third = (cast.deed(cast.grandmother) for _ in range(3))
    assert cast.reviewer.post(f"/staff/deeds/{first}/approve", {"points": 30}).json["points"] == 30
    assert cast.reviewer.post(f"/staff/deeds/{second}/approve").json["points"] == 50
    assert cast.reviewer.post(f"/staff/deeds/{third}/approve", {}).json["points"] == 50
    assert cast.balance(cast.grandmother) == 130


def test_points_that_make_no_sense_are_refused(cast: Cast) -> None:
    path = f"/staff/deeds/{cast.deed(cast.grandmother)}/approve"
    for points in (0, -5, 1.5, "50", True, None, 2**63, 10_001):
        refused_fields(cast.reviewer.post(path, {"points": points}), "points")
    refused_fields(cast.reviewer.post(path, {"balance": 5}), "balance")
    assert cast.balance(cast.grandmother) == 0


def test_a_rejected_or_returned_deed_says_why_and_earns_nothing(cast: Cast) -> None:
    for action, status in (("reject", "rejected"), ("return", "returned")):
        deed = cast.deed(cast.grandmother)
        path = f"/staff/deeds/{deed}/{action}"
        refused_fields(cast.reviewer.post(path), "reason")
        refused_fields(cast.reviewer.post(path, {"reason": " "}), "reason")
        answer = cast.reviewer.post(path, {"reason": "照片不清楚"})
        assert (answer.status_code, answer.json["status"], answer.json["points"]) == (200, status, None)
        assert cast.grandmother.get(f"/deeds/{deed}").json["steps"][-1]["note"] == "照片不清楚"
    assert cast.balance(cast.grandmother) == 0


@pytest.mark.parametrize("first", ACTIONS, ids=lambda action: action[0])
def test_what_is_decided_cannot_be_decided_again(cast: Cast, superuser: Any, first: tuple[str, dict[str, Any]]) -> None:
    deed = cast.deed(cast.grandmother)
    assert cast.reviewer.post(f"/staff/deeds/{deed}/{first[0]}", first[1]).status_code == 200
    before = contents(superuser)
    for action, body in ACTIONS:
        refused(cast.admin.post(f"/staff/deeds/{deed}/{action}", body), 409, "already_reviewed")
    assert contents(superuser) == before


def test_nobody_reviews_what_credits_himself(cast: Cast, superuser: Any) -> None:
    deed, others = cast.deed(cast.grandmother), cast.deed(cast.volunteer)
    himself = cast.staff("admin", COMMUNITY, resident=cast.grandmother)
    before = contents(superuser)
    for action, body in ACTIONS:
        refused(himself.post(f"/staff/deeds/{deed}/{action}", body), 403, "own_deed")
    assert contents(superuser) == before
    assert himself.post(f"/staff/deeds/{others}/approve").status_code == 200
    assert cast.reviewer.post(f"/staff/deeds/{deed}/approve").status_code == 200


def test_ones_own_deed_stays_ones_own_after_it_was_decided(cast: Cast) -> None:
    deed = cast.give(cast.grandmother, 50)
    himself = cast.staff("reviewer", COMMUNITY, resident=cast.grandmother)
    refused(himself.post(f"/staff/deeds/{deed}/approve"), 403, "own_deed")


def test_an_auditor_sees_masked_names_only(cast: Cast) -> None:
    deed = cast.deed(cast.grandmother)
    cast.reviewer.post(f"/staff/deeds/{deed}/return", {"reason": "请补照片"})
    cast.grandmother.post(f"/deeds/{deed}/withdraw")
    for auditor in (cast.auditor, cast.official):
        answer = auditor.get("/staff/deeds")
        shown = answer.json["items"][0]
        assert shown["resident"] == {"id": cast.grandmother.id, "name": "李**"}
        assert [step["by"] for step in shown["steps"]] == ["李**", "小林", "李**"]
        assert "李秀英" not in answer.text
    assert [step["by"] for step in cast.reviewer.get("/staff/deeds").json["items"][0]["steps"]] == ["李秀英", "小林", "李秀英"]


def test_an_auditor_cannot_find_out_a_name_by_asking_for_it(cast: Cast) -> None:
    cast.deed(cast.grandmother)
    assert queue(cast.reviewer, q="李秀英") == queue(cast.reviewer)
    assert queue(cast.auditor, q="李秀英") == []
    assert queue(cast.auditor, q="巡逻") == queue(cast.auditor)


def test_staff_of_another_community_see_and_decide_nothing_here(cast: Cast, superuser: Any) -> None:
    deed = cast.deed(cast.grandmother)
    nowhere = refused(cast.neighbour_staff.post(f"/staff/deeds/{uuid4()}/approve"), 404, "not_found")
    before = contents(superuser)
    assert queue(cast.neighbour_staff) == []
    for action, body in ACTIONS:
        assert refused(cast.neighbour_staff.post(f"/staff/deeds/{deed}/{action}", body), 404, "not_found") == nowhere
    assert contents(superuser) == before


def test_staff_above_a_community_review_its_deeds(cast: Cast) -> None:
    deed, next_door = cast.deed(cast.grandmother), cast.deed(cast.neighbour)
    above = cast.staff("reviewer", TOWN)
    assert queue(above) == [deed, next_door]
    assert above.post(f"/staff/deeds/{deed}/approve").status_code == 200


def test_only_admins_and_reviewers_decide(cast: Cast) -> None:
    deed = cast.deed(cast.grandmother)
    for role in ("grid_worker", "building_head", "auditor"):
        staff = cast.staff(role, COMMUNITY)
        assert queue(staff) == [deed]
        for action, body in ACTIONS:
            refused(staff.post(f"/staff/deeds/{deed}/{action}", body), 403, "wrong_role")
    for caller in (cast.grandmother, cast.barber):
        refused(caller.get("/staff/deeds"), 403, "wrong_role")
        refused(caller.post(f"/staff/deeds/{deed}/approve"), 403, "wrong_role")
    assert cast.grandmother.get(f"/deeds/{deed}").json["status"] == "pending"


def test_an_approval_sent_again_with_its_key_credits_once(cast: Cast) -> None:
    path = f"/staff/deeds/{cast.deed(cast.grandmother)}/approve"
    first, again = (cast.reviewer.post(path, key="approve") for _ in range(2))
    assert (again.status_code, again.json) == (200, first.json)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert cast.balance(cast.grandmother) == 50


def test_each_decision_is_on_record_with_who_made_it(cast: Cast, superuser: Any) -> None:
    deed = cast.deed(cast.grandmother)
    cast.reviewer.post(f"/staff/deeds/{deed}/approve")
    rows = superuser.execute(
        "SELECT action, actor_kind, actor_id::text, community_code FROM audit_log WHERE subject_id = %s ORDER BY id", (deed,)
    ).fetchall()
    assert rows == [
        ("deed.declare", "resident", cast.grandmother.id, COMMUNITY),
        ("deed.approved", "staff", cast.reviewer.id, COMMUNITY),
    ]
