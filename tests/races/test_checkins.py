"""Races in the morning: a day is checked in once, however often the button is pressed."""

from flask import Flask
from sqlalchemy import text

from kernel import ids
from kernel.database import first
from points import ledger
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
