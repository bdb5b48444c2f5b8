"""Races at the shop: a wallet, a shelf and a limit give what they have, and never more."""

from datetime import timedelta
from uuid import UUID

from flask import Flask
from sqlalchemy import text

from kernel import clock, ids
from kernel.database import execute, first
from tests.cast import Caller, Cast
from tests.conftest import findings
from tests.races.harness import dawdle, held, race, tally

BUYERS = 24


def test_of_24_orders_on_a_wallet_that_covers_4_four_are_placed(cast: Cast, verified: None, rounds: range) -> None:
    item = cast.item()
    for _ in rounds:
        resident = cast.resident()
        cast.give(resident, 4 * 30 + 29)
        answers = race(BUYERS, lambda _, resident=resident: resident.post("/orders", {"item_id": item, "quantity": 1}))
        assert tally(answers) == {(201, ""): 4, (409, "insufficient_points"): BUYERS - 4}
        assert (cast.balance(resident), held(resident)) == (29, 4 * 30)


def test_orders_that_look_at_the_balance_before_they_write_spend_it_twice(cast: Cast, app: Flask) -> None:
    cast.give(cast.grandmother, 4 * 30)
    item = cast.item()
    wins = race(BUYERS, lambda _: cast.in_app(lambda: _naive_order(cast.grandmother, item)))
    assert wins.count(True) > 4
    assert any(finding.startswith("6 冻结的积分等于") for finding in findings(app))


def test_of_24_residents_who_order_the_last_7_pieces_seven_get_one(cast: Cast, verified: None, rounds: range) -> None:
    residents = [cast.resident() for _ in range(BUYERS)]
    for resident in residents:
        cast.give(resident, 30 * len(rounds))
    for _ in rounds:
        item = cast.item(kind="goods", name="洗衣液", stock=7)
        answers = race(BUYERS, lambda n, item=item: residents[n].post("/orders", {"item_id": item, "quantity": 1}))
        assert tally(answers) == {(201, ""): 7, (409, "out_of_stock"): BUYERS - 7}
        assert residents[0].get(f"/items/{item}").json["stock"] == 0
    assert sum(held(resident) for resident in residents) == 7 * 30 * len(rounds)


def test_orders_that_look_at_the_stock_before_they_write_oversell_it(cast: Cast, app: Flask) -> None:
    residents = [cast.resident() for _ in range(BUYERS)]
    item = cast.item(kind="goods", name="洗衣液", stock=7)
    wins = race(BUYERS, lambda n: cast.in_app(lambda: _naive_purchase(residents[n], item)))
    assert wins.count(True) > 7
    assert any(finding.startswith("7 入库的件数") for finding in findings(app))


def test_of_24_orders_of_an_item_with_2_per_person_two_are_placed(cast: Cast, verified: None, rounds: range) -> None:
    item = cast.item(limits={"per_person": 2})
    for _ in rounds:
        resident = cast.resident()
        cast.give(resident, BUYERS * 30)
        answers = race(BUYERS, lambda _, resident=resident: resident.post("/orders", {"item_id": item, "quantity": 1}))
        assert tally(answers) == {(201, ""): 2, (409, "limit_reached"): BUYERS - 2}
        assert (cast.balance(resident), held(resident)) == ((BUYERS - 2) * 30, 2 * 30)


def test_orders_that_count_before_they_write_exceed_the_limit_per_person(cast: Cast) -> None:
    item = cast.item(limits={"per_person": 2})
    wins = race(BUYERS, lambda _: cast.in_app(lambda: _naive_limited_order(cast.grandmother, item)))
    assert wins.count(True) > 2


_PLACE = text(
    """
    INSERT INTO orders (id, resident_id, wallet, community_code, item_id, merchant_id, quantity, pieces_left, pieces_returned,
                        unit_price, status, placed_at, expires_at)
    SELECT :id, :resident_id, CAST(:resident_id AS text), community_code, id, merchant_id, 1, 1, 0,
           price, 'reserved', :now, :expires_at
    FROM items WHERE id = :item_id
    """
)


def _place(resident: Caller, item_id: str) -> None:
    now = clock.now()
    values = {"id": ids.new(), "resident_id": resident.actor.id, "item_id": UUID(item_id)}
    execute(_PLACE, **values, now=now, expires_at=now + timedelta(days=7))


def _naive_order(resident: Caller, item_id: str) -> bool:
    wallet = first(text("SELECT balance FROM accounts WHERE owner = :owner AND kind = 'wallet'"), owner=resident.id)
    assert wallet is not None
    dawdle()
    if wallet.balance < 30:
        return False
    change = text("UPDATE accounts SET balance = :balance WHERE owner = :owner AND kind = :kind")
    execute(change, owner=resident.id, kind="wallet", balance=wallet.balance - 30)
    execute(change, owner=resident.id, kind="held", balance=30)
    _place(resident, item_id)
    return True


def _naive_purchase(resident: Caller, item_id: str) -> bool:
    stock = first(text("SELECT available FROM stocks WHERE item_id = :id"), id=UUID(item_id))
    assert stock is not None
    dawdle()
    if stock.available < 1:
        return False
    execute(text("UPDATE stocks SET available = :available WHERE item_id = :id"), id=UUID(item_id), available=stock.available - 1)
    _place(resident, item_id)
    return True


def _naive_limited_order(resident: Caller, item_id: str) -> bool:
    mine = text("SELECT count(*) AS pieces FROM orders WHERE item_id = :item_id AND resident_id = :resident_id")
    ordered = first(mine, item_id=UUID(item_id), resident_id=resident.actor.id)
    assert ordered is not None
    dawdle()
    if ordered.pieces >= 2:
        return False
    _place(resident, item_id)
    return True
