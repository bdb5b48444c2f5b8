"""Races over imports: a file that two people send at once brings everybody once."""

import pytest
from flask import Flask
from sqlalchemy import text

from app import jobs
from points import imports
from points.imports import Person
from tests.cast import COMMUNITY, Cast
from tests.races.harness import dawdle, race


def _two_files(cast: Cast, names: list[str], household: str | None = None) -> None:
    people = [
        Person(line, name, household=household, is_head=bool(household) and line == 3) for line, name in enumerate(names, 2)
    ]
    for _ in range(2):
        cast.in_app(lambda: imports.start(cast.admin.actor, people, [], filename="a", data=b"", dry_run=False))


def _workers(app: Flask, n: int) -> None:
    def work(_: int) -> None:
        with app.app_context():
            jobs.apply_imports()

    race(n, work)


def _count(cast: Cast) -> int:
    query = text("SELECT count(*) FROM residents WHERE community_code = :code")
    return cast.in_app(lambda: int(imports.execute(query, code=COMMUNITY).scalar_one()))


def test_of_two_imports_of_the_same_people_at_once_everybody_comes_once(cast: Cast, app: Flask, rounds: range) -> None:
    for n in rounds:
        before = _count(cast)
        _two_files(cast, [f"居民{n}-{k}" for k in range(5)])
        _workers(app, 4)
        _workers(app, 1)  # what had to wait for another is done in the next round
        assert _count(cast) - before == 5
        assert {one["status"] for one in cast.admin.get("/staff/imports").json["items"]} == {"done"}


def _homes(cast: Cast) -> list[int]:
    """How many people live in each household."""
    query = text("SELECT count(*) FROM residents WHERE community_code = :code GROUP BY household_id ORDER BY 1")
    return cast.in_app(lambda: list(imports.execute(query, code=COMMUNITY).scalars()))


def test_of_two_imports_of_the_same_household_at_once_it_is_founded_once(
    cast: Cast, app: Flask, rounds: range, verified: None
) -> None:
    cast.settings(counts_by="household")
    for n in rounds:
        _two_files(cast, [f"居民{n}-{k}" for k in range(5)], household=f"h{n}")
        _workers(app, 4)
        _workers(app, 1)
        assert _homes(cast) == [5] * (n - rounds[0] + 1)


def _merged_meanwhile(cast: Cast, number: int) -> tuple[bool, int]:
    """Newcomers move into a household while it is merged into another: whether they came, and how many live in merged ones."""
    old, home = cast.resident(f"旧户{number}"), cast.resident(f"新户{number}")
    cards = [one.get("/me").json["household"] for one in (old, home)]
    cast.in_app(
        lambda: imports.start(
            cast.admin.actor,
            [Person(2, f"新人{number}", household=str(cards[0]["number"]))],
            [],
            filename="a",
            data=b"",
            dry_run=False,
        )
    )
    (waiting,) = cast.in_app(imports.due)

    def work(n: int) -> bool:
        if n:
            return cast.in_app(lambda: imports.apply(waiting))
        merge = {"into_id": cards[1]["id"], "reason": "合并"}
        return bool(cast.admin.post(f"/staff/households/{cards[0]['id']}/merge", merge).status_code == 200)

    assert race(2, work) == [True, True]
    lost = text("SELECT count(*) FROM residents r JOIN households h ON h.id = r.household_id WHERE h.merged_into IS NOT NULL")
    return True, cast.in_app(lambda: int(imports.execute(lost).scalar_one()))


def test_who_moves_into_a_household_that_is_being_merged_lives_in_the_other_one(
    cast: Cast, rounds: range, verified: None
) -> None:
    cast.settings(counts_by="household")
    for n in rounds:
        assert _merged_meanwhile(cast, n) == (True, 0)


def test_newcomers_that_do_not_look_again_behind_the_lock_move_into_households_that_are_gone(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: where they are to live is looked up once, without a lock."""
    cast.settings(counts_by="household")

    def once(community_code: str, people: list[Person]) -> object:
        known = imports._known(community_code, people)
        plan = imports.homes.plan(community_code, people, known)
        dawdle()
        return known, plan

    monkeypatch.setattr(imports, "_looked_up", once)
    assert any(_merged_meanwhile(cast, n)[1] for n in range(10))


@pytest.mark.parametrize("counts_by", ["person", "household"])
def test_imports_that_do_not_wait_for_each_other_double_everybody(
    cast: Cast, app: Flask, monkeypatch: pytest.MonkeyPatch, counts_by: str
) -> None:
    """The control: each looks who is there, and then writes."""
    monkeypatch.setattr(imports, "_LOCK", text("SELECT CAST(:community_code AS text) IS NOT NULL AS mine"))
    known = imports._known

    def slow(*args: object) -> object:
        found = known(*args)  # type: ignore[arg-type]
        dawdle()
        return found

    cast.settings(counts_by=counts_by)
    _two_files(cast, [f"居民{k}" for k in range(5)], household="h" if counts_by == "household" else None)
    monkeypatch.setattr(imports, "_known", slow)
    waiting = cast.in_app(imports.due)
    done = race(2, lambda n: cast.in_app(lambda: imports.apply(waiting[n])))
    assert done == [True, True]
    assert _count(cast) == 10
    assert counts_by == "person" or _homes(cast) == [5, 5]
