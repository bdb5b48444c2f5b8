"""Transfers as staff look at them: from whom to whom, what for, and what became of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from kernel import paging
from kernel.database import first
from kernel.errors import NotFound
from people import divisions, entries, masking, permissions
from people.actors import Staff
from people.entries import Seen
from points import wallets
from points.wallets import Entry


@dataclass(frozen=True)
class Side:
    """One side of a transfer: the kind of account, and whose it is: a resident's, a household's, a merchant's, a community's."""

    account: str
    owner: str
    whose: str
    name: str


@dataclass(frozen=True)
class Transfer:
    """A transfer. `undone_by` took it back, `undoes` is what it took back; `reversible` where staff can still do so."""

    id: UUID
    kind: str
    points: int
    title: str
    created_at: datetime
    source: dict[str, Any]
    giver: Side
    taker: Side
    undoes: UUID | None
    undone_by: UUID | None
    reversible: bool


@dataclass(frozen=True)
class Story:
    """A resident and the transfers of the wallet that is his, or his household's."""

    person: Seen
    entries: paging.Page[Entry]


_TRANSFER = text(
    """
    SELECT t.id, t.kind, t.amount, t.title, t.created_at, t.source_type, t.source_id, t.reverses, d.community_code,
           d.kind AS giver, d.owner AS giver_owner, c.kind AS taker, c.owner AS taker_owner,
           (SELECT u.id FROM transfers u WHERE u.reverses = t.id OR (u.kind = 'revocation' AND u.source_id = t.source_id
                                                                     AND u.id <> t.id AND t.kind = 'deed') LIMIT 1) AS undone_by,
           EXISTS (SELECT FROM debt_moves m WHERE m.source_id = t.source_id) AS owed
    FROM transfers t JOIN accounts d ON d.id = t.debit_account JOIN accounts c ON c.id = t.credit_account WHERE t.id = :id
    """
)
# A household that was given to one person has that person's id: it is called a household where people live in it.
_OWNERS = {
    "wallet": text(
        """
        SELECT CASE WHEN h.id IS NULL THEN 'resident' ELSE 'household' END AS whose, coalesce(h.name, r.name) AS name
        FROM (SELECT CAST(:owner AS uuid) AS id) o
        LEFT JOIN residents r ON r.id = o.id
        LEFT JOIN households h ON h.id = o.id AND (r.id IS NULL OR r.household_id IS NOT NULL)
        """
    ),
    "merchant": text("SELECT 'merchant' AS whose, name FROM merchants WHERE id = CAST(:owner AS uuid)"),
    "community": text("SELECT 'community' AS whose, name FROM divisions WHERE code = :owner"),
}
_KINDS = {"wallet": "wallet", "held": "wallet", "merchant": "merchant"}


def get(actor: Staff, transfer_id: UUID) -> Transfer:
    """One transfer in the books of the actor's part of the tree. Raises NotFound."""
    row = first(_TRANSFER, id=transfer_id)
    if row is None:
        raise NotFound()
    actor.must_see(divisions.lineage_of(row.community_code))
    return Transfer(
        row.id,
        row.kind,
        row.amount,
        row.title,
        row.created_at,
        {"type": row.source_type, "id": row.source_id},
        _side(actor, row.giver, row.giver_owner),
        _side(actor, row.taker, row.taker_owner),
        row.reverses,
        row.undone_by,
        reversible=(row.giver, row.taker) == ("issuance", "wallet") and row.undone_by is None and not row.owed,
    )


def of_resident(actor: Staff, resident_id: UUID, window: paging.Window) -> Story:
    """The transfers of a resident's wallet, or of his household's, newest first.

    Raises:
        NotFound: no such resident in the actor's part of the tree.
    """
    person = entries.get(actor, resident_id)
    owner = str(person.household["id"] if person.household else person.id)
    return Story(person, wallets.history_of(owner, window))


def _side(actor: Staff, account: str, owner: str) -> Side:
    row = first(_OWNERS[_KINDS.get(account, "community")], owner=owner)
    whose, name = (row.whose, row.name) if row else ("", "")
    personal = whose in ("resident", "household") and actor.role in permissions.MASKED_ROLES
    return Side(account, owner, whose, masking.name(name) if personal else name)
