"""Races over rule lists: of two imports at once one does the work, and the other finds it done."""

import io
from collections import Counter

import psycopg
import pytest
from sqlalchemy import text

from kernel import tables
from points import rule_lists
from tests.cast import Caller, Cast
from tests.races.harness import dawdle, race, tally
from tests.races.test_rules import _versions

HEADER = ["编号", "名称", "类别", "积分"]


def _send(caller: Caller, points: int, prefix: str = "A") -> Counter[str]:
    data = tables.to_csv(HEADER, [[f"{prefix}-{n}", "巡逻", "社区治理", points] for n in range(5)])
    answer = caller.call("POST", "/staff/rules/import", data={"file": (io.BytesIO(data), "rules.csv")})
    assert tally([answer]) == {(200, ""): 1}, answer.text
    return Counter(line["result"] for line in answer.json["lines"])


def test_of_two_imports_of_a_list_at_once_one_makes_the_rules_and_one_finds_them(
    cast: Cast, superuser: psycopg.Connection, rounds: range
) -> None:
    for n in rounds:
        admin = cast.admin
        done = race(2, lambda _, n=n, admin=admin: _send(admin, 50, f"R{n}"))
        assert sum(done, Counter()) == {"added": 5, "unchanged": 5}
        done = race(2, lambda _, n=n, admin=admin: _send(admin, 60, f"R{n}"))
        assert sum(done, Counter()) == {"changed": 5, "unchanged": 5}
    (most,) = superuser.execute("SELECT max(version) FROM rules").fetchone() or (0,)
    assert most == 2


def test_imports_that_do_not_wait_for_each_other_change_a_rule_twice(
    cast: Cast, superuser: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: each compares, and then writes."""
    admin = cast.admin
    _send(admin, 50)
    for lock in ("_LOCK_COMMUNITY", "_LOCK_RULES"):
        given = {
            "_LOCK_COMMUNITY": "SELECT CAST(:code AS text)",
            "_LOCK_RULES": "SELECT CAST(:community_code AS text), CAST(:codes AS text[])",
        }
        monkeypatch.setattr(rule_lists, lock, text(given[lock]))
    compare = rule_lists._check

    def slow(*args: object) -> None:
        compare(*args)  # type: ignore[arg-type]
        dawdle()

    monkeypatch.setattr(rule_lists, "_check", slow)
    assert sum(race(2, lambda _: _send(admin, 60)), Counter()) == {"changed": 10}
    rule = admin.get("/staff/rules").json["items"][0]["id"]
    assert _versions(superuser, rule) == [1, 2, 3]
