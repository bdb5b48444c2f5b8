"""Items of the points shop: for residents to choose, for staff to keep."""

from typing import Any
from uuid import UUID

from app.schemas import donations, redeem
from app.schemas.lists import ListQuery, page_example, page_of, window
from app.web import audience
from app.web.idempotency import idempotent
from app.web.openapi import refuses
from app.web.parsing import Api
from kernel.errors import NotFound
from kernel.paging import Page
from people import permissions
from people.actors import Resident, Staff
from redeem import items, origins
from redeem.items import ItemView
from redeem.origins import Move
from redeem.stocks import OutOfStock, StockNotKept

blueprint = Api("items", __name__)


@blueprint.get("/items")
@audience.resident
@blueprint.arguments(redeem.ShopQuery, location="query")
@blueprint.response(200, page_of(redeem.ItemShape), example=page_example(redeem.ITEM))
def shop(actor: Resident, query: dict[str, Any]) -> Page[ItemView]:
    """What is on the shelf in the resident's community."""
    return items.shop(actor, window(query), **query)


@blueprint.get("/items/<id:item_id>")
@audience.resident
@blueprint.response(200, redeem.ItemShape, example=redeem.ITEM)
def show(actor: Resident, item_id: UUID) -> ItemView:
    """One item on the shelf."""
    return items.on_shelf(actor, item_id)


@blueprint.get("/staff/items")
@audience.staff(permissions.SEE)
@blueprint.arguments(redeem.ItemQuery, location="query")
@blueprint.response(200, page_of(redeem.StaffItemShape), example=page_example(redeem.STAFF_ITEM))
def find(actor: Staff, query: dict[str, Any]) -> Page[ItemView]:
    """All items in this part of the tree, those without stock or off the shelf too."""
    return items.find(actor, window(query), **query)


@blueprint.post("/staff/items")
@audience.staff(permissions.SHOP)
@idempotent
@refuses(NotFound)
@blueprint.arguments(redeem.ItemBody, example=redeem.ITEM_BODY)
@blueprint.response(201, redeem.StaffItemShape, example=redeem.STAFF_ITEM)
def create(actor: Staff, body: dict[str, Any]) -> ItemView:
    """A new item, on the shelf at once unless a time is given."""
    return items.create(actor, **body)


@blueprint.patch("/staff/items/<id:item_id>")
@audience.staff(permissions.SHOP)
@blueprint.arguments(redeem.ItemChange, required=False, example={"price": 25})
@blueprint.response(200, redeem.StaffItemShape, example=redeem.STAFF_ITEM)
def change(actor: Staff, body: dict[str, Any], item_id: UUID) -> ItemView:
    """Change an item; orders that were placed keep their price."""
    return items.change(actor, item_id, **body)


@blueprint.post("/staff/items/<id:item_id>/stock")
@audience.staff(permissions.SHOP)
@idempotent
@refuses(OutOfStock, StockNotKept)
@blueprint.arguments(redeem.StockBody, example={"delta": 20, "reason": "超市送货"})
@blueprint.response(200, redeem.StaffItemShape, example={**redeem.STAFF_ITEM, "kind": "goods", "stock": 20})
def restock(actor: Staff, body: dict[str, Any], item_id: UUID) -> ItemView:
    """Put pieces into stock, or write them off, on record."""
    return items.restock(actor, item_id, **body)


@blueprint.get("/staff/items/<id:item_id>/stock-moves")
@audience.staff(permissions.SEE)
@blueprint.arguments(ListQuery, location="query")
@blueprint.response(200, page_of(donations.StockMoveShape), example=page_example(donations.STOCK_MOVE))
def stock_moves(actor: Staff, query: dict[str, Any], item_id: UUID) -> Page[Move]:
    """Where the pieces of an item came from and where they went, newest first."""
    return origins.of_item(actor, item_id, window(query))
