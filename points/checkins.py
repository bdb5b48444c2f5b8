"""Check-ins: once a day, each morning, with streaks."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import ForeignKey, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from kernel import audit, clock, ids
from kernel.database import Model, execute, first
from people.actors import Resident
from people.sessions import Unauthenticated
from points import ledger

POINTS = 1  # a day, by default of a new community


class CheckIn(Model):
    """A resident's check-in on a day of his community. `streak` counts the days in a row that it ends."""

    __tablename__ = "checkins"
    __table_args__ = (UniqueConstraint("resident_id", "day"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    resident_id: Mapped[UUID] = mapped_column(ForeignKey("residents.id"))
    day: Mapped[date]
    points: Mapped[int]
    streak: Mapped[int]
    created_at: Mapped[datetime]
    wallet: Mapped[str] = mapped_column(index=True)
    made_up: Mapped[bool]


@dataclass(frozen=True)
class CheckedIn:
    """The day's check-in and the wallet's balance after it; `first` unless he had checked in before."""

    date: date
    points: int
    streak: int
    balance: int
    first: bool


_INSERT = text(
    """
    INSERT INTO checkins (id, resident_id, day, points, streak, created_at, wallet, made_up)
    SELECT :id, :resident_id, :day, :points,
           1 + coalesce((SELECT streak FROM checkins WHERE resident_id = :resident_id AND day = :yesterday), 0),
           :now, wallet, false
    FROM (SELECT wallet FROM residents WHERE id = :resident_id AND left_at IS NULL FOR SHARE) whose
    ON CONFLICT (resident_id, day) DO NOTHING
    RETURNING streak, wallet
    """
)
_OF_DAY = text("SELECT id, points, streak FROM checkins WHERE resident_id = :resident_id AND day = :day")
_STREAK = text("SELECT streak FROM checkins WHERE resident_id = :resident_id AND day >= :yesterday ORDER BY day DESC LIMIT 1")
_BETWEEN = text(
    """
    SELECT day AS date, points, streak FROM checkins
    WHERE resident_id = :resident_id AND day >= :first AND day < :until ORDER BY day DESC
    """
)


def check_in(actor: Resident) -> CheckedIn:
    """Check in for today and earn the day's point; a second time on the same day changes nothing.

    Raises:
        Unauthenticated: he has just left the community.
    """
    today, checkin_id = clock.today(), ids.new()
    made = first(
        _INSERT,
        id=checkin_id,
        resident_id=actor.id,
        day=today,
        yesterday=today - timedelta(days=1),
        points=POINTS,
        now=clock.now(),
    )
    if made is None:
        done = first(_OF_DAY, resident_id=actor.id, day=today)
        if done is None:  # he left the community a moment ago
            raise Unauthenticated()
        return CheckedIn(today, done.points, done.streak, ledger.balance_after("checkin", done.id), first=False)
    source = ledger.Source("checkin", checkin_id, "每日签到")
    posted = ledger.credit(made.wallet, actor.community_code, POINTS, "checkin", source)
    assert posted.balance is not None
    audit.record(actor, "checkin.make", checkin_id, actor.community_code, points=POINTS)
    return CheckedIn(today, POINTS, made.streak, posted.balance, first=True)


def streak(actor: Resident) -> int:
    """How many days in a row the actor has checked in, up to today or, if he has not yet today, up to yesterday."""
    row = first(_STREAK, resident_id=actor.id, yesterday=clock.today() - timedelta(days=1))
    return row.streak if row else 0


def of_month(actor: Resident, month: date) -> list[dict[str, date | int]]:
    """The actor's check-ins in the month of a day, newest first: date, points, streak."""
    first_day = month.replace(day=1)
    rows = execute(_BETWEEN, resident_id=actor.id, first=first_day, until=clock.first_of_next_month(first_day))
    return [dict(row._mapping) for row in rows]
