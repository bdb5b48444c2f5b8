"""Wallets as their owners see them: what is there, what is held, and the story of every point."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from kernel import paging
from kernel.database import execute, first
from kernel.errors import NotFound
from people.actors import Resident


@dataclass(frozen=True)
class Wallet:
    """Points: `balance` can be spent now, `held` waits for orders, the others count over the wallet's life.

    `owed` is what was taken back after it had been spent: what comes in pays it first.
    """

    balance: int
    held: int
    earned: int = 0
    spent: int = 0
    expired: int = 0
    expiring: tuple[dict[str, int | date], ...] = ()
    owed: int = 0


@dataclass(frozen=True)
class Entry:
    """One transfer as the wallet's owner sees it: `points` is signed."""

    number: int
    id: UUID
    kind: str
    points: int
    balance_after: int
    title: str
    created_at: datetime
    source: dict[str, str]


_BALANCES = text(
    """
    SELECT w.balance, h.balance AS held FROM accounts w JOIN accounts h ON h.owner = w.owner AND h.kind = 'held'
    WHERE w.owner = :owner AND w.kind = 'wallet'
    """
)
_TOTALS = text(
    """
    SELECT w.balance, h.balance AS held, w.owed,
           coalesce((SELECT sum(t.amount) FROM transfers t WHERE t.debit_account = h.id AND t.kind = 'spend'), 0) AS spent,
           coalesce((SELECT sum(t.amount) FROM transfers t WHERE t.debit_account = w.id AND t.kind = 'expiry'), 0) AS expired
    FROM accounts w JOIN accounts h ON h.owner = w.owner AND h.kind = 'held'
    WHERE w.owner = :owner AND w.kind = 'wallet'
    """
)
_REVERSED = text(
    """
    SELECT credit.source_id FROM accounts w JOIN transfers r ON r.debit_account = w.id AND r.kind = 'reversal'
    JOIN transfers credit ON credit.id = r.reverses
    WHERE w.owner = ANY(:owners) AND w.kind = 'wallet'
    """
)
_HISTORY = text(
    """
    WITH wallet AS (SELECT id FROM accounts WHERE owner = :owner AND kind = 'wallet'),
    entries AS (
        (SELECT t.*, t.amount AS points, t.credit_balance AS balance_after FROM transfers t
         WHERE t.credit_account = (SELECT id FROM wallet) AND t.number < :before ORDER BY t.number DESC LIMIT :limit)
        UNION ALL
        (SELECT t.*, -t.amount AS points, t.debit_balance AS balance_after FROM transfers t
         WHERE t.debit_account = (SELECT id FROM wallet) AND t.number < :before ORDER BY t.number DESC LIMIT :limit)
    )
    SELECT number, id, kind, points, balance_after, title, created_at, source_type, source_id
    FROM entries ORDER BY number DESC LIMIT :limit
    """
)


def balances(actor: Resident) -> Wallet:
    """What is in the actor's wallet and what it holds."""
    row = first(_BALANCES, owner=actor.wallet)
    assert row is not None
    return Wallet(row.balance, row.held)


_BALANCE_AT = text(
    """
    WITH wallet AS (SELECT id FROM accounts WHERE owner = :owner AND kind = 'wallet'),
    latest AS (
        (SELECT number, credit_balance AS balance FROM transfers
         WHERE credit_account = (SELECT id FROM wallet) AND created_at <= :moment ORDER BY number DESC LIMIT 1)
        UNION ALL
        (SELECT number, debit_balance FROM transfers
         WHERE debit_account = (SELECT id FROM wallet) AND created_at <= :moment ORDER BY number DESC LIMIT 1)
    )
    SELECT balance FROM latest ORDER BY number DESC LIMIT 1
    """
)


def balance_at(owner: str, moment: datetime) -> int:
    """What a wallet, given by its owner, had at a moment."""
    row = first(_BALANCE_AT, owner=owner, moment=moment)
    return row.balance if row else 0


_BALANCES_OF = text("SELECT owner, balance FROM accounts WHERE owner = ANY(:owners) AND kind = 'wallet'")


def balances_of(owners: list[str]) -> dict[str, int]:
    """What can be spent from each of some wallets, by owner."""
    return {row.owner: row.balance for row in execute(_BALANCES_OF, owners=owners)}


def sources_reversed(owners: list[str]) -> list[UUID]:
    """What had credited some wallets until the credit was reversed: ids of check-ins, deeds and donations."""
    return [row.source_id for row in execute(_REVERSED, owners=owners)]


def of(actor: Resident) -> Wallet:
    """The actor's wallet with what it earned and spent over its life."""
    return of_owner(actor.wallet)


def of_owner(owner: str) -> Wallet:
    """A wallet, given by its owner, with what it earned and spent over its life."""
    row = first(_TOTALS, owner=owner)
    assert row is not None
    spent, expired = int(row.spent), int(row.expired)
    # What came in, less what was taken back, is all that went out of it and all that is still there.
    earned = row.balance + row.held + spent + expired
    return Wallet(row.balance, row.held, earned, spent, expired, owed=row.owed)


def history(actor: Resident, window: paging.Window) -> paging.Page[Entry]:
    """The transfers of the actor's wallet, newest first."""
    return history_of(actor.wallet, window)


def history_of(owner: str, window: paging.Window) -> paging.Page[Entry]:
    """The transfers of a wallet, given by its owner, newest first."""
    before = window.after_number()
    rows = execute(_HISTORY, owner=owner, before=2**62 if before is None else before, limit=window.limit + 1)
    entries = [_entry(row) for row in rows]
    return paging.cut(entries, window.limit, lambda entry: entry.number)


_ONE = text(
    """
    SELECT t.number, t.id, t.kind, t.title, t.created_at, t.source_type, t.source_id,
           CASE WHEN t.credit_account = w.id THEN t.amount ELSE -t.amount END AS points,
           CASE WHEN t.credit_account = w.id THEN t.credit_balance ELSE t.debit_balance END AS balance_after
    FROM transfers t JOIN accounts w ON w.id IN (t.credit_account, t.debit_account)
    WHERE t.id = :id AND w.owner = :owner AND w.kind = 'wallet'
    """
)


def one(actor: Resident, transfer_id: UUID) -> Entry:
    """One of the transfers of the actor's wallet. Raises NotFound."""
    row = first(_ONE, id=transfer_id, owner=actor.wallet)
    if row is None:
        raise NotFound()
    return _entry(row)


_ENTRY = text(
    """
    SELECT number, id, kind, -amount AS points, debit_balance AS balance_after, title, created_at, source_type, source_id
    FROM transfers WHERE id = :id
    """
)


def entry(transfer_id: UUID) -> Entry:
    """A transfer out of a wallet, as its owner sees it."""
    return _entry(execute(_ENTRY, id=transfer_id).one())


_SOURCE = text("SELECT source_type, source_id FROM transfers WHERE id = :id")


def source_of(transfer_id: UUID) -> tuple[str, UUID]:
    """What a transfer was for: the type of its source, and that one's id."""
    row = execute(_SOURCE, id=transfer_id).one()
    return row.source_type, row.source_id


_OWNER = text("SELECT a.owner FROM transfers t JOIN accounts a ON a.id = t.debit_account WHERE t.id = :id")


def owner_of(transfer_id: UUID) -> str:
    """Whose wallet a transfer was taken from."""
    return str(execute(_OWNER, id=transfer_id).scalar_one())


def _entry(row: Any) -> Entry:
    source = {"type": row.source_type, "id": str(row.source_id)}
    return Entry(row.number, row.id, row.kind, row.points, row.balance_after, row.title, row.created_at, source)
