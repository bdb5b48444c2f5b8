"""Messages: what a resident is told; and for staff, what could not be carried further."""

from typing import Any

from app.schemas import messages as shapes
from app.schemas.lists import page_example, page_of, window
from app.web import audience
from app.web.openapi import refuses
from app.web.parsing import Api
from kernel.errors import NotFound
from kernel.paging import Page
from people import messages, permissions
from people.actors import Resident, Staff
from people.messages import Message, Undelivered

blueprint = Api("messages", __name__)


@blueprint.get("/me/messages")
@audience.resident
@blueprint.arguments(shapes.MessageQuery, location="query")
@blueprint.response(200, page_of(shapes.MessageShape), example=page_example(shapes.MESSAGE))
def find(actor: Resident, query: dict[str, Any]) -> Page[Message]:
    """What the resident is told, newest first."""
    return messages.find(actor, window(query), **query)


@blueprint.post("/me/messages/read")
@audience.resident
@refuses(NotFound)
@blueprint.arguments(shapes.ReadBody, example={"ids": [shapes.MESSAGE["id"]]})
@blueprint.response(200, shapes.UnreadShape, example={"unread": 2})
def read(actor: Resident, body: dict[str, Any]) -> dict[str, int]:
    """The resident has read these; all of them must be his."""
    return {"unread": messages.read(actor, body["ids"])}


@blueprint.get("/staff/outbox")
@audience.staff(permissions.BOOKS)
@blueprint.arguments(shapes.LetterQuery, location="query")
@blueprint.response(200, page_of(shapes.LetterShape), example=page_example(shapes.LETTER))
def undelivered(actor: Staff, query: dict[str, Any]) -> Page[Undelivered]:
    """What was told in this part of the tree and could not be carried further yet, newest first."""
    return messages.undelivered(actor, window(query), **query)
