"""Orders and their codes."""

from typing import Any
from uuid import UUID

from flask import Response

from app.schemas import points, redeem
from app.schemas.lists import ListQuery, page_example, page_of, window
from app.web import audience, pictures
from app.web.idempotency import idempotent
from app.web.openapi import refuses
from app.web.parsing import Api
from kernel.errors import NotFound
from kernel.paging import Page
from people.actors import Resident
from points.deeds import LimitReached
from points.ledger import InsufficientPoints
from redeem import orders
from redeem.orders import ItemUnavailable, Order, OrderNotOpen, Placed
from redeem.stocks import OutOfStock

blueprint = Api("orders", __name__)


@blueprint.post("/orders")
@audience.resident
@idempotent
@refuses(NotFound, InsufficientPoints, OutOfStock, LimitReached, ItemUnavailable)
@blueprint.arguments(redeem.OrderBody, example=redeem.ORDER_BODY)
@blueprint.response(201, redeem.OrderShape, example=redeem.ORDER)
def place(actor: Resident, body: dict[str, Any]) -> Placed:
    """Order an item: its points are held for seven days."""
    return orders.place(actor, **body)


@blueprint.get("/orders")
@audience.resident
@blueprint.arguments(ListQuery, location="query")
@blueprint.response(200, page_of(redeem.OrderShape), example=page_example(redeem.ORDER))
def find(actor: Resident, query: dict[str, Any]) -> Page[Order]:
    """The resident's orders, newest first."""
    return orders.find(actor, window(query))


@blueprint.get("/orders/<id:order_id>")
@audience.resident
@blueprint.response(200, redeem.OrderShape, example=redeem.ORDER)
def show(actor: Resident, order_id: UUID) -> Order:
    """One of the resident's orders."""
    return orders.get(actor, order_id)


@blueprint.post("/orders/<id:order_id>/cancel")
@audience.resident
@idempotent
@refuses(OrderNotOpen)
@blueprint.arguments(points.Empty, required=False, example={})
@blueprint.response(200, redeem.OrderShape, example={**redeem.ORDER, "status": "cancelled", "pieces_left": 0})
def cancel(actor: Resident, body: dict[str, Any], order_id: UUID) -> Order:
    """Cancel an order: its points are back at once."""
    return orders.cancel(actor, order_id)


@blueprint.get("/orders/<id:order_id>/code")
@audience.resident
@refuses(OrderNotOpen)
@blueprint.arguments(redeem.CodeQuery, location="query")
@blueprint.response(200, redeem.CodeShape, example=redeem.CODE)
def code(actor: Resident, query: dict[str, Any], order_id: UUID) -> dict[str, Any]:
    """The order's present code; with `ahead`, those after it too."""
    return redeem.code_view(orders.code(actor, order_id, query["ahead"] or 1), query["ahead"])


@blueprint.get("/orders/<id:order_id>/code.svg")
@audience.resident
@refuses(OrderNotOpen)
@blueprint.response(200, {"type": "string"}, content_type="image/svg+xml", example="<svg>…</svg>")
def code_svg(actor: Resident, order_id: UUID) -> Response:
    """The order's code as a QR picture."""
    return pictures.svg(orders.code(actor, order_id)[0].token)


@blueprint.get("/orders/<id:order_id>/code.png")
@audience.resident
@refuses(OrderNotOpen)
@blueprint.response(200, {"type": "string", "format": "binary"}, content_type="image/png", example="the bytes of the picture")
def code_png(actor: Resident, order_id: UUID) -> Response:
    """The order's code as a QR picture."""
    return pictures.png(orders.code(actor, order_id)[0].token)
