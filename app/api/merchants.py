"""Merchants, as staff keep them."""

from typing import Any
from uuid import UUID

from app.schemas import people
from app.schemas.lists import page_example, page_of, window
from app.web import audience
from app.web.idempotency import idempotent
from app.web.openapi import refuses
from app.web.parsing import Api
from kernel.errors import NotFound
from kernel.paging import Page
from people import merchants, permissions
from people.actors import Staff
from people.logins import UsernameTaken
from people.merchants import Merchant

blueprint = Api("merchants", __name__)


@blueprint.get("/staff/merchants")
@audience.staff(permissions.SEE)
@blueprint.arguments(people.MerchantQuery, location="query")
@blueprint.response(200, page_of(people.MerchantShape), example=page_example(people.MERCHANT))
def find(actor: Staff, query: dict[str, Any]) -> Page[Merchant]:
    """The merchants in this part of the tree."""
    return merchants.find(actor, window(query), **query)


@blueprint.post("/staff/merchants")
@audience.staff(permissions.SHOP)
@idempotent
@refuses(NotFound, UsernameTaken)
@blueprint.arguments(people.MerchantBody, example={"name": "老周理发店", "address": "融城路 12 号"})
@blueprint.response(201, people.MerchantShape, example=people.MERCHANT)
def create(actor: Staff, body: dict[str, Any]) -> Merchant:
    """A new merchant, with a login where a username and a password are given."""
    return merchants.create(actor, **body)


@blueprint.patch("/staff/merchants/<id:merchant_id>")
@audience.staff(permissions.SHOP)
@blueprint.arguments(people.MerchantChange, required=False, example={"active": False})
@blueprint.response(200, people.MerchantShape, example={**people.MERCHANT, "active": False})
def change(actor: Staff, body: dict[str, Any], merchant_id: UUID) -> Merchant:
    """Change a merchant, or switch it off: it then sells nothing and cannot sign in."""
    return merchants.change(actor, merchant_id, **body)
