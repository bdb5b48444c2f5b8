"""Messages: what a resident is told, put into his inbox in the transaction that caused it, and into the outbox with it."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from kernel import clock, ids, outbox
from kernel.database import Model, add


class Message(Model):
    """Something a resident is told. `kind` is for programs, as `deed.approved`; title and body are for him."""

    __tablename__ = "messages"
    __table_args__ = (
        Index(None, "resident_id", "id"),
        Index("messages_unread_idx", "resident_id", postgresql_where=text("read_at IS NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    resident_id: Mapped[UUID] = mapped_column(ForeignKey("residents.id"))
    kind: Mapped[str]
    title: Mapped[str]
    body: Mapped[str]
    source_type: Mapped[str]
    source_id: Mapped[UUID]
    created_at: Mapped[datetime]
    read_at: Mapped[datetime | None]


def tell(resident_id: UUID, kind: str, title: str, body: str, source_type: str, source_id: UUID) -> None:
    """Tell a resident something; the letter that carries it further has the message's own id."""
    message = Message(
        id=ids.new(),
        resident_id=resident_id,
        kind=kind,
        title=title,
        body=body,
        source_type=source_type,
        source_id=source_id,
        created_at=clock.now(),
    )
    add(message)
    outbox.add_letter(message.id, "message", {"resident_id": str(resident_id), "kind": kind, "title": title, "body": body})
