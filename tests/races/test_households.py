"""Races over households: whoever moves where while points come and go, none is lost, and everybody has one home."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
from flask import Flask
from sqlalchemy import text

from app import embedded, jobs
from kernel import clock
from kernel.database import execute, first
from people import sessions
from points import households
from tests.cast import COMMUNITY, Caller, Cast
from tests.conftest import findings
from tests.races.harness import dawdle, race, tally, wait_for_a_lock

WHY = {"reason": "两户合并居住"}
SUMS = """
    SELECT (SELECT sum(balance) FROM accounts WHERE kind IN ('wallet', 'held')),
           (SELECT coalesce(sum(CASE d.kind WHEN 'issuance' THEN t.amount ELSE -t.amount END), 0) FROM transfers t
            JOIN accounts d ON d.id = t.debit_account JOIN accounts c ON c.id = t.credit_account
            WHERE d.kind = 'issuance' OR c.kind IN ('issuance', 'merchant'))
"""


def home_id(resident: Caller) -> str:
    return str(resident.get("/me").json["household"]["id"])


def join(head: Caller, resident: Caller) -> Any:
    return head.post("/households/mine/members", {"resident_id": resident.id})


def merge(cast: Cast, old: str, into: str) -> Any:
    return cast.admin.post(f"/staff/households/{old}/merge", {"into_id": into, **WHY})


def in_wallets_and_issued(superuser: psycopg.Connection) -> tuple[int, int]:
    """What all wallets have and hold, and what was issued and is not with a merchant."""
    row = superuser.execute(SUMS).fetchone()
    assert row is not None
    return int(row[0]), int(row[1])


def test_of_two_heads_who_take_one_person_in_at_once_one_does(
    cast: Cast, verified: None, rounds: range, superuser: psycopg.Connection
) -> None:
    cast.settings(counts_by="household")
    for _ in rounds:
        heads, guest = [cast.resident(), cast.resident()], cast.resident()
        cast.give(guest, 50)
        answers = race(2, lambda n, heads=heads, guest=guest: join(heads[n], guest))
        assert tally(answers) == {(201, ""): 1, (409, "already_in_household"): 1}
        assert [cast.balance(head) for head in heads] == [50 if answer.status_code == 201 else 0 for answer in answers]
        assert cast.balance(guest) == 50


def test_heads_who_look_before_they_take_somebody_in_both_have_him(cast: Cast) -> None:
    cast.settings(counts_by="household")
    heads, guest = [cast.grandmother, cast.volunteer], cast.resident()
    cast.give(guest, 50)
    wins = race(2, lambda n: cast.in_app(lambda: _naive_join(heads[n], guest)))
    assert wins == [True, True]


def test_two_who_take_each_other_in_at_once_end_up_in_one_household(cast: Cast, verified: None, rounds: range) -> None:
    cast.settings(counts_by="household")
    for _ in rounds:
        pair = [cast.resident(), cast.resident()]
        for resident in pair:
            cast.give(resident, 50)
        answers = race(2, lambda n, pair=pair: join(pair[n], pair[1 - n]))
        assert sorted(answer.status_code for answer in answers) in ([201, 403], [201, 409])
        assert [cast.balance(resident) for resident in pair] == [100, 100]


def test_households_merged_into_each_other_at_once_end_up_as_one(cast: Cast, verified: None, rounds: range) -> None:
    cast.settings(counts_by="household")
    for _ in rounds:
        pair = [cast.resident(), cast.resident()]
        for resident in pair:
            cast.give(resident, 50)
        homes = [home_id(resident) for resident in pair]
        answers = race(4, lambda n, homes=homes: merge(cast, homes[n % 2], homes[1 - n % 2]))
        assert tally(answers) == {(200, ""): 1, (404, "not_found"): 3}
        assert [cast.balance(resident) for resident in pair] == [100, 100]


def test_no_point_is_lost_when_members_earn_and_spend_while_their_household_is_merged(
    cast: Cast, verified: None, rounds: range, superuser: psycopg.Connection
) -> None:
    cast.settings(counts_by="household")
    item = cast.item(price=10)
    for _ in rounds:
        head, son, other = (cast.resident() for _ in range(3))
        assert join(head, son).status_code == 201
        cast.give(son, 100)
        first_order, second_order = (son.post("/orders", {"item_id": item, "quantity": 1}).json["id"] for _ in range(2))
        token, deed, homes = cast.token(son, first_order), cast.deed(son), [home_id(head), home_id(other)]

        def work(
            n: int,
            who: tuple[Caller, Caller, Caller] = (head, son, other),
            second_order: str = second_order,
            token: str = token,
            deed: str = deed,
            homes: list[str] = homes,
        ) -> Any:
            head, son, other = who
            return [
                lambda: merge(cast, *homes),
                lambda: head.post("/checkins"),
                lambda: son.post("/checkins"),
                lambda: other.post("/checkins"),
                lambda: cast.reviewer.post(f"/staff/deeds/{deed}/approve"),
                lambda: son.post("/orders", {"item_id": item, "quantity": 2}),
                lambda: son.post(f"/orders/{second_order}/cancel"),
                lambda: cast.barber.post("/merchant/scans", {"token": token}),
            ][n]()

        merged, *answers = race(8, work)
        assert merged.status_code == 200
        # Whoever meant to pay from the old wallet in the moment it was emptied is told that there is too little in it.
        placed = 20 if answers[4].status_code == 201 else 0
        assert placed or answers[4].json["code"] == "insufficient_points"
        assert {answer.status_code for answer in (*answers[:4], *answers[5:])} <= {200, 201}
        assert cast.balance(head) == cast.balance(son) == cast.balance(other) == 100 + 3 + 50 - 10 - placed
        wallets, issued = in_wallets_and_issued(superuser)
        assert wallets == issued


def test_points_of_cancelled_orders_follow_a_household_that_is_merged_on_and_on(
    cast: Cast, verified: None, rounds: range
) -> None:
    cast.settings(counts_by="household")
    item = cast.item(price=10)
    for _ in rounds:
        people = [cast.resident() for _ in range(3)]
        cast.give(people[0], 50)
        orders = [people[0].post("/orders", {"item_id": item, "quantity": 1}).json["id"] for _ in range(5)]
        homes = [home_id(resident) for resident in people]
        assert merge(cast, homes[0], homes[1]).status_code == 200

        def work(n: int, homes: list[str] = homes, buyer: Caller = people[0], orders: list[str] = orders) -> Any:
            return merge(cast, homes[1], homes[2]) if n == 0 else buyer.post(f"/orders/{orders[n - 1]}/cancel")

        assert {answer.status_code for answer in race(6, work)} == {200}
        assert [cast.balance(resident) for resident in people] == [50, 50, 50]


def test_a_merge_that_reads_the_balance_and_writes_it_back_loses_points(cast: Cast, app: Flask) -> None:
    cast.settings(counts_by="household")
    old, new = cast.grandmother, cast.volunteer
    cast.give(old, 50)
    deed = cast.deed(old)

    def work(n: int) -> Any:
        if n == 0:
            return cast.in_app(lambda: _naive_merge(old, new))
        return cast.reviewer.post(f"/staff/deeds/{deed}/approve")

    _, approved = race(2, work)
    assert approved.status_code == 200
    assert cast.balance(new) < 100
    assert any(finding.startswith("2 余额等于转账之和") for finding in findings(app))


def test_somebody_who_leaves_while_his_household_is_merged_is_in_one_of_them(cast: Cast, verified: None, rounds: range) -> None:
    cast.settings(counts_by="household")
    for _ in rounds:
        head, son, other = (cast.resident() for _ in range(3))
        assert join(head, son).status_code == 201
        cast.give(son, 50)
        homes = [home_id(head), home_id(other)]

        def work(n: int, son: Caller = son, homes: list[str] = homes) -> Any:
            return merge(cast, *homes) if n == 0 else son.post("/households/mine/leave")

        assert [answer.status_code for answer in race(2, work)] == [200, 200]
        assert [cast.balance(resident) for resident in (head, son, other)] == [50, 0, 50]


def test_all_members_who_leave_at_once_but_one_leave(cast: Cast, verified: None, rounds: range) -> None:
    for _ in rounds:
        family = cast.family("王大福", "王小军", "王小妹", "王婶")
        cast.give(family[0], 50)
        answers = race(4, lambda n, family=family: family[n].post("/households/mine/leave"))
        assert tally(answers) == {(200, ""): 3, (409, "alone_in_household"): 1}
        assert sorted(cast.balance(resident) for resident in family) == [0, 0, 0, 50]


def test_of_two_who_leave_a_household_they_came_into_a_moment_ago_one_stays(cast: Cast, verified: None, rounds: range) -> None:
    """Their calls had begun before theirs was merged into it, and each knows of the old one only."""
    for _ in rounds:
        family, other = cast.family("王大福", "王小军"), cast.resident("王婶")
        cast.give(other, 50)
        actors = cast.in_app(lambda family=family: [sessions.actor_of(resident.access_token) for resident in family])
        assert merge(cast, home_id(family[0]), home_id(other)).status_code == 200
        assert other.post("/households/mine/leave").status_code == 200
        left = race(2, lambda n, actors=actors: cast.in_app(lambda: _leaves(actors[n])))
        assert sorted(left) == [False, True]
        assert sorted(cast.balance(resident) for resident in family) == [0, 50]


def _leaves(actor: Any) -> bool:
    try:
        households.leave(actor)
    except households.AloneInHousehold:
        return False
    dawdle()
    return True


def test_a_split_while_points_are_spent_gives_what_is_there_or_nothing(cast: Cast, verified: None, rounds: range) -> None:
    item = cast.item(price=10)
    for _ in rounds:
        head, son = cast.family("王大福", "王小军")
        cast.give(head, 50)
        path, body = f"/staff/households/{home_id(head)}/split", {"resident_ids": [son.id], "points": 40, **WHY}

        def work(n: int, head: Caller = head, path: str = path, body: dict[str, Any] = body) -> Any:
            return cast.admin.post(path, body) if n == 0 else head.post("/orders", {"item_id": item, "quantity": 1})

        split, *orders = race(4, work)
        placed = tally(orders)[201, ""]
        if split.status_code == 201:
            assert (placed, cast.balance(head), cast.balance(son)) == (1, 0, 40)
        else:
            assert split.json["code"] == "insufficient_points"
            assert cast.balance(son) == 50 - 10 * placed


def test_a_community_is_not_counted_by_person_again_in_the_moment_two_move_together(
    cast: Cast, verified: None, rounds: range
) -> None:
    for _ in rounds:
        cast.settings(counts_by="household")
        head, guest = cast.resident(), cast.resident()
        cast.give(guest, 50)

        def work(n: int, head: Caller = head, guest: Caller = guest) -> Any:
            return join(head, guest) if n == 0 else cast.admin.patch("/staff/settings", {"counts_by": "person"})

        joined, changed = race(2, work)
        assert (joined.status_code, changed.status_code) in ((201, 409), (404, 200))
        assert cast.balance(guest) == 50
        if joined.status_code == 201:
            break  # the community counts by household for good


def test_a_reviewer_who_is_taken_into_a_household_no_longer_approves_what_credits_it(
    cast: Cast, verified: None, rounds: range
) -> None:
    cast.settings(counts_by="household")
    for _ in rounds:
        head, relative = cast.resident(), cast.resident()
        reviewer, deeds = cast.staff("reviewer", COMMUNITY, resident=relative), [cast.deed(head) for _ in range(5)]

        def work(n: int, head: Caller = head, relative: Caller = relative, of: Any = (reviewer, deeds)) -> Any:
            return join(head, relative) if n == 5 else of[0].post(f"/staff/deeds/{of[1][n]}/approve")

        *answers, joined = race(6, work)
        assert joined.status_code == 201
        assert set(tally(answers)) <= {(200, ""), (403, "own_deed")}


def test_staff_who_are_taken_into_a_household_no_longer_record_what_it_gives(cast: Cast, verified: None, rounds: range) -> None:
    cast.settings(counts_by="household")
    body = {"lines": [{"name": "旧书", "quantity": 2, "points": 6}]}
    for _ in rounds:
        head, relative = cast.resident(), cast.resident()
        admin = cast.staff("admin", COMMUNITY, resident=relative)

        def work(n: int, head: Caller = head, relative: Caller = relative, admin: Caller = admin) -> Any:
            return join(head, relative) if n == 5 else admin.post("/staff/donations", {"resident_id": head.id, **body})

        *answers, joined = race(6, work)
        assert joined.status_code == 201
        assert set(tally(answers)) <= {(201, ""), (403, "own_donation")}
        assert _recorded_after_he_was_taken_in(cast, head) == 0


def test_newcomers_who_register_while_the_community_changes_all_have_a_household(cast: Cast, verified: None) -> None:
    made = race(6, lambda n: cast.resident() if n else cast.settings(counts_by="household"))
    for resident in made[1:]:
        assert resident is not None
        assert resident.get("/me").json["household"]["members"] == 1
        assert resident.post("/checkins").json["balance"] == 1


def test_who_leaves_while_the_community_changes_to_households_gets_none(
    cast: Cast, superuser: psycopg.Connection, data_dir: Path
) -> None:
    leaver, other = cast.grandmother.id, cast.volunteer.id
    assert cast.admin.id
    with psycopg.connect(embedded.superuser_url(data_dir, embedded.DATABASE)) as leaving, ThreadPoolExecutor(1) as threads:
        leaving.execute("UPDATE residents SET left_at = now(), name = '已退出' WHERE id = %s", [leaver])
        change = threads.submit(lambda: cast.settings(counts_by="household"))
        wait_for_a_lock(superuser)
        leaving.commit()
        change.result()
    homes = superuser.execute("SELECT id::text, household_id::text FROM residents ORDER BY left_at").fetchall()
    assert homes == [(leaver, None), (other, other)]
    assert superuser.execute("SELECT id::text FROM households").fetchall() == [(other,)]


def test_orders_that_lapse_while_their_household_is_merged_give_their_points_to_the_new_one(
    cast: Cast, app: Flask, verified: None, rounds: range
) -> None:
    cast.settings(counts_by="household")
    item = cast.item(price=10)
    for _ in rounds:
        buyer, other = cast.resident(), cast.resident()
        cast.give(buyer, 50)
        for _ in range(5):
            assert buyer.post("/orders", {"item_id": item, "quantity": 1}).status_code == 201

        def work(n: int, buyer: Caller = buyer, other: Caller = other) -> Any:
            if n == 0:
                return join(other, buyer).status_code
            with app.app_context():
                return jobs.lapse_orders()

        with clock.stopped_at(clock.now() + timedelta(days=8)):
            for caller in (buyer, other):
                caller.access_token = _fresh_token(caller)
            joined, *lapsed = race(3, work)
            assert joined == 201
            assert sum(lapsed) == 5
        for caller in (buyer, other):
            caller.access_token = _fresh_token(caller)
        assert cast.balance(other) == 50


def _recorded_after_he_was_taken_in(cast: Cast, head: Caller) -> int:
    late = """
        SELECT count(*) AS times FROM donations WHERE resident_id = :head AND created_at >
               (SELECT max(at) FROM household_moves WHERE kind = 'joined' AND to_id = :head)
    """
    row = cast.in_app(lambda: first(text(late), head=UUID(head.id)))
    assert row is not None
    return int(row.times)


def _fresh_token(caller: Caller) -> str:
    """His token as of now, whatever time that is."""
    return sessions._access_token(caller.actor.session_id)


def _naive_join(head: Caller, guest: Caller) -> bool:
    home = first(text("SELECT household_id AS id FROM residents WHERE id = :id"), id=UUID(guest.id))
    assert home is not None
    dawdle()
    if str(home.id) != guest.id:
        return False
    execute(text("UPDATE residents SET household_id = :to_id WHERE id = :id"), id=UUID(guest.id), to_id=UUID(head.id))
    return True


def _naive_merge(old: Caller, new: Caller) -> None:
    balance = text("SELECT balance FROM accounts WHERE owner = :owner AND kind = 'wallet'")
    mine, other = first(balance, owner=old.id), first(balance, owner=new.id)
    assert mine is not None
    assert other is not None
    dawdle()
    write = text("UPDATE accounts SET balance = :balance WHERE owner = :owner AND kind = 'wallet'")
    execute(write, owner=old.id, balance=0)
    execute(write, owner=new.id, balance=mine.balance + other.balance)
    execute(text("UPDATE residents SET household_id = :new WHERE id = :old"), old=UUID(old.id), new=UUID(new.id))
