"""Batches: many deeds approved in one go, each decided for itself."""

from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import text

from kernel import ids
from kernel.database import db, execute
from kernel.errors import Refusal
from people.actors import Staff
from points import reviews


@dataclass(frozen=True)
class Batch:
    """What became of each deed, named as it was asked for: `failed` holds {id, code} for those that were refused."""

    approved: list[str] = field(default_factory=list)
    failed: list[dict[str, str]] = field(default_factory=list)


# The whole batch is locked first, in one order everywhere: residents (the reviewer himself where he is one), deeds, then (one by
# one below) wallets. A batch that took its next deed while it held a wallet would meet whoever holds that deed and wants it.
_LOCK_RESIDENTS = text(
    """
    SELECT FROM residents WHERE id = CAST(:own AS uuid) OR id IN (
        SELECT d.resident_id FROM deeds d JOIN divisions c ON c.code = d.community_code
        WHERE d.id = ANY(:ids) AND (starts_with(c.lineage, :scope) OR starts_with(:scope, c.lineage)))
    ORDER BY id FOR NO KEY UPDATE
    """
)
_LOCK_DEEDS = text(
    """
    SELECT d.id, r.wallet FROM deeds d JOIN residents r ON r.id = d.resident_id JOIN divisions c ON c.code = d.community_code
    WHERE d.id = ANY(:ids) AND (starts_with(c.lineage, :scope) OR starts_with(:scope, c.lineage))
    ORDER BY d.id FOR NO KEY UPDATE OF d
    """
)


def approve(actor: Staff, named: list[str]) -> Batch:
    """Approve the deeds that are named by their ids, each as if alone; one that is refused leaves the others as they are."""
    deed_ids = {name: ids.parse(name) for name in named}
    asked = {"ids": list(set(deed_ids.values())), "scope": actor.scope}
    execute(_LOCK_RESIDENTS, **asked, own=actor.resident_id)
    wallets = {row.id: row.wallet for row in execute(_LOCK_DEEDS, **asked)}
    order = sorted(set(deed_ids.values()), key=lambda deed_id: (wallets.get(deed_id, ""), deed_id))
    refused = {deed_id: _refusal(actor, deed_id) for deed_id in order}
    batch = Batch()
    for name, deed_id in deed_ids.items():
        code = refused[deed_id]
        if code is None:
            batch.approved.append(name)
        else:
            batch.failed.append({"id": name, "code": code})
    return batch


def _refusal(actor: Staff, deed_id: UUID) -> str | None:
    """Why a deed was not approved, None where it was."""
    try:
        with db.session.begin_nested():
            reviews.credit(actor, deed_id)
    except Refusal as refusal:
        return refusal.code
    return None
