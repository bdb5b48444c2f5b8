"""A merchant's statement: what it took in a month, to the point, line by line."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import text

from kernel import clock
from kernel.database import execute, first
from people.actors import Merchant


@dataclass(frozen=True)
class Line:
    """One scan: how many pieces of which item for how many points."""

    scan_id: UUID
    at: datetime
    item: str
    pieces: int
    points: int
    status: str


@dataclass(frozen=True)
class Statement:
    """A month in points: opening + taken − refunded − settled = closing."""

    month: str
    opening: int
    taken: int
    refunded: int
    settled: int
    closing: int
    lines: list[Line]


COLUMNS = ("时间", "项目", "件数", "积分")
_OPENING = text("SELECT coalesce(sum(points), 0) AS points FROM scans WHERE merchant_id = :merchant_id AND at < :start")
_LINES = text(
    """
    SELECT s.id, s.at, i.name, s.pieces, s.points
    FROM scans s JOIN orders o ON o.id = s.order_id JOIN items i ON i.id = o.item_id
    WHERE s.merchant_id = :merchant_id AND s.at >= :start AND s.at < :until ORDER BY s.id
    """
)


def of_month(actor: Merchant, month: date) -> Statement:
    """The statement of the actor's merchant for the month of a day, its lines oldest first.

    Refunds and settlements do not exist yet, so nothing is taken off what was scanned.
    """
    start_day = month.replace(day=1)
    start, until = clock.start_of(start_day), clock.start_of(clock.first_of_next_month(start_day))
    before = first(_OPENING, merchant_id=actor.merchant_id, start=start)
    assert before is not None
    opening = int(before.points)
    rows = execute(_LINES, merchant_id=actor.merchant_id, start=start, until=until)
    lines = [Line(r.id, r.at, r.name, r.pieces, r.points, "redeemed") for r in rows]
    taken = sum(line.points for line in lines)
    return Statement(f"{start_day:%Y-%m}", opening, taken, 0, 0, opening + taken, lines)


def table(statement: Statement) -> list[tuple[str | int | None, ...]]:
    """The statement as rows under COLUMNS: the opening, each line, and the sums that lead to the closing."""
    lines = [
        (f"{line.at.astimezone(clock.zone()):%Y-%m-%d %H:%M:%S}", line.item, line.pieces, line.points) for line in statement.lines
    ]
    sums = (("本月收分", statement.taken), ("本月退分", -statement.refunded), ("本月已结算", -statement.settled))
    return [
        ("月初结存", None, None, statement.opening),
        *lines,
        *((name, None, None, points) for name, points in sums),
        ("月末结存", None, None, statement.closing),
    ]
