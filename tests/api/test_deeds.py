"""Deeds: declared by residents, with the day, a description and photos."""

import io
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from werkzeug.test import TestResponse

from kernel import clock
from tests.answers import after, refused, refused_fields
from tests.cast import NEXT_COMMUNITY, Caller, Cast, photo

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


def declare(cast: Cast, resident: Caller | None = None, **given: Any) -> TestResponse:
    body = {"rule_id": cast.patrol, "occurred_on": str(clock.today()), "description": "晚上巡逻"}
    return (resident or cast.grandmother).post("/deeds", {**body, **given})


def upload(caller: Caller, data: io.BytesIO | None = None) -> str:
    return str(caller.post("/uploads", data={"file": (data or photo(), "photo.jpg")}).json["id"])


def test_a_declared_deed_waits_for_review_and_shows_all_that_was_said(cast: Cast) -> None:
    resident = cast.grandmother
    rule = cast.patrol
    with clock.stopped_at(after(days=2)):
        made = resident.post("/deeds", {"rule_id": rule, "occurred_on": "2025-03-04", "description": " 晚上七点到九点巡逻 "})
    assert made.status_code == 201
    assert made.json.keys() == KEYS
    assert {name: made.json[name] for name in KEYS - {"id"}} == {
        "status": "pending",
        "rule": {"id": rule, "code": "B-01", "title": "参加治安巡逻", "points": 50},
        "occurred_on": "2025-03-04",
        "quantity": 1,
        "description": "晚上七点到九点巡逻",
        "photos": [],
        "points": None,
        "channel": "self",
        "declared_at": "2025-03-05T10:00:00+08:00",
        "steps": [{"action": "declared", "at": "2025-03-05T10:00:00+08:00", "by": "李秀英", "note": None}],
        "waiting": None,
    }
    assert resident.get(f"/deeds/{made.json['id']}").json == made.json
    assert cast.balance(resident) == 0


def test_photos_are_shown_in_the_order_in_which_they_were_named(cast: Cast) -> None:
    first, second, third = (upload(cast.grandmother, photo(color)) for color in ("red", "green", "blue"))
    made = declare(cast, upload_ids=[third, first, second]).json
    assert [shown["id"] for shown in made["photos"]] == [third, first, second]
    assert all(shown.keys() == {"id", "url", "width", "height"} for shown in made["photos"])
    assert cast.nobody.get(made["photos"][0]["url"]).status_code == 200


def test_a_rule_that_wants_a_photo_refuses_a_deed_without_one(cast: Cast) -> None:
    rule = cast.rule(evidence_required=True)
    refused_fields(declare(cast, rule_id=rule), "upload_ids")
    refused_fields(declare(cast, rule_id=rule, upload_ids=[]), "upload_ids")
    assert declare(cast, rule_id=rule, upload_ids=[upload(cast.grandmother)]).status_code == 201


def test_a_deed_of_today_or_of_the_last_ninety_days_may_be_declared_and_no_other(cast: Cast) -> None:
    today = clock.today()
    for days, accepted in ((0, True), (-90, True), (1, False), (-91, False)):
        answer = declare(cast, occurred_on=str(today + timedelta(days=days)))
        if accepted:
            assert answer.status_code == 201
        else:
            refused_fields(answer, "occurred_on")


def test_the_day_of_a_deed_is_judged_in_the_communitys_zone(cast: Cast) -> None:
    resident, _ = cast.grandmother, cast.patrol
    with clock.stopped_at(after(hours=14)):  # midnight in Shanghai, still Monday in Greenwich
        assert declare(cast, resident, occurred_on="2025-03-04").status_code == 201
        refused_fields(declare(cast, resident, occurred_on="2025-03-05"), "occurred_on")


