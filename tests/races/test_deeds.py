"""Races over deeds: one decision and one credit, whoever else reviews; a limit holds, however fast deeds are declared."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from flask import Flask
from sqlalchemy import CursorResult, TextClause, text
from werkzeug.test import TestResponse

from app import embedded
from kernel import clock, ids
from kernel.database import add, execute, first
from people import residents
from points import deeds, ledger
from points.deeds import Deed
from tests.answers import refused
from tests.cast import COMMUNITY, Caller, Cast
from tests.conftest import findings
from tests.races.harness import dawdle, only, race, tally, wait_for_a_lock

REVIEWERS = 16
DECISIONS = {"approve": "approved", "reject": "rejected", "return": "returned", "withdraw": "withdrawn"}


def test_of_16_approvals_of_one_deed_one_credits_it(cast: Cast, verified: None, rounds: range) -> None:
    for _ in rounds:
        resident, staff = cast.resident(), [cast.reviewer, cast.admin]
        deed = cast.deed(resident)
        answers = race(REVIEWERS, lambda n, deed=deed, staff=staff: staff[n % 2].post(f"/staff/deeds/{deed}/approve"))
        assert tally(answers) == {(200, ""): 1, (409, "already_reviewed"): REVIEWERS - 1}
        assert cast.balance(resident) == only(answers, 200).json["points"] == 50


def test_a_deed_that_is_approved_rejected_returned_and_withdrawn_at_once_is_decided_once(
    cast: Cast, verified: None, rounds: range
) -> None:
    for _ in rounds:
        resident, staff = cast.resident(), [cast.reviewer, cast.admin]
        deed = cast.deed(resident)

        def work(n: int, resident: Caller = resident, deed: str = deed, staff: list[Caller] = staff) -> TestResponse:
            decision = list(DECISIONS)[n % 4]
            if decision == "withdraw":
                return resident.post(f"/deeds/{deed}/withdraw")
            body = {"reason": "照片与所报的事不符"} if decision != "approve" else None
            return staff[n % 2].post(f"/staff/deeds/{deed}/{decision}", body)

        answers = race(REVIEWERS, work)
        shown = resident.get(f"/deeds/{deed}").json
        decisions = [step["action"] for step in shown["steps"][1:]]
        # What was returned may still be withdrawn; nothing else comes after a decision.
        assert len(decisions) == 1 or decisions == ["returned", "withdrawn"]
        assert shown["status"] == decisions[-1]
        assert tally(answers) == {(200, ""): len(decisions), (409, "already_reviewed"): REVIEWERS - len(decisions)}
        assert cast.balance(resident) == (50 if decisions == ["approved"] else 0)


def test_an_approval_that_looks_before_it_writes_credits_a_deed_many_times(cast: Cast, app: Flask) -> None:
    deed = cast.deed(cast.grandmother)
    wins = race(REVIEWERS, lambda _: cast.in_app(lambda: _naive_approval(cast.grandmother, deed)))
    assert wins.count(True) > 1
    assert cast.balance(cast.grandmother) > 50
    assert any(finding.startswith("4 每件通过的善行") for finding in findings(app))


def test_of_two_declarations_of_a_rule_for_once_a_day_one_is_taken(cast: Cast, verified: None, rounds: range) -> None:
    rule = cast.rule(limits={"per_day": 1})
    body = {"rule_id": rule, "occurred_on": str(clock.today()), "description": "晚上巡逻"}
    for _ in rounds:
        resident = cast.resident()
        answers = race(2, lambda _, resident=resident: resident.post("/deeds", body))
        assert tally(answers) == {(201, ""): 1, (409, "limit_reached"): 1}
        assert len(resident.get("/deeds").json["items"]) == 1


def test_declarations_that_count_before_they_write_exceed_the_limit(cast: Cast, app: Flask) -> None:
    rule = cast.rule(limits={"per_day": 1})
    wins = race(2, lambda _, resident=cast.grandmother: cast.in_app(lambda: _naive_declaration(resident, rule)))
    assert wins == [True, True]
    assert any(finding.startswith("11 没有超过规则的上限") for finding in findings(app))


def test_two_members_of_a_household_at_once_do_not_exceed_its_limit(cast: Cast, verified: None, rounds: range) -> None:
    rule = cast.rule(limits={"per_household_month": 1})
    body = {"rule_id": rule, "occurred_on": str(clock.today()), "description": "打扫院坝"}
    for _ in rounds:
        members = [cast.resident(), cast.resident()]
        cast.household(*members)
        answers = race(2, lambda n, members=members: members[n].post("/deeds", body))
        assert tally(answers) == {(201, ""): 1, (409, "limit_reached"): 1}


def test_members_who_count_before_they_write_exceed_the_limit_of_their_household(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: each holds a lock, his own only."""
    rule = cast.rule(limits={"per_household_month": 1})
    members = [cast.resident(), cast.resident()]
    cast.household(*members)
    monkeypatch.setattr(deeds, "_LOCK_HOUSEHOLD", text("SELECT CAST(:id AS uuid)"))
    _dawdle_after(monkeypatch, deeds._DECLARED)
    body = {"rule_id": rule, "occurred_on": str(clock.today()), "description": "打扫院坝"}
    answers = race(2, lambda n: members[n].post("/deeds", body))
    assert tally(answers) == {(201, ""): 2}


