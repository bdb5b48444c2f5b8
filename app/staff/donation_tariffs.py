"""Donation tariffs on the console: how many points a unit of some goods is worth."""

from typing import Any
from uuid import UUID

from flask import Response

from app.schemas import donations as shapes
from app.schemas.lists import window
from app.web import audience, forms, pages
from app.web.faces import Pages
from app.web.idempotency import idempotent
from kernel.paging import Window
from people import permissions, places
from people.actors import Staff
from redeem import donation_tariffs, items

blueprint = Pages("staff", "donation_tariffs", __name__, url_prefix="/staff")
CHOICES = 100


@blueprint.get("/donation-tariffs")
@audience.staff(permissions.SEE)
@pages.query(shapes.TariffQuery)
def find(actor: Staff, query: dict[str, Any]) -> Response:
    """The tariffs in this part of the tree, and a new one."""
    found = donation_tariffs.find(actor, window(query), **query)
    goods = items.find(actor, Window(CHOICES), kind="goods").items
    return pages.show(
        "staff/donations/tariffs.html", found=found, query=query, goods=goods, communities=places.communities(actor)
    )


@blueprint.post("/donation-tariffs")
@audience.staff(permissions.SHOP)
@idempotent
@forms.takes(shapes.TariffBody, again="find")
def create(actor: Staff, body: dict[str, Any]) -> Response:
    """Put a tariff in force."""
    tariff = donation_tariffs.create(actor, **body)
    return pages.go("staff_donation_tariffs.find", f"已添加：{tariff.name}每{tariff.unit} {tariff.points} 分")


@blueprint.get("/donation-tariffs/<id:tariff_id>/edit")
@audience.staff(permissions.SHOP)
def edit(actor: Staff, tariff_id: UUID) -> Response:
    """New terms for it, or its end."""
    return pages.show("staff/donations/tariff.html", tariff=donation_tariffs.get(actor, tariff_id))


@blueprint.post("/donation-tariffs/<id:tariff_id>")
@audience.staff(permissions.SHOP)
@idempotent
@forms.takes(shapes.TariffChange, again="edit")
def change(actor: Staff, body: dict[str, Any], tariff_id: UUID) -> Response:
    """Give it new terms, or close it; what was donated by the old ones keeps them."""
    tariff = donation_tariffs.change(actor, tariff_id, **body)
    said = f"已改为每{tariff.unit} {tariff.points} 分" if tariff.active else f"“{tariff.name}”已停用"
    return pages.go("staff_donation_tariffs.find", said)
