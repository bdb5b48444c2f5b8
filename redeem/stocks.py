"""Stock: how many pieces of an item can still be ordered, in a narrow table of its own, with every change on record."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, bindparam, text
from sqlalchemy.orm import Mapped, mapped_column

from kernel import clock, ids
from kernel.database import Model, execute, first
from kernel.errors import Conflict


class OutOfStock(Conflict):
    title = "库存不够了，请减少件数，或过几天再来"


class StockNotKept(Conflict):
    title = "这项服务不计库存，不用调整"


class Stock(Model):
    """The pieces of an item that can still be ordered. An item without a row, such as a service, never runs out."""

    __tablename__ = "stocks"
    # Every order of an item rewrites this one row: the migration keeps room for its next version beside it on the page.
    __table_args__ = (CheckConstraint("available >= 0", name="floor"),)

    item_id: Mapped[UUID] = mapped_column(ForeignKey("items.id"), primary_key=True)
    available: Mapped[int]


class StockMove(Model):
    """A change of stock: `delta` pieces, of a kind, from an order or a donation, or for a reason that staff gave."""

    __tablename__ = "stock_moves"
    __table_args__ = (
        CheckConstraint("kind IN ('opening', 'received', 'donated', 'written_off', 'reserved', 'released')", name="kind"),
        CheckConstraint("delta <> 0", name="delta"),
        Index(None, "item_id", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    item_id: Mapped[UUID] = mapped_column(ForeignKey("items.id"))
    kind: Mapped[str]
    delta: Mapped[int]
    source_id: Mapped[UUID | None] = mapped_column(index=True)
    reason: Mapped[str | None]
    by_id: Mapped[UUID | None]
    at: Mapped[datetime]


_OPEN = text("INSERT INTO stocks (item_id, available) VALUES (:item_id, 0)")
_MOVE = text(
    """
    WITH moved AS (
        UPDATE stocks SET available = available + :delta
        WHERE item_id = :item_id AND available + :delta >= 0
        RETURNING item_id, available
    ), recorded AS (
        INSERT INTO stock_moves (id, item_id, kind, delta, source_id, reason, by_id, at)
        SELECT :id, item_id, :kind, :delta, :source_id, :reason, :by_id, :now FROM moved
    )
    SELECT available FROM moved
    """
).bindparams(bindparam("delta", type_=BigInteger))
_KEPT = text("SELECT FROM stocks WHERE item_id = :item_id")


def begin(item_id: UUID, pieces: int, by_id: UUID | None) -> None:
    """Begin to keep stock of an item, with some pieces or none."""
    execute(_OPEN, item_id=item_id)
    if pieces:
        move(item_id, pieces, "opening", by_id=by_id)


def move(
    item_id: UUID, delta: int, kind: str, *, source_id: UUID | None = None, reason: str | None = None, by_id: UUID | None = None
) -> int:
    """Change an item's stock by `delta` pieces, on record; what is left then.

    Raises:
        OutOfStock: fewer pieces are there than are to be taken.
        StockNotKept: no stock is kept of the item.
    """
    row = first(
        _MOVE,
        id=ids.new(),
        item_id=item_id,
        delta=delta,
        kind=kind,
        source_id=source_id,
        reason=reason,
        by_id=by_id,
        now=clock.now(),
    )
    if row is not None:
        return int(row.available)
    if first(_KEPT, item_id=item_id) is None:
        raise StockNotKept()
    raise OutOfStock()
