"""The feed: the good deeds of a community that all its residents see."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from kernel import clock
from kernel.database import Model, add, execute


class FeedEntry(Model):
    """Something shown to all. `id` is that of the deed or donation; `number` orders entries as they came to be shown."""

    __tablename__ = "feed_entries"
    __table_args__ = (
        CheckConstraint("kind IN ('deed', 'donation')", name="kind"),
        Index(None, "community_code", "number"),
    )

    number: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    id: Mapped[UUID] = mapped_column(unique=True)
    kind: Mapped[str]
    community_code: Mapped[str] = mapped_column(ForeignKey("divisions.code"))
    resident_id: Mapped[UUID] = mapped_column(ForeignKey("residents.id"), index=True)
    category: Mapped[str]
    title: Mapped[str]
    description: Mapped[str]
    occurred_on: Mapped[date]
    created_at: Mapped[datetime]
    off_at: Mapped[datetime | None]
    off_reason: Mapped[str | None]
    off_by: Mapped[UUID | None]


def publish(
    kind: str,
    source_id: UUID,
    *,
    community_code: str,
    resident_id: UUID,
    category: str,
    title: str,
    description: str,
    occurred_on: date,
) -> None:
    """Show a deed or a donation to the community."""
    add(
        FeedEntry(
            id=source_id,
            kind=kind,
            community_code=community_code,
            resident_id=resident_id,
            category=category,
            title=title,
            description=description,
            occurred_on=occurred_on,
            created_at=clock.now(),
        )
    )


_WITHDRAW = text("UPDATE feed_entries SET off_at = :now WHERE id = :id AND off_at IS NULL")


def withdraw(source_id: UUID) -> None:
    """Show a deed or a donation no longer, as it is none any more; nobody is told."""
    execute(_WITHDRAW, id=source_id, now=clock.now())
