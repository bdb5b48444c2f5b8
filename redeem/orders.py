"""Orders: a resident sets points aside for an item; the order waits to be scanned, is cancelled, or lapses."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, Row, select, text
from sqlalchemy.orm import Mapped, mapped_column, relationship, selectinload

from kernel import audit, clock, codes, ids, paging
from kernel.database import Model, db, execute, first
from kernel.errors import Conflict, NotFound
from people import messages
from people.actors import WORKER, Resident, Staff, System
from people.settings import Settings
from points import households, ledger
from points.deeds import LimitReached
from redeem import stocks
from redeem.items import Item

WARNED_BEFORE = timedelta(days=1)
MAX_QUANTITY = 99
CODE_PURPOSE = "order"


class ItemUnavailable(Conflict):
    title = "这件商品或服务现在不能兑换，请换一件"


class OrderNotOpen(Conflict):
    title = "这个订单已经结束，请在订单里查看结果"


class Order(Model):
    """Some pieces of an item for which points are held in `wallet`: `unit_price` for each piece left.

    Of every order: pieces scanned + `pieces_left` + `pieces_returned` (cancelled or lapsed) = `quantity`.
    """

    __tablename__ = "orders"
    __table_args__ = (
        CheckConstraint("status IN ('reserved', 'redeemed', 'cancelled', 'lapsed', 'refunded')", name="status"),
        CheckConstraint("quantity BETWEEN 1 AND 99 AND pieces_left >= 0 AND pieces_returned >= 0", name="pieces"),
        CheckConstraint("pieces_left + pieces_returned <= quantity", name="sum"),
        CheckConstraint("(status = 'reserved') = (pieces_left > 0)", name="open"),
        Index(None, "resident_id", "id"),
        Index(None, "item_id", "resident_id"),
        Index(None, "placed_at"),
        Index("orders_wallet_idx", "wallet", postgresql_where=text("status = 'reserved'")),
        Index("orders_due_idx", "expires_at", postgresql_where=text("status = 'reserved'")),
        Index("orders_to_warn_idx", "expires_at", postgresql_where=text("status = 'reserved' AND warned_at IS NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, Identity(always=True, maxvalue=99_999_999), unique=True)
    resident_id: Mapped[UUID] = mapped_column(ForeignKey("residents.id"))
    wallet: Mapped[str]
    community_code: Mapped[str] = mapped_column(ForeignKey("divisions.code"))
    item_id: Mapped[UUID] = mapped_column(ForeignKey("items.id"))
    merchant_id: Mapped[UUID] = mapped_column(ForeignKey("merchants.id"))
    quantity: Mapped[int]
    pieces_left: Mapped[int]
    pieces_returned: Mapped[int]
    unit_price: Mapped[int]
    status: Mapped[str]
    placed_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    redeemed_at: Mapped[datetime | None]
    warned_at: Mapped[datetime | None]

    item: Mapped[Item] = relationship(viewonly=True)

    @property
    def points(self) -> int:
        return self.quantity * self.unit_price


@dataclass(frozen=True)
class Placed:
    """A new order, as `Order` is shown."""

    id: UUID
    status: str
    item: dict[str, Any]
    quantity: int
    pieces_left: int
    points: int
    placed_at: datetime
    expires_at: datetime


# Whoever is leaving waits until the order is placed, and cancels it then; who has left places none. He pays from the wallet
# that is his behind this lock: since he signed in he may have moved.
_OFFER = text(
    """
    SELECT i.kind, i.name, i.price, i.merchant_id, i.per_person, i.per_days, s.available, r.wallet,
           coalesce(c.order_lapses_after_days, :lapses_after_days) AS lapses_after_days,
           m.active AND coalesce(i.on_shelf_from <= :now, true) AND coalesce(i.on_shelf_to > :now, true) AS offered
    FROM residents r CROSS JOIN items i JOIN merchants m ON m.id = i.merchant_id LEFT JOIN stocks s ON s.item_id = i.id
    LEFT JOIN community_settings c ON c.community_code = i.community_code
    WHERE i.id = :item_id AND i.community_code = :community_code AND r.id = :resident_id AND r.left_at IS NULL
    FOR SHARE OF r
    """
)
# The wallet is locked by the hold before this runs, so the resident's orders are counted one after the other.
_PLACE = text(
    """
    INSERT INTO orders (id, resident_id, wallet, community_code, item_id, merchant_id, quantity, pieces_left, pieces_returned,
                        unit_price, status, placed_at, expires_at)
    SELECT :id, :resident_id, :wallet, :community_code, :item_id, :merchant_id, :quantity, :quantity, 0,
           :price, 'reserved', :now, :expires_at
    WHERE CAST(:per_person AS bigint) IS NULL OR :quantity + (
        SELECT coalesce(sum(quantity - pieces_returned), 0) FROM orders
        WHERE item_id = :item_id AND resident_id = :resident_id AND placed_at > :counted_since
    ) <= :per_person
    """
)


def place(actor: Resident, *, item_id: UUID, quantity: int) -> Placed:
    """Order some pieces of an item: its points are held, its pieces reserved, until it lapses.

    Raises:
        NotFound: no such item in the actor's community, or he has just left it.
        ItemUnavailable: it is off the shelf.
        ledger.InsufficientPoints: the wallet has too few points.
        LimitReached: the item's limit per person is reached.
        stocks.OutOfStock: too few pieces are left.
    """
    now, order_id = clock.now(), ids.new()
    wanted = {"item_id": item_id, "community_code": actor.community_code, "resident_id": actor.id}
    offer = first(_OFFER, **wanted, now=now, lapses_after_days=Settings.order_lapses_after_days)
    if offer is None:
        raise NotFound()
    if not offer.offered:
        raise ItemUnavailable()
    if offer.available is not None and offer.available < quantity:  # the guard that decides is in `stocks.move`
        raise stocks.OutOfStock()
    points, expires_at = offer.price * quantity, now + timedelta(days=offer.lapses_after_days)
    ledger.hold(offer.wallet, points, ledger.Source("order", order_id, f"兑换：{offer.name}"))
    placed = execute(
        _PLACE,
        id=order_id,
        resident_id=actor.id,
        wallet=offer.wallet,
        community_code=actor.community_code,
        item_id=item_id,
        merchant_id=offer.merchant_id,
        quantity=quantity,
        price=offer.price,
        now=now,
        expires_at=expires_at,
        per_person=offer.per_person,
        counted_since=now - timedelta(days=offer.per_days) if offer.per_days else clock.EVER[0],
    )
    if placed.rowcount == 0:
        raise LimitReached()
    audit.record(actor, "order.place", order_id, actor.community_code, item_id=item_id, quantity=quantity, points=points)
    if offer.available is not None:
        stocks.move(item_id, -quantity, "reserved", source_id=order_id, by_id=actor.id)
    item = {"id": item_id, "kind": offer.kind, "name": offer.name}
    return Placed(order_id, "reserved", item, quantity, quantity, points, now, expires_at)


def find(actor: Resident, window: paging.Window) -> paging.Page[Order]:
    """The actor's orders, newest first."""
    return paging.by_id(select(Order).where(Order.resident_id == actor.id).options(selectinload(Order.item)), Order.id, window)


