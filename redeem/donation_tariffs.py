"""Donation tariffs: what a community gives for a unit of some goods. New terms are a new row, so old donations keep theirs."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, select, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from kernel import audit, clock, ids, paging
from kernel.database import Model, add, db, execute
from kernel.errors import Conflict, NotFound
from people import divisions
from people.actors import Staff
from people.divisions import Division
from redeem import items

MAX_POINTS = 10_000  # for one unit
TERMS = ("name", "unit", "points", "item_id")


class TariffClosed(Conflict):
    title = "这条捐赠标准已经修改或停用，请刷新后再试"


class DonationTariff(Model):
    """`points` for one `unit` of some goods, as 2 for a 公斤 of 大米; with an item they go into its stock."""

    __tablename__ = "donation_tariffs"
    __table_args__ = (CheckConstraint("points > 0", name="points"), Index(None, "community_code", "id"))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    community_code: Mapped[str] = mapped_column(ForeignKey("divisions.code"))
    name: Mapped[str]
    unit: Mapped[str]
    points: Mapped[int]
    item_id: Mapped[UUID | None] = mapped_column(ForeignKey("items.id"), index=True)
    active: Mapped[bool]
    created_at: Mapped[datetime]
    created_by: Mapped[UUID] = mapped_column(ForeignKey("staff.id"))

    community: Mapped[Division] = relationship(viewonly=True)


def find(actor: Staff, window: paging.Window, *, active: bool | None = None) -> paging.Page[DonationTariff]:
    """The tariffs in the actor's part of the tree; only those in force, or only the closed ones, where that is asked for."""
    query = select(DonationTariff).join(DonationTariff.community).where(Division.lineage.startswith(actor.scope))
    if active is not None:
        query = query.where(DonationTariff.active == active)
    return paging.by_id(query, DonationTariff.id, window)


def get(actor: Staff, tariff_id: UUID) -> DonationTariff:
    """A tariff in the actor's part of the tree. Raises NotFound."""
    tariff = db.session.get(DonationTariff, tariff_id)
    if tariff is None:
        raise NotFound()
    actor.must_see(divisions.lineage_of(tariff.community_code))
    return tariff


def create(
    actor: Staff, *, name: str, unit: str, points: int, item_id: UUID | None = None, community_code: str | None = None
) -> DonationTariff:
    """A new tariff of a community, in force at once.

    Raises:
        NotFound: the community is not in the actor's part of the tree, or the item is not of that community.
        stocks.StockNotKept: no stock is kept of the item, so nothing can be put into it.
    """
    community = divisions.community_for(actor, community_code)
    tariff = _add(actor, community.code, name=name, unit=unit, points=points, item_id=item_id)
    audit.record(actor, "donation_tariff.create", tariff.id, community.code, points=points)
    return tariff


_CLOSE = text("UPDATE donation_tariffs SET active = false WHERE id = :id AND active")


def change(actor: Staff, tariff_id: UUID, *, active: bool = True, **terms: Any) -> DonationTariff:
    """Put new terms in force under a new id and close the old ones; or, with `active` False, close them for good.

    Raises:
        NotFound: no such tariff in the actor's part of the tree, or the item is not of its community.
        TariffClosed: it was changed or closed before, be it a moment ago.
        stocks.StockNotKept: no stock is kept of the item.
    """
    old = _load(actor, tariff_id)
    if active and not terms:
        return old
    if execute(_CLOSE, id=tariff_id).rowcount == 0:
        raise TariffClosed()
    if not active:
        audit.record(actor, "donation_tariff.close", tariff_id, old.community_code)
        return _load(actor, tariff_id)
    new = _add(actor, old.community_code, **{name: getattr(old, name) for name in TERMS} | terms)
    audit.record(actor, "donation_tariff.change", new.id, old.community_code, replaces=tariff_id, points=new.points)
    return new


def of_community(community_code: str, tariff_ids: Collection[UUID]) -> dict[UUID, DonationTariff]:
    """Tariffs of a community by their ids, closed ones too. Raises NotFound where one is not of it."""
    query = select(DonationTariff).where(DonationTariff.id.in_(tariff_ids), DonationTariff.community_code == community_code)
    found = {tariff.id: tariff for tariff in db.session.scalars(query.execution_options(populate_existing=True))}
    if found.keys() != set(tariff_ids):
        raise NotFound()
    return found


def _add(actor: Staff, community_code: str, *, item_id: UUID | None, **terms: Any) -> DonationTariff:
    if item_id is not None:
        items.stocked(community_code, [item_id])
    tariff = DonationTariff(
        id=ids.new(),
        community_code=community_code,
        item_id=item_id,
        active=True,
        created_at=clock.now(),
        created_by=actor.id,
        **terms,
    )
    add(tariff)
    return tariff


def _load(actor: Staff, tariff_id: UUID) -> DonationTariff:
    tariff = db.session.get(DonationTariff, tariff_id, populate_existing=True)
    if tariff is None:
        raise NotFound()
    actor.must_see(tariff.community.lineage)
    return tariff
