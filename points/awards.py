"""Credits of approved deeds: at once, or once the public notice is over, or once the month's budget has room."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from kernel.database import Model


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
