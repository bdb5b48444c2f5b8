"""Races over imports: a file that two people send at once brings everybody once."""

import pytest
from flask import Flask
from sqlalchemy import text

from app import jobs
from points import imports
from points.imports import Person
from tests.cast import COMMUNITY, Cast
from tests.races.harness import dawdle, race


def _two_files(cast: Cast, names: list[str]) -> None:
    people = [Person(line, name) for line, name in enumerate(names, 2)]
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


def test_imports_that_do_not_wait_for_each_other_double_everybody(
    cast: Cast, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: each looks who is there, and then writes."""
    monkeypatch.setattr(imports, "_LOCK", text("SELECT CAST(:community_code AS text) IS NOT NULL AS mine"))
    known = imports._known

    def slow(*args: object) -> object:
        found = known(*args)  # type: ignore[arg-type]
        dawdle()
        return found

    _two_files(cast, [f"居民{k}" for k in range(5)])
    monkeypatch.setattr(imports, "_known", slow)
    waiting = cast.in_app(imports.due)
    done = race(2, lambda n: cast.in_app(lambda: imports.apply(waiting[n])))
    assert done == [True, True]
    assert _count(cast) == 10
