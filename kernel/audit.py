"""The audit log: one row for every sensitive write, in that write's own transaction. The app may add rows, never change them."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from kernel import clock, context, ids
from kernel.database import Model, db


class Actor(Protocol):
    """Whoever does something: a person, a till, or the system itself."""

    @property
    def kind(self) -> str: ...
    @property
    def id(self) -> UUID | None: ...


class AuditEntry(Model):
    """Who did what to whom, when, in which community, by which request, from where."""

    __tablename__ = "audit_log"
    __table_args__ = (
        Index(None, "subject_id"),
        Index(None, "actor_id"),
        Index(None, "community_code", "id"),
        Index(None, "at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    actor_kind: Mapped[str]
    actor_id: Mapped[UUID | None]
    action: Mapped[str]
    subject_id: Mapped[UUID | None]
    community_code: Mapped[str | None]
    request_id: Mapped[str | None]
    address: Mapped[str | None]
    details: Mapped[dict[str, Any] | None] = mapped_column(JSONB)


_INSERT = text(
    """
    INSERT INTO audit_log (id, at, actor_kind, actor_id, action, subject_id, community_code, request_id, address, details)
    VALUES (:id, :at, :actor_kind, :actor_id, :action, :subject_id, :community_code, :request_id, :address,
            CAST(:details AS jsonb))
    """
)


def record(actor: Actor, action: str, subject_id: UUID | None, community_code: str | None, **details: Any) -> None:
    """Put one row on record: `action` is what was done, as `deed.approved`; `details` hold no personal data."""
    record_all(actor, action, [(subject_id, details)], community_code)


def record_all(actor: Actor, action: str, done: Sequence[tuple[UUID | None, dict[str, Any]]], community_code: str | None) -> None:
    """Put one row on record for each subject to which the same was done, with its own details."""
    request = context.request.get()
    row = {
        "at": clock.now(),
        "actor_kind": actor.kind,
        "actor_id": actor.id,
        "action": action,
        "community_code": community_code,
        "request_id": request.id if request else None,
        "address": request.address if request else None,
    }
    rows = [
        {**row, "id": ids.new(), "subject_id": subject_id, "details": json.dumps(details, default=str) if details else None}
        for subject_id, details in done
    ]
    if rows:
        db.session.execute(_INSERT, rows)
