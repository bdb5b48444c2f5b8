"""All about oneself: what one has, how one's name is shown, where one lives, how large one reads."""

from typing import Any

from flask import Response

from app.schemas.people import MeChange
from app.web import audience, forms, pages
from app.web.faces import Pages
from people import residents
from people.actors import Resident
from points import registrations

blueprint = Pages("resident", "me", __name__, url_prefix="/me")


@blueprint.get("")
@audience.resident
def show(actor: Resident) -> Response:
    """The points, and the way to all that is the resident's own."""
    return pages.show("resident/me.html", me=registrations.me(actor))


@blueprint.get("/settings")
@audience.resident
def edit(actor: Resident) -> Response:
    """How the name is shown, the address, the size of the text."""
    return pages.show("resident/settings.html", me=registrations.me(actor), address=residents.get(actor.id).address)


@blueprint.post("/settings")
@audience.resident_even_unconfirmed
@forms.takes(MeChange, again="edit")
def change(actor: Resident, body: dict[str, Any]) -> Response:
    """Change them."""
    registrations.change(actor, **body)
    return pages.go("resident_me.edit", "已经保存")
