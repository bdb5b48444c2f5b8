"""Check-ins: once a day, each morning, with streaks."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Row, UniqueConstraint, select, text
from sqlalchemy.orm import Mapped, mapped_column

from kernel import audit, clock, ids
from kernel.database import Model, db, execute, first
from kernel.errors import Conflict, ValidationFailed
from people import residents, settings
from people.actors import Resident
from people.sessions import Unauthenticated
from people.settings import Settings
from points import awards, ledger, wallets


class CheckIn(Model):
    """A resident's check-in on a day of his community. `streak` counts the days in a row that it ends.

    `wallet` is the one it was credited to; a day that was `made_up` for later pays nothing.
    """

    __tablename__ = "checkins"
    __table_args__ = (UniqueConstraint("resident_id", "day"), Index(None, "created_at"))

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


_BONUS = """coalesce((SELECT sum(b.points) FROM jsonb_to_recordset({bonuses}) AS b(streak bigint, points bigint)
                      WHERE b.streak = {streak}), 0)"""
# The points are those of the community's settings, with what its table of bonuses pays for the streak that the day reaches.
_INSERT = text(
    f"""
    WITH whose AS (
        SELECT r.wallet, coalesce(s.checkin_points, :default_points) AS points, s.streak_bonuses, s.budget_per_month,
               s.make_up_cards,
               1 + coalesce((SELECT streak FROM checkins WHERE resident_id = :resident_id AND day = :yesterday), 0) AS streak
        FROM residents r LEFT JOIN community_settings s ON s.community_code = r.community_code
        WHERE r.id = :resident_id AND r.left_at IS NULL FOR SHARE OF r
    ), made AS (
        INSERT INTO checkins (id, resident_id, day, points, streak, created_at, wallet, made_up)
        SELECT :id, :resident_id, :day,
               points + {_BONUS.format(bonuses="whose.streak_bonuses", streak="whose.streak")},
               streak, :now, wallet, false
        FROM whose
        ON CONFLICT (resident_id, day) DO NOTHING
        RETURNING points, streak, wallet
    )
    SELECT made.*, whose.budget_per_month, whose.make_up_cards FROM made, whose
    """
)
# A missed day may have been made up for while the insert waited for the resident's lock: behind it there is a second look.
_GO_ON = text(
    f"""
    UPDATE checkins c
    SET streak = y.streak + 1, points = c.points + {_BONUS.format(bonuses="s.streak_bonuses", streak="y.streak + 1")}
                                                 - {_BONUS.format(bonuses="s.streak_bonuses", streak="c.streak")}
    FROM checkins y, community_settings s
    WHERE c.id = :id AND y.resident_id = c.resident_id AND y.day = :yesterday AND s.community_code = :community_code
      AND c.streak <> y.streak + 1
    RETURNING c.points, c.streak, c.wallet, s.budget_per_month
    """
)
_OF_DAY = text("SELECT id, points, streak, wallet, created_at FROM checkins WHERE resident_id = :resident_id AND day = :day")
_STREAK = text("SELECT streak FROM checkins WHERE resident_id = :resident_id AND day >= :yesterday ORDER BY day DESC LIMIT 1")
_BETWEEN = text(
    """
    SELECT day AS date, points, streak, made_up FROM checkins
    WHERE resident_id = :resident_id AND day >= :first AND day < :until ORDER BY day DESC
    """
)


def check_in(actor: Resident) -> CheckedIn:
    """Check in for today and earn the day's points; a second time on the same day changes nothing.

    Where the month's budget has no room left for them, the day pays nothing and the streak goes on.

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
        default_points=Settings.checkin_points,
        now=clock.now(),
    )
    if made is None:
        done = first(_OF_DAY, resident_id=actor.id, day=today)
        if done is None:  # he left the community a moment ago
            raise Unauthenticated()
        return CheckedIn(today, done.points, done.streak, _balance_then(done), first=False)
    if made.make_up_cards:
        yesterday = {"yesterday": today - timedelta(days=1), "community_code": actor.community_code}
        made = first(_GO_ON, id=checkin_id, **yesterday) or made
    points = made.points
    if points and not awards.within_budget(actor.community_code, points, made.budget_per_month):
        points = 0
        execute(_PAY_NOTHING, id=checkin_id)
    balance = _credit(actor, checkin_id, made.wallet, points)
    audit.record(actor, "checkin.make", checkin_id, actor.community_code, points=points)
    return CheckedIn(today, points, made.streak, balance, first=True)


_PAY_NOTHING = text("UPDATE checkins SET points = 0 WHERE id = :id")


