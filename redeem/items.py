"""Items: the goods and services that a merchant offers for points in a community's points shop."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Select, or_, select
from sqlalchemy.orm import Mapped, mapped_column, relationship, selectinload

from kernel import audit, clock, ids, paging, uploads
from kernel.database import Model, add, db
from kernel.errors import NotFound, ValidationFailed
from people import divisions, merchants
from people.actors import Resident, Staff
from people.divisions import Division
from people.merchants import Merchant
from points import ledger, wallets
from redeem import stocks
from redeem.stocks import Stock

MAX_PRICE = 1_000_000
MAX_STOCK = 1_000_000


class Item(Model):
    """What is offered. A resident may order `per_person` pieces in `per_days` days (ever, where that is empty)."""

    __tablename__ = "items"
    __table_args__ = (
        CheckConstraint("kind IN ('goods', 'service')", name="kind"),
        CheckConstraint("price > 0", name="price"),
        Index(None, "community_code", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    community_code: Mapped[str] = mapped_column(ForeignKey("divisions.code"))
    merchant_id: Mapped[UUID] = mapped_column(ForeignKey("merchants.id"), index=True)
    kind: Mapped[str]
    name: Mapped[str]
    description: Mapped[str]
    price: Mapped[int]
    per_person: Mapped[int | None]
    per_days: Mapped[int | None]
    upload_id: Mapped[UUID | None] = mapped_column(ForeignKey("uploads.id"), index=True)
    on_shelf_from: Mapped[datetime | None]
    on_shelf_to: Mapped[datetime | None]
    created_at: Mapped[datetime]

    community: Mapped[Division] = relationship(viewonly=True)
    merchant: Mapped[Merchant] = relationship(viewonly=True)
    stock_row: Mapped[Stock | None] = relationship(viewonly=True, uselist=False)


@dataclass(frozen=True)
class ItemView:
    """An item as it is shown. `stock` is what can still be ordered, None where it never runs out."""

    id: UUID
    community_code: str
    kind: str
    name: str
    description: str
    price: int
    stock: int | None
    merchant: Merchant
    limits: dict[str, int]
    upload_id: UUID | None
    on_shelf_from: datetime | None
    on_shelf_to: datetime | None
    available: bool


def view(item: Item) -> ItemView:
    """How an item is shown; it is available when it is on the shelf, its merchant is active and there are pieces left."""
    stock = item.stock_row.available if item.stock_row else None
    limits = {name: value for name in ("per_person", "per_days") if (value := getattr(item, name)) is not None}
    return ItemView(
        id=item.id,
        community_code=item.community_code,
        kind=item.kind,
        name=item.name,
        description=item.description,
        price=item.price,
        stock=stock,
        merchant=item.merchant,
        limits=limits,
        upload_id=item.upload_id,
        on_shelf_from=item.on_shelf_from,
        on_shelf_to=item.on_shelf_to,
        available=_on_shelf(item) and item.merchant.active and stock != 0,
    )


def _on_shelf(item: Item) -> bool:
    now = clock.now()
    return (item.on_shelf_from is None or item.on_shelf_from <= now) and (item.on_shelf_to is None or now < item.on_shelf_to)


def shop(
    actor: Resident,
    window: paging.Window,
    *,
    kind: str | None = None,
    q: str | None = None,
    merchant_id: UUID | None = None,
    affordable: bool = False,
) -> paging.Page[ItemView]:
    """What is on the shelf in the actor's community; `affordable` leaves what his balance covers."""
    now = clock.now()
    query = select(Item).where(
        Item.community_code == actor.community_code,
        or_(Item.on_shelf_from.is_(None), Item.on_shelf_from <= now),
        or_(Item.on_shelf_to.is_(None), Item.on_shelf_to > now),
    )
    if affordable:
        query = query.where(Item.price <= wallets.balances(actor).balance)
    return _page(_filter(query, kind, q, merchant_id), window)


def on_shelf(actor: Resident, item_id: UUID) -> ItemView:
    """One item on the shelf of the actor's community. Raises NotFound."""
    item = _load(item_id)
    if item.community_code != actor.community_code or not _on_shelf(item):
        raise NotFound()
    return view(item)


def find(
    actor: Staff, window: paging.Window, *, kind: str | None = None, q: str | None = None, merchant_id: UUID | None = None
) -> paging.Page[ItemView]:
    """All items in the actor's part of the tree, or of the community above him, those off the shelf too."""
    query = select(Item).join(Item.community).where(Division.lineage.startswith(actor.community_scope))
    return _page(_filter(query, kind, q, merchant_id), window)


