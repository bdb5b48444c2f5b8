"""Messages: what a resident is told, put into his inbox in the transaction that caused it, and into the outbox with it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, select, text
from sqlalchemy.orm import Mapped, mapped_column

from kernel import clock, ids, paging
from kernel.database import Model, execute
from kernel.errors import NotFound
from people.actors import Resident, Staff


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

    @property
    def source(self) -> dict[str, str]:
        """What it is about."""
        return {"type": self.source_type, "id": str(self.source_id)}


_TELL = text(
    """
    INSERT INTO messages (id, resident_id, kind, title, body, source_type, source_id, created_at)
    SELECT :id, id, :kind, :title, :body, :source_type, :source_id, :now
    FROM residents WHERE id = :resident_id AND left_at IS NULL
    RETURNING id
    """
)


def tell(resident_id: UUID, kind: str, title: str, body: str, source_type: str, source_id: UUID) -> None:
    """Tell a resident something, unless he has left; the letter that carries it further has the message's own id."""
    words = {"kind": kind, "title": title, "body": body, "source_type": source_type, "source_id": source_id}
    told = execute(_TELL, id=ids.new(), resident_id=resident_id, now=clock.now(), **words)
    execute(_ADD_LETTERS, ids=list(told.scalars()))


# Ids made by the database: the time of `stamp`, which is the beginning of an id of ours, and random digits after it.
_TELL_OWNERS = text(
    """
    INSERT INTO messages (id, resident_id, kind, title, body, source_type, source_id, created_at)
    SELECT CAST(overlay(CAST(gen_random_uuid() AS text) PLACING :stamp FROM 1) AS uuid),
           id, :kind, :title, :body, :source_type, :source_id, :now
    FROM residents
    WHERE (household_id = :owner OR (id = :owner AND household_id IS NULL) OR id = :earner) AND left_at IS NULL
    RETURNING id
    """
)
_ADD_LETTERS = text(
    """
    INSERT INTO outbox (id, topic, body, created_at, next_try_at, attempts)
    SELECT id, 'message', jsonb_build_object('resident_id', resident_id, 'kind', kind, 'title', title, 'body', body),
           created_at, created_at, 0
    FROM messages WHERE id = ANY(:ids)
    """
)
_STAMP = len("01234567-89ab-7")  # the time and the version of a UUIDv7


def tell_owners(
    wallet: str, kind: str, title: str, body: str, source_type: str, source_id: UUID, *, earner: UUID | None = None
) -> None:
    """Tell those whose wallet it is: the present members of a household, or the one resident; and the `earner`, once,
    wherever he lives now."""
    words = {"kind": kind, "title": title, "body": body, "source_type": source_type, "source_id": source_id}
    stamp = str(ids.new())[:_STAMP]
    told = execute(_TELL_OWNERS, stamp=stamp, owner=UUID(wallet), earner=earner, now=clock.now(), **words)
    execute(_ADD_LETTERS, ids=list(told.scalars()))


def tell_household(household_id: UUID, kind: str, title: str, body: str, source_type: str, source_id: UUID) -> None:
    """Tell every present member of a household something."""
    tell_owners(str(household_id), kind, title, body, source_type, source_id)


def find(actor: Resident, window: paging.Window, *, unread: bool | None = None) -> paging.Page[Message]:
    """What the actor was told, newest first; only what he has not read yet, or only what he has, where `unread` says so."""
    query = select(Message).where(Message.resident_id == actor.id)
    if unread is not None:
        query = query.where(Message.read_at.is_(None) if unread else Message.read_at.is_not(None))
    return paging.by_id(query, Message.id, window)


_UNREAD = text("SELECT count(*) FROM messages WHERE resident_id = :resident_id AND read_at IS NULL")
_READ = text("UPDATE messages SET read_at = coalesce(read_at, :now) WHERE id = ANY(:ids) AND resident_id = :resident_id")


def unread(resident_id: UUID) -> int:
    """How many messages a resident has not read yet."""
    return int(execute(_UNREAD, resident_id=resident_id).scalar_one())


def read(actor: Resident, message_ids: list[UUID]) -> int:
    """The actor has read these messages; how many he has not. Raises NotFound: one of them is not his."""
    wanted = list(set(message_ids))
    if execute(_READ, ids=wanted, resident_id=actor.id, now=clock.now()).rowcount != len(wanted):
        raise NotFound()
    return unread(actor.id)


@dataclass(frozen=True)
class Undelivered:
    """A message that waits to be carried further, or could not be (`dead_at`)."""

    id: UUID
    kind: str
    title: str
    resident: dict[str, Any]
    created_at: datetime
    attempts: int
    next_try_at: datetime
    dead_at: datetime | None
    last_error: str | None


_UNDELIVERED = text(
    """
    SELECT o.id, m.kind, m.title, jsonb_build_object('id', r.id, 'name', r.name) AS resident,
           o.created_at, o.attempts, o.next_try_at, o.dead_at, o.last_error
    FROM outbox o JOIN messages m ON m.id = o.id JOIN residents r ON r.id = m.resident_id
    JOIN divisions p ON p.code = r.place_code
    WHERE o.sent_at IS NULL AND (CAST(:dead AS boolean) IS NULL OR (o.dead_at IS NOT NULL) = :dead)
      AND starts_with(p.lineage, :scope) AND (CAST(:after AS uuid) IS NULL OR o.id < :after)
    ORDER BY o.id DESC LIMIT :limit
    """
)


def undelivered(actor: Staff, window: paging.Window, *, dead: bool | None = None) -> paging.Page[Undelivered]:
    """What residents in the actor's part of the tree were told and was not carried further yet, newest first."""
    rows = execute(_UNDELIVERED, dead=dead, scope=actor.scope, after=window.after_id(), limit=window.limit + 1)
    return paging.cut([Undelivered(**row._mapping) for row in rows], window.limit, lambda letter: letter.id)
