"""Notices that could not be carried to residents."""

from typing import Any

from flask import Response

from app.schemas.lists import window
from app.schemas.messages import LetterQuery
from app.web import audience, pages
from app.web.faces import Pages
from people import messages, permissions
from people.actors import Staff

blueprint = Pages("staff", "letters", __name__, url_prefix="/staff/letters")


@blueprint.get("")
@audience.staff(permissions.BOOKS)
@pages.query(LetterQuery)
def find(actor: Staff, query: dict[str, Any]) -> Response:
    """What residents were told and was not carried to their phones yet, newest first."""
    return pages.show("staff/letters.html", page=messages.undelivered(actor, window(query), **query), dead=query["dead"])
