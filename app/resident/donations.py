"""What the resident gave."""

from typing import Any

from flask import Response

from app.schemas.lists import ListQuery, window
from app.web import audience, pages
from app.web.faces import Pages
from people.actors import Resident
from redeem import donations

blueprint = Pages("resident", "donations", __name__, url_prefix="/me/donations")


@blueprint.get("")
@audience.resident
@pages.query(ListQuery)
def find(actor: Resident, query: dict[str, Any]) -> Response:
    """The donations, newest first."""
    return pages.show("resident/donations.html", found=donations.of_resident(actor, window(query)))
