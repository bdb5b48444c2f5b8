"""Races over rules: two changes at once become two versions, and neither is lost."""

from uuid import UUID

import psycopg
from sqlalchemy import text

from kernel.database import execute, first
from tests.cast import Cast
from tests.races.harness import dawdle, race, tally

CHANGES = ({"points": 60}, {"title": "参加夜间巡逻"})


def test_two_changes_of_a_rule_at_once_both_hold(
    cast: Cast, superuser: psycopg.Connection, verified: None, rounds: range
) -> None:
    for _ in rounds:
        rule = cast.rule()
        answers = race(2, lambda n, rule=rule: cast.admin.patch(f"/staff/rules/{rule}", CHANGES[n]))
        assert tally(answers) == {(200, ""): 2}
        assert _versions(superuser, rule) == [1, 2, 3]
        now = next(shown for shown in cast.admin.get("/staff/rules?limit=100").json["items"] if shown["id"] == rule)
        assert (now["points"], now["title"]) == (60, "参加夜间巡逻")


def test_changes_that_look_before_they_write_lose_one(cast: Cast, superuser: psycopg.Connection) -> None:
    rule = cast.rule()
    race(2, lambda n: cast.in_app(lambda: _naive_change(rule, **CHANGES[n])))
    assert _versions(superuser, rule) == [1, 2]


def _versions(superuser: psycopg.Connection, rule: str) -> list[int]:
    rows = superuser.execute("SELECT version FROM rule_versions WHERE rule_id = %s ORDER BY version", (rule,))
    return [row[0] for row in rows]


_TERMS = text(
    """
    SELECT r.version, v.points, v.title FROM rules r JOIN rule_versions v ON v.rule_id = r.id AND v.version = r.version
    WHERE id = :id
    """
)
_ADD = text(
    """
    INSERT INTO rule_versions (rule_id, version, title, category, points, per_unit, evidence_required, created_at)
    VALUES (:id, :version, :title, '社区治理', :points, false, false, now()) ON CONFLICT DO NOTHING
    """
)


def _naive_change(rule: str, points: int | None = None, title: str | None = None) -> None:
    old = first(_TERMS, id=UUID(rule))
    assert old is not None
    dawdle()
    execute(_ADD, id=UUID(rule), version=old.version + 1, title=title or old.title, points=points or old.points)
    execute(text("UPDATE rules SET version = :version WHERE id = :id"), id=UUID(rule), version=old.version + 1)
