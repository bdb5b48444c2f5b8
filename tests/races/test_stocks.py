"""Races at the shelf: every change of stock counts, and no piece is written off that is not there."""

from uuid import UUID

from flask import Flask
from sqlalchemy import text
from werkzeug.test import TestResponse

from kernel.database import execute, first
from tests.cast import Cast
from tests.conftest import findings
from tests.races.harness import dawdle, race, tally


def _stock(cast: Cast, item: str) -> int:
    (found,) = (i for i in cast.admin.get("/staff/items?limit=100").json["items"] if i["id"] == item)
    return int(found["stock"])


def test_two_deliveries_at_once_both_count(cast: Cast, verified: None, rounds: range) -> None:
    for _ in rounds:
        item = cast.item(kind="goods", name="洗衣液", stock=10)
        answers = race(2, lambda n, item=item: _restock(cast, item, (5, 7)[n]))
        assert tally(answers) == {(200, ""): 2}
        assert max(answer.json["stock"] for answer in answers) == _stock(cast, item) == 22


def test_of_two_write_offs_that_the_shelf_covers_once_one_is_refused(cast: Cast, verified: None, rounds: range) -> None:
    for _ in rounds:
        item = cast.item(kind="goods", name="洗衣液", stock=10)
        answers = race(2, lambda _, item=item: _restock(cast, item, -7))
        assert tally(answers) == {(200, ""): 1, (409, "out_of_stock"): 1}
        assert _stock(cast, item) == 3


def test_pieces_are_ordered_or_written_off_never_both(cast: Cast, verified: None, rounds: range) -> None:
    cast.give(cast.grandmother, 30 * 8 * len(rounds))
    for _ in rounds:
        item = cast.item(kind="goods", name="洗衣液", stock=8)

        def work(n: int, item: str = item) -> TestResponse:
            if n % 2:
                return cast.grandmother.post("/orders", {"item_id": item, "quantity": 1})
            return _restock(cast, item, -1)

        answers = race(24, work)
        taken = tally(answers)
        assert taken[200, ""] + taken[201, ""] == 8
        assert taken[409, "out_of_stock"] == 16
        assert _stock(cast, item) == 0


def test_deliveries_that_look_before_they_write_lose_one(cast: Cast, app: Flask) -> None:
    item = cast.item(kind="goods", name="洗衣液", stock=10)
    race(2, lambda n: cast.in_app(lambda: _naive_restock(item, (5, 7)[n])))
    assert _stock(cast, item) < 22
    assert any(finding.startswith("7 库存等于") for finding in findings(app))


def _restock(cast: Cast, item: str, delta: int) -> TestResponse:
    return cast.admin.post(f"/staff/items/{item}/stock", {"delta": delta, "reason": "盘点"})


_RECORD = text(
    "INSERT INTO stock_moves (id, item_id, kind, delta, at) VALUES (gen_random_uuid(), :id, 'received', :delta, now())"
)


def _naive_restock(item: str, delta: int) -> None:
    stock = first(text("SELECT available FROM stocks WHERE item_id = :id"), id=UUID(item))
    assert stock is not None
    dawdle()
    execute(
        text("UPDATE stocks SET available = :available WHERE item_id = :id"), id=UUID(item), available=stock.available + delta
    )
    execute(_RECORD, id=UUID(item), delta=delta)
