"""Races over reviews: batches against each other and single decisions, handing in again against withdrawing and itself."""

from datetime import timedelta
from uuid import UUID

from flask import Flask
from sqlalchemy import text
from werkzeug.test import TestResponse

from kernel import clock
from kernel.database import execute
from points import batches, deeds
from tests.cast import COMMUNITY, Caller, Cast
from tests.conftest import findings
from tests.races.harness import dawdle, race, tally
from tests.races.test_deeds import _naive_approval

CALLERS = 9
BATCH = 6


def test_deeds_that_are_approved_in_batches_and_singly_and_rejected_at_once_are_each_decided_once(
    cast: Cast, verified: None, rounds: range
) -> None:
    for _ in rounds:
        residents, staff = [cast.resident(), cast.resident()], [cast.reviewer, cast.admin]
        waiting = [cast.deed(residents[n % 2]) for n in range(BATCH)]

        def work(n: int, waiting: list[str] = waiting, staff: list[Caller] = staff) -> TestResponse:
            if n % 3 == 0:
                return staff[n % 2].post("/staff/deeds/approve", {"ids": waiting if n % 2 else waiting[::-1]})
            deed = waiting[n % BATCH]
            if n % 3 == 1:
                return staff[n % 2].post(f"/staff/deeds/{deed}/approve")
            return staff[n % 2].post(f"/staff/deeds/{deed}/reject", {"reason": "不属实"})

        answers = race(CALLERS, work)
        batches = [answer.json for answer in answers[::3]]
        assert all(answer.status_code == 200 for answer in answers[::3])
        assert all(len(batch["approved"]) + len(batch["failed"]) == BATCH for batch in batches)
        single = tally(answer for n, answer in enumerate(answers) if n % 3)
        assert single.keys() <= {(200, ""), (409, "already_reviewed")}
        assert sum(len(batch["approved"]) for batch in batches) + single[200, ""] == BATCH
        shown = [residents[n % 2].get(f"/deeds/{deed}").json for n, deed in enumerate(waiting)]
        assert all(len(deed["steps"]) == 2 for deed in shown)
        for place, resident in enumerate(residents):
            assert cast.balance(resident) == 50 * sum(deed["status"] == "approved" for deed in shown[place::2])


def test_batches_that_cross_over_the_same_wallets_all_end(cast: Cast, verified: None, rounds: range) -> None:
    for _ in rounds:
        residents, staff = [cast.resident() for _ in range(3)], [cast.reviewer, cast.admin]
        waiting = [[cast.deed(residents[(n + k) % 3]) for k in range(3)] for n in range(6)]

        def work(n: int, waiting: list[list[str]] = waiting, staff: list[Caller] = staff) -> TestResponse:
            return staff[n % 2].post("/staff/deeds/approve", {"ids": waiting[n]})

        answers = race(6, work)
        assert [answer.json for answer in answers] == [{"approved": ids, "failed": []} for ids in waiting]
        assert [cast.balance(resident) for resident in residents] == [300, 300, 300]


def test_reviewers_who_are_each_others_neighbours_approve_batches_without_a_deadlock(
    cast: Cast, verified: None, rounds: range
) -> None:
    """Each holds the other's deeds and must know where he lives himself; a deadlock would raise, as nothing is retried here."""
    for _ in rounds:
        pair = [cast.resident(), cast.resident()]
        staff = [cast.staff("reviewer", COMMUNITY, resident=resident) for resident in pair]
        waiting = [[cast.deed(pair[1 - n]) for _ in range(5)] for n in range(2)]

        def work(n: int, staff: list[Caller] = staff, waiting: list[list[str]] = waiting) -> list[str]:
            return cast.in_app(lambda: batches.approve(staff[n].actor, waiting[n])).approved

        assert race(2, work) == waiting
        assert [cast.balance(resident) for resident in pair] == [250, 250]


def test_batches_that_look_before_they_write_credit_a_deed_many_times(cast: Cast, app: Flask) -> None:
    waiting = [cast.deed(cast.grandmother) for _ in range(2)]

    def naive(_: int) -> list[bool]:
        return cast.in_app(lambda: [_naive_approval(cast.grandmother, deed) for deed in waiting])

    wins = race(4, naive)
    assert sum(won for each in wins for won in each) > len(waiting)
    assert any(finding.startswith("4 每件通过的善行") for finding in findings(app))