def test_of_two_declarations_in_a_community_of_once_a_day_one_is_taken(cast: Cast, verified: None, rounds: range) -> None:
    cast.settings(same_rule_once_a_day=True)
    body = {"rule_id": cast.patrol, "occurred_on": str(clock.today()), "description": "晚上巡逻"}
    for _ in rounds:
        resident = cast.resident()
        answers = race(2, lambda _, resident=resident: resident.post("/deeds", body))
        assert tally(answers) == {(201, ""): 1, (409, "limit_reached"): 1}


def test_without_the_lock_a_rule_for_once_a_day_is_declared_twice(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control."""
    cast.settings(same_rule_once_a_day=True)
    resident, rule = cast.grandmother, cast.patrol
    monkeypatch.setattr(residents, "_LOCK", text("SELECT FROM residents WHERE id = :id"))
    monkeypatch.setattr(deeds, "_LOCK_RESIDENT", text("SELECT household_id FROM residents WHERE id = :id"))
    _dawdle_after(monkeypatch, deeds._DECLARED)
    body = {"rule_id": rule, "occurred_on": str(clock.today()), "description": "晚上巡逻"}
    assert tally(race(2, lambda _: resident.post("/deeds", body))) == {(201, ""): 2}


def _dawdle_after(monkeypatch: pytest.MonkeyPatch, look: TextClause) -> None:
    """Widen the window between the count and what is written after it."""

    def slow(statement: TextClause, /, **values: Any) -> CursorResult[Any]:
        found = execute(statement, **values)
        if statement is look:
            dawdle()
        return found

    monkeypatch.setattr(deeds, "execute", slow)


def _naive_approval(resident: Caller, deed_id: str) -> bool:
    deed = first(text("SELECT status FROM deeds WHERE id = :id"), id=UUID(deed_id))
    assert deed is not None
    dawdle()
    if deed.status != "pending":
        return False
    approve = "UPDATE deeds SET status = 'approved', points = 50, wallet = resident_id::text, approved_at = now() WHERE id = :id"
    execute(text(approve), id=UUID(deed_id))
    ledger.credit(resident.id, COMMUNITY, 50, "deed", ledger.Source("deed", ids.new(), "参加治安巡逻"))
    return True


def _naive_declaration(resident: Caller, rule_id: str) -> bool:
    mine = text("SELECT count(*) AS times FROM deeds WHERE resident_id = :resident_id AND rule_id = :rule_id")
    declared = first(mine, resident_id=resident.actor.id, rule_id=UUID(rule_id))
    assert declared is not None
    dawdle()
    if declared.times >= 1:
        return False
    deed = Deed(id=ids.new(), resident_id=resident.actor.id, community_code=COMMUNITY, rule_id=UUID(rule_id), rule_version=1)
    deed.occurred_on, deed.declared_at, deed.status = clock.today(), clock.now(), "pending"
    deed.description, deed.channel = "晚上巡逻", "self"
    add(deed)
    return True


# --- a photo that is swept -----------------------------------------------------------------------------------------------------


def test_a_photo_that_is_swept_while_it_is_attached_is_not_found(
    cast: Cast, superuser: psycopg.Connection, data_dir: Path
) -> None:
    body = {"rule_id": cast.patrol, "occurred_on": str(clock.today()), "description": "晚上巡逻"}
    photo_id = cast.grandmother.upload()
    with psycopg.connect(embedded.superuser_url(data_dir, embedded.DATABASE)) as sweep, ThreadPoolExecutor(1) as threads:
        sweep.execute("DELETE FROM uploads WHERE id = %s", [photo_id])
        answer = threads.submit(lambda: cast.grandmother.post("/deeds", {**body, "upload_ids": [photo_id]}))
        wait_for_a_lock(superuser)
        sweep.commit()
        refused(answer.result(), 404, "not_found")
    assert cast.grandmother.get("/deeds").json["items"] == []
