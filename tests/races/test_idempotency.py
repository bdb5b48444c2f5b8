"""Races of one request with itself: equal requests with one key have one effect and one answer."""

from uuid import UUID, uuid4

from sqlalchemy import text

from kernel.database import execute, first
from redeem import orders
from tests.cast import Caller, Cast
from tests.races.harness import dawdle, held, race, tally

COPIES = 16


def test_of_16_equal_orders_with_one_key_one_is_placed_and_all_get_its_answer(cast: Cast, verified: None, rounds: range) -> None:
    item = cast.item()
    for _ in rounds:
        resident, key = cast.resident(), uuid4().hex
        cast.give(resident, COPIES * 30)
        body = {"item_id": item, "quantity": 1}
        answers = race(COPIES, lambda _, resident=resident, key=key, body=body: resident.post("/orders", body, key=key))
        assert tally(answers) == {(201, ""): COPIES}
        assert len({answer.data for answer in answers}) == 1
        assert sorted(answer.headers.get("Idempotent-Replayed", "") for answer in answers) == [""] + ["true"] * (COPIES - 1)
        assert (cast.balance(resident), held(resident)) == ((COPIES - 1) * 30, 30)


def test_of_16_equal_orders_with_one_key_that_are_refused_each_is_judged_afresh(
    cast: Cast, verified: None, rounds: range
) -> None:
    item = cast.item()
    for _ in rounds:
        resident, key = cast.resident(), uuid4().hex
        body = {"item_id": item, "quantity": 1}
        answers = race(COPIES, lambda _, resident=resident, key=key, body=body: resident.post("/orders", body, key=key))
        assert tally(answers) == {(409, "insufficient_points"): COPIES}
        cast.give(resident, 30)
        assert resident.post("/orders", body, key=key).status_code == 201


def test_16_scans_of_a_two_piece_order_with_one_key_hand_over_one_piece(cast: Cast, verified: None, rounds: range) -> None:
    item = cast.item()
    for _ in rounds:
        resident, key = cast.resident(), uuid4().hex
        cast.give(resident, 60)
        body = {"token": cast.token(resident, cast.order(resident, item, quantity=2)), "pieces": 1}
        answers = race(COPIES, lambda _, key=key, body=body: cast.barber.post("/merchant/scans", body, key=key))
        assert tally(answers) == {(200, ""): COPIES}
        assert len({answer.json["id"] for answer in answers}) == 1
        assert held(resident) == 30


def test_a_key_that_is_looked_up_before_and_kept_after_lets_copies_through(cast: Cast) -> None:
    item = cast.item()
    cast.give(cast.grandmother, COPIES * 30)
    race(COPIES, lambda _: cast.in_app(lambda: _naive_once(cast.grandmother, item)))
    assert held(cast.grandmother) > 30


_KEEP = text(
    "INSERT INTO idempotency_keys (caller, key, fingerprint, status, body, created_at) "
    "VALUES ('resident', 'one', '', 201, '', now()) ON CONFLICT DO NOTHING"
)


def _naive_once(resident: Caller, item: str) -> None:
    before = first(text("SELECT FROM idempotency_keys WHERE caller = 'resident' AND key = 'one'"))
    dawdle()
    if before is None:
        orders.place(resident.actor, item_id=UUID(item), quantity=1)
        execute(_KEEP)
