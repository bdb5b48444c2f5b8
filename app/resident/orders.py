"""The resident's orders, and the code that is shown at the till."""

from typing import Any
from uuid import UUID

from flask import Response

from app.resident import codes
from app.schemas.lists import ListQuery, window
from app.schemas.points import Empty
from app.web import audience, forms, pages
from app.web.faces import Pages
from app.web.idempotency import idempotent
from people.actors import Resident
from redeem import orders
from redeem.orders import OrderNotOpen

blueprint = Pages("resident", "orders", __name__, url_prefix="/orders")


@blueprint.get("")
@audience.resident
@pages.query(ListQuery)
def find(actor: Resident, query: dict[str, Any]) -> Response:
    """The resident's orders, newest first."""
    return pages.show("resident/orders.html", page=orders.find(actor, window(query)))


@blueprint.get("/<id:order_id>")
@audience.resident
def show(actor: Resident, order_id: UUID) -> Response:
    """One order: how it stands, until when, where to fetch it."""
    return pages.show("resident/order.html", order=orders.get(actor, order_id))


@blueprint.post("/<id:order_id>/cancel")
@audience.resident
@idempotent
@forms.takes(Empty, again="show")
def cancel(actor: Resident, body: dict[str, str], order_id: UUID) -> Response:
    """Cancel an order: its points are back at once."""
    orders.cancel(actor, order_id)
    return pages.go("resident_orders.show", "订单已取消，预留的积分已退回", order_id=order_id)


@blueprint.get("/<id:order_id>/code")
@audience.resident
def code(actor: Resident, order_id: UUID) -> Response:
    """The code to be scanned, with those of the next ten minutes; the order itself where there is nothing left to scan."""
    try:
        ahead = orders.code(actor, order_id, codes.AHEAD)
    except OrderNotOpen:
        return pages.go("resident_orders.show", order_id=order_id)
    return codes.show_codes("resident/order_code.html", ahead, order=orders.get(actor, order_id))


@blueprint.get("/<id:order_id>/codes")
@audience.resident
def ahead(actor: Resident, order_id: UUID) -> Response:
    """The codes of the next ten minutes, for the page's script."""
    return codes.as_data(orders.code(actor, order_id, codes.AHEAD))


@blueprint.get("/<id:order_id>/state")
@audience.resident
def state(actor: Resident, order_id: UUID) -> Response:
    """Whether the order was scanned meanwhile, for the page's script."""
    order = orders.get(actor, order_id)
    return codes.as_answer(status=order.status, pieces_left=order.pieces_left)
