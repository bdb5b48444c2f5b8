"""Donation tariffs: how many points a unit of some goods is worth."""

from typing import Any
from uuid import UUID

from app.schemas import donations as shapes
from app.schemas.lists import page_example, page_of, window
from app.web import audience
from app.web.idempotency import idempotent
from app.web.openapi import refuses
from app.web.parsing import Api
from kernel.errors import NotFound
from kernel.paging import Page
from people import permissions
from people.actors import Staff
from redeem import donation_tariffs
from redeem.donation_tariffs import DonationTariff, TariffClosed
from redeem.stocks import StockNotKept

blueprint = Api("donation_tariffs", __name__)


@blueprint.get("/staff/donation-tariffs")
@audience.staff(permissions.SEE)
@blueprint.arguments(shapes.TariffQuery, location="query")
@blueprint.response(200, page_of(shapes.TariffShape), example=page_example(shapes.TARIFF))
def find(actor: Staff, query: dict[str, Any]) -> Page[DonationTariff]:
    """The tariffs in this part of the tree, closed ones too."""
    return donation_tariffs.find(actor, window(query), **query)


@blueprint.post("/staff/donation-tariffs")
@audience.staff(permissions.SHOP)
@idempotent
@refuses(NotFound, StockNotKept)
@blueprint.arguments(shapes.TariffBody, example=shapes.TARIFF_BODY)
@blueprint.response(201, shapes.TariffShape, example=shapes.TARIFF)
def create(actor: Staff, body: dict[str, Any]) -> DonationTariff:
    """A new tariff, in force at once."""
    return donation_tariffs.create(actor, **body)


@blueprint.patch("/staff/donation-tariffs/<id:tariff_id>")
@audience.staff(permissions.SHOP)
@refuses(StockNotKept, TariffClosed)
@blueprint.arguments(shapes.TariffChange, required=False, example={"points": 3})
@blueprint.response(200, shapes.TariffShape, example={**shapes.TARIFF, "points": 3})
def change(actor: Staff, body: dict[str, Any], tariff_id: UUID) -> DonationTariff:
    """New terms, under a new id, while the old ones are closed; or `active: false`, which only closes them."""
    return donation_tariffs.change(actor, tariff_id, **body)
