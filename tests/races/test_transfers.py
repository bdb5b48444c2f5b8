"""Races over corrections: a credit is taken back once."""

from uuid import UUID

from flask import Flask
from sqlalchemy import text

from kernel import ids
from kernel.database import first
from points import ledger
from tests.cast import Caller, Cast
from tests.conftest import findings
from tests.races.harness import dawdle, race, tally

CLERKS = 16
REASON = {"reason": "重复入账"}


def test_of_16_reversals_of_one_credit_one_takes_it_back(cast: Cast, verified: None, rounds: range) -> None:
    for _ in rounds:
        resident = cast.resident()
        cast.give(resident, 50)
        credit = resident.get("/me/transfers").json["items"][0]["id"]
        cast.give(resident, 1000)  # the wallet could pay for it many times
        answers = race(CLERKS, lambda _, credit=credit: cast.admin.post(f"/staff/transfers/{credit}/reverse", REASON))
        assert tally(answers) == {(201, ""): 1, (409, "already_reversed"): CLERKS - 1}
        assert cast.balance(resident) == 1000


def test_a_reversal_that_looks_before_it_writes_takes_a_credit_back_many_times(cast: Cast, app: Flask) -> None:
    cast.give(cast.grandmother, 50)
    credit = cast.grandmother.get("/me/transfers").json["items"][0]["id"]
    cast.give(cast.grandmother, 1000)
    wins = race(CLERKS, lambda _: cast.in_app(lambda: _naive_reversal(cast.grandmother, credit)))
    assert wins.count(True) > 1
    assert cast.balance(cast.grandmother) < 1000
    assert any(finding.startswith("3 转账只走规定的路") for finding in findings(app))


def _naive_reversal(resident: Caller, credit: str) -> bool:
    mine = text("SELECT count(*) AS times FROM transfers WHERE title = :title")
    reversed_before = first(mine, title=f"冲正 {credit}")
    assert reversed_before is not None
    dawdle()
    if reversed_before.times:
        return False
    # It does not name what it reverses: where it does, a unique key stands in its way.
    source = ledger.Source("transfer", ids.new(), f"冲正 {UUID(credit)}")
    wallet, issuance = (ledger.WALLET, resident.id), (ledger.ISSUANCE, resident.actor.community_code)
    posted = ledger._post(ledger._ACROSS, "reversal", source, 50, wallet, issuance, counted=ledger.WALLET, change=-50)
    return posted is not None
