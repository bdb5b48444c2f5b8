"""Donations: goods for points."""

from typing import Any
from uuid import UUID

from app.schemas import donations as shapes
from app.schemas.lists import ListQuery, page_example, page_of, window
from app.web import audience
from app.web.idempotency import idempotent
from app.web.openapi import refuses
from app.web.parsing import Api
from kernel.errors import NotFound
from kernel.paging import Page
from people import permissions
from people.actors import Resident, Staff
from points.awards import BudgetExhausted
from redeem import donations
from redeem.donations import Donation, OwnDonation, Received
from redeem.stocks import StockNotKept

blueprint = Api("donations", __name__)


@blueprint.get("/me/donations")
@audience.resident
@blueprint.arguments(ListQuery, location="query")
@blueprint.response(200, page_of(shapes.OwnDonationShape), example=page_example(shapes.OWN_DONATION))
def of_resident(actor: Resident, query: dict[str, Any]) -> Page[Donation]:
    """What the resident gave, newest first."""
    return donations.of_resident(actor, window(query))


@blueprint.get("/staff/donations")
@audience.staff(permissions.SEE)
@blueprint.arguments(shapes.DonationQuery, location="query")
@blueprint.response(200, page_of(shapes.DonationShape), example=page_example(shapes.DONATION))
def find(actor: Staff, query: dict[str, Any]) -> Page[Received]:
    """The donations in this part of the tree, newest first."""
    return donations.find(actor, window(query), **query)


@blueprint.post("/staff/donations")
@audience.staff(permissions.SHOP)
@idempotent
@refuses(NotFound, OwnDonation, StockNotKept, BudgetExhausted)
@blueprint.arguments(shapes.DonationBody, example=shapes.DONATION_BODY)
@blueprint.response(201, shapes.DonationShape, example=shapes.DONATION)
def record(actor: Staff, body: dict[str, Any]) -> Received:
    """Take goods in: the donor is credited once with the sum of the lines, what has an item goes into its stock."""
    return donations.record(actor, **body)


@blueprint.get("/staff/donations/<id:donation_id>")
@audience.staff(permissions.SEE)
@blueprint.response(200, shapes.DonationShape, example=shapes.DONATION)
def show(actor: Staff, donation_id: UUID) -> Received:
    """One donation."""
    return donations.get(actor, donation_id)
