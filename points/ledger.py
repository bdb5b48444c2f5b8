"""The books. A transfer is one row, from one account to another, and is never changed; this module alone writes them.

Accounts that can be refused (wallets, and what a wallet holds for orders) keep a balance, changed only by a guarded
statement. Accounts that never are (issuance, a merchant's takings) keep none and are summed when read, so they are never hot.
A wallet may owe what was taken back after it had been spent; whatever comes in pays that first, so a wallet that owes is empty.
Each move below is one statement; where a guard of it matches no row there is no transfer, and the caller's transaction must end.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    Row,
    TextClause,
    UniqueConstraint,
    bindparam,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from kernel import clock, ids, signing
from kernel.database import Model, execute, first
from kernel.errors import Conflict

WALLET, HELD, ISSUANCE, MERCHANT, EXPIRED = "wallet", "held", "issuance", "merchant", "expired"


class InsufficientPoints(Conflict):
    title = "积分不够，请先攒够积分，或换一件"


class BooksDamaged(Exception):
    """The books are not as they must be: an account is missing, or holds less than its orders. Nothing may be committed."""


class AlreadyReversed(Conflict):
    title = "这笔积分已经冲正过了，不用再操作"


class NotReversible(Conflict):
    title = "这笔积分不能直接冲正，请通过取消订单等办法处理"


class Account(Model):
    """A place where points can be. `owner` is a resident's or merchant's id or a community's code, by `kind`."""

    __tablename__ = "accounts"
    __table_args__ = (
        UniqueConstraint("owner", "kind"),
        CheckConstraint("kind IN ('wallet', 'held', 'issuance', 'merchant', 'expired')", name="kind"),
        CheckConstraint("(balance IS NOT NULL) = (kind IN ('wallet', 'held'))", name="counted"),
        CheckConstraint("balance >= 0 AND owed >= 0 AND (owed = 0 OR kind = 'wallet')", name="floor"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    kind: Mapped[str]
    owner: Mapped[str]
    community_code: Mapped[str] = mapped_column(ForeignKey("divisions.code"), index=True)
    balance: Mapped[int | None]
    owed: Mapped[int]


class DebtMove(Model):
    """A change of what a wallet owes, after a credit was taken back that had partly been spent."""

    __tablename__ = "debt_moves"
    __table_args__ = (CheckConstraint("change <> 0", name="change"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    wallet: Mapped[str] = mapped_column(index=True)
    change: Mapped[int]
    source_type: Mapped[str]
    source_id: Mapped[UUID]
    at: Mapped[datetime]


class Transfer(Model):
    """Points that went from one account to another.

    `number` is given while the counted account is locked, so it orders the transfers of a wallet as they happened; the
    balances after it make a chain that shows a missing row. `mac` is a keyed digest that shows a changed one.
    """

    __tablename__ = "transfers"
    __table_args__ = (
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("debit_account <> credit_account", name="two_accounts"),
        UniqueConstraint("source_id", "kind"),
        Index(None, "debit_account", "number"),
        Index(None, "credit_account", "number"),
        Index(None, "created_at"),
    )

    number: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    id: Mapped[UUID] = mapped_column(unique=True)
    debit_account: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    credit_account: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    amount: Mapped[int]
    debit_balance: Mapped[int | None]
    credit_balance: Mapped[int | None]
    kind: Mapped[str]
    title: Mapped[str]
    source_type: Mapped[str]
    source_id: Mapped[UUID]
    reverses: Mapped[UUID | None] = mapped_column(ForeignKey("transfers.id"), unique=True)
    created_at: Mapped[datetime]
    mac: Mapped[bytes]


@dataclass(frozen=True)
class Source:
    """What caused a transfer: the row it comes from, and how people call it."""

    type: str
    id: UUID
    title: str


@dataclass(frozen=True)
class Posted:
    """A transfer that was made, and the wallet's balance after it (None where the wallet was not touched).

    What the wallet owed at that moment was taken off at once and is off `balance` already.
    """

    id: UUID
    balance: int | None


@dataclass(frozen=True)
class TakenBack:
    """How much of a credit was there to be taken back, and how much is owed instead."""

    points: int
    owed: int


_OPEN = text(
    """
    INSERT INTO accounts (kind, owner, community_code, balance, owed)
    SELECT :kind, owner, :community_code, CAST(:balance AS bigint), 0 FROM unnest(CAST(:owners AS text[])) AS owner
    ON CONFLICT (owner, kind) DO NOTHING
    """
)


def open_wallet(owner: str, community_code: str) -> None:
    """Give `owner` a wallet and a place for what it holds; and the community, with its first wallet, where points come from
    and where they go when they expire.
    """
    open_wallets([owner], community_code)


def open_wallets(owners: Sequence[str], community_code: str) -> None:
    """Give each of the owners a wallet, as `open_wallet` does.

    A wallet's id is smaller than that of what it holds: whatever locks both locks the wallet first.
    """
    execute(_OPEN, kind=WALLET, owners=list(owners), community_code=community_code, balance=0)
    execute(_OPEN, kind=HELD, owners=list(owners), community_code=community_code, balance=0)
    execute(_OPEN, kind=ISSUANCE, owners=[community_code], community_code=community_code, balance=None)
    execute(_OPEN, kind=EXPIRED, owners=[community_code], community_code=community_code, balance=None)


def open_merchant(merchant_id: UUID, community_code: str) -> None:
    """Give a merchant a place for what it takes; done before, it changes nothing."""
    execute(_OPEN, kind=MERCHANT, owners=[str(merchant_id)], community_code=community_code, balance=None)


# One account with a balance, one without: points enter or leave the counted one.
_ACROSS = text(
    """
    WITH counted AS (
        UPDATE accounts SET balance = balance + :change, owed = owed + :owed_change
        WHERE owner = :owner AND kind = :kind AND balance + :change >= 0 AND owed + :owed_change >= 0
        RETURNING id, balance, owed, community_code
    ), posted AS (
    INSERT INTO transfers (id, debit_account, credit_account, debit_balance, credit_balance,
                           amount, kind, title, source_type, source_id, reverses, created_at, mac)
    SELECT :id,
           CASE WHEN :change > 0 THEN other.id ELSE counted.id END,
           CASE WHEN :change > 0 THEN counted.id ELSE other.id END,
           CASE WHEN :change > 0 THEN NULL ELSE counted.balance END,
           CASE WHEN :change > 0 THEN counted.balance ELSE NULL END,
           abs(:change), :transfer_kind, :title, :source_type, :source_id, :reverses, :created_at, :mac
    FROM counted JOIN accounts other ON other.owner = :other_owner AND other.kind = :other_kind
    RETURNING id
    )
    SELECT counted.balance, counted.owed, counted.community_code FROM counted, posted
    """
).bindparams(bindparam("change", type_=BigInteger), bindparam("owed_change", type_=BigInteger))

# Both accounts have a balance: a wallet and what it holds. The wallet is locked first, whichever way the points go.
_WITHIN = text(
    """
    WITH wallet AS (
        UPDATE accounts SET balance = balance + :change
        WHERE owner = :owner AND kind = 'wallet' AND balance + :change >= 0
        RETURNING id, balance, owed, community_code
    ), held AS (
        UPDATE accounts SET balance = accounts.balance - :change FROM wallet
        WHERE accounts.owner = :owner AND accounts.kind = 'held' AND accounts.balance - :change >= 0
        RETURNING accounts.id, accounts.balance
    ), posted AS (
    INSERT INTO transfers (id, debit_account, credit_account, debit_balance, credit_balance,
                           amount, kind, title, source_type, source_id, reverses, created_at, mac)
    SELECT :id,
           CASE WHEN :change > 0 THEN held.id ELSE wallet.id END,
           CASE WHEN :change > 0 THEN wallet.id ELSE held.id END,
           CASE WHEN :change > 0 THEN held.balance ELSE wallet.balance END,
           CASE WHEN :change > 0 THEN wallet.balance ELSE held.balance END,
           abs(:change), :transfer_kind, :title, :source_type, :source_id, :reverses, :created_at, :mac
    FROM wallet, held
    RETURNING id
    )
    SELECT wallet.balance, wallet.owed, wallet.community_code FROM wallet, posted
    """
).bindparams(bindparam("change", type_=BigInteger))

# From one wallet to another, or from what one holds to what the other holds; both were locked by `_lock_all`.
_BETWEEN = text(
    """
    WITH gave AS (
        UPDATE accounts SET balance = balance - :change
        WHERE owner = :owner AND kind = :kind AND balance >= :change
        RETURNING id, balance
    ), got AS (
        UPDATE accounts SET balance = accounts.balance + :change FROM gave
        WHERE accounts.owner = :other_owner AND accounts.kind = :kind
        RETURNING accounts.id, accounts.balance, accounts.owed, accounts.community_code
    ), posted AS (
    INSERT INTO transfers (id, debit_account, credit_account, debit_balance, credit_balance,
                           amount, kind, title, source_type, source_id, reverses, created_at, mac)
    SELECT :id, gave.id, got.id, gave.balance, got.balance,
           :change, :transfer_kind, :title, :source_type, :source_id, :reverses, :created_at, :mac
    FROM gave, got
    RETURNING id
    )
    SELECT got.balance, got.owed, got.community_code FROM got, posted
    """
).bindparams(bindparam("change", type_=BigInteger))


def credit(owner: str, community_code: str, amount: int, kind: str, source: Source) -> Posted:
    """Issue points of a community into a wallet. The kind and the source are credited once, or not at all."""
    posted = _post(_ACROSS, kind, source, amount, (ISSUANCE, community_code), (WALLET, owner), counted=WALLET, change=amount)
    return _or_damaged(posted, source)


def hold(owner: str, amount: int, source: Source) -> Posted:
    """Set points of a wallet aside. Raises InsufficientPoints where the wallet has fewer."""
    return _or_insufficient(_post(_WITHIN, "hold", source, amount, (WALLET, owner), (HELD, owner), change=-amount))


def release(owner: str, amount: int, source: Source) -> Posted:
    """Put points that were set aside back into their wallet."""
    return _or_damaged(_post(_WITHIN, "release", source, amount, (HELD, owner), (WALLET, owner), change=amount), source)


def spend(owner: str, merchant_id: UUID, amount: int, source: Source) -> Posted:
    """Pay points that were set aside to a merchant."""
    merchant = (MERCHANT, str(merchant_id))
    return _or_damaged(_post(_ACROSS, "spend", source, amount, (HELD, owner), merchant, counted=HELD, change=-amount), source)


_ORIGINAL = text(
    """
    SELECT t.id, t.amount, t.title, t.kind, t.source_type, t.source_id, w.owner, i.owner AS community_code,
           EXISTS (SELECT FROM transfers r WHERE r.reverses = t.id)
           OR EXISTS (SELECT FROM transfers r WHERE r.source_id = t.source_id AND r.kind = 'revocation')
           OR EXISTS (SELECT FROM debt_moves m WHERE m.source_id = t.source_id) AS reversed
    FROM transfers t JOIN accounts w ON w.id = t.credit_account JOIN accounts i ON i.id = t.debit_account
    WHERE (t.id = :id OR (t.source_id = :source_id AND t.kind = :kind)) AND w.kind = 'wallet' AND i.kind = 'issuance'
    """
)
_LOCK = text("SELECT balance, owed FROM accounts WHERE owner = :owner AND kind = 'wallet' FOR UPDATE")


def reverse(transfer_id: UUID, wallet_now: Callable[[str], str]) -> Posted:
    """Take a credit back by a correcting transfer that names it; `wallet_now` says whose a wallet that was merged is now.

    Raises:
        NotReversible: the transfer is no credit.
        AlreadyReversed: it was taken back before.
        InsufficientPoints: the wallet has fewer points than it gave.
    """
    original, owner = _lock_original(wallet_now, id=transfer_id)
    if original is None:
        raise NotReversible()
    if original.reversed:
        raise AlreadyReversed()
    source = Source("transfer", transfer_id, f"冲正：{original.title}")
    return _or_insufficient(_take(owner, original, original.amount, "reversal", source, reverses=transfer_id))


def revoke(kind: str, source_id: UUID, title: str, wallet_now: Callable[[str], str]) -> TakenBack:
    """Take back the credit of this kind from this source as far as the wallet has the points; the rest is owed.

    Where the credit was reversed before, nothing is left to be taken. At most once for a source: the caller guards that.
    """
    original, owner = _lock_original(wallet_now, source_id=source_id, kind=kind)
    if original is None:
        raise BooksDamaged(f"{kind} {source_id}")
    if original.reversed:
        return TakenBack(0, 0)
    wallet = first(_LOCK, owner=owner)
    assert wallet is not None
    taken = min(wallet.balance, original.amount)
    owed = original.amount - taken
    source = Source(original.source_type, source_id, title)
    if taken:
        _or_insufficient(_take(owner, original, taken, "revocation", source, owed_change=owed))
    else:
        execute(_OWE, owner=owner, owed=owed)
    _record_debt(owner, owed, source)
    return TakenBack(taken, owed)


def _lock_original(wallet_now: Callable[[str], str], **which: Any) -> tuple[Row[Any] | None, str]:
    """A credit as it stands behind the lock of the wallet that answers for it now, and that wallet's owner."""
    which = {"id": None, "source_id": None, "kind": None, **which}
    original = first(_ORIGINAL, **which)
    if original is None:
        return None, ""
    # All who take a credit back meet at its wallet; a fresh look behind the lock tells whether another was first.
    owner, now = original.owner, wallet_now(original.owner)
    while True:
        execute(_LOCK, owner=now)
        owner, now = now, wallet_now(now)
        if owner == now:
            return first(_ORIGINAL, **which), owner


def _take(owner: str, original: Row[Any], amount: int, kind: str, source: Source, **more: Any) -> Posted | None:
    debit, credit = (WALLET, owner), (ISSUANCE, original.community_code)
    return _post(_ACROSS, kind, source, amount, debit, credit, counted=WALLET, change=-amount, **more)


_LOCK_ALL = text(
    """
    SELECT owner, kind, balance, owed, community_code FROM accounts
    WHERE owner IN (:one, :other) AND kind IN ('wallet', 'held') ORDER BY id FOR UPDATE
    """
)


def move(from_owner: str, to_owner: str, amount: int, source: Source) -> None:
    """Move points from one wallet to another. Raises InsufficientPoints where the first has fewer."""
    execute(_LOCK_ALL, one=from_owner, other=to_owner)
    _or_insufficient(_move(from_owner, to_owner, amount, source))


def empty_into(from_owner: str, to_owner: str, source: Source) -> int:
    """Move all that is in a wallet, and all that it owes, to another; the points moved. What is held for orders stays."""
    accounts = {(row.owner, row.kind): row for row in execute(_LOCK_ALL, one=from_owner, other=to_owner)}
    wallet, other = accounts[from_owner, WALLET], accounts[to_owner, WALLET]
    if wallet.balance:
        _or_insufficient(_move(from_owner, to_owner, wallet.balance, source))
    if wallet.owed:
        execute(_OWE, owner=from_owner, owed=-wallet.owed)
        _record_debt(from_owner, -wallet.owed, source)
        execute(_OWE, owner=to_owner, owed=wallet.owed)
        _record_debt(to_owner, wallet.owed, source)
        _repay(to_owner, source.id, source.title, other)
    return int(wallet.balance)


def _move(from_owner: str, to_owner: str, amount: int, source: Source) -> Posted | None:
    return _post(_BETWEEN, "move", source, amount, (WALLET, from_owner), (WALLET, to_owner), counted=WALLET, change=amount)


_OWE = text("UPDATE accounts SET owed = owed + :owed WHERE owner = :owner AND kind = 'wallet'").bindparams(
    bindparam("owed", type_=BigInteger)
)
_DEBT = text(
    """
    INSERT INTO debt_moves (id, wallet, change, source_type, source_id, at)
    VALUES (:id, :wallet, :change, :source_type, :source_id, :now)
    """
)


def _record_debt(owner: str, change: int, source: Source) -> None:
    if change:
        values = {"wallet": owner, "change": change, "source_type": source.type, "source_id": source.id}
        execute(_DEBT, id=ids.new(), now=clock.now(), **values)


def _repay(owner: str, cause: UUID, title: str, wallet: Any) -> int:
    """Pay what a wallet owes from what just came in by `cause`; its balance then."""
    locked = first(_LOCK, owner=owner)
    assert locked is not None
    amount = min(locked.balance, locked.owed)
    if not amount:
        return int(locked.balance)
    source = Source("transfer", cause, f"补扣欠分：{title}")
    debit, credit = (WALLET, owner), (ISSUANCE, wallet.community_code)
    posted = _post(_ACROSS, "repayment", source, amount, debit, credit, counted=WALLET, change=-amount, owed_change=-amount)
    _record_debt(owner, -amount, source)
    assert posted is not None
    assert posted.balance is not None
    return posted.balance


_BALANCE_AFTER = text(
    """
    SELECT coalesce(r.debit_balance, t.credit_balance) FROM transfers t
    LEFT JOIN transfers r ON r.source_id = t.id AND r.kind = 'repayment'
    WHERE t.source_id = :source_id AND t.kind = :kind
    """
)


def balance_after(kind: str, source_id: UUID) -> int:
    """The balance of a wallet right after the credit of this kind from this source, and what it owed was paid from it."""
    return int(execute(_BALANCE_AFTER, kind=kind, source_id=source_id).scalar_one())


_FROM = text("SELECT source_id, id FROM transfers WHERE kind = :kind AND source_id = ANY(:source_ids)")


def transfers_of(kind: str, source_ids: Sequence[UUID]) -> dict[UUID, UUID]:
    """The ids of the transfers of this kind, by the sources they come from."""
    return {row.source_id: row.id for row in execute(_FROM, kind=kind, source_ids=list(source_ids))}


_COMMUNITY = text(
    """
    SELECT a.community_code FROM transfers t JOIN accounts a ON a.id = t.debit_account WHERE t.id = :id
    """
)


def community_of(transfer_id: UUID) -> str | None:
    """The code of the community in whose books a transfer stands, None where there is no such transfer."""
    row = first(_COMMUNITY, id=transfer_id)
    return None if row is None else str(row.community_code)


def transfer_mac(
    id: UUID,
    debit: tuple[str, str],
    credit: tuple[str, str],
    amount: int,
    kind: str,
    source: Source,
    created_at: datetime,
    reverses: UUID | None,
) -> bytes:
    """The keyed digest of a transfer (16 bytes): who changes a row without the key cannot make it fit."""
    moment = int(created_at.timestamp() * 1_000_000)
    parts = (id, *debit, *credit, amount, kind, source.type, source.id, source.title, moment, reverses or "")
    return signing.mac("transfer", *parts)[:16]


def _post(
    statement: TextClause,
    kind: str,
    source: Source,
    amount: int,
    debit: tuple[str, str],
    credit: tuple[str, str],
    *,
    change: int,
    counted: str | None = None,
    owed_change: int = 0,
    reverses: UUID | None = None,
) -> Posted | None:
    """Make one transfer; None where the guard refused. `change` is what the first counted account gains."""
    transfer_id, created_at = ids.new(), clock.now()
    values: dict[str, Any] = {}
    if counted:
        own, other = (debit, credit) if debit[0] == counted else (credit, debit)
        values = {"owner": own[1], "kind": counted, "other_owner": other[1], "other_kind": other[0], "owed_change": owed_change}
    else:
        values = {"owner": debit[1]}
    row = first(
        statement,
        id=transfer_id,
        change=change,
        transfer_kind=kind,
        title=source.title,
        source_type=source.type,
        source_id=source.id,
        reverses=reverses,
        created_at=created_at,
        mac=transfer_mac(transfer_id, debit, credit, amount, kind, source, created_at, reverses),
        **values,
    )
    if row is None or WALLET not in (debit[0], credit[0]):
        return None if row is None else Posted(transfer_id, None)
    if row.owed and credit[0] == WALLET:
        return Posted(transfer_id, _repay(credit[1], transfer_id, source.title, row))
    return Posted(transfer_id, row.balance)


def _or_insufficient(posted: Posted | None) -> Posted:
    if posted is None:
        raise InsufficientPoints()
    return posted


def _or_damaged(posted: Posted | None, source: Source) -> Posted:
    if posted is None:
        raise BooksDamaged(f"{source.type} {source.id}")
    return posted


_LOCK_BALANCE = text("SELECT balance, community_code FROM accounts WHERE owner = :owner AND kind = 'wallet' FOR UPDATE")


def expire(owner: str, source: Source) -> int:
    """Let all points of a wallet that can be spent expire; how many there were."""
    wallet = first(_LOCK_BALANCE, owner=owner)
    if wallet is None or wallet.balance == 0:
        return 0
    # Behind the lock the balance is what it was read as, and the guarded statement would refuse it otherwise.
    expired, amount = (EXPIRED, wallet.community_code), int(wallet.balance)
    _or_damaged(_post(_ACROSS, "expiry", source, amount, (WALLET, owner), expired, counted=WALLET, change=-amount), source)
    return amount
