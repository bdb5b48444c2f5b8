"""The positive list, to be read by residents."""

from typing import Any

from flask import Response

from app.schemas.pages import RuleChoice
from app.web import audience, pages
from app.web.faces import Pages
from people.actors import Resident
from points import choices

blueprint = Pages("resident", "rules", __name__)


@blueprint.get("/rules")
@audience.resident
@pages.query(RuleChoice)
def find(actor: Resident, query: dict[str, Any]) -> Response:
    """What earns points in the community, how many, and how often."""
    return pages.show("resident/rules.html", choices=choices.of(actor, **query), **query)
