"""Printed cards: issued, taken back, several to a sheet of A4."""

from typing import Any
from uuid import UUID

from flask import Response, render_template

from app.schemas import people as shapes
from app.schemas.points import Empty
from app.web import audience, pictures
from app.web.idempotency import idempotent
from app.web.openapi import refuses
from app.web.parsing import Api
from kernel.errors import NotFound
from people import cards, permissions
from people.actors import Staff
from people.cards import Card, CardMissing

blueprint = Api("cards", __name__)


@blueprint.post("/staff/residents/<id:resident_id>/card")
@audience.staff(permissions.ENTER)
@idempotent
@blueprint.arguments(Empty, required=False, example={})
@blueprint.response(201, shapes.CardShape, example=shapes.CARD)
def issue(actor: Staff, body: dict[str, Any], resident_id: UUID) -> Card:
    """A new card; the old one is dead at once."""
    return cards.issue(actor, resident_id)


@blueprint.delete("/staff/residents/<id:resident_id>/card")
@audience.staff(permissions.ENTER)
@blueprint.response(204)
def revoke(actor: Staff, resident_id: UUID) -> None:
    """The card is good no more."""
    cards.revoke(actor, resident_id)


@blueprint.get("/staff/cards/sheet")
@audience.staff(permissions.ENTER)
@refuses(NotFound, CardMissing)
@blueprint.arguments(shapes.SheetQuery, location="query")
@blueprint.response(200, {"type": "string"}, content_type="text/html", example="<!doctype html>…")
def sheet(actor: Staff, query: dict[str, Any]) -> Response:
    """The cards of these residents as a page to print, ten to a sheet of A4."""
    printed = cards.sheet(actor, query["resident_ids"])
    return pictures.page(render_template("cards.html", cards=printed, qr=pictures.inline))
