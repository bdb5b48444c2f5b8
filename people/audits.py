"""Looking into the audit log: who did what to whom, when, from where. That somebody looked is on record too."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, or_, select, text
from sqlalchemy.sql import ColumnElement

from kernel import audit, clock, paging
from kernel.audit import AuditEntry
from kernel.database import execute
from people import masking, permissions
from people.actors import Staff
from people.divisions import Division
from people.logins import Login
from people.merchants import Merchant
from people.staff import StaffMember

_NAMES = text(
    """
    SELECT id, name, false AS personal FROM staff WHERE id = ANY(:ids)
    UNION ALL SELECT id, name, true FROM residents WHERE id = ANY(:ids)
    UNION ALL SELECT l.id, m.name, false FROM logins l JOIN merchants m ON m.id = l.merchant_id WHERE l.id = ANY(:ids)
    """
)


def search(
    actor: Staff,
    window: paging.Window,
    *,
    actor_id: UUID | None = None,
    subject_id: UUID | None = None,
    action: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> paging.Page[dict[str, Any]]:
    """What is on record in the actor's part of the tree, newest first; `action` may be the beginning of one, as `deed.`.

    What belongs to no division (sign-ins, imports) is seen by whoever did it; at a district also what staff and merchants of
    the district did, and the product itself. The names of residents are masked for those who may not see them.
    """
    inside = select(Division.code).where(Division.lineage.startswith(actor.scope))
    query = select(AuditEntry).where(or_(AuditEntry.community_code.in_(inside), _of_no_division(actor)))
    for column, value in ((AuditEntry.actor_id, actor_id), (AuditEntry.subject_id, subject_id)):
        if value is not None:
            query = query.where(column == value)
    if action is not None:
        query = query.where(AuditEntry.action.startswith(action, autoescape=True))
    if since is not None:
        query = query.where(AuditEntry.at >= since)
    if until is not None:
        query = query.where(AuditEntry.at < until)
    page = paging.by_id(query, AuditEntry.id, window)
    asked = {"actor_id": actor_id, "subject_id": subject_id, "action": action, "from": since, "to": until}
    _remember(actor, asked)
    return paging.Page(_shown(actor, page.items), page.next)


def _of_no_division(actor: Staff) -> ColumnElement[bool]:
    nowhere = AuditEntry.community_code.is_(None)
    own = nowhere & (AuditEntry.actor_id == actor.id)
    if actor.scope_level != "district":
        return own
    staff = select(StaffMember.id).join(Division).where(Division.lineage.startswith(actor.scope))
    tills = (
        select(Login.id)
        .join(Merchant, Merchant.id == Login.merchant_id)
        .join(Division, Division.code == Merchant.community_code)
        .where(Division.lineage.startswith(actor.scope))
    )
    by_district = or_(AuditEntry.actor_id.in_(staff), AuditEntry.actor_id.in_(tills), AuditEntry.actor_id.is_(None))
    return own | (nowhere & by_district)


def _remember(actor: Staff, asked: dict[str, Any]) -> None:
    """That somebody looked, and for what; after the look, so that it does not find itself."""
    named = {name: value for name, value in asked.items() if value is not None}
    audit.record(actor, "audit.search", None, actor.scope_code, asked=named)


def _shown(actor: Staff, entries: list[AuditEntry]) -> list[dict[str, Any]]:
    masked = actor.role in permissions.MASKED_ROLES
    names = {row.id: _name(row, masked) for row in execute(_NAMES, ids=[e.actor_id for e in entries if e.actor_id])}
    return [
        {
            "id": entry.id,
            "at": entry.at.astimezone(clock.zone()),
            "actor": {"kind": entry.actor_kind, "id": entry.actor_id, "name": names.get(entry.actor_id)},
            "action": entry.action,
            "subject_id": entry.subject_id,
            "community_code": entry.community_code,
            "request_id": entry.request_id,
            "address": entry.address,
            "details": entry.details,
        }
        for entry in entries
    ]


def _name(row: Row[Any], masked: bool) -> str:
    return masking.name(row.name) if masked and row.personal else str(row.name)
