"""What a community decides for itself."""

from typing import Any

from flask import Response

from app.schemas.households import SettingsChange, SettingsQuery
from app.web import audience, forms, pages
from app.web.faces import Pages
from people import divisions, permissions, settings
from people.actors import Staff
from people.settings import Settings
from points import households

blueprint = Pages("staff", "settings", __name__, url_prefix="/staff/settings")
SPARE_ROWS = 3  # of streak bonuses, to be filled in where no script adds them


@blueprint.get("")
@audience.staff(permissions.SEE)
@pages.query(SettingsQuery)
def show(actor: Staff, query: dict[str, Any]) -> Response:
    """The settings of a community, each with what it means; staff above the communities choose one first."""
    communities = divisions.communities(actor)
    code = query["community_code"] or actor.community_code
    if code is None:
        return pages.show("staff/settings_choice.html", communities=communities)
    code, found = settings.find(actor, code)
    return pages.show(
        "staff/settings.html", code=code, found=found, defaults=Settings(), communities=communities, spare=SPARE_ROWS
    )


@blueprint.post("")
@audience.staff(permissions.BOOKS)
@forms.takes(SettingsChange, again="show")
def change(actor: Staff, body: dict[str, Any]) -> Response:
    """Change settings; each change is on record."""
    code, _ = households.change_settings(actor, body.pop("community_code"), body)
    return pages.go("staff_settings.show", "社区设置已保存，马上生效", community_code=code)
