"""Races at the points shop: a donation is credited once, and every piece that is given counts, whatever is ordered meanwhile."""

from uuid import UUID, uuid4

from flask import Flask
from sqlalchemy import text
from werkzeug.test import TestResponse

from kernel import ids
from kernel.database import execute, first
from redeem import donation_tariffs
from tests.cast import Caller, Cast
from tests.conftest import findings
from tests.races.harness import dawdle, race, tally

COPIES = 16
TERMS = {"name": "大米", "unit": "公斤", "points": 2}


def test_of_16_equal_donations_with_one_key_one_is_credited_and_all_get_its_answer(
    cast: Cast, verified: None, rounds: range
) -> None:
    for _ in rounds:
        item, donor, key = cast.item(kind="goods", name="大米", stock=1), cast.resident(), uuid4().hex
        answers = race(COPIES, lambda _, item=item, donor=donor, key=key: _donate(cast, donor, item, 10, key=key))
        assert tally(answers) == {(201, ""): COPIES}
        assert len({answer.data for answer in answers}) == 1
        assert sorted(answer.headers.get("Idempotent-Replayed", "") for answer in answers) == [""] + ["true"] * (COPIES - 1)
        assert (cast.balance(donor), _stock(cast, item)) == (10, 11)


def test_two_donations_and_orders_at_once_all_count(cast: Cast, verified: None, rounds: range) -> None:
    cast.give(cast.grandmother, 30 * 4 * len(rounds))
    for _ in rounds:
        item = cast.item(kind="goods", name="大米", price=30, stock=4)

        def work(n: int, item: str = item) -> TestResponse:
            if n < 2:
                return _donate(cast, cast.volunteer, item, (5, 7)[n])
            return cast.grandmother.post("/orders", {"item_id": item, "quantity": 1})

        assert tally(race(6, work)) == {(201, ""): 6}
        assert _stock(cast, item) == 4 + 5 + 7 - 4
    assert cast.balance(cast.volunteer) == (5 + 7) * len(rounds)


def test_donations_of_the_same_items_in_another_order_all_count(cast: Cast, verified: None, rounds: range) -> None:
    donors = [cast.resident(), cast.resident()]
    for _ in rounds:
        shelf = [cast.item(kind="goods", name=name, stock=0) for name in ("大米", "酱油")]
        lines = [{"item_id": item, "quantity": 1, "points": 1} for item in shelf]

        def work(n: int, lines: list[dict[str, object]] = lines) -> TestResponse:
            donor = donors[n % 2]
            return cast.admin.post("/staff/donations", {"resident_id": donor.id, "lines": lines[:: -1 if n % 2 else 1]})

        assert tally(race(8, work)) == {(201, ""): 8}
        assert [_stock(cast, item) for item in shelf] == [8, 8]


def test_of_two_changes_of_a_tariff_at_once_one_holds(cast: Cast, rounds: range) -> None:
    for _ in rounds:
        tariff = cast.admin.post("/staff/donation-tariffs", TERMS).json["id"]
        path = f"/staff/donation-tariffs/{tariff}"
        answers = race(2, lambda n, path=path: cast.admin.patch(path, {"points": 3 + n}))
        assert tally(answers) == {(200, ""): 1, (409, "tariff_closed"): 1}
        (now,) = _in_force(cast)
        cast.admin.patch(f"/staff/donation-tariffs/{now}", {"active": False})


# --- the controls -----------------------------------------------------------------------------------------------------------


def test_donations_that_look_before_they_write_lose_pieces(cast: Cast, app: Flask) -> None:
    item = cast.item(kind="goods", name="大米", stock=4)
    race(2, lambda n: cast.in_app(lambda: _naive_put_into_stock(item, (5, 7)[n])))
    assert _stock(cast, item) < 16
    assert any(finding.startswith("7 库存等于") for finding in findings(app))


def test_a_tariff_that_is_looked_at_before_it_is_closed_has_two_successors(cast: Cast) -> None:
    tariff = cast.admin.post("/staff/donation-tariffs", TERMS).json["id"]
    race(2, lambda n: cast.in_app(lambda: _naive_change(cast, tariff, 3 + n)))
    assert len(_in_force(cast)) == 2


def _donate(cast: Cast, donor: Caller, item: str, quantity: int, key: str | None = None) -> TestResponse:
    line = {"item_id": item, "quantity": quantity, "points": quantity}
    return cast.admin.post("/staff/donations", {"resident_id": donor.id, "lines": [line]}, key=key)


def _stock(cast: Cast, item: str) -> int:
    (found,) = (i for i in cast.admin.get("/staff/items?limit=100").json["items"] if i["id"] == item)
    return int(found["stock"])


def _in_force(cast: Cast) -> list[str]:
    return [tariff["id"] for tariff in cast.admin.get("/staff/donation-tariffs?active=true").json["items"]]


_RECORD = text(
    "INSERT INTO stock_moves (id, item_id, kind, delta, source_id, at) VALUES (:id, :item_id, 'donated', :delta, :id, now())"
)


def _naive_put_into_stock(item: str, quantity: int) -> None:
    stock = first(text("SELECT available FROM stocks WHERE item_id = :id"), id=UUID(item))
    assert stock is not None
    dawdle()
    values = {"id": UUID(item), "available": stock.available + quantity}
    execute(text("UPDATE stocks SET available = :available WHERE item_id = :id"), **values)
    execute(_RECORD, id=ids.new(), item_id=UUID(item), delta=quantity)


def _naive_change(cast: Cast, tariff: str, points: int) -> None:
    old = first(text("SELECT active FROM donation_tariffs WHERE id = :id"), id=UUID(tariff))
    assert old is not None
    dawdle()
    if old.active:
        execute(text("UPDATE donation_tariffs SET active = false WHERE id = :id"), id=UUID(tariff))
        donation_tariffs.create(cast.admin.actor, **{**TERMS, "points": points})
