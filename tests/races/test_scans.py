"""Races at the till: one code, one scan, whoever else scans, cancels or lapses the order at that moment."""

import random
import time
from datetime import timedelta
from uuid import UUID

import psycopg
from flask import Flask
from sqlalchemy import text
from werkzeug.test import TestResponse

from app import jobs
from kernel import clock, ids
from kernel.database import add, execute, first
from points import ledger
from redeem.scans import Scan
from tests.cast import Caller, Cast
from tests.conftest import findings
from tests.races.harness import dawdle, held, only, race, tally

SCANNERS = 24


def test_of_24_scans_of_one_code_one_is_redeemed_and_the_others_learn_when(cast: Cast, verified: None, rounds: range) -> None:
    item, tills = cast.item(), [cast.barber, cast.second_till(cast.barber)]
    for _ in rounds:
        resident = cast.resident()
        cast.give(resident, 50)
        token = cast.token(resident, cast.order(resident, item))
        answers = race(SCANNERS, lambda n, token=token: tills[n % 2].post("/merchant/scans", {"token": token}))
        assert tally(answers) == {(200, ""): 1, (409, "code_already_redeemed"): SCANNERS - 1}
        redeemed_at = only(answers, 200).json["redeemed_at"]
        assert {answer.json["redeemed_at"] for answer in answers} == {redeemed_at}
        assert (cast.balance(resident), held(resident)) == (20, 0)


def test_of_24_scans_of_one_piece_each_of_an_order_of_7_seven_are_redeemed(cast: Cast, verified: None, rounds: range) -> None:
    item = cast.item()
    for _ in rounds:
        resident = cast.resident()
        cast.give(resident, 7 * 30)
        order = cast.order(resident, item, quantity=7)
        token = cast.token(resident, order)
        answers = race(SCANNERS, lambda _, token=token: cast.barber.post("/merchant/scans", {"token": token, "pieces": 1}))
        assert tally(answers) == {(200, ""): 7, (409, "code_already_redeemed"): SCANNERS - 7}
        left = sorted(answer.json["order"]["pieces_left"] for answer in answers if answer.status_code == 200)
        assert left == [0, 1, 2, 3, 4, 5, 6]
        assert (cast.balance(resident), held(resident)) == (0, 0)


def test_a_scan_that_looks_before_it_writes_redeems_one_code_many_times(cast: Cast, app: Flask) -> None:
    order = _paid_order(cast)
    wins = race(SCANNERS, lambda _: cast.in_app(lambda: _naive_scan(cast.barber, order)))
    assert wins.count(True) > 1
    assert any(finding.startswith("5 订单的件数") for finding in findings(app))


def test_an_order_that_is_scanned_and_cancelled_at_once_ends_one_way(cast: Cast, verified: None, rounds: range) -> None:
    item = cast.item(kind="goods", name="洗衣液", stock=100)
    for _ in rounds:
        resident = cast.resident()
        cast.give(resident, 50)
        order = cast.order(resident, item)
        token = cast.token(resident, order)

        def work(n: int, resident: Caller = resident, order: str = order, token: str = token) -> TestResponse:
            return cast.barber.post("/merchant/scans", {"token": token}) if n % 2 else resident.post(f"/orders/{order}/cancel")

        answers = race(8, work)
        cancels, scans = tally(answers[0::2]), tally(answers[1::2])
        if scans[200, ""]:
            assert scans == {(200, ""): 1, (409, "code_already_redeemed"): 3}
            assert cancels == {(409, "order_not_open"): 4}
            assert (cast.balance(resident), held(resident)) == (20, 0)
        else:
            assert cancels == {(200, ""): 1, (409, "order_not_open"): 3}
            assert scans == {(409, "order_not_open"): 4}
            assert (cast.balance(resident), held(resident)) == (50, 0)


def test_a_scan_and_a_cancellation_that_look_before_they_write_both_win(cast: Cast, app: Flask) -> None:
    order = _paid_order(cast)
    wins = race(2, lambda n: cast.in_app(lambda: _naive_scan(cast.barber, order) if n else _naive_close(order, "cancelled")))
    assert wins == [True, True]
    assert any(finding.startswith("6 冻结的积分等于") for finding in findings(app))


