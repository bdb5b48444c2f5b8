"""The settings of a community: the contract's defaults, who may change them, and what each of them does."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from flask import Flask

from app import jobs
from kernel import clock
from people import settings
from tests.answers import MONDAY, after, contents, refused, refused_fields
from tests.cast import COMMUNITY, NEXT_COMMUNITY, TOWN, Caller, Cast

pytestmark = pytest.mark.usefixtures("verified")
DEFAULTS = {
    "community_code": COMMUNITY,
    "counts_by": "person",
    "registration_confirmed": False,
    "checkin_points": 1,
    "streak_bonuses": [],
    "make_up_cards": 0,
    "same_rule_once_a_day": False,
    "cap_per_day": None,
    "cap_per_week": None,
    "cap_per_month": None,
    "notice_days": 0,
    "budget_per_month": None,
    "order_lapses_after_days": 7,
    "second_factor_required": False,
}
CHANGED: dict[str, Any] = {
    "counts_by": "household",
    "registration_confirmed": True,
    "checkin_points": 0,
    "streak_bonuses": [{"streak": 7, "points": 5}, {"streak": 30, "points": 20}],
    "make_up_cards": 2,
    "same_rule_once_a_day": True,
    "cap_per_day": 100,
    "cap_per_week": 300,
    "cap_per_month": 1000,
    "notice_days": 3,
    "budget_per_month": 0,
    "order_lapses_after_days": 90,
    "second_factor_required": True,
}


@pytest.fixture(autouse=True)
def signed_in(cast: Cast) -> None:
    """Whoever is named while the clock stands in the past would get tokens of that time."""
    assert all((cast.grandmother, cast.volunteer, cast.reviewer, cast.admin, cast.patrol))


def approve(cast: Cast, deed: str, points: int = 50) -> Any:
    return cast.reviewer.post(f"/staff/deeds/{deed}/approve", {"points": points})


def check_ins(resident: Caller, *days: int) -> list[tuple[int, int]]:
    """What checking in on these days, counted from that Monday, paid, and the streak."""
    made = []
    for day in days:
        with clock.stopped_at(after(days=day)):
            answer = resident.post("/checkins").json
            made.append((answer["points"], answer["streak"]))
    return made


def streak_on(resident: Caller, day: int) -> int:
    with clock.stopped_at(after(days=day)):
        return int(resident.get("/me").json["streak"])


def joined_long_ago(superuser: psycopg.Connection, resident: Caller) -> None:
    superuser.execute("UPDATE residents SET created_at = %s WHERE id = %s", (MONDAY - timedelta(days=60), resident.id))


# --- reading and changing -----------------------------------------------------------------------------------------------


def test_a_community_that_decided_nothing_has_the_defaults_of_the_contract(cast: Cast) -> None:
    for member in (cast.admin, cast.reviewer, cast.auditor):
        assert member.get("/staff/settings").json == DEFAULTS


@pytest.mark.parametrize("name", CHANGED)
def test_a_change_is_kept_and_on_record_with_what_was_before(cast: Cast, superuser: psycopg.Connection, name: str) -> None:
    answer = cast.admin.patch("/staff/settings", {name: CHANGED[name]})
    assert (answer.status_code, answer.json) == (200, {**DEFAULTS, name: CHANGED[name]})
    rows = superuser.execute(
        "SELECT actor_id, community_code, details FROM audit_log WHERE action = 'settings.change'"
    ).fetchall()
    details = {"before": {name: DEFAULTS[name]}, "after": {name: CHANGED[name]}}
    assert rows == [(UUID(cast.admin.id), COMMUNITY, details)]
    assert getattr(cast.in_app(lambda: settings.of(COMMUNITY)), name) == CHANGED[name]


def test_what_is_not_named_stays_and_null_takes_a_cap_away(cast: Cast) -> None:
    cast.admin.patch("/staff/settings", {"cap_per_day": 10, "notice_days": 3, "budget_per_month": 9})
    shown = cast.admin.patch("/staff/settings", {"cap_per_day": None, "budget_per_month": None}).json
    assert shown == {**DEFAULTS, "notice_days": 3}
    assert cast.admin.patch("/staff/settings", {}).json == shown


def test_settings_that_make_no_sense_are_refused(cast: Cast, superuser: psycopg.Connection) -> None:
    before = contents(superuser)
    for name, values in {
        "counts_by": ["family", None, 1],
        "registration_confirmed": ["yes", None, 1],
        "checkin_points": [-1, 101, 1.5, "1", True, None],
        "make_up_cards": [-1, 11, None],
        "cap_per_day": [0, -1, 1_000_001, "many"],
        "notice_days": [-1, 61, None],
        "budget_per_month": [-1, 2**63],
        "order_lapses_after_days": [0, 91, None],
        "streak_bonuses": [
            None,
            {},
            [{"streak": 7}],
            [{"streak": 1, "points": 5}],
            [{"streak": 7, "points": 0}],
            [{"streak": 7, "points": 1, "more": 1}],
            [{"streak": 7, "points": 1}, {"streak": 7, "points": 2}],
        ],
        "budget": [5],
    }.items():
        for value in values:
            answer = cast.admin.patch("/staff/settings", {name: value})
            assert answer.status_code == 422, (name, value, answer.text)
            assert any(field.split(".")[0] == name for field in answer.json["errors"]), (name, value, answer.text)
    assert contents(superuser) == before


def test_only_an_admin_changes_settings_and_only_those_of_his_part_of_the_tree(cast: Cast, superuser: psycopg.Connection) -> None:
    others = [cast.reviewer, cast.auditor, cast.staff("grid_worker", COMMUNITY), cast.grandmother, cast.barber]
    above, next_door = cast.staff("admin", TOWN), cast.neighbour_staff
    before = contents(superuser)
    for other in others:
        refused(other.patch("/staff/settings", {"checkin_points": 5}), 403, "wrong_role")
    refused(next_door.patch("/staff/settings", {"community_code": COMMUNITY, "checkin_points": 5}), 404, "not_found")
    refused(next_door.get(f"/staff/settings?community_code={COMMUNITY}"), 404, "not_found")
    refused_fields(above.patch("/staff/settings", {"checkin_points": 5}), "community_code")
    assert contents(superuser) == before
    changed = above.patch("/staff/settings", {"community_code": NEXT_COMMUNITY, "checkin_points": 5})
    assert (changed.status_code, changed.json["community_code"], changed.json["checkin_points"]) == (200, NEXT_COMMUNITY, 5)
    assert cast.admin.get("/staff/settings").json == DEFAULTS


# --- check-ins ----------------------------------------------------------------------------------------------------------


def test_a_check_in_pays_what_the_settings_say_from_then_on(cast: Cast) -> None:
    assert check_ins(cast.grandmother, 0) == [(1, 1)]
    cast.settings(checkin_points=3)
    assert check_ins(cast.grandmother, 1) == [(3, 2)]
    cast.settings(checkin_points=0)
    assert check_ins(cast.grandmother, 2, 3) == [(0, 3), (0, 4)]
    assert cast.balance(cast.grandmother) == 4


def test_a_check_in_that_pays_nothing_says_the_same_again_and_moves_no_points(cast: Cast) -> None:
    cast.settings(checkin_points=0)
    first, again = (cast.grandmother.post("/checkins") for _ in range(2))
    assert (first.status_code, first.json["points"], first.json["balance"]) == (201, 0, 0)
    assert (again.status_code, again.json) == (200, first.json)
    assert cast.grandmother.get("/me/transfers").json["items"] == []
    cast.give(cast.grandmother, 50)
    assert cast.grandmother.post("/checkins").json == first.json


def test_a_check_in_that_pays_nothing_says_what_the_wallet_had_then(cast: Cast) -> None:
    cast.settings(checkin_points=0)
    cast.give(cast.grandmother, 50)
    first = cast.grandmother.post("/checkins")
    cast.grandmother.post("/orders", {"item_id": cast.item(price=30), "quantity": 1})
    assert first.json["balance"] == 50
    assert cast.grandmother.post("/checkins").json == first.json


def test_the_day_that_reaches_a_streak_of_the_table_pays_the_bonus_besides(cast: Cast) -> None:
    cast.settings(streak_bonuses=[{"streak": 3, "points": 5}, {"streak": 5, "points": 10}])
    paid = check_ins(cast.grandmother, 0, 1, 2, 3, 4, 5, 7, 8, 9)
    assert paid == [(1, 1), (1, 2), (6, 3), (1, 4), (11, 5), (1, 6), (1, 1), (1, 2), (6, 3)]
    assert cast.balance(cast.grandmother) == sum(points for points, _ in paid)


def test_a_missed_day_is_made_up_for_and_the_streak_runs_through_it(cast: Cast, superuser: psycopg.Connection) -> None:
    joined_long_ago(superuser, cast.grandmother)
    cast.settings(make_up_cards=1)
    check_ins(cast.grandmother, 0, 1, 3, 4)
    with clock.stopped_at(after(days=4)):
        month = cast.grandmother.get("/checkins").json
        assert (month["make_up_cards_left"], len(month["days"])) == (1, 4)
        made = cast.grandmother.post("/checkins/make-up", {"date": "2025-03-05"}, key="card")
        assert cast.grandmother.post("/checkins/make-up", {"date": "2025-03-05"}, key="card").json == made.json
        month = cast.grandmother.get("/checkins").json
    assert (made.status_code, made.json) == (201, {"date": "2025-03-05", "points": 0, "streak": 3, "made_up": True})
    assert [day["streak"] for day in month["days"]] == [5, 4, 3, 2, 1]
    assert [day["made_up"] for day in month["days"]] == [False, False, True, False, False]
    assert month["make_up_cards_left"] == 0
    assert (streak_on(cast.grandmother, 4), cast.balance(cast.grandmother)) == (5, 4)
    assert check_ins(cast.grandmother, 5) == [(1, 6)]


def test_yesterday_made_up_for_before_the_check_in_of_today_counts_for_it(cast: Cast, superuser: psycopg.Connection) -> None:
    joined_long_ago(superuser, cast.grandmother)
    cast.settings(make_up_cards=2)
    check_ins(cast.grandmother, 0, 1)
    with clock.stopped_at(after(days=4)):
        for day, streak in (("2025-03-05", 3), ("2025-03-06", 4)):
            assert cast.grandmother.post("/checkins/make-up", {"date": day}).json["streak"] == streak
    assert check_ins(cast.grandmother, 4) == [(1, 5)]


def test_a_card_is_refused_where_it_makes_no_sense(cast: Cast, superuser: psycopg.Connection) -> None:
    joined_long_ago(superuser, cast.grandmother)
    check_ins(cast.grandmother, 0)
    with clock.stopped_at(after(days=4)):
        refused(cast.grandmother.post("/checkins/make-up", {"date": "2025-03-05"}), 409, "no_make_up_card")
    cast.settings(make_up_cards=1)
    before = contents(superuser)
    with clock.stopped_at(after(days=4)):
        refused(cast.grandmother.post("/checkins/make-up", {"date": "2025-03-03"}), 409, "not_missed")
        for day in ("2025-03-07", "2025-03-08", "2025-02-28"):  # today, tomorrow, last month
            refused_fields(cast.grandmother.post("/checkins/make-up", {"date": day}), "date")
        refused_fields(cast.volunteer.post("/checkins/make-up", {"date": "2025-03-05"}), "date")  # he had not joined
        assert cast.grandmother.post("/checkins/make-up").status_code == 422
        assert contents(superuser) == before
        assert cast.grandmother.post("/checkins/make-up", {"date": "2025-03-05"}).status_code == 201
        refused(cast.grandmother.post("/checkins/make-up", {"date": "2025-03-04"}), 409, "no_make_up_card")
    with clock.stopped_at(after(days=30)):
        assert cast.grandmother.get("/checkins").json["make_up_cards_left"] == 1  # a new month


# --- caps ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("period", "same", "next_one"), [("day", 0, -1), ("week", -2, -3), ("month", -11, -12)])
def test_a_cap_says_by_how_much_it_would_be_exceeded(
    cast: Cast, superuser: psycopg.Connection, period: str, same: int, next_one: int
) -> None:
    """On Wednesday the 12th of March: the days that are `same` and `next_one` away lie in the same period and outside it."""
    cast.settings(**{f"cap_per_{period}": 100})
    day = after(days=9)
    with clock.stopped_at(day):
        deeds = [cast.deed(cast.grandmother, occurred_on=(day + timedelta(days=away)).date()) for away in (0, same, next_one)]
        others = cast.deed(cast.volunteer)
        assert approve(cast, deeds[0], 70).status_code == 200
        before = contents(superuser)
        problem = refused(approve(cast, deeds[1], 50), 409, "cap_reached")
        assert "20 分" in problem["detail"]
        assert contents(superuser) == before
        assert approve(cast, deeds[1], 30).status_code == 200
        assert approve(cast, deeds[2], 100).status_code == 200
        assert approve(cast, others, 100).status_code == 200
    assert cast.balance(cast.grandmother) == 200


def test_what_is_on_notice_counts_toward_the_cap_and_what_was_revoked_does_not(cast: Cast) -> None:
    cast.settings(cap_per_day=100, notice_days=3)
    first, second = cast.deed(cast.grandmother), cast.deed(cast.grandmother)
    assert approve(cast, first, 80).status_code == 200
    refused(approve(cast, second, 30), 409, "cap_reached")
    cast.reviewer.post(f"/staff/deeds/{first}/revoke", {"reason": "不属实"})
    assert approve(cast, second, 100).status_code == 200


# --- public notice ------------------------------------------------------------------------------------------------------


def test_an_approved_deed_is_shown_at_once_and_credited_when_the_notice_is_over(
    cast: Cast, app: Flask, superuser: psycopg.Connection
) -> None:
    cast.settings(notice_days=3)
    with clock.stopped_at(MONDAY):
        deed = cast.deed(cast.grandmother)
        answer = approve(cast, deed)
        assert (answer.json["status"], answer.json["points"]) == ("approved", 50)
        assert answer.json["waiting"] == {"waits_for": "notice", "until": "2025-03-06"}
    assert superuser.execute("SELECT FROM feed_entries WHERE id = %s", (deed,)).fetchone() is not None
    for day, credited in ((0, 0), (2, 0), (3, 1), (3, 0), (4, 0)):
        with clock.stopped_at(after(days=day)), app.app_context():
            assert jobs.credit_deeds() == credited
        assert cast.balance(cast.grandmother) == (50 if day >= 3 else 0)
    assert cast.grandmother.get(f"/deeds/{deed}").json["waiting"] is None


def test_what_is_revoked_during_the_notice_is_never_credited(cast: Cast, app: Flask) -> None:
    cast.settings(notice_days=3)
    with clock.stopped_at(MONDAY):
        deed = cast.deed(cast.grandmother)
        approve(cast, deed)
        answer = cast.reviewer.post(f"/staff/deeds/{deed}/revoke", {"reason": "邻居说不是这样"})
        assert (answer.status_code, answer.json["status"], answer.json["waiting"]) == (200, "revoked", None)
    with clock.stopped_at(after(days=9)), app.app_context():
        assert jobs.credit_deeds() == 0
    wallet = cast.grandmother.get("/me/wallet").json
    assert (wallet["balance"], wallet["owed"]) == (0, 0)
    assert cast.grandmother.get("/me/transfers").json["items"] == []


def test_whoever_joined_a_household_during_the_notice_is_credited_there(cast: Cast, app: Flask) -> None:
    cast.settings(notice_days=3, counts_by="household")
    with clock.stopped_at(MONDAY):
        deed = cast.deed(cast.grandmother)
        approve(cast, deed)
    assert cast.volunteer.post("/households/mine/members", {"resident_id": cast.grandmother.id}).status_code == 201
    with clock.stopped_at(after(days=3)), app.app_context():
        assert jobs.credit_deeds() == 1
    assert cast.balance(cast.volunteer) == 50
    assert {m["name"]: m["earned"] for m in cast.volunteer.get("/households/mine").json["members"]}["李秀英"] == 50


def test_a_reviewer_may_become_a_relative_while_the_notice_lasts(cast: Cast, app: Flask) -> None:
    """The books stay in order: when he approved, it was nobody's of his."""
    cast.settings(notice_days=1, counts_by="household")
    reviewer = cast.staff("reviewer", COMMUNITY, resident=cast.volunteer)
    deed = cast.deed(cast.grandmother)
    assert reviewer.post(f"/staff/deeds/{deed}/approve").status_code == 200
    assert cast.volunteer.post("/households/mine/members", {"resident_id": cast.grandmother.id}).status_code == 201
    with clock.stopped_at(clock.now() + timedelta(days=2)), app.app_context():
        assert jobs.credit_deeds() == 1
    assert cast.balance(cast.volunteer) == 50


