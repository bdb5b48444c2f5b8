"""Awards: how an approved deed is credited. At once, or when the public notice is over, or when the month's budget has room."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, bindparam, text
from sqlalchemy.orm import Mapped, mapped_column

from kernel import audit, clock
from kernel.database import Model, execute, first
from kernel.errors import Conflict
from people import settings
from people.actors import WORKER
from people.settings import Settings
from points import households, ledger


class CapReached(Conflict):
    title = "这位居民的积分已到社区规定的上限，请减少积分或过些时候再审核"


class BudgetExhausted(Conflict):
    title = "社区本月的积分预算已经用完，请下个月再登记"


class WaitingCredit(Model):
    """An approved deed that is not credited yet: it waits for the notice to end or for a budget, until a day."""

    __tablename__ = "waiting_credits"
    __table_args__ = (
        CheckConstraint("waits_for IN ('notice', 'budget')", name="waits_for"),
        Index("waiting_credits_due_idx", "until", postgresql_where=text("ended_at IS NULL")),
    )

    deed_id: Mapped[UUID] = mapped_column(ForeignKey("deeds.id"), primary_key=True)
    waits_for: Mapped[str]
    until: Mapped[date]
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class BudgetMonth(Model):
    """What a community with a budget has issued in a month, given by its first day."""

    __tablename__ = "budget_months"
    __table_args__ = (CheckConstraint("issued >= 0", name="issued"),)

    community_code: Mapped[str] = mapped_column(ForeignKey("divisions.code"), primary_key=True)
    month: Mapped[date] = mapped_column(primary_key=True)
    issued: Mapped[int]


@dataclass(frozen=True)
class Approved:
    """An approved deed: whose wallet is credited with how many points, under which title."""

    deed_id: UUID
    community_code: str
    wallet: str
    points: int
    title: str


_WAIT = text(
    """
    INSERT INTO waiting_credits (deed_id, waits_for, until, created_at) VALUES (:deed_id, :waits_for, :until, :now)
    ON CONFLICT (deed_id) DO UPDATE SET waits_for = excluded.waits_for, until = excluded.until, ended_at = NULL
    """
)


def award(deed: Approved, terms: Settings) -> None:
    """Credit an approved deed, or have the credit wait where the community's notice or budget says so."""
    if terms.notice_days:
        _wait(deed.deed_id, "notice", clock.today() + timedelta(days=terms.notice_days))
    else:
        _credit_within_budget(deed, terms)


def _credit_within_budget(deed: Approved, terms: Settings) -> bool:
    """Credit a deed; False where the budget has no room, and it waits for the next month."""
    if within_budget(deed.community_code, deed.points, terms.budget_per_month):
        source = ledger.Source("deed", deed.deed_id, deed.title)
        ledger.credit(deed.wallet, deed.community_code, deed.points, "deed", source)
        return True
    _wait(deed.deed_id, "budget", clock.first_of_next_month(clock.today()))
    return False


def _wait(deed_id: UUID, waits_for: str, until: date) -> None:
    execute(_WAIT, deed_id=deed_id, waits_for=waits_for, until=until, now=clock.now())


_ISSUE = text(
    """
    INSERT INTO budget_months AS b (community_code, month, issued)
    SELECT :community_code, :month, :points WHERE :points <= :budget
    ON CONFLICT (community_code, month) DO UPDATE SET issued = b.issued + :points WHERE b.issued + :points <= :budget
    """
).bindparams(bindparam("points", type_=BigInteger), bindparam("budget", type_=BigInteger))


def within_budget(community_code: str, points: int, budget: int | None) -> bool:
    """Count points against the community's budget of this month; False, and nothing is counted, where it has no room."""
    if budget is None:
        return True
    month = clock.today().replace(day=1)
    return execute(_ISSUE, community_code=community_code, month=month, points=points, budget=budget).rowcount == 1


_LOCK_RESIDENT = text("SELECT FROM residents WHERE id = :id FOR NO KEY UPDATE")
_EARNED = text(
    """
    SELECT coalesce(sum(points), 0) AS points FROM deeds
    WHERE resident_id = :resident_id AND status = 'approved'
      AND date_trunc(:period, occurred_on) = date_trunc(:period, CAST(:day AS date))
    """
)


def lock_for_caps(resident_id: UUID, terms: Settings) -> None:
    """Where there are caps, have the resident's deeds approved one after the other."""
    if terms.caps:
        execute(_LOCK_RESIDENT, id=resident_id)


def check_caps(resident_id: UUID, occurred_on: date, terms: Settings) -> None:
    """Refuse what went over a cap. Raises CapReached, which says by how much."""
    for period, cap in terms.caps.items():
        row = first(_EARNED, resident_id=resident_id, period=period, day=occurred_on)
        assert row is not None
        if row.points > cap:
            word = {"day": "当天", "week": "当周", "month": "当月"}[period]
            raise CapReached(f"{word}上限 {cap} 分，这一件会超出 {row.points - cap} 分")


_DUE = text("SELECT deed_id FROM waiting_credits WHERE ended_at IS NULL AND until <= :today ORDER BY until LIMIT :limit")


def due(limit: int = 100) -> list[UUID]:
    """Deeds whose credit need not wait any longer, the oldest first."""
    return list(execute(_DUE, today=clock.today(), limit=limit).scalars())


_END = text("UPDATE waiting_credits SET ended_at = :now WHERE deed_id = :deed_id AND ended_at IS NULL")
# Whose wallet it is may have changed meanwhile; who has left the community earned it for the household he lived in.
_TAKE_UP = text(
    """
    WITH whose AS (
        SELECT r.id, r.wallet, r.left_at IS NOT NULL AS gone
        FROM residents r JOIN deeds d ON d.resident_id = r.id WHERE d.id = :deed_id FOR SHARE OF r
    )
    UPDATE deeds d SET wallet = CASE WHEN whose.gone THEN d.wallet ELSE whose.wallet END
    FROM whose, rule_versions v
    WHERE d.id = :deed_id AND d.status = 'approved' AND d.resident_id = whose.id
      AND v.rule_id = d.rule_id AND v.version = d.rule_version
    RETURNING d.community_code, d.wallet, d.points, v.title
    """
)


def credit_due(deed_id: UUID) -> bool:
    """Credit a deed whose waiting is over; False where it was done or revoked before, or waits on. As harmless twice as once."""
    row = first(_TAKE_UP, deed_id=deed_id)
    if row is None or not end_waiting(deed_id):
        return False
    deed = Approved(deed_id, **row._mapping)
    credited = _credit_within_budget(deed, settings.of(deed.community_code))
    if credited:
        households.follow(WORKER, deed.wallet, deed.community_code)
        audit.record(WORKER, "deed.credit", deed_id, deed.community_code, points=deed.points)
    return credited


def end_waiting(deed_id: UUID) -> bool:
    """End the waiting of a credit; False where none waited."""
    return execute(_END, deed_id=deed_id, now=clock.now()).rowcount == 1
