"""Races over what is taken back: taken and owed together are what was credited, whoever spends or takes at the same moment."""

from typing import Any
from uuid import UUID

from sqlalchemy import text

from kernel.database import execute, first
from tests.cast import Caller, Cast
from tests.races.harness import dawdle, race, tally

WHY = {"reason": "不属实"}
POINTS = 60


def purse(resident: Caller) -> tuple[int, int, int]:
    """What a wallet has, holds and owes."""
    wallet = resident.get("/me/wallet").json
    return wallet["balance"], wallet["held"], wallet["owed"]


def revoke(cast: Cast, deed: str) -> Any:
    return cast.reviewer.post(f"/staff/deeds/{deed}/revoke", WHY)


def test_a_deed_revoked_while_its_points_are_spent_is_taken_or_owed_to_the_point(
    cast: Cast, verified: None, rounds: range
) -> None:
    item = cast.item(price=20)
    for _ in rounds:
        resident = cast.resident()
        deed = cast.give(resident, POINTS)

        def work(n: int, resident: Caller = resident, deed: str = deed) -> Any:
            return revoke(cast, deed) if n == 0 else resident.post("/orders", {"item_id": item, "quantity": 1})

        revoked, *orders = race(6, work)
        assert revoked.status_code == 200
        placed = tally(orders)[201, ""]
        assert tally(orders) == {k: v for k, v in {(201, ""): placed, (409, "insufficient_points"): 5 - placed}.items() if v}
        assert purse(resident) == (0, 20 * placed, 20 * placed)


def test_a_deed_revoked_while_an_order_is_cancelled_and_another_deed_credited_is_paid_from_them(
    cast: Cast, verified: None, rounds: range
) -> None:
    item = cast.item(price=50)
    for _ in rounds:
        resident = cast.resident()
        deed = cast.give(resident, POINTS)
        order, other = resident.post("/orders", {"item_id": item, "quantity": 1}).json["id"], cast.deed(resident)

        def work(n: int, resident: Caller = resident, deed: str = deed, order: str = order, other: str = other) -> Any:
            if n == 0:
                return revoke(cast, deed)
            if n == 1:
                return resident.post(f"/orders/{order}/cancel")
            return resident.post("/checkins") if n == 2 else cast.admin.post(f"/staff/deeds/{other}/approve")

        assert {answer.status_code for answer in race(4, work)} <= {200, 201}
        assert purse(resident) == (50 + 1, 0, 0)


def test_of_eight_revocations_of_one_deed_one_takes_its_points_back(cast: Cast, verified: None, rounds: range) -> None:
    for _ in rounds:
        resident = cast.resident()
        deed = cast.give(resident, POINTS)
        cast.give(resident, 1000)
        answers = race(8, lambda _, deed=deed: revoke(cast, deed))
        assert tally(answers) == {(200, ""): 1, (409, "already_reviewed"): 7}
        assert purse(resident) == (1000, 0, 0)


def test_a_credit_revoked_and_reversed_at_once_is_taken_back_once(cast: Cast, verified: None, rounds: range) -> None:
    for _ in rounds:
        resident = cast.resident()
        deed = cast.give(resident, POINTS)
        credit = resident.get("/me/transfers").json["items"][0]["id"]
        cast.give(resident, 1000)

        def work(n: int, deed: str = deed, credit: str = credit) -> Any:
            return revoke(cast, deed) if n % 2 else cast.admin.post(f"/staff/transfers/{credit}/reverse", WHY)

        answers = race(4, work)
        assert tally(answers[1::2]) == {(200, ""): 1, (409, "already_reviewed"): 1}
        assert set(tally(answers[::2])) <= {(201, ""), (409, "already_reversed")}
        assert purse(resident) == (1000, 0, 0)


def test_several_deeds_revoked_at_once_while_the_household_is_merged(cast: Cast, verified: None, rounds: range) -> None:
    cast.settings(counts_by="household")
    for _ in rounds:
        resident, other = cast.resident(), cast.resident()
        deeds = [cast.give(resident, POINTS) for _ in range(3)]
        assert resident.post("/orders", {"item_id": cast.item(price=100), "quantity": 1}).status_code == 201

        def work(n: int, resident: Caller = resident, other: Caller = other, deeds: list[str] = deeds) -> Any:
            body = {"resident_id": resident.id}
            return revoke(cast, deeds[n]) if n < 3 else other.post("/households/mine/members", body)

        assert [answer.status_code for answer in race(4, work)] == [200, 200, 200, 201]
        assert purse(other) == (0, 0, 100)


def test_a_revocation_that_reads_the_balance_and_writes_it_back_forgets_what_was_spent(cast: Cast) -> None:
    deed, item = cast.give(cast.grandmother, POINTS), cast.item(price=20)

    def work(n: int) -> Any:
        if n == 0:
            return cast.in_app(lambda: _naive_revocation(cast.grandmother, deed))
        return cast.grandmother.post("/orders", {"item_id": item, "quantity": 1})

    _, *orders = race(4, work)
    placed = tally(orders)[201, ""]
    assert placed > 0
    assert purse(cast.grandmother) != (0, 20 * placed, 20 * placed)


def _naive_revocation(resident: Caller, deed_id: str) -> None:
    wallet = first(text("SELECT balance FROM accounts WHERE owner = :owner AND kind = 'wallet'"), owner=resident.id)
    assert wallet is not None
    dawdle()
    taken = min(wallet.balance, POINTS)
    write = "UPDATE accounts SET balance = :balance, owed = owed + :owed WHERE owner = :owner AND kind = 'wallet'"
    execute(text(write), balance=wallet.balance - taken, owed=POINTS - taken, owner=resident.id)
    execute(text("UPDATE deeds SET status = 'revoked' WHERE id = :id"), id=UUID(deed_id))
