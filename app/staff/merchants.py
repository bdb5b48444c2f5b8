"""Merchants on the console: who honours points."""

from typing import Any
from uuid import UUID

from flask import Response

from app.schemas import people
from app.schemas.lists import window
from app.web import audience, forms, pages
from app.web.faces import Pages
from app.web.idempotency import idempotent
from kernel.paging import Window
from people import merchants, permissions, places
from people.actors import Staff
from redeem import items

blueprint = Pages("staff", "merchants", __name__, url_prefix="/staff")
MOST_ITEMS = 100


@blueprint.get("/merchants")
@audience.staff(permissions.SEE)
@pages.query(people.MerchantQuery)
def find(actor: Staff, query: dict[str, Any]) -> Response:
    """The merchants in this part of the tree."""
    return pages.show("staff/merchants/find.html", found=merchants.find(actor, window(query), **query), query=query)


@blueprint.get("/merchants/new")
@audience.staff(permissions.SHOP)
def new(actor: Staff) -> Response:
    """A new one, with a login where one is wanted."""
    return pages.show("staff/merchants/new.html", communities=places.communities(actor))


@blueprint.post("/merchants")
@audience.staff(permissions.SHOP)
@idempotent
@forms.takes(people.MerchantBody, again="new")
def create(actor: Staff, body: dict[str, Any]) -> Response:
    """Add it."""
    merchant = merchants.create(actor, **body)
    return pages.go("staff_merchants.show", f"已添加{merchant.name}", merchant_id=merchant.id)


@blueprint.get("/merchants/<id:merchant_id>")
@audience.staff(permissions.SEE)
def show(actor: Staff, merchant_id: UUID) -> Response:
    """One merchant, and what it offers."""
    offers = items.find(actor, Window(MOST_ITEMS), merchant_id=merchant_id)
    return pages.show("staff/merchants/show.html", merchant=merchants.get(actor, merchant_id), offers=offers)


@blueprint.get("/merchants/<id:merchant_id>/edit")
@audience.staff(permissions.SHOP)
def edit(actor: Staff, merchant_id: UUID) -> Response:
    """Its name and address, to be changed."""
    return pages.show("staff/merchants/edit.html", merchant=merchants.get(actor, merchant_id))


@blueprint.post("/merchants/<id:merchant_id>")
@audience.staff(permissions.SHOP)
@forms.takes(people.MerchantChange, again="edit")
def change(actor: Staff, body: dict[str, Any], merchant_id: UUID) -> Response:
    """Change it, or switch it off or on."""
    merchant = merchants.change(actor, merchant_id, **body)
    return pages.go("staff_merchants.show", f"{merchant.name}的资料已保存", merchant_id=merchant_id)
