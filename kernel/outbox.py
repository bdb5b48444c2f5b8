"""The outbox: what is to leave the product, written in the transaction that caused it and delivered after its commit.

Delivery is at least once: who is killed between sending and putting it on record sends the same letter, by its id, again.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Index, select, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from kernel import clock, paging
from kernel.database import Model, add, execute, first, transaction
from kernel.errors import NotFound

MAX_ATTEMPTS = 10
LEASE = timedelta(minutes=5)  # longer than a sending may take; who holds it longer may see another send it too
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=1), timedelta(hours=4)  # ten attempts span about eight hours
FAILURES_IN_A_ROW = 3
log = logging.getLogger("defen")


class Undelivered(Exception):
    """A letter was not taken; the message says why, without a word of the letter's own."""


class Letter(Model):
    """Something to be delivered, at least once; `id` never changes, so that who receives it twice can tell."""

    __tablename__ = "outbox"
    __table_args__ = (
        Index("outbox_due_idx", "next_try_at", postgresql_where=text("sent_at IS NULL AND dead_at IS NULL")),
        Index("outbox_dead_idx", "dead_at", postgresql_where=text("dead_at IS NOT NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    topic: Mapped[str]
    body: Mapped[dict[str, Any]] = mapped_column(JSONB)
    created_at: Mapped[datetime]
    next_try_at: Mapped[datetime]
    attempts: Mapped[int]
    sent_at: Mapped[datetime | None]
    dead_at: Mapped[datetime | None]
    last_error: Mapped[str | None]


@dataclass(frozen=True)
class Due:
    """A letter that is being sent for the `attempts`th time."""

    id: UUID
    topic: str
    body: dict[str, Any]
    created_at: datetime
    attempts: int


def add_letter(letter_id: UUID, topic: str, body: dict[str, Any]) -> None:
    """Have something delivered once the present transaction is committed."""
    now = clock.now()
    add(Letter(id=letter_id, topic=topic, body=body, created_at=now, next_try_at=now, attempts=0))


# --- delivering -------------------------------------------------------------------------------------------------------------

_CLAIM = text(
    """
    UPDATE outbox SET attempts = attempts + 1, next_try_at = :leased_until
    WHERE id = (
        SELECT id FROM outbox WHERE sent_at IS NULL AND dead_at IS NULL AND next_try_at <= :now AND attempts < :most
        ORDER BY next_try_at LIMIT 1 FOR UPDATE SKIP LOCKED
    )
    RETURNING id, topic, body, created_at, attempts
    """
)
_SENT = text("UPDATE outbox SET sent_at = :now, dead_at = NULL, last_error = NULL WHERE id = :id AND sent_at IS NULL")
# The attempt is named, so that who comes back after his lease cannot touch the letter another holds by now.
_FAILED = text(
    """
    UPDATE outbox SET last_error = :error, next_try_at = :next_try_at, dead_at = CASE WHEN attempts >= :most THEN :now END
    WHERE id = :id AND attempts = :attempts AND sent_at IS NULL AND dead_at IS NULL
    """
)
# Its last lease is over and nobody said how it went: whoever sent it was killed.
_BURY = text(
    """
    UPDATE outbox SET dead_at = :now, last_error = coalesce(last_error, 'never answered')
    WHERE sent_at IS NULL AND dead_at IS NULL AND next_try_at <= :now AND attempts >= :most
    """
)


def deliver_due(send: Callable[[Due], None], *, for_s: float = 10) -> int:
    """Send the letters that are due, for about `for_s` seconds; how many were taken. Any number of workers may do so at once.

    `send` raises where a letter was not taken; it is called outside any transaction. What fails is tried again later and later,
    and is dead after ten attempts. Three failures in a row mean that nobody listens: the rest waits for the next call.
    """
    with transaction():
        execute(_BURY, now=clock.now(), most=MAX_ATTEMPTS)
    sent = failed = 0
    ends = time.monotonic() + for_s
    while failed < FAILURES_IN_A_ROW and time.monotonic() < ends:
        letter = _claim()
        if letter is None:
            break
        if _deliver(letter, send):
            sent, failed = sent + 1, 0
        else:
            failed += 1
    return sent


def _claim() -> Due | None:
    """A letter that is due, which nobody else gets while the lease lasts."""
    now = clock.now()
    with transaction():
        row = first(_CLAIM, now=now, leased_until=now + LEASE, most=MAX_ATTEMPTS)
    return None if row is None else Due(**row._mapping)


def _deliver(letter: Due, send: Callable[[Due], None]) -> bool:
    try:
        send(letter)
    except Exception as error:
        why = str(error) if isinstance(error, Undelivered) else type(error).__name__
        _failed(letter, why)
        return False
    with transaction():
        execute(_SENT, id=letter.id, now=clock.now())
    return True


def _failed(letter: Due, why: str) -> None:
    now = clock.now()
    next_try_at = now + min(FIRST_WAIT * 2 ** (letter.attempts - 1), LONGEST_WAIT)
    with transaction():
        execute(
            _FAILED,
            id=letter.id,
            attempts=letter.attempts,
            error=why[:200],
            next_try_at=next_try_at,
            now=now,
            most=MAX_ATTEMPTS,
        )
    log.warning("a letter was not delivered", extra={"letter_id": str(letter.id), "attempts": letter.attempts, "why": why})


# --- looking after it ---------------------------------------------------------------------------------------------------------

_COUNTS = text(
    """
    SELECT (SELECT count(*) FROM outbox WHERE sent_at IS NULL AND dead_at IS NULL) AS waiting,
           (SELECT count(*) FROM outbox WHERE dead_at IS NOT NULL) AS dead
    """
)
_RETRY = text(
    "UPDATE outbox SET dead_at = NULL, attempts = 0, next_try_at = :now WHERE id = :id AND dead_at IS NOT NULL RETURNING id"
)


def counts() -> dict[str, int]:
    """How many letters wait to be sent, and how many are dead."""
    row = first(_COUNTS)
    assert row is not None
    return dict(row._mapping)


def find(window: paging.Window, *, dead: bool = False) -> paging.Page[Letter]:
    """The letters that wait to be sent, or the dead ones, newest first."""
    query = select(Letter).where(Letter.sent_at.is_(None), Letter.dead_at.is_not(None) if dead else Letter.dead_at.is_(None))
    return paging.by_id(query, Letter.id, window)


def retry(letter_id: UUID) -> None:
    """Have a dead letter sent after all, with ten attempts anew. Raises NotFound: no dead letter has this id."""
    if first(_RETRY, id=letter_id, now=clock.now()) is None:
        raise NotFound()
