"""Residents as staff see them: found, entered, changed, confirmed, linked to WeChat at the counter."""

from typing import Any
from uuid import UUID

from app.schemas import people as shapes
from app.schemas.lists import page_example, page_of, window
from app.schemas.points import Empty
from app.web import audience
from app.web.idempotency import idempotent
from app.web.openapi import refuses
from app.web.parsing import Api
from kernel.codes import CodeExpired, CodeInvalid
from kernel.errors import NotFound
from kernel.paging import Page
from people import entries, links, permissions, searches
from people.actors import Staff
from people.entries import AlreadyConfirmed, Seen
from people.links import AccountJoined, AlreadyLinked
from points import registrations
from points.households import OwnHousehold

blueprint = Api("residents", __name__)


@blueprint.get("/staff/residents")
@audience.staff(permissions.SEE)
@blueprint.arguments(shapes.ResidentQuery, location="query")
@blueprint.response(200, page_of(shapes.ResidentShape), example=page_example(shapes.RESIDENT))
def find(actor: Staff, query: dict[str, Any]) -> Page[Seen]:
    """The residents in this part of the tree, newest first."""
    return searches.find(actor, window(query), **query)


@blueprint.post("/staff/residents")
@audience.staff(permissions.ENTER)
@idempotent
@refuses(NotFound, OwnHousehold)
@blueprint.arguments(shapes.ResidentBody, example=shapes.RESIDENT_BODY)
@blueprint.response(201, shapes.ResidentShape, example=shapes.RESIDENT)
def enter(actor: Staff, body: dict[str, Any]) -> Seen:
    """A person without WeChat; he has a wallet at once."""
    return registrations.enter(actor, **body)


@blueprint.get("/staff/residents/<id:resident_id>")
@audience.staff(permissions.SEE)
@blueprint.response(200, shapes.ResidentShape, example=shapes.RESIDENT_LOOKED_AT)
def look(actor: Staff, resident_id: UUID) -> Seen:
    """One resident, with his phone number for those who may see it; the look is on record."""
    return entries.look(actor, resident_id)


@blueprint.patch("/staff/residents/<id:resident_id>")
@audience.staff(permissions.ENTER)
@blueprint.arguments(shapes.ResidentChange, required=False, example={"address": "融城路 8 号 2 单元"})
@blueprint.response(200, shapes.ResidentShape, example=shapes.RESIDENT_LOOKED_AT)
def change(actor: Staff, body: dict[str, Any], resident_id: UUID) -> Seen:
    """Change what is known of a resident, or the place he is assigned to."""
    return entries.change(actor, resident_id, **body)


@blueprint.post("/staff/residents/<id:resident_id>/confirm")
@audience.staff(permissions.ENTER)
@idempotent
@refuses(AlreadyConfirmed)
@blueprint.arguments(Empty, required=False, example={})
@blueprint.response(200, shapes.ResidentShape, example=shapes.RESIDENT)
def confirm(actor: Staff, body: dict[str, Any], resident_id: UUID) -> Seen:
    """Confirm a newcomer, who may act from now on."""
    return entries.confirm(actor, resident_id)


@blueprint.post("/staff/residents/<id:resident_id>/link")
@audience.staff(permissions.ENTER)
@idempotent
@refuses(CodeInvalid, CodeExpired, AlreadyLinked, AccountJoined)
@blueprint.arguments(shapes.LinkBody, example={"code": "870000000112345678", "consent_version": "2026-11"})
@blueprint.response(200, shapes.ResidentShape, example={**shapes.RESIDENT, "linked": True})
def link(actor: Staff, body: dict[str, Any], resident_id: UUID) -> Seen:
    """Link the WeChat account whose code was scanned to the person; he consented to the statement that staff showed him."""
    return links.link(actor, resident_id, **body)
