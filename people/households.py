"""Households: where a community counts by household, its members earn into and pay from one wallet."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index
from sqlalchemy.orm import Mapped, mapped_column

from kernel.database import Model


class Household(Model):
    """People who share a wallet, of which `id` is the owner. One that was merged into another has no members any more."""

    __tablename__ = "households"
    __table_args__ = (Index(None, "community_code", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, Identity(always=True), unique=True)
    community_code: Mapped[str] = mapped_column(ForeignKey("divisions.code"))
    name: Mapped[str]
    address: Mapped[str | None]
    head_id: Mapped[UUID | None] = mapped_column(ForeignKey("residents.id", use_alter=True))
    merged_into: Mapped[UUID | None] = mapped_column(ForeignKey("households.id"), index=True)
    created_at: Mapped[datetime]


class HouseholdMove(Model):
    """Somebody's way from one household to another, by whom, and why."""

    __tablename__ = "household_moves"
    __table_args__ = (CheckConstraint("kind IN ('founded', 'joined', 'left', 'merged', 'split')", name="kind"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    resident_id: Mapped[UUID] = mapped_column(ForeignKey("residents.id"), index=True)
    from_id: Mapped[UUID | None] = mapped_column(ForeignKey("households.id"))
    to_id: Mapped[UUID | None] = mapped_column(ForeignKey("households.id"))
    by_kind: Mapped[str]
    by_id: Mapped[UUID | None]
    reason: Mapped[str | None]
    at: Mapped[datetime]
