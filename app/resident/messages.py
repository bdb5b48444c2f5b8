"""What the resident is told."""

from typing import Any

from flask import Response, redirect, url_for

from app.schemas.lists import window
from app.schemas.messages import MessageQuery
from app.schemas.pages import ReadForm
from app.web import audience, forms, pages
from app.web.faces import Pages
from people import messages
from people.actors import Resident

blueprint = Pages("resident", "messages", __name__, url_prefix="/messages")


@blueprint.get("")
@audience.resident
@pages.query(MessageQuery)
def find(actor: Resident, query: dict[str, Any]) -> Response:
    """The messages, newest first."""
    found = messages.find(actor, window(query), **query)
    return pages.show("resident/messages.html", found=found, query=query)


@blueprint.post("/read")
@audience.resident
@forms.takes(ReadForm)
def read(actor: Resident, body: dict[str, Any]) -> Response:
    """Open a message, or all of a page: it is read now, and what it is about is shown."""
    messages.read(actor, body["ids"])
    return pages.as_response(redirect(pages.own_path(body["back"]) or url_for("resident_messages.find"), 303))
