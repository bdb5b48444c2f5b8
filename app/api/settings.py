"""The settings of a community."""

from typing import Any

from app.schemas import households as shapes
from app.web import audience
from app.web.openapi import refuses
from app.web.parsing import Api
from kernel.errors import NotFound
from people import permissions, settings
from people.actors import Staff
from people.settings import Settings
from points import households
from points.households import HouseholdsShared

blueprint = Api("settings", __name__)


@blueprint.get("/staff/settings")
@audience.staff(permissions.SEE)
@refuses(NotFound)
@blueprint.arguments(shapes.SettingsQuery, location="query")
@blueprint.response(200, shapes.SettingsShape, example=shapes.SETTINGS)
def show(actor: Staff, query: dict[str, Any]) -> dict[str, Any]:
    """What the community decided, and the defaults for the rest."""
    return _shown(*settings.find(actor, **query))


@blueprint.patch("/staff/settings")
@audience.staff(permissions.BOOKS)
@refuses(NotFound, HouseholdsShared)
@blueprint.arguments(shapes.SettingsChange, required=False, example={"checkin_points": 2, "make_up_cards": 1})
@blueprint.response(200, shapes.SettingsShape, example=shapes.SETTINGS)
def change(actor: Staff, body: dict[str, Any]) -> dict[str, Any]:
    """Change settings; each change is on record."""
    return _shown(*households.change_settings(actor, body.pop("community_code"), body))


def _shown(community_code: str, found: Settings) -> dict[str, Any]:
    return {"community_code": community_code, **vars(found)}
