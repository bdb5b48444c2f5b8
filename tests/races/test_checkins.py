"""Races in the morning: a day is checked in once, however often the button is pressed."""

from datetime import timedelta

import psycopg
import pytest
from flask import Flask
from sqlalchemy import text

from kernel import clock, ids
from kernel.database import first
from points import checkins, ledger
from tests.answers import after
from tests.api.test_settings import joined_long_ago
from tests.cast import COMMUNITY, Caller, Cast
from tests.conftest import findings
from tests.races.harness import dawdle, race, tally

PRESSES = 24


def test_of_24_check_ins_one_earns_a_point_and_all_say_the_same(cast: Cast, verified: None, rounds: range) -> None:
    for _ in rounds:
        resident = cast.resident()
        answers = race(PRESSES, lambda _, resident=resident: resident.post("/checkins"))
        assert tally(answers) == {(201, ""): 1, (200, ""): PRESSES - 1}
        assert all(answer.json == answers[0].json for answer in answers)
        assert cast.balance(resident) == answers[0].json["balance"] == 1


def test_a_check_in_that_looks_before_it_writes_pays_many_times(cast: Cast, app: Flask) -> None:
    wins = race(PRESSES, lambda _, resident=cast.grandmother: cast.in_app(lambda: _naive_check_in(resident)))
    assert wins.count(True) > 1
    assert cast.balance(cast.grandmother) > 1
    assert any(finding.startswith("4 每笔入账都有来源") for finding in findings(app))


_EARNED = text(
    """
    SELECT count(*) AS times FROM transfers t JOIN accounts a ON a.id = t.credit_account
    WHERE a.owner = :owner AND t.kind = 'checkin'
    """
)


def _naive_check_in(resident: Caller) -> bool:
    earned = first(_EARNED, owner=resident.id)
    assert earned is not None
    dawdle()
    if earned.times:
        return False
    ledger.credit(resident.id, COMMUNITY, 1, "checkin", ledger.Source("checkin", ids.new(), "每日签到"))
    return True


@pytest.mark.parametrize("missed", [1, 2])
def test_a_check_in_while_a_missed_day_is_made_up_for_goes_on_from_it(
    cast: Cast, verified: None, rounds: range, superuser: psycopg.Connection, missed: int
) -> None:
    cast.settings(make_up_cards=1, streak_bonuses=[{"streak": 4, "points": 5}])
    for _ in rounds:
        resident = cast.resident()
        joined_long_ago(superuser, resident)
        for day in {0, 1, 2} - {3 - missed}:
            with clock.stopped_at(after(days=day)):
                assert resident.post("/checkins").status_code == 201
        with clock.stopped_at(after(days=3)):

            def work(n: int, resident: Caller = resident) -> int:
                if n == 0:
                    return cast.in_app(lambda: _make_up_slowly(resident, missed))
                dawdle()
                answer = resident.post("/checkins").json
                assert answer["points"] == 6
                return int(answer["streak"])

            assert race(2, work) == [4 - missed, 4]
            assert (resident.get("/me").json["streak"], cast.balance(resident)) == (4, 8)


def _make_up_slowly(resident: Caller, missed: int) -> int:
    made = checkins.make_up(resident.actor, clock.today() - timedelta(days=missed))
    for _ in range(4):  # the check-in has begun, and waits, before this is committed
        dawdle()
    return made.streak
