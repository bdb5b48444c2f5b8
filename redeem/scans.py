"""Scans: the merchant scans an order's code once, and the points become his. What he was refused is on record too."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from kernel import audit, clock, codes, ids, paging
from kernel.codes import CodeExpired, CodeInvalid, Freshness, Reading
from kernel.database import Model, add, execute, first
from kernel.errors import Conflict, Forbidden, NotFound, Refusal, TooManyRequests
from people import masking
from people.actors import Merchant
from points import ledger
from redeem.orders import CODE_PURPOSE, OrderNotOpen

MAX_MISSES = 30
MISSES_COUNT_FOR = timedelta(minutes=5)


class CodeOtherMerchant(Forbidden):
    title = "这是别家商户的兑换码，请居民到那一家使用"


class CodeAlreadyRedeemed(Conflict):
    title = "这个兑换码已经用过了，不要重复交付"


class NotEnoughPieces(Conflict):
    title = "订单里剩下的件数不够，请减少件数再扫一次"


class Scan(Model):
    """Pieces of an order that were handed over, at whose till, for how many points."""

    __tablename__ = "scans"
    __table_args__ = (
        CheckConstraint("pieces > 0 AND points > 0", name="positive"),
        Index(None, "merchant_id", "id"),
        Index(None, "merchant_id", "at"),
        Index(None, "at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    order_id: Mapped[UUID] = mapped_column(ForeignKey("orders.id"), index=True)
    merchant_id: Mapped[UUID] = mapped_column(ForeignKey("merchants.id"))
    login_id: Mapped[UUID] = mapped_column(ForeignKey("logins.id"))
    pieces: Mapped[int]
    points: Mapped[int]
    at: Mapped[datetime]


class RefusedScan(Model):
    """A scan that was refused, and why. Only `code_invalid` counts towards a till's limit."""

    __tablename__ = "refused_scans"
    __table_args__ = (Index(None, "login_id", "at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    login_id: Mapped[UUID] = mapped_column(ForeignKey("logins.id"))
    order_number: Mapped[int | None]
    code: Mapped[str]
    at: Mapped[datetime]


@dataclass(frozen=True)
class Scanned:
    """A scan as it is shown to the merchant."""

    id: UUID
    order: dict[str, Any]
    pieces: int
    points: int
    resident_masked: str
    redeemed_at: datetime


@dataclass(frozen=True)
class Taken:
    """How many scans there were, and for how many points."""

    scans: int
    points: int


_MISSES = """
    (SELECT count(*) FROM (
        SELECT FROM refused_scans WHERE login_id = :login_id AND code = 'code_invalid' AND at > :since LIMIT :max) misses)
"""
# Everything that decides a scan is in the WHERE: where it matches no row, nothing is written and `_why_not` says why.
_REDEEM = text(
    f"""
    WITH redeemed AS (
        UPDATE orders o
        SET pieces_left = o.pieces_left - coalesce(:pieces, o.pieces_left),
            status = CASE WHEN o.pieces_left = coalesce(:pieces, o.pieces_left) THEN 'redeemed' ELSE o.status END,
            redeemed_at = :now
        FROM items i, residents r, (SELECT number, pieces_left FROM orders WHERE number = :number FOR NO KEY UPDATE) before
        WHERE o.number = before.number AND o.merchant_id = :merchant_id AND o.status = 'reserved' AND o.expires_at > :now
          AND o.pieces_left >= coalesce(:pieces, o.pieces_left) AND {_MISSES} < :max
          AND i.id = o.item_id AND r.id = o.resident_id
        RETURNING o.id, o.wallet, o.community_code, o.quantity, o.pieces_left, o.unit_price, o.item_id,
                  before.pieces_left - o.pieces_left AS pieces, i.name AS item_name, r.name AS resident_name
    ), recorded AS (
        INSERT INTO scans (id, order_id, merchant_id, login_id, pieces, points, at)
        SELECT :id, id, :merchant_id, :login_id, pieces, pieces * unit_price, :now FROM redeemed
    )
    SELECT * FROM redeemed
    """
)


def redeem(actor: Merchant, *, token: str, pieces: int | None = None) -> Scanned:
    """Scan an order's code: the pieces (all that are left, unless said) are handed over and their points are the merchant's.

    Raises, judged in this order, and on record:
        CodeInvalid: forged, mistyped, not an order's, or from a step that has not begun.
        CodeOtherMerchant: the item is another merchant's.
        CodeAlreadyRedeemed: all pieces were scanned; `redeemed_at` says when.
        OrderNotOpen: cancelled, lapsed or refunded.
        CodeExpired: a real code whose time is over.
        NotEnoughPieces: fewer pieces are left.
    and TooManyRequests before any of them, after 30 invalid codes in 5 minutes at this till.
    """
    reading = codes.read(CODE_PURPOSE, token)
    if reading is None or reading.freshness is Freshness.STALE:
        raise _refused(actor, reading)
    scan_id, now = ids.new(), clock.now()
    done = first(
        _REDEEM, id=scan_id, number=reading.number, pieces=pieces, merchant_id=actor.merchant_id, now=now, **_till(actor)
    )
    if done is None:
        raise _refused(actor, reading)
    points = done.pieces * done.unit_price
    ledger.spend(done.wallet, actor.merchant_id, points, ledger.Source("scan", scan_id, f"兑换：{done.item_name}"))
    audit.record(actor, "scan.redeem", scan_id, done.community_code, order_id=done.id, pieces=done.pieces, points=points)
    return Scanned(scan_id, _order(done.id, done), done.pieces, points, masking.name(done.resident_name), now)


_SHOWN = """
    SELECT s.id, s.order_id, s.pieces, s.points, s.at, o.quantity, o.pieces_left, o.unit_price, o.item_id,
           i.name AS item_name, r.name AS resident_name
    FROM scans s JOIN orders o ON o.id = s.order_id JOIN items i ON i.id = o.item_id JOIN residents r ON r.id = o.resident_id
    WHERE s.merchant_id = :merchant_id AND """
_GET = text(_SHOWN + "s.id = :id")
_FIND = text(_SHOWN + "s.at >= :start AND s.at < :until AND s.id < :before ORDER BY s.id DESC LIMIT :limit")
_TAKEN = text(
    """
    SELECT count(*) AS scans, coalesce(sum(points), 0) AS points FROM scans
    WHERE merchant_id = :merchant_id AND at >= :start AND at < :until
    """
)
_LAST_ID = UUID(int=2**128 - 1)


def find(actor: Merchant, window: paging.Window, start: datetime, until: datetime) -> paging.Page[Scanned]:
    """What the actor's merchant scanned from one moment until another, newest first."""
    before = window.after_id() or _LAST_ID
    rows = execute(_FIND, merchant_id=actor.merchant_id, start=start, until=until, before=before, limit=window.limit + 1)
    return paging.cut([_shown(row) for row in rows], window.limit, lambda scan: scan.id)


def get(actor: Merchant, scan_id: UUID) -> Scanned:
    """One scan of the actor's merchant. Raises NotFound."""
    row = first(_GET, merchant_id=actor.merchant_id, id=scan_id)
    if row is None:
        raise NotFound()
    return _shown(row)


def taken(actor: Merchant, start: datetime, until: datetime) -> Taken:
    """What the actor's merchant scanned from one moment until another, in all."""
    row = first(_TAKEN, merchant_id=actor.merchant_id, start=start, until=until)
    assert row is not None
    return Taken(row.scans, int(row.points))


def _shown(row: Any) -> Scanned:
    order, resident = _order(row.order_id, row), masking.name(row.resident_name)
    return Scanned(row.id, order, row.pieces, row.points, resident, row.at)


def _order(order_id: UUID, row: Any) -> dict[str, Any]:
    return {
        "id": order_id,
        "item": {"id": row.item_id, "name": row.item_name},
        "quantity": row.quantity,
        "pieces_left": row.pieces_left,
        "points": row.quantity * row.unit_price,
    }


_LOOK = text(
    f"""
    SELECT {_MISSES} >= :max AS blocked, o.merchant_id, o.status, o.redeemed_at, o.pieces_left, o.expires_at
    FROM (VALUES (1)) one LEFT JOIN orders o ON o.number = :number
    """
)


def _why_not(actor: Merchant, reading: Reading | None) -> Refusal:
    order = first(_LOOK, number=reading.number if reading else None, **_till(actor))
    assert order is not None
    if order.blocked:
        return TooManyRequests(retry_after_s=int(MISSES_COUNT_FOR.total_seconds()))
    if reading is None or order.merchant_id is None:
        return CodeInvalid()
    if order.merchant_id != actor.merchant_id:
        return CodeOtherMerchant()
    if order.status == "redeemed":
        return CodeAlreadyRedeemed(redeemed_at=order.redeemed_at)
    if order.status != "reserved" or order.expires_at <= clock.now():
        return OrderNotOpen()
    if reading.freshness is Freshness.STALE:
        return CodeExpired()
    return NotEnoughPieces()


def _refused(actor: Merchant, reading: Reading | None) -> Refusal:
    why, number = _why_not(actor, reading), reading.number if reading else None
    return why.remembering(
        lambda: add(RefusedScan(id=ids.new(), login_id=actor.id, order_number=number, code=why.code, at=clock.now()))
    )


def _till(actor: Merchant) -> dict[str, Any]:
    return {"login_id": actor.id, "since": clock.now() - MISSES_COUNT_FOR, "max": MAX_MISSES}
