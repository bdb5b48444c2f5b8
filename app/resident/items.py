"""The points shop: what there is, what one can have for one's points, and the order."""

from typing import Any
from uuid import UUID

from flask import Response

from app.schemas.lists import window
from app.schemas.pages import OrderForm
from app.schemas.redeem import ShopQuery
from app.web import audience, forms, pages
from app.web.faces import Pages
from app.web.idempotency import idempotent
from people.actors import Resident
from points import wallets
from redeem import items, orders

blueprint = Pages("resident", "items", __name__, url_prefix="/shop")


@blueprint.get("")
@audience.resident
@pages.query(ShopQuery)
def find(actor: Resident, query: dict[str, Any]) -> Response:
    """What is on the shelf in the resident's community, and what he has to spend."""
    page = items.shop(actor, window(query), **query)
    return pages.show("resident/items.html", page=page, query=query, wallet=wallets.balances(actor))


@blueprint.get("/<id:item_id>")
@audience.resident
def show(actor: Resident, item_id: UUID) -> Response:
    """One item, what it costs and what that leaves, with the order."""
    return pages.show("resident/item.html", item=items.on_shelf(actor, item_id), wallet=wallets.balances(actor))


@blueprint.post("/<id:item_id>")
@audience.resident
@idempotent
@forms.takes(OrderForm, again="show")
def order(actor: Resident, body: dict[str, Any], item_id: UUID) -> Response:
    """Order some pieces: their points are held until the order is fetched, cancelled or lapses."""
    placed = orders.place(actor, item_id=item_id, **body)
    return pages.go("resident_orders.show", f"兑换成功，已为您留好，预留 {placed.points} 分", order_id=placed.id)