@pytest.mark.parametrize(
    ("limits", "days", "statuses"),
    [
        ({"per_day": 2}, ["2025-03-12", "2025-03-12", "2025-03-12", "2025-03-13"], [201, 201, 409, 201]),
        # from a Monday to a Sunday
        ({"per_week": 2}, ["2025-03-15", "2025-03-16", "2025-03-10", "2025-03-17", "2025-03-09"], [201, 201, 409, 201, 201]),
        ({"per_month": 1}, ["2025-03-01", "2025-03-31", "2025-02-28", "2025-04-01"], [201, 409, 201, 201]),
        ({"per_day": 1, "per_week": 2}, ["2025-03-10", "2025-03-10", "2025-03-11", "2025-03-12"], [201, 409, 201, 409]),
    ],
)
def test_a_rule_is_declared_as_often_as_its_limits_allow(
    cast: Cast, limits: dict[str, int], days: list[str], statuses: list[int]
) -> None:
    resident, other, rule = cast.grandmother, cast.volunteer, cast.rule(limits=limits)
    with clock.stopped_at(after(days=30)):
        answers = [declare(cast, resident, rule_id=rule, occurred_on=day) for day in days]
        assert [answer.status_code for answer in answers] == statuses
        for answer in answers:
            if answer.status_code == 409:
                refused(answer, 409, "limit_reached")
        assert declare(cast, other, rule_id=rule, occurred_on=days[0]).status_code == 201


def test_what_was_withdrawn_or_rejected_does_not_count_towards_a_limit_and_what_was_returned_does(cast: Cast) -> None:
    rule = cast.rule(limits={"per_day": 1})
    first = declare(cast, rule_id=rule).json["id"]
    cast.grandmother.post(f"/deeds/{first}/withdraw")
    second = declare(cast, rule_id=rule).json["id"]
    cast.reviewer.post(f"/staff/deeds/{second}/reject", {"reason": "不属实"})
    third = declare(cast, rule_id=rule).json["id"]
    cast.reviewer.post(f"/staff/deeds/{third}/return", {"reason": "请补照片"})
    refused(declare(cast, rule_id=rule), 409, "limit_reached")


def test_without_limits_the_same_rule_may_be_declared_twice_on_a_day(cast: Cast) -> None:
    assert [declare(cast).status_code for _ in range(3)] == [201, 201, 201]


def test_a_foreign_photo_does_not_exist(cast: Cast) -> None:
    own, foreign = upload(cast.grandmother), upload(cast.volunteer)
    refused_ones = [declare(cast, upload_ids=ids) for ids in ([foreign], [own, foreign], [str(uuid4())], ["no-id"])]
    problems = [refused(answer, 404, "not_found") for answer in refused_ones]
    assert all(problem == problems[0] for problem in problems)
    assert cast.grandmother.get("/deeds").json["items"] == []


def test_a_rule_of_another_community_does_not_exist(cast: Cast) -> None:
    foreign = declare(cast, rule_id=cast.rule(NEXT_COMMUNITY))
    nowhere = declare(cast, rule_id=str(uuid4()))
    assert refused(foreign, 404, "not_found") == refused(nowhere, 404, "not_found")


def test_a_deed_that_makes_no_sense_is_refused(cast: Cast) -> None:
    wrong: dict[str, list[object]] = {
        "occurred_on": [
            "yesterday",
            "2026-02-30",
            "20260301",
            "2026-3-1",
            20260301,
            None,
            "0001-01-01",
            "9999-12-31",
            "２０２６-01-01",
        ],
        "description": ["", "  ", None, 5, "长" * 501, "a\u0000b", "a\u202eb\u2028c"],
        "rule_id": [5, None, [], {}, True],
        "upload_ids": ["x", {}, None, [str(uuid4())] * 10],
        "status": ["approved"],
        "points": [1000],
        "channel": ["visit"],
        "resident_id": [str(uuid4())],
    }
    for field, values in wrong.items():
        for value in values:
            refused_fields(declare(cast, **{field: value}), field)
    refused_fields(declare(cast, upload_ids=[5]), "upload_ids.0")
    refused_fields(cast.grandmother.post("/deeds", {}), "rule_id", "occurred_on", "description")
    refused_fields(cast.grandmother.post("/deeds"), "rule_id", "occurred_on", "description")
    assert cast.grandmother.get("/deeds").json["items"] == []


