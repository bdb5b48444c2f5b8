"""The feed of a community, for its residents to see and like."""

from typing import Any
from uuid import UUID

from flask import Response, redirect, url_for

from app.schemas.feed import FeedQuery
from app.schemas.lists import window
from app.schemas.pages import BackForm
from app.web import audience, forms, pages
from app.web.faces import Pages
from people.actors import Resident
from points import feed

blueprint = Pages("resident", "feed", __name__, url_prefix="/feed")


@blueprint.get("")
@audience.resident
@pages.query(FeedQuery)
def find(actor: Resident, query: dict[str, Any]) -> Response:
    """The good deeds of the community, newest first."""
    found = feed.of_community(actor, window(query), **query)
    return pages.show("resident/feed.html", found=found, query=query)


@blueprint.post("/<id:entry_id>/like")
@audience.resident
@forms.takes(BackForm)
def like(actor: Resident, body: dict[str, Any], entry_id: UUID) -> Response:
    """Like an entry; twice counts once."""
    feed.like(actor, entry_id)
    return _back(body, entry_id)


@blueprint.post("/<id:entry_id>/unlike")
@audience.resident
@forms.takes(BackForm)
def unlike(actor: Resident, body: dict[str, Any], entry_id: UUID) -> Response:
    """Take a like back."""
    feed.unlike(actor, entry_id)
    return _back(body, entry_id)


def _back(body: dict[str, Any], entry_id: UUID) -> Response:
    """To where the entry was seen, and there to the entry."""
    page = pages.own_path(body["back"]) or url_for("resident_feed.find")
    return pages.as_response(redirect(f"{page}#entry-{entry_id}", 303))
