"""Origins: where the pieces of an item came from and where they went."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from kernel import paging
from kernel.database import execute
from people import masking, permissions
from people.actors import Staff
from redeem import donations, items  # noqa: F401 (donations: its tables)


@dataclass(frozen=True)
class Move:
    """A change of stock as staff see it: who of them made it (`by`), or which order, or which donation by whom."""

    id: UUID
    kind: str
    delta: int
    reason: str | None
    at: datetime
    by: str | None
    order_id: UUID | None
    donation: dict[str, Any] | None


_MOVES = text(
    """
    SELECT m.id, m.kind, m.delta, m.reason, m.at, m.source_id, s.name AS by, d.number, r.id AS donor_id, r.name AS donor
    FROM stock_moves m LEFT JOIN staff s ON s.id = m.by_id
    LEFT JOIN donations d ON d.id = m.source_id AND m.kind = 'donated' LEFT JOIN residents r ON r.id = d.resident_id
    WHERE m.item_id = :item_id AND (CAST(:before AS uuid) IS NULL OR m.id < :before)
    ORDER BY m.id DESC LIMIT :limit
    """
)


def of_item(actor: Staff, item_id: UUID, window: paging.Window) -> paging.Page[Move]:
    """The changes of an item's stock, newest first; a donor is masked for those who may not see his name.

    Raises:
        NotFound: no such item in the actor's part of the tree.
    """
    items.looked_at(actor, item_id)
    masked = actor.role in permissions.MASKED_ROLES
    rows = execute(_MOVES, item_id=item_id, before=window.after_id(), limit=window.limit + 1)
    return paging.cut([_move(row, masked=masked) for row in rows], window.limit, lambda move: move.id)


def _move(row: Any, *, masked: bool) -> Move:
    donation = None
    if row.kind == "donated":
        donor = {"id": row.donor_id, "name": masking.name(row.donor) if masked else row.donor}
        donation = {"id": row.source_id, "number": row.number, "resident": donor}
    order_id = row.source_id if row.kind in ("reserved", "released") else None
    return Move(row.id, row.kind, row.delta, row.reason, row.at, row.by, order_id, donation)