def get(actor: Resident, order_id: UUID) -> Order:
    """One of the actor's orders. Raises NotFound."""
    query = select(Order).where(Order.id == order_id, Order.resident_id == actor.id)
    order = db.session.scalar(query.options(selectinload(Order.item)).execution_options(populate_existing=True))
    if order is None:
        raise NotFound()
    return order


def code(actor: Resident, order_id: UUID, count: int = 1) -> list[codes.Code]:
    """The order's present code and those after it, `count` in all.

    Raises:
        NotFound: the order is not the actor's.
        OrderNotOpen: it was redeemed or cancelled, or its time is over.
    """
    order = get(actor, order_id)
    if order.status != "reserved" or order.expires_at <= clock.now():
        raise OrderNotOpen()
    return codes.ahead(CODE_PURPOSE, order.number, count)


_CLOSE = text(
    """
    UPDATE orders SET status = :status, pieces_returned = pieces_returned + pieces_left, pieces_left = 0
    WHERE id = :id AND status = 'reserved' AND (:status = 'cancelled' OR expires_at <= :now)
    RETURNING id, resident_id, wallet, community_code, item_id, unit_price, pieces_returned AS pieces,
              EXISTS (SELECT FROM stocks WHERE stocks.item_id = orders.item_id) AS stocked,
              (SELECT name FROM items WHERE items.id = orders.item_id) AS item_name
    """
)


def cancel(actor: Resident, order_id: UUID) -> Order:
    """Cancel an order: its points go back to the wallet, its pieces back to the shelf.

    Raises:
        NotFound: it is not the actor's.
        OrderNotOpen: it was redeemed, cancelled or lapsed before.
    """
    get(actor, order_id)
    if not _close(actor, order_id, "cancelled"):
        raise OrderNotOpen()
    return get(actor, order_id)


