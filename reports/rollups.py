"""Rollups: the figures of each day that is over, kept so that those of a year are cheap.

They are derived from the rows and from nothing else, hold only what no longer changes, and may be made anew at any time. An
answer needs none of them: days that are not rolled up are read from the rows.
"""

import logging
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, text
from sqlalchemy.orm import Mapped, mapped_column

from kernel import clock
from kernel.database import Model, execute, transaction
from reports import facts

AFTER = timedelta(hours=1)  # what began before midnight has long ended by then
log = logging.getLogger("defen")


class RolledUpDay(Model):
    """A day whose figures are kept; the row is the claim of the worker that rolls it up."""

    __tablename__ = "rolled_up_days"

    day: Mapped[date] = mapped_column(primary_key=True)
    rolled_up_at: Mapped[datetime]


class DailyFigures(Model):
    """What a community did on a day: points, deeds approved (those revoked later among them), check-ins made."""

    __tablename__ = "daily_figures"

    community_code: Mapped[str] = mapped_column(ForeignKey("divisions.code"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    issued: Mapped[int]
    redeemed: Mapped[int]
    expired: Mapped[int]
    deeds: Mapped[int]
    checkins: Mapped[int]


class MonthlyParticipant(Model):
    """A resident who did anything in a month: `month` is its first day, `days` has a bit for each day, the lowest for the first.

    A row for each day would be thirty times as many to go through for those who took part in a year.
    """

    __tablename__ = "monthly_participants"

    month: Mapped[date] = mapped_column(primary_key=True)
    community_code: Mapped[str] = mapped_column(ForeignKey("divisions.code"), primary_key=True)
    resident_id: Mapped[UUID] = mapped_column(ForeignKey("residents.id"), primary_key=True)
    days: Mapped[int]


_FIRST = text(
    """
    SELECT least((SELECT min(created_at) FROM transfers), (SELECT min(created_at) FROM checkins),
                 (SELECT min(declared_at) FROM deeds), (SELECT min(placed_at) FROM orders)) AS at
    """
)
_DAYS = text("SELECT day FROM rolled_up_days WHERE day >= :first AND day <= :last")
_CLAIM = text("INSERT INTO rolled_up_days (day, rolled_up_at) VALUES (:day, :now) ON CONFLICT (day) DO NOTHING")
_FORGET = [text(f"DELETE FROM {table} WHERE day = :day") for table in ("rolled_up_days", "daily_figures")]
_FORGET_PARTICIPANTS = text("UPDATE monthly_participants SET days = days & ~CAST(:bit AS bigint) WHERE month = :month")
_FIGURES = text(
    f"""
    WITH {facts.LIVE}
    INSERT INTO daily_figures (community_code, day, issued, redeemed, expired, deeds, checkins)
    SELECT community_code, :day, {facts.SUMS} FROM ({facts.counted("true", "true", "true")}) counted GROUP BY community_code
    """
)
_PARTICIPANTS = text(
    f"""
    WITH {facts.LIVE}
    INSERT INTO monthly_participants AS p (month, community_code, resident_id, days)
    SELECT DISTINCT CAST(:month AS date), community_code, resident_id, CAST(:bit AS bigint) FROM ({facts.acts()}) acts
    ORDER BY community_code, resident_id
    ON CONFLICT (month, community_code, resident_id) DO UPDATE SET days = p.days | excluded.days
    """
)


def rolled_up(first: date, last: date) -> set[date]:
    """Which days of a range are rolled up."""
    return set(execute(_DAYS, first=first, last=last).scalars())


def months(days: Iterable[date]) -> dict[str, list[Any]]:
    """Days as the bits of their months: the values of `months` and `bits`."""
    bits: dict[date, int] = {}
    for day in days:
        month = day.replace(day=1)
        bits[month] = bits.get(month, 0) | _bit(day)
    return {"months": list(bits), "bits": list(bits.values())}


def _bit(day: date) -> int:
    return 1 << (day.day - 1)


def due() -> list[date]:
    """The days that are over for an hour and not rolled up yet, oldest first."""
    began = execute(_FIRST).scalar_one()
    if began is None:
        return []
    first, last = clock.day_of(began), clock.day_of(clock.now() - AFTER) - timedelta(days=1)
    done = rolled_up(first, last)
    days = (first + timedelta(days=n) for n in range((last - first).days + 1))
    return [day for day in days if day not in done]


def roll_up(day: date) -> bool:
    """Keep the figures of a day that is over; False where that was done before, be it a moment ago."""
    execute(text("SET LOCAL statement_timeout = '5min'"))
    if execute(_CLAIM, day=day, now=clock.now()).rowcount == 0:
        return False
    stretch = facts.stretches([day])
    execute(_FIGURES, day=day, **stretch)
    execute(_PARTICIPANTS, month=day.replace(day=1), bit=_bit(day), **stretch)
    return True


def roll_up_due() -> int:
    """Roll up all days that are due, each in a transaction of its own; how many were.

    One that fails is logged and left for the next time; its figures come from the rows meanwhile.
    """
    with transaction():
        days = due()
    return sum(_try(day) for day in days)


def _try(day: date) -> bool:
    try:
        with transaction():
            return roll_up(day)
    except Exception:
        log.exception("a day could not be rolled up", extra={"day": str(day)})
        return False


_KEPT = text("SELECT day FROM rolled_up_days ORDER BY day")


def rebuild() -> int:
    """Make all rollups anew from the rows, day by day, while the product works; how many days there are."""
    with transaction():
        kept = list(execute(_KEPT).scalars())
    for day in kept:
        with transaction():
            for forget in _FORGET:
                execute(forget, day=day)
            execute(_FORGET_PARTICIPANTS, month=day.replace(day=1), bit=_bit(day))
            roll_up(day)
    return len(kept) + roll_up_due()