def test_own_deeds_are_listed_newest_first_in_pages(cast: Cast) -> None:
    made = [cast.deed(cast.grandmother, description=f"第{number}件") for number in range(5)]
    cast.deed(cast.volunteer)
    first = cast.grandmother.get("/deeds?limit=3").json
    rest = cast.grandmother.get("/deeds", query_string={"limit": 3, "cursor": first["next"]}).json
    assert [deed["id"] for deed in first["items"] + rest["items"]] == made[::-1]
    assert rest["next"] is None
    assert all(deed.keys() == KEYS for deed in first["items"])


def test_a_deed_is_withdrawn_before_it_is_decided_and_not_after(cast: Cast) -> None:
    deed = cast.deed(cast.grandmother)
    withdrawn = cast.grandmother.post(f"/deeds/{deed}/withdraw")
    assert (withdrawn.status_code, withdrawn.json["status"], withdrawn.json["points"]) == (200, "withdrawn", None)
    assert [(step["action"], step["by"]) for step in withdrawn.json["steps"]] == [("declared", "李秀英"), ("withdrawn", "李秀英")]
    refused(cast.grandmother.post(f"/deeds/{deed}/withdraw"), 409, "already_reviewed")
    refused(cast.reviewer.post(f"/staff/deeds/{deed}/approve"), 409, "already_reviewed")
    approved = cast.give(cast.grandmother, 50)
    refused(cast.grandmother.post(f"/deeds/{approved}/withdraw", {}), 409, "already_reviewed")
    assert cast.balance(cast.grandmother) == 50


def test_a_returned_deed_can_be_withdrawn(cast: Cast) -> None:
    deed = cast.deed(cast.grandmother)
    cast.reviewer.post(f"/staff/deeds/{deed}/return", {"reason": "请补一张照片"})
    shown = cast.grandmother.get(f"/deeds/{deed}").json
    assert (shown["status"], shown["steps"][-1]["action"], shown["steps"][-1]["note"]) == ("returned", "returned", "请补一张照片")
    assert cast.grandmother.post(f"/deeds/{deed}/withdraw").json["status"] == "withdrawn"


def test_anothers_deed_looks_like_one_that_does_not_exist(cast: Cast) -> None:
    deed = cast.deed(cast.grandmother)
    nowhere = refused(cast.volunteer.get(f"/deeds/{uuid4()}"), 404, "not_found")
    for caller in (cast.volunteer, cast.neighbour):
        assert refused(caller.get(f"/deeds/{deed}"), 404, "not_found") == nowhere
        assert refused(caller.post(f"/deeds/{deed}/withdraw"), 404, "not_found") == nowhere
    assert refused(cast.grandmother.get("/deeds/no-id"), 404, "not_found") == nowhere
    assert cast.grandmother.get(f"/deeds/{deed}").json["status"] == "pending"


def test_a_deed_sent_again_with_its_key_is_declared_once(cast: Cast) -> None:
    body = {"rule_id": cast.patrol, "occurred_on": str(clock.today()), "description": "晚上巡逻"}
    first, again = (cast.grandmother.post("/deeds", body, key="deed") for _ in range(2))
    assert (again.status_code, again.json["id"], again.headers["Idempotent-Replayed"]) == (201, first.json["id"], "true")
    assert len(cast.grandmother.get("/deeds").json["items"]) == 1


# --- per unit ------------------------------------------------------------------------------------------------------------------


def test_a_rule_per_unit_credits_its_points_for_each_unit(cast: Cast) -> None:
    rule = cast.rule(points=10, unit="每小时", per_unit=True)
    made = declare(cast, rule_id=rule, quantity=3)
    assert (made.status_code, made.json["quantity"], made.json["rule"]["points"]) == (201, 3, 10)
    assert cast.reviewer.post(f"/staff/deeds/{made.json['id']}/approve").json["points"] == 30
    assert cast.balance(cast.grandmother) == 30
    other = declare(cast, rule_id=rule).json
    assert other["quantity"] == 1
    assert cast.reviewer.post(f"/staff/deeds/{other['id']}/approve", {"points": 7}).json["points"] == 7
    assert cast.balance(cast.grandmother) == 37


def test_a_quantity_is_only_for_rules_that_pay_per_unit(cast: Cast) -> None:
    refused_fields(declare(cast, quantity=2), "quantity")
    assert declare(cast, quantity=1).status_code == 201
    hourly = cast.rule(points=10, unit="每小时", per_unit=True)
    for wrong in (0, 101, 1.5, "3", None, True):
        refused_fields(declare(cast, rule_id=hourly, quantity=wrong), "quantity")


