"""Goods for points on the console: taken in at the counter, looked at afterwards."""

from typing import Any
from uuid import UUID

from flask import Response

from app.schemas import donations as shapes
from app.schemas import pages as forms_of_pages
from app.schemas.lists import window
from app.web import audience, forms, pages
from app.web.faces import Pages
from app.web.idempotency import idempotent
from kernel.paging import Window
from people import entries, permissions, searches
from people.actors import Staff
from redeem import donation_tariffs, donations, items

blueprint = Pages("staff", "donations", __name__, url_prefix="/staff")
FOUND, CHOICES = 8, 100


@blueprint.get("/donations")
@audience.staff(permissions.SEE)
@pages.query(shapes.DonationQuery)
def find(actor: Staff, query: dict[str, Any]) -> Response:
    """The donations in this part of the tree, newest first."""
    return pages.show("staff/donations/find.html", found=donations.find(actor, window(query), **query), query=query)


@blueprint.get("/donations/new")
@audience.staff(permissions.SHOP)
@pages.query(forms_of_pages.DonorQuery)
def new(actor: Staff, query: dict[str, Any]) -> Response:
    """Who gives, and what."""
    donor = query["resident_id"] or forms.sent_id("resident_id")
    return pages.show(
        "staff/donations/new.html",
        donor=entries.get(actor, donor) if donor else None,
        found=searches.find(actor, Window(FOUND), q=query["q"]) if query["q"] else None,
        tariffs=donation_tariffs.find(actor, Window(CHOICES), active=True).items,
        goods=items.find(actor, Window(CHOICES), kind="goods").items,
        query=query,
    )


@blueprint.post("/donations")
@audience.staff(permissions.SHOP)
@idempotent
@forms.takes(shapes.DonationBody, again="new")
def record(actor: Staff, body: dict[str, Any]) -> Response:
    """Take the goods in; the donor is credited at once."""
    done = donations.record(actor, **body)
    said = f"已收下{done.resident['name']}的捐赠，记 {done.donation.points} 分"
    return pages.go("staff_donations.show", said, donation_id=done.donation.id)


@blueprint.get("/donations/<id:donation_id>")
@audience.staff(permissions.SEE)
def show(actor: Staff, donation_id: UUID) -> Response:
    """One donation, with its credit."""
    return pages.show("staff/donations/show.html", received=donations.get(actor, donation_id))
