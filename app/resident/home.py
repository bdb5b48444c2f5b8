"""The first page of a resident: the check-in, the balance, the new good deeds."""

from flask import Response

from app.web import audience, pages
from app.web.faces import Pages
from kernel.paging import Window
from people.actors import Resident
from points import feed, registrations

blueprint = Pages("resident", "home", __name__)
NEW_DEEDS = 5


@blueprint.get("/")
@audience.resident
def show(actor: Resident) -> Response:
    """The big button, what he has, and what others did."""
    return pages.show("resident/home.html", me=registrations.me(actor), news=feed.of_community(actor, Window(NEW_DEEDS, None)))