_DUE = text("SELECT id FROM orders WHERE status = 'reserved' AND expires_at <= :now ORDER BY expires_at LIMIT :limit")


def due(limit: int = 100) -> list[UUID]:
    """Orders whose time is over and that still wait, the oldest first."""
    return list(execute(_DUE, now=clock.now(), limit=limit).scalars())


def lapse(order_id: UUID) -> bool:
    """Let an order lapse whose time is over; False where another was faster. As harmless twice as once."""
    return _close(WORKER, order_id, "lapsed")


_TO_WARN = text(
    """
    SELECT id FROM orders
    WHERE status = 'reserved' AND warned_at IS NULL AND expires_at > :now AND expires_at <= :until
      AND expires_at - placed_at > :ahead
    ORDER BY expires_at LIMIT :limit
    """
)
_WARN = text(
    """
    UPDATE orders SET warned_at = :now WHERE id = :id AND status = 'reserved' AND warned_at IS NULL AND expires_at > :now
    RETURNING resident_id, expires_at, (SELECT name FROM items WHERE items.id = orders.item_id) AS item_name
    """
)


def to_warn(limit: int = 100) -> list[UUID]:
    """Orders that lapse within a day, of which the resident was not told; those that never had more than a day are not."""
    now = clock.now()
    return list(execute(_TO_WARN, now=now, until=now + WARNED_BEFORE, ahead=WARNED_BEFORE, limit=limit).scalars())


def warn(order_id: UUID) -> bool:
    """Tell the resident that his order lapses soon; False where he was told, or the order is no longer open. Once per order."""
    warned = first(_WARN, id=order_id, now=clock.now())
    if warned is None:
        return False
    until = warned.expires_at.astimezone(clock.zone())
    body = f"“{warned.item_name}”请在 {until:%m月%d日 %H:%M} 前使用；过期后订单作废，积分退回。不需要了可以取消订单。"
    messages.tell(warned.resident_id, "order.lapses_soon", "订单快到期了", body, "order", order_id)
    return True


def _close(actor: Resident | Staff | System, order_id: UUID, status: str) -> bool:
    closed = first(_CLOSE, id=order_id, status=status, now=clock.now())
    if closed is None:
        return False
    points = closed.pieces * closed.unit_price
    word = "取消" if status == "cancelled" else "过期"
    ledger.release(closed.wallet, points, ledger.Source("order", order_id, f"{word}：{closed.item_name}"))
    nobodys = ledger.Source("order", order_id, f"{word}：{closed.item_name}，原来的家庭已经没有人，积分失效")
    expired = households.come_back(actor, closed.wallet, closed.community_code, nobodys)
    audit.record(actor, f"order.{status}", order_id, closed.community_code, pieces=closed.pieces, points=points, expired=expired)
    if status == "lapsed":
        _tell_of_lapse(order_id, closed, points, expired)
    if closed.stocked:
        stocks.move(closed.item_id, closed.pieces, "released", source_id=order_id, by_id=actor.id)
    return True


def _tell_of_lapse(order_id: UUID, closed: Row[Any], points: int, expired: int) -> None:
    back = "下单时的家庭已经没有人，退回的积分随之失效" if expired else f"{points} 分已退回您的积分。需要的话可以重新兑换"
    body = f"“{closed.item_name}”没有在期限内使用，订单已经作废，{back}。"
    messages.tell(closed.resident_id, "order.lapsed", "订单已过期", body, "order", order_id)


# All of them before any wallet, and by item, in the order in which their stock will be changed.
_OPEN_OF = text(
    """
    SELECT id FROM orders WHERE resident_id = :resident_id AND status = 'reserved' ORDER BY item_id, id FOR NO KEY UPDATE
    """
)


def cancel_all(actor: Resident | Staff, resident_id: UUID) -> int:
    """Cancel all open orders of somebody who leaves; how many there were."""
    return sum(_close(actor, row.id, "cancelled") for row in execute(_OPEN_OF, resident_id=resident_id).all())


def count_open(resident_id: UUID) -> int:
    """How many orders of a resident wait to be scanned."""
    waiting = text("SELECT count(*) FROM orders WHERE resident_id = :resident_id AND status = 'reserved'")
    return int(execute(waiting, resident_id=resident_id).scalar_one())
