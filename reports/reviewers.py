"""Reviewers: who decided how many deeds and how fast, and what waits now."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from kernel import clock
from kernel.database import execute, first
from kernel.errors import ValidationFailed
from people.actors import Staff
from points.reviews import LATE_DAYS

DEFAULT_DAYS = 30


@dataclass(frozen=True)
class Reviewer:
    """What one reviewer decided; minutes from the last time a deed was declared or handed in again to his decision."""

    id: UUID
    name: str
    approved: int
    rejected: int
    returned: int
    median_minutes: int
    p90_minutes: int


@dataclass(frozen=True)
class Waiting:
    """What waits for review now: how many, since when the longest, and how many for more than three days."""

    count: int
    oldest_since: datetime | None
    late: int


@dataclass(frozen=True)
class Figures:
    """Reviews of some days, both included, those who decided most first; and what waits now."""

    start: date
    end: date
    reviewers: list[Reviewer]
    waiting: Waiting


# A deed is in the actor's part of the tree by its community, and for who works below one also by its resident's place.
_VISIBLE = """
    (d.community_code = CAST(:community AS text) OR CAST(:community AS text) IS NULL AND d.community_code IN (
        SELECT code FROM divisions WHERE level = 'community' AND starts_with(lineage, :scope)))
    AND (:whole OR EXISTS (SELECT FROM residents r JOIN divisions p ON p.code = r.place_code
                           WHERE r.id = d.resident_id AND starts_with(p.lineage, :scope)))
"""
# Since when a deed waited for what came at `until`.
_HANDED_IN = """
    SELECT max(h.at) AS at FROM deed_steps h
    WHERE h.deed_id = d.id AND h.action IN ('declared', 'resubmitted') AND h.at <= {until}
"""
_DECIDED = text(
    f"""
    SELECT m.id, m.name,
           count(*) FILTER (WHERE s.action = 'approved') AS approved,
           count(*) FILTER (WHERE s.action = 'rejected') AS rejected,
           count(*) FILTER (WHERE s.action = 'returned') AS returned,
           percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY extract(epoch FROM s.at - handed_in.at) / 60) AS minutes
    FROM deed_steps s JOIN deeds d ON d.id = s.deed_id JOIN staff m ON m.id = s.by_id
         CROSS JOIN LATERAL ({_HANDED_IN.format(until="s.at")}) handed_in
    WHERE s.action IN ('approved', 'rejected', 'returned') AND s.by_kind = 'staff' AND s.at >= :start AND s.at < :until
      AND {_VISIBLE}
    GROUP BY m.id, m.name ORDER BY count(*) DESC, m.id
    """
)
_WAITING = text(
    f"""
    SELECT count(*) AS total, min(handed_in.at) AS oldest_since, count(*) FILTER (WHERE handed_in.at < :late) AS late
    FROM deeds d CROSS JOIN LATERAL ({_HANDED_IN.format(until=":now")}) handed_in
    WHERE d.status = 'pending' AND {_VISIBLE}
    """
)


def figures(actor: Staff, start: date | None = None, end: date | None = None) -> Figures:
    """The reviews from one day to another, both included, in the actor's part of the tree; the last 30 days unless said.

    Raises:
        ValidationFailed: the last day is before the first.
    """
    end = end or clock.today()
    start = start or end - timedelta(days=DEFAULT_DAYS - 1)
    if end < start:
        raise ValidationFailed({"to": ["结束日期不能早于开始日期"]})
    days = {"start": clock.start_of(start), "until": clock.start_of(end + timedelta(days=1))}
    reviewers = [_reviewer(row) for row in execute(_DECIDED, **days, **_where(actor))]
    return Figures(start, end, reviewers, waiting(actor))


def waiting(actor: Staff) -> Waiting:
    """What waits for review now in the actor's part of the tree."""
    now = clock.now()
    row = first(_WAITING, now=now, late=now - timedelta(days=LATE_DAYS), **_where(actor))
    assert row is not None
    return Waiting(row.total, row.oldest_since, row.late)


def _where(actor: Staff) -> dict[str, Any]:
    return {"community": actor.community_code, "scope": actor.scope, "whole": actor.scope_level not in ("grid", "building")}


def _reviewer(row: Any) -> Reviewer:
    median, p90 = (round(minutes) for minutes in row.minutes)
    return Reviewer(row.id, row.name, row.approved, row.rejected, row.returned, median, p90)