def test_no_deed_comes_to_more_points_than_a_deed_may_have(cast: Cast) -> None:
    rule = cast.rule(points=1000, unit="每公斤", per_unit=True)
    messages = refused_fields(declare(cast, rule_id=rule, quantity=11), "quantity")
    assert "10" in messages["quantity"][0]
    made = declare(cast, rule_id=rule, quantity=10).json
    assert cast.reviewer.post(f"/staff/deeds/{made['id']}/approve").json["points"] == 10_000


# --- from day to day, per household, once a day --------------------------------------------------------------------------------


def test_a_rule_takes_only_what_is_declared_and_done_while_it_is_in_force(cast: Cast) -> None:
    resident, today = cast.grandmother, clock.today()
    begins = cast.rule(in_force_from=today)
    later = cast.rule(in_force_from=today + timedelta(days=1))
    over = cast.rule(in_force_to=today - timedelta(days=1))
    assert declare(cast, resident, rule_id=begins).status_code == 201
    refused(declare(cast, resident, rule_id=begins, occurred_on=str(today - timedelta(days=1))), 409, "rule_not_in_force")
    refused(declare(cast, resident, rule_id=later), 409, "rule_not_in_force")
    refused(declare(cast, resident, rule_id=over, occurred_on=str(today - timedelta(days=1))), 409, "rule_not_in_force")


def test_the_members_of_a_household_share_a_limit_by_the_calendar_month(cast: Cast) -> None:
    rule = cast.rule(limits={"per_household_month": 2})
    mother, son, other = cast.resident("李母"), cast.resident("李子"), cast.resident("外人")
    cast.household(mother, son)
    with clock.stopped_at(after()):
        assert declare(cast, mother, rule_id=rule, occurred_on="2025-03-01").status_code == 201
        second = declare(cast, son, rule_id=rule, occurred_on="2025-03-03")
        assert second.status_code == 201
        for member in (mother, son):
            refused(declare(cast, member, rule_id=rule, occurred_on="2025-03-02"), 409, "limit_reached")
            assert declare(cast, member, rule_id=rule, occurred_on="2025-02-28").status_code == 201
        assert declare(cast, other, rule_id=rule, occurred_on="2025-03-02").status_code == 201
        son.post(f"/deeds/{second.json['id']}/withdraw")  # what is withdrawn no longer counts
        assert declare(cast, mother, rule_id=rule, occurred_on="2025-03-02").status_code == 201


def test_one_without_a_household_is_one_by_himself(cast: Cast) -> None:
    rule = cast.rule(limits={"per_household_month": 1})
    assert [declare(cast, who, rule_id=rule).status_code for who in (cast.grandmother, cast.volunteer)] == [201, 201]
    refused(declare(cast, rule_id=rule), 409, "limit_reached")


def test_a_community_may_take_a_rule_once_a_day_only(cast: Cast) -> None:
    assert [declare(cast).status_code for _ in range(2)] == [201, 201]
    cast.settings(same_rule_once_a_day=True)
    refused(declare(cast), 409, "limit_reached")
    assert declare(cast, occurred_on=str(clock.today() - timedelta(days=1))).status_code == 201
    assert declare(cast, rule_id=cast.rule()).status_code == 201
    assert declare(cast, cast.volunteer).status_code == 201


# --- lists ---------------------------------------------------------------------------------------------------------------------


def test_own_deeds_of_a_status_are_listed_alone(cast: Cast) -> None:
    waiting, returned = cast.deed(cast.grandmother), cast.returned(cast.grandmother)
    approved = cast.give(cast.grandmother, 5)
    for status, found in {"pending": [waiting], "returned": [returned], "approved": [approved], "withdrawn": []}.items():
        assert [deed["id"] for deed in cast.grandmother.get(f"/deeds?status={status}").json["items"]] == found
    assert len(cast.grandmother.get("/deeds?status=").json["items"]) == 3
    refused_fields(cast.grandmother.get("/deeds?status=done"), "status")