def test_of_many_who_hand_a_deed_in_again_one_does_and_the_photos_are_his(cast: Cast, verified: None, rounds: range) -> None:
    for _ in rounds:
        resident = cast.resident()
        deed, photos = cast.returned(resident), [resident.upload() for _ in range(4)]

        def work(n: int, resident: Caller = resident, deed: str = deed, photos: list[str] = photos) -> TestResponse:
            return resident.patch(f"/deeds/{deed}", {"description": f"第 {n} 次", "upload_ids": [photos[n]]})

        answers = race(4, work)
        assert tally(answers) == {(200, ""): 1, (409, "already_reviewed"): 3}
        (winner,) = (n for n, answer in enumerate(answers) if answer.status_code == 200)
        shown = resident.get(f"/deeds/{deed}").json
        assert (shown["status"], shown["description"]) == ("pending", f"第 {winner} 次")
        assert [photo["id"] for photo in shown["photos"]] == [photos[winner]]
        assert [step["action"] for step in shown["steps"]] == ["declared", "returned", "resubmitted"]


def test_a_deed_that_is_handed_in_again_and_withdrawn_at_once_ends_withdrawn(cast: Cast, verified: None, rounds: range) -> None:
    for _ in rounds:
        resident = cast.resident()
        deed = cast.returned(resident)

        def work(n: int, resident: Caller = resident, deed: str = deed) -> TestResponse:
            return resident.post(f"/deeds/{deed}/withdraw") if n % 2 else resident.patch(f"/deeds/{deed}", {})

        answers = race(8, work)
        assert tally(answers[1::2]) == {(200, ""): 1, (409, "already_reviewed"): 3}
        assert tally(answers[::2]) in ({(409, "already_reviewed"): 4}, {(200, ""): 1, (409, "already_reviewed"): 3})
        shown = resident.get(f"/deeds/{deed}").json
        assert shown["status"] == "withdrawn"
        again = ["resubmitted"] if (200, "") in tally(answers[::2]) else []
        assert [step["action"] for step in shown["steps"]] == ["declared", "returned", *again, "withdrawn"]


def test_handing_in_that_looks_before_it_writes_is_done_many_times_and_undoes_a_withdrawal(cast: Cast) -> None:
    deed = cast.returned(cast.grandmother)
    wins = race(4, lambda _: cast.in_app(lambda: _naive_resubmission(cast.grandmother, deed)))
    assert wins.count(True) > 1
    assert any(_withdrawal_undone(cast) for _ in range(10))


def test_a_limit_holds_when_a_returned_deed_moves_and_others_are_declared_and_entered_at_once(
    cast: Cast, verified: None, rounds: range
) -> None:
    rule = cast.rule(limits={"per_day": 1})
    today, yesterday = str(clock.today()), clock.today() - timedelta(days=1)
    body = {"rule_id": rule, "occurred_on": today, "description": "晚上巡逻"}
    for _ in rounds:
        resident = cast.resident()
        deed = cast.returned(resident, rule_id=rule, occurred_on=yesterday)
        calls = [
            lambda resident=resident, deed=deed: resident.patch(f"/deeds/{deed}", {"occurred_on": today}),
            lambda resident=resident: resident.post("/deeds", body),
            lambda resident=resident: cast.reviewer.post(
                "/staff/deeds", {**body, "resident_id": resident.id, "channel": "visit"}
            ),
        ]
        answers = race(3, lambda n, calls=calls: calls[n]())
        assert sorted(answer.status_code for answer in answers)[1:] == [409, 409]
        assert sorted(answer.status_code for answer in answers)[0] in (200, 201)
        assert [each["occurred_on"] for each in resident.get("/deeds").json["items"]].count(today) == 1


def _withdrawal_undone(cast: Cast) -> bool:
    """Whether a naive handing in overtakes a withdrawal, so that what was withdrawn waits again."""
    deed = cast.returned(cast.grandmother)

    def work(n: int) -> bool:
        if n == 0:
            return cast.in_app(lambda: _naive_resubmission(cast.grandmother, deed))
        return cast.grandmother.post(f"/deeds/{deed}/withdraw").status_code == 200

    race(2, work)
    shown = cast.grandmother.get(f"/deeds/{deed}").json
    return shown["status"] == "pending" and any(step["action"] == "withdrawn" for step in shown["steps"])


def _naive_resubmission(resident: Caller, deed_id: str) -> bool:
    deed = deeds.get(resident.actor, UUID(deed_id))
    dawdle()
    if deed.status != "returned":
        return False
    execute(text("UPDATE deeds SET status = 'pending' WHERE id = :id"), id=UUID(deed_id))
    deeds.add_step(UUID(deed_id), "resubmitted", "resident", resident.actor.id, resident.actor.name)
    return True
