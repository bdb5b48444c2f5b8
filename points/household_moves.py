"""Moves: who came into a household and who left it, by whom and why, for the staff who keep it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from kernel.database import execute
from people import masking, permissions
from people.actors import Staff
from points import households

SHOWN = 100


@dataclass(frozen=True)
class Move:
    """Somebody's way into a household or out of it. `other` is the number of the household on the far side, where there is one.

    `by` is the member of staff who did it, None where a resident did it himself.
    """

    at: datetime
    kind: str
    came: bool
    name: str
    other: int | None
    by: str | None
    reason: str | None


_MOVES = text(
    """
    SELECT m.at, m.kind, m.to_id = :id AS came, r.name, s.name AS by_name, m.reason,
           CASE WHEN m.to_id = :id THEN f.number ELSE t.number END AS other
    FROM household_moves m
    JOIN residents r ON r.id = m.resident_id
    LEFT JOIN households f ON f.id = m.from_id
    LEFT JOIN households t ON t.id = m.to_id
    LEFT JOIN staff s ON m.by_kind = 'staff' AND s.id = m.by_id
    WHERE m.from_id = :id OR m.to_id = :id ORDER BY m.at DESC, m.id DESC LIMIT :limit
    """
)


def of(actor: Staff, household_id: UUID) -> list[Move]:
    """The last moves of a household, newest first, names masked for who may not see them.

    Raises:
        NotFound: it is not in the actor's part of the tree.
    """
    home = households.in_scope(actor, household_id)
    name = masking.name if actor.role in permissions.MASKED_ROLES else str
    rows = execute(_MOVES, id=home.id, limit=SHOWN)
    return [Move(row.at, row.kind, bool(row.came), name(row.name), row.other, row.by_name, row.reason) for row in rows]