# --- the budget ---------------------------------------------------------------------------------------------------------


def test_where_the_budget_has_no_room_a_credit_waits_for_the_next_month(
    cast: Cast, app: Flask, superuser: psycopg.Connection
) -> None:
    cast.settings(budget_per_month=100)
    with clock.stopped_at(MONDAY):
        first, second, third = (cast.deed(cast.grandmother) for _ in range(3))
        assert approve(cast, first, 70).json["waiting"] is None
        assert approve(cast, second, 31).json["waiting"] == {"waits_for": "budget", "until": "2025-04-01"}
        assert approve(cast, third, 30).json["waiting"] is None
    assert cast.balance(cast.grandmother) == 100
    with clock.stopped_at(after(days=28)), app.app_context():  # the last day of March
        assert jobs.credit_deeds() == 0
    with clock.stopped_at(after(days=29)), app.app_context():
        assert jobs.credit_deeds() == 1
        assert jobs.credit_deeds() == 0
    assert cast.balance(cast.grandmother) == 131
    assert superuser.execute("SELECT month::text, issued FROM budget_months ORDER BY month").fetchall() == [
        ("2025-03-01", 100),
        ("2025-04-01", 31),
    ]


def test_without_any_budget_credits_wait_from_month_to_month_until_there_is_one(
    cast: Cast, app: Flask, superuser: psycopg.Connection
) -> None:
    cast.settings(budget_per_month=0, notice_days=3)
    with clock.stopped_at(MONDAY):
        deed, revoked = cast.deed(cast.grandmother), cast.deed(cast.grandmother)
        approve(cast, deed)
        approve(cast, revoked)
    for day in (3, 29):  # the notice is over; a new month
        with clock.stopped_at(after(days=day)), app.app_context():
            assert jobs.credit_deeds() == 0
    assert superuser.execute("SELECT FROM audit_log WHERE action = 'deed.credit'").fetchall() == []
    cast.reviewer.post(f"/staff/deeds/{revoked}/revoke", {"reason": "不属实"})
    cast.settings(budget_per_month=None)
    with clock.stopped_at(after(days=60)), app.app_context():
        assert jobs.credit_deeds() == 1
    assert cast.balance(cast.grandmother) == 50


def test_a_check_in_without_room_in_the_budget_pays_nothing_and_the_streak_goes_on(cast: Cast) -> None:
    cast.settings(budget_per_month=5, checkin_points=2)
    assert check_ins(cast.grandmother, 0, 1, 2) == [(2, 1), (2, 2), (0, 3)]
    assert check_ins(cast.grandmother, 29) == [(2, 1)]
    assert cast.balance(cast.grandmother) == 6


# --- the shop -----------------------------------------------------------------------------------------------------------


def test_an_order_lapses_after_the_days_of_the_settings(cast: Cast, app: Flask) -> None:
    cast.settings(order_lapses_after_days=2)
    cast.give(cast.grandmother, 60)
    item = cast.item(price=30)
    with clock.stopped_at(MONDAY):
        order = cast.grandmother.post("/orders", {"item_id": item, "quantity": 1})
    assert order.status_code == 201
    assert order.json["expires_at"].startswith("2025-03-05T")
    with clock.stopped_at(after(days=2)), app.app_context():
        assert jobs.lapse_orders() == 1