def create(
    actor: Staff,
    *,
    kind: str,
    merchant_id: UUID,
    community_code: str | None = None,
    stock: int | None = None,
    limits: dict[str, int] | None = None,
    upload_id: UUID | None = None,
    **fields: Any,
) -> ItemView:
    """A new item, on the shelf at once unless a time is given. Goods have a stock, be it 0; a service only where one is given.

    Raises:
        NotFound: the community, the merchant or the picture is not the actor's to use.
    """
    community = divisions.community_for(actor, community_code)
    merchant = merchants.get(actor, merchant_id)
    if upload_id is not None:
        uploads.owned(actor.id, [upload_id])
    _check_times(fields.get("on_shelf_from"), fields.get("on_shelf_to"))
    item = Item(
        id=ids.new(),
        community_code=community.code,
        merchant_id=merchant.id,
        kind=kind,
        upload_id=upload_id,
        created_at=clock.now(),
        **{"description": "", **fields, **_limit_columns(limits or {})},
    )
    add(item)
    if kind == "goods" or stock is not None:
        stocks.begin(item.id, stock or 0, actor.id)
    ledger.open_merchant(merchant.id, merchant.community_code)
    audit.record(actor, "item.create", item.id, community.code, price=item.price, stock=stock)
    return view(_load(item.id))


def change(actor: Staff, item_id: UUID, *, limits: dict[str, int] | None = None, **fields: Any) -> ItemView:
    """Change what is offered; orders that were placed keep their price.

    Raises:
        NotFound: no such item in the actor's part of the tree, or the picture is not his.
    """
    item = in_scope(actor, item_id)
    if fields.get("upload_id") is not None:
        uploads.owned(actor.id, [fields["upload_id"]])
    if limits is not None:
        fields |= _limit_columns(limits)
    before = {name: getattr(item, name) for name in fields}
    for name, value in fields.items():
        setattr(item, name, value)
    _check_times(item.on_shelf_from, item.on_shelf_to)
    db.session.flush()
    audit.record(actor, "item.change", item.id, item.community_code, before=before, after=fields)
    return view(_load(item_id))


def get(actor: Staff, item_id: UUID) -> ItemView:
    """An item in the actor's part of the tree, or of the community above him. Raises NotFound."""
    return view(looked_at(actor, item_id))


def restock(actor: Staff, item_id: UUID, *, delta: int, reason: str) -> ItemView:
    """Put pieces into stock, or with a negative `delta` write them off, on record with the reason.

    Raises:
        NotFound: no such item in the actor's part of the tree.
        stocks.OutOfStock: fewer pieces are there than are to be written off.
        stocks.StockNotKept: the item is a service without stock.
    """
    item = in_scope(actor, item_id)
    stocks.move(item_id, delta, "received" if delta > 0 else "written_off", reason=reason, by_id=actor.id)
    audit.record(actor, "item.restock", item_id, item.community_code, delta=delta)
    return view(_load(item_id))


def in_scope(actor: Staff, item_id: UUID) -> Item:
    """An item in the actor's part of the tree. Raises NotFound."""
    item = _load(item_id)
    actor.must_see(item.community.lineage)
    return item


def looked_at(actor: Staff, item_id: UUID) -> Item:
    """An item that the actor may look at, be it of the community above him. Raises NotFound."""
    item = _load(item_id)
    actor.must_see_in_community(item.community.lineage)
    return item


def stocked(community_code: str, item_ids: Collection[UUID]) -> dict[UUID, Item]:
    """Items of a community by their ids, into whose stock something can be put.

    Raises:
        NotFound: one is not of this community.
        stocks.StockNotKept: one is a service without stock.
    """
    query = select(Item).where(Item.id.in_(item_ids), Item.community_code == community_code)
    found = {item.id: item for item in db.session.scalars(query.options(selectinload(Item.stock_row)))}
    if found.keys() != set(item_ids):
        raise NotFound()
    if any(item.stock_row is None for item in found.values()):
        raise stocks.StockNotKept()
    return found


def _load(item_id: UUID) -> Item:
    query = select(Item).where(Item.id == item_id).options(*_EAGER).execution_options(populate_existing=True)
    item = db.session.scalar(query)
    if item is None:
        raise NotFound()
    return item


_EAGER: tuple[Any, ...] = (selectinload(Item.merchant), selectinload(Item.stock_row), selectinload(Item.community))


def _filter(query: Select[Item], kind: str | None, q: str | None, merchant_id: UUID | None) -> Select[Item]:
    if kind:
        query = query.where(Item.kind == kind)
    if q:
        query = query.where(or_(Item.name.contains(q, autoescape=True), Item.description.contains(q, autoescape=True)))
    if merchant_id:
        query = query.where(Item.merchant_id == merchant_id)
    return query


def _page(query: Select[Item], window: paging.Window) -> paging.Page[ItemView]:
    page = paging.by_id(query.options(*_EAGER), Item.id, window)
    return paging.Page([view(item) for item in page.items], page.next)


def _limit_columns(limits: dict[str, int]) -> dict[str, int | None]:
    return {name: limits.get(name) for name in ("per_person", "per_days")}


def _check_times(start: datetime | None, end: datetime | None) -> None:
    if start is not None and end is not None and start >= end:
        raise ValidationFailed({"on_shelf_to": ["下架时间要晚于上架时间"]})
