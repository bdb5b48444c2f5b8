"""Races over what a community allows: caps, budgets, make-up cards hold, and a credit that waited is made once."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg
from flask import Flask
from sqlalchemy import text

from app import jobs
from kernel import clock, ids
from kernel.database import execute, first
from tests.answers import MONDAY, after
from tests.cast import COMMUNITY, Caller, Cast
from tests.races.harness import dawdle, race, tally

POINTS = 50


def approve(cast: Cast, deeds: list[str]) -> list[Any]:
    """All these deeds approved at once, each by a reviewer of its own."""
    staff = [cast.reviewer, cast.admin]
    return race(len(deeds), lambda n: staff[n % 2].post(f"/staff/deeds/{deeds[n]}/approve"))


def test_of_six_approvals_under_a_cap_for_two_two_are_made(cast: Cast, verified: None, rounds: range) -> None:
    cast.settings(cap_per_day=2 * POINTS)
    for _ in rounds:
        resident = cast.resident()
        answers = approve(cast, [cast.deed(resident) for _ in range(6)])
        assert tally(answers) == {(200, ""): 2, (409, "cap_reached"): 4}
        assert cast.balance(resident) == 2 * POINTS


def test_approvals_that_add_up_before_they_write_exceed_the_cap(cast: Cast) -> None:
    deeds = [cast.deed(cast.grandmother) for _ in range(6)]
    wins = race(6, lambda n: cast.in_app(lambda: _naive_approval_under_a_cap(cast.grandmother, deeds[n], 2 * POINTS)))
    assert wins.count(True) > 2


def test_of_six_approvals_with_budget_for_two_two_are_credited_and_four_wait(
    cast: Cast, verified: None, rounds: range, superuser: psycopg.Connection
) -> None:
    cast.settings(budget_per_month=0)
    for number, _ in enumerate(rounds, start=1):
        cast.settings(budget_per_month=2 * POINTS * number)
        residents = [cast.resident() for _ in range(6)]
        answers = approve(cast, [cast.deed(resident) for resident in residents])
        waiting = [answer.json["waiting"] and answer.json["waiting"]["waits_for"] for answer in answers]
        assert sorted(waiting, key=str) == [None, None, "budget", "budget", "budget", "budget"]
        assert sum(cast.balance(resident) for resident in residents) == 2 * POINTS
        assert superuser.execute("SELECT issued FROM budget_months").fetchone() == (2 * POINTS * number,)


def test_of_many_check_ins_the_budget_pays_for_some_and_all_are_made(cast: Cast, verified: None) -> None:
    cast.settings(budget_per_month=5)
    residents = [cast.resident() for _ in range(12)]
    answers = race(12, lambda n: residents[n].post("/checkins"))
    assert tally(answers) == {(201, ""): 12}
    assert sum(answer.json["points"] for answer in answers) == 5


def test_a_budget_that_is_read_before_it_is_written_is_exceeded(cast: Cast) -> None:
    cast.settings(budget_per_month=2 * POINTS)
    wins = race(6, lambda _: cast.in_app(lambda: _naive_within_budget(2 * POINTS)))
    assert wins.count(True) > 2


def test_of_four_make_ups_with_one_card_one_is_made(
    cast: Cast, verified: None, rounds: range, superuser: psycopg.Connection
) -> None:
    cast.settings(make_up_cards=1)
    days = [f"2025-03-0{day}" for day in (3, 4, 5, 6)]
    for _ in rounds:
        resident = cast.resident()
        _joined_long_ago(superuser, resident)
        with clock.stopped_at(after(days=4)):
            answers = race(4, lambda n, resident=resident: resident.post("/checkins/make-up", {"date": days[n]}))
            assert tally(answers) == {(201, ""): 1, (409, "no_make_up_card"): 3}
            assert len(resident.get("/checkins").json["days"]) == 1


def test_make_ups_that_count_before_they_write_use_one_card_many_times(cast: Cast, superuser: psycopg.Connection) -> None:
    wins = race(4, lambda n: cast.in_app(lambda: _naive_make_up(cast.grandmother, n, cards=1)))
    assert wins.count(True) > 1


def test_a_day_made_up_for_twice_at_once_uses_one_card(
    cast: Cast, verified: None, rounds: range, superuser: psycopg.Connection
) -> None:
    cast.settings(make_up_cards=5)
    for _ in rounds:
        resident = cast.resident()
        _joined_long_ago(superuser, resident)
        with clock.stopped_at(after(days=4)):
            answers = race(4, lambda _, resident=resident: resident.post("/checkins/make-up", {"date": "2025-03-04"}))
            assert tally(answers) == {(201, ""): 1, (409, "not_missed"): 3}
            assert resident.get("/checkins").json["make_up_cards_left"] == 4


def test_workers_at_once_credit_what_waited_once(cast: Cast, app: Flask, verified: None, rounds: range) -> None:
    cast.settings(notice_days=1)
    for _ in rounds:
        residents = [cast.resident() for _ in range(5)]
        for resident in residents:
            cast.give(resident, POINTS)
        assert _work(app) == 0
        with clock.stopped_at(clock.now() + timedelta(days=2)):
            done = race(4, lambda _: _work(app))
        assert sum(done) == 5
        assert [cast.balance(resident) for resident in residents] == [POINTS] * 5


def test_a_credit_that_falls_due_while_it_is_revoked_is_taken_back_or_never_made(
    cast: Cast, app: Flask, verified: None, rounds: range
) -> None:
    cast.settings(notice_days=1)
    assert all((cast.reviewer, cast.patrol))  # signed in today, not in the past
    for _ in rounds:
        resident = cast.resident()
        with clock.stopped_at(MONDAY):
            deeds = [cast.give(resident, POINTS) for _ in range(3)]

        def work(n: int, deeds: list[str] = deeds) -> int:
            if n == 3:
                return _work(app)
            return cast.reviewer.post(f"/staff/deeds/{deeds[n]}/revoke", {"reason": "不属实"}).status_code

        with clock.stopped_at(after(days=2)):
            assert race(4, work)[:3] == [200, 200, 200]
            assert _work(app) == 0
        wallet = resident.get("/me/wallet").json
        assert (wallet["balance"], wallet["owed"]) == (0, 0)


def _work(app: Flask) -> int:
    with app.app_context():
        return jobs.credit_deeds()


def _joined_long_ago(superuser: psycopg.Connection, resident: Caller) -> None:
    superuser.execute("UPDATE residents SET created_at = %s WHERE id = %s", (MONDAY - timedelta(days=60), resident.id))


def _naive_approval_under_a_cap(resident: Caller, deed_id: str, cap: int) -> bool:
    approved = "SELECT coalesce(sum(points), 0) AS points FROM deeds WHERE resident_id = :id AND status = 'approved'"
    earned = first(text(approved), id=resident.actor.id)
    assert earned is not None
    dawdle()
    if earned.points + POINTS > cap:
        return False
    approve = "UPDATE deeds SET status = 'approved', points = 50, wallet = resident_id::text, approved_at = now() WHERE id = :id"
    execute(text(approve), id=UUID(deed_id))
    return True


def _naive_within_budget(budget: int) -> bool:
    row = first(text("SELECT issued FROM budget_months WHERE community_code = :code"), code=COMMUNITY)
    dawdle()
    issued = row.issued if row else 0
    if issued + POINTS > budget:
        return False
    write = """
        INSERT INTO budget_months VALUES (:code, :month, :issued)
        ON CONFLICT (community_code, month) DO UPDATE SET issued = excluded.issued
    """
    execute(text(write), code=COMMUNITY, month=clock.today().replace(day=1), issued=issued + POINTS)
    return True


def _naive_make_up(resident: Caller, number: int, cards: int) -> bool:
    used = first(text("SELECT count(*) AS times FROM checkins WHERE resident_id = :id AND made_up"), id=resident.actor.id)
    assert used is not None
    dawdle()
    if used.times >= cards:
        return False
    insert = "INSERT INTO checkins VALUES (:id, :resident_id, :day, 0, 1, now(), :wallet, true)"
    values = {"id": ids.new(), "day": MONDAY.date() + timedelta(days=2 * number), "wallet": resident.id}
    execute(text(insert), resident_id=resident.actor.id, **values)
    return True
