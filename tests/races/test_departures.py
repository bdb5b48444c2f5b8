"""Races at the door: whatever somebody does while he leaves is either done and undone with the rest, or not done at all."""

from typing import Any
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import text
from werkzeug.test import TestResponse

from kernel import clock, ids
from kernel.database import execute, first
from points import ledger
from tests.cast import COMMUNITY, Caller, Cast
from tests.conftest import findings
from tests.races.harness import dawdle, race

AT_ONCE = 12
GONE = {(401, "unauthenticated"), (403, "not_registered"), (404, "not_found")}


def heard(answer: TestResponse) -> tuple[int, str]:
    return answer.status_code, answer.json["code"] if answer.status_code >= 400 else ""


def nothing_left(superuser: psycopg.Connection, person: Caller) -> dict[str, Any]:
    """What must all be 0 of somebody who has left."""
    row = superuser.execute(
        """
        SELECT (SELECT sum(balance) FROM accounts WHERE owner = %(text)s)::int,
               (SELECT count(*) FROM orders WHERE resident_id = %(id)s AND status = 'reserved'),
               (SELECT count(*) FROM deeds WHERE resident_id = %(id)s AND (status = 'pending' OR description <> '（已删除）'))
        """,
        {"text": person.id, "id": UUID(person.id)},
    ).fetchone()
    assert row is not None
    return dict(zip(("points", "open_orders", "waiting_deeds"), row, strict=True))


@pytest.mark.parametrize("what", ["order", "checkin", "declare", "approve", "scan", "office"])
def test_nothing_is_credited_held_or_waiting_after_somebody_has_left(
    cast: Cast, superuser: psycopg.Connection, verified: None, rounds: range, what: str
) -> None:
    item, rule = cast.item(kind="goods", name="鸡蛋", stock=900), cast.patrol
    for _ in rounds:
        person = cast.resident()
        cast.give(person, 1000)
        deeds = [cast.deed(person) for _ in range(AT_ONCE)] if what == "approve" else []
        orders = [cast.order(person, item) for _ in range(AT_ONCE)] if what == "scan" else []
        tokens = [cast.token(person, order) for order in orders]
        cast.admin, cast.reviewer, cast.barber  # noqa: B018 (they come to life before the race)
        declared = {"rule_id": rule, "occurred_on": str(clock.today()), "description": "晚上巡逻"}

        def work(
            n: int,
            person: Caller = person,
            deeds: list[str] = deeds,
            tokens: list[str] = tokens,
            declared: dict[str, str] = declared,
        ) -> TestResponse:
            if n == AT_ONCE // 2:
                return person.post("/me/leave", {"confirm": True})
            if what == "order":
                return person.post("/orders", {"item_id": item, "quantity": 1})
            if what == "checkin":
                return person.post("/checkins")
            if what == "declare":
                return person.post("/deeds", declared)
            if what == "approve":
                return cast.reviewer.post(f"/staff/deeds/{deeds[n]}/approve")
            if what == "scan":
                return cast.barber.post("/merchant/scans", {"token": tokens[n]})
            return cast.admin.post(f"/staff/residents/{person.id}/leave", {"reason": "本人提出"})

        answers = race(AT_ONCE, work)
        left = answers.pop(AT_ONCE // 2)
        if what == "office":
            assert [answer.status_code for answer in (left, *answers)].count(200) == 1
        else:
            assert left.status_code == 200, left.text
        allowed = GONE | {
            (200, ""),
            (201, ""),
            (409, "already_reviewed"),
            (409, "order_not_open"),
            (409, "code_already_redeemed"),
        }
        assert {heard(answer) for answer in answers} <= allowed
        assert nothing_left(superuser, person) == {"points": 0, "open_orders": 0, "waiting_deeds": 0}


def test_the_last_two_of_a_household_leave_at_once_and_its_points_expire(
    cast: Cast, superuser: psycopg.Connection, rounds: range
) -> None:
    from tests.api.test_departures import household

    for _ in rounds:
        two = [cast.resident("欧阳一"), cast.resident("欧阳二")]
        made = household(cast, *two, points=80)
        answers = race(2, lambda n, two=two: two[n].post("/me/leave", {"confirm": True}))
        assert sorted(answer.json["points_expired"] for answer in answers) == [0, 80]
        balance = superuser.execute("SELECT balance FROM accounts WHERE owner = %s AND kind = 'wallet'", (str(made),)).fetchone()
        assert balance == (0,)


def test_a_check_in_that_looks_whether_he_is_there_before_it_writes_credits_who_has_left(
    cast: Cast, superuser: psycopg.Connection
) -> None:
    person = cast.resident()

    def work(n: int) -> Any:
        return person.post("/me/leave", {"confirm": True}) if n == 0 else cast.in_app(lambda: _naive_check_in(person))

    race(2, work)
    assert nothing_left(superuser, person)["points"] == 1


def _naive_check_in(person: Caller) -> bool:
    here = first(text("SELECT left_at FROM residents WHERE id = :id"), id=person.actor.id)
    assert here is not None
    dawdle()
    dawdle()
    if here.left_at is not None:
        return False
    ledger.credit(person.id, COMMUNITY, 1, "checkin", ledger.Source("checkin", ids.new(), "每日签到"))
    return True


def test_a_departure_that_reads_the_balance_before_it_writes_lets_points_expire_twice(cast: Cast, app: Any) -> None:
    cast.give(cast.grandmother, 100)
    wins = race(8, lambda _: cast.in_app(lambda: _naive_expiry(cast.grandmother)))
    assert wins.count(True) > 1
    assert any(finding.startswith("2 余额等于") for finding in findings(app))


def _naive_expiry(person: Caller) -> bool:
    wallet = first(text("SELECT id, balance FROM accounts WHERE owner = :owner AND kind = 'wallet'"), owner=person.id)
    assert wallet is not None
    dawdle()
    if wallet.balance == 0:
        return False
    execute(text("UPDATE accounts SET balance = 0 WHERE id = :id"), id=wallet.id)
    insert = """
        INSERT INTO transfers (id, debit_account, credit_account, debit_balance, amount, kind, title, source_type, source_id,
                               created_at, mac)
        SELECT :id, :debit, id, 0, :amount, 'expiry', '', 'resident', :id, :now, '' FROM accounts WHERE kind = 'expired' LIMIT 1
    """
    execute(text(insert), id=ids.new(), debit=wallet.id, amount=wallet.balance, now=clock.now())
    return True
