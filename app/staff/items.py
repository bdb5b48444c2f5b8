"""The points shop on the console: what is offered, with its picture and its stock."""

from typing import Any
from uuid import UUID

from flask import Response

from app.schemas import pages as forms_of_pages
from app.schemas import redeem
from app.schemas.lists import ListQuery, window
from app.web import audience, form_photos, forms, pages
from app.web.faces import Pages
from app.web.idempotency import idempotent
from kernel.paging import Window
from people import merchants, permissions, places
from people.actors import Staff
from redeem import items, origins

blueprint = Pages("staff", "items", __name__, url_prefix="/staff")
MOST_MERCHANTS = 100


@blueprint.get("/items")
@audience.staff(permissions.SEE)
@pages.query(redeem.ItemQuery)
def find(actor: Staff, query: dict[str, Any]) -> Response:
    """All that is offered in this part of the tree, what is off the shelf or out of stock too."""
    found = items.find(actor, window(query), **query)
    return pages.show("staff/items/find.html", found=found, query=query, merchants=_merchants(actor))


@blueprint.get("/items/new")
@audience.staff(permissions.SHOP)
def new(actor: Staff) -> Response:
    """Something new to offer."""
    return pages.show(
        "staff/items/new.html",
        merchants=_merchants(actor),
        photos=form_photos.shown(actor),
        communities=places.communities(actor),
    )


@blueprint.post("/items")
@audience.staff(permissions.SHOP)
@form_photos.with_photos
@idempotent
@forms.takes(forms_of_pages.ItemForm, again="new")
def create(actor: Staff, body: dict[str, Any]) -> Response:
    """Offer it."""
    item = items.create(actor, **forms_of_pages.with_picture(body))
    return pages.go("staff_items.show", f"“{item.name}”已保存", item_id=item.id)


@blueprint.get("/items/<id:item_id>")
@audience.staff(permissions.SEE)
@pages.query(ListQuery)
def show(actor: Staff, query: dict[str, Any], item_id: UUID) -> Response:
    """One item, and where its pieces came from and went."""
    moves = origins.of_item(actor, item_id, window(query))
    return pages.show("staff/items/show.html", item=items.get(actor, item_id), moves=moves)


@blueprint.get("/items/<id:item_id>/edit")
@audience.staff(permissions.SHOP)
def edit(actor: Staff, item_id: UUID) -> Response:
    """What is said of it, to be changed."""
    return pages.show("staff/items/edit.html", item=items.get(actor, item_id), photos=form_photos.shown(actor))


@blueprint.post("/items/<id:item_id>")
@audience.staff(permissions.SHOP)
@form_photos.with_photos
@forms.takes(forms_of_pages.ItemChangeForm, again="edit")
def change(actor: Staff, body: dict[str, Any], item_id: UUID) -> Response:
    """Change it; orders that were placed keep their price."""
    item = items.change(actor, item_id, **forms_of_pages.with_picture(body))
    return pages.go("staff_items.show", f"“{item.name}”已保存，已经下的订单价格不变", item_id=item_id)


@blueprint.post("/items/<id:item_id>/stock")
@audience.staff(permissions.SHOP)
@idempotent
@forms.takes(redeem.StockBody, again="show")
def restock(actor: Staff, body: dict[str, Any], item_id: UUID) -> Response:
    """Put pieces into stock, or write them off."""
    item = items.restock(actor, item_id, **body)
    return pages.go("staff_items.show", f"库存已改为 {item.stock} 件", item_id=item_id)


def _merchants(actor: Staff) -> list[merchants.Merchant]:
    return merchants.find(actor, Window(MOST_MERCHANTS)).items
