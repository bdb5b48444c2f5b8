"""The outbox: what is to leave the product, written in the transaction that caused it and delivered after its commit."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from kernel import clock
from kernel.database import Model, add


class Letter(Model):
    """Something to be delivered, at least once; `id` never changes, so that who receives it twice can tell."""

    __tablename__ = "outbox"
    __table_args__ = (Index("outbox_due_idx", "next_try_at", postgresql_where=text("sent_at IS NULL AND dead_at IS NULL")),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    topic: Mapped[str]
    body: Mapped[dict[str, Any]] = mapped_column(JSONB)
    created_at: Mapped[datetime]
    next_try_at: Mapped[datetime]
    attempts: Mapped[int]
    sent_at: Mapped[datetime | None]
    dead_at: Mapped[datetime | None]
    last_error: Mapped[str | None]


def add_letter(letter_id: UUID, topic: str, body: dict[str, Any]) -> None:
    """Have something delivered once the present transaction is committed."""
    now = clock.now()
    add(Letter(id=letter_id, topic=topic, body=body, created_at=now, next_try_at=now, attempts=0))