def test_an_order_that_is_scanned_while_its_time_runs_out_ends_one_way(
    cast: Cast, app: Flask, superuser: psycopg.Connection, verified: None, rounds: range
) -> None:
    seed = random.randrange(2**32)
    print("seed", seed)
    chance, item = random.Random(seed), cast.item(kind="goods", name="洗衣液", stock=100)
    for _ in rounds:
        resident = cast.resident()
        cast.give(resident, 50)
        order = cast.order(resident, item)
        token = cast.token(resident, order)
        expires_at = clock.now() + timedelta(milliseconds=80)
        superuser.execute("UPDATE orders SET expires_at = %s WHERE id = %s", (expires_at, order))
        waits = [chance.uniform(0.02, 0.1) for _ in range(12)]

        def work(n: int, token: str = token, waits: list[float] = waits) -> TestResponse | int:
            if n % 3 == 0:
                return _lapse_when_due(app)
            time.sleep(waits[n])
            return cast.barber.post("/merchant/scans", {"token": token})

        results = race(12, work)
        lapsed = sum(result for result in results if isinstance(result, int))
        scans = tally(result for result in results if not isinstance(result, int))
        if scans[200, ""]:
            assert lapsed == 0
            assert scans == {(200, ""): 1, (409, "code_already_redeemed"): 7}
            assert (cast.balance(resident), held(resident)) == (20, 0)
        else:
            assert lapsed == 1
            assert scans == {(409, "order_not_open"): 8}
            assert (cast.balance(resident), held(resident)) == (50, 0)


def test_a_scan_and_a_lapse_that_look_before_they_write_both_win(cast: Cast, app: Flask) -> None:
    order = _paid_order(cast)
    wins = race(2, lambda n: cast.in_app(lambda: _naive_scan(cast.barber, order) if n else _naive_close(order, "lapsed")))
    assert wins == [True, True]
    assert any(finding.startswith("6 冻结的积分等于") for finding in findings(app))


def _paid_order(cast: Cast) -> str:
    """An order of one piece; the wallet holds more for another one, so that there is something to take twice."""
    cast.give(cast.grandmother, 30 * (1 + SCANNERS))
    item = cast.item()
    cast.order(cast.grandmother, item, quantity=SCANNERS)
    return cast.order(cast.grandmother, item)


def _lapse_when_due(app: Flask) -> int:
    """Sweep until well after the order's time."""
    lapsed, until = 0, time.monotonic() + 0.2
    while time.monotonic() < until:
        with app.app_context():
            lapsed += jobs.lapse_orders()
        time.sleep(0.005)
    return lapsed


_LOOK = text("SELECT id, resident_id, merchant_id, pieces_left, unit_price, status FROM orders WHERE id = :id")
_SET = text(
    "UPDATE orders SET status = :status, pieces_left = 0, pieces_returned = :returned, redeemed_at = now() WHERE id = :id"
)


def _naive_scan(till: Caller, order_id: str) -> bool:
    order = first(_LOOK, id=UUID(order_id))
    assert order is not None
    dawdle()
    if order.status != "reserved":
        return False
    execute(_SET, id=order.id, status="redeemed", returned=0)
    points = order.pieces_left * order.unit_price
    scan = Scan(id=ids.new(), order_id=order.id, merchant_id=order.merchant_id, login_id=till.login_id)
    scan.pieces, scan.points, scan.at = order.pieces_left, points, clock.now()
    add(scan)
    ledger.spend(str(order.resident_id), order.merchant_id, points, ledger.Source("scan", scan.id, "兑换"))
    return True


def _naive_close(order_id: str, status: str) -> bool:
    order = first(_LOOK, id=UUID(order_id))
    assert order is not None
    dawdle()
    if order.status != "reserved":
        return False
    execute(_SET, id=order.id, status=status, returned=order.pieces_left)
    points = order.pieces_left * order.unit_price
    ledger.release(str(order.resident_id), points, ledger.Source("order", order.id, "退回"))
    return True