def _credit(actor: Resident, checkin_id: UUID, wallet: str, points: int) -> int:
    if not points:
        return wallets.balances(actor).balance
    source = ledger.Source("checkin", checkin_id, "每日签到")
    posted = ledger.credit(wallet, actor.community_code, points, "checkin", source)
    assert posted.balance is not None
    return posted.balance


def _balance_then(done: Row[Any]) -> int:
    return ledger.balance_after("checkin", done.id) if done.points else wallets.balance_at(done.wallet, done.created_at)


class NoMakeUpCard(Conflict):
    title = "这个月的补签卡已经用完，或社区没有开通补签"


class NotMissed(Conflict):
    title = "这一天已经签到过了，不用补签"


_MADE_UP = text("SELECT count(*) FROM checkins WHERE resident_id = :resident_id AND made_up AND day >= :first AND day < :until")
_MAKE_UP = text(
    """
    INSERT INTO checkins (id, resident_id, day, points, streak, created_at, wallet, made_up)
    SELECT :id, :resident_id, :day, 0,
           1 + coalesce((SELECT streak FROM checkins WHERE resident_id = :resident_id AND day = :day_before), 0),
           :now, r.wallet, true
    FROM residents r WHERE r.id = :resident_id
    ON CONFLICT (resident_id, day) DO NOTHING
    RETURNING streak
    """
)
# The days in a row that began right after it now go on from it.
_JOIN = text(
    """
    UPDATE checkins SET streak = streak + :streak
    WHERE resident_id = :resident_id AND day > :day AND day - CAST(streak AS integer) = :day
    """
)


def make_up(actor: Resident, day: date) -> CheckIn:
    """Make up for a missed day of this month with a card: it pays nothing, but the streak runs through it.

    Raises:
        ValidationFailed: the day is not a past day of this month, or lies before he joined.
        NoMakeUpCard: the month's cards are used up.
        NotMissed: he checked in on that day.
    """
    today = clock.today()
    if not _first_to_make_up(actor, today) <= day < today:
        raise ValidationFailed({"date": ["只能补签本月已经过去的日子"]})
    residents.lock(actor.id)  # his cards are counted one after the other
    if cards_left(actor, day) == 0:
        raise NoMakeUpCard()
    values = {"resident_id": actor.id, "day": day}
    made = first(_MAKE_UP, id=ids.new(), day_before=day - timedelta(days=1), now=clock.now(), **values)
    if made is None:
        raise NotMissed()
    execute(_JOIN, streak=made.streak, **values)
    checkin = db.session.scalars(select(CheckIn).filter_by(resident_id=actor.id, day=day)).one()
    audit.record(actor, "checkin.make_up", checkin.id, actor.community_code, day=day)
    return checkin


def cards_left(actor: Resident, month: date) -> int:
    """How many days of the month of a day may still be made up for."""
    first_day = month.replace(day=1)
    until = clock.first_of_next_month(first_day)
    used = execute(_MADE_UP, resident_id=actor.id, first=first_day, until=until).scalar_one()
    return max(0, settings.of(actor.community_code).make_up_cards - int(used))


def streak(actor: Resident) -> int:
    """How many days in a row the actor has checked in, up to today or, if he has not yet today, up to yesterday."""
    row = first(_STREAK, resident_id=actor.id, yesterday=clock.today() - timedelta(days=1))
    return row.streak if row else 0


def of_day(actor: Resident, day: date) -> dict[str, Any] | None:
    """The actor's check-in on a day, None where there is none: date, points, streak, made_up."""
    row = first(_BETWEEN, resident_id=actor.id, first=day, until=day + timedelta(days=1))
    return dict(row._mapping) if row else None


def missed(actor: Resident) -> list[date]:
    """The days for which the actor may still make up: those of this month since he joined without a check-in, newest first."""
    today = clock.today()
    begins = _first_to_make_up(actor, today)
    done = {day["date"] for day in of_month(actor, today)}
    days = (today - timedelta(days=ago) for ago in range(1, (today - begins).days + 1))
    return [day for day in days if day not in done]


def _first_to_make_up(actor: Resident, today: date) -> date:
    return max(today.replace(day=1), clock.day_of(residents.get(actor.id).created_at))


def of_month(actor: Resident, month: date) -> list[dict[str, Any]]:
    """The actor's check-ins in the month of a day, newest first: date, points, streak, made_up."""
    first_day = month.replace(day=1)
    rows = execute(_BETWEEN, resident_id=actor.id, first=first_day, until=clock.first_of_next_month(first_day))
    return [dict(row._mapping) for row in rows]
