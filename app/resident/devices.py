"""Signing in on other devices: ten digits that the resident reads off his phone."""

from flask import Response

from app.schemas.points import Empty
from app.web import audience, forms, pages
from app.web.faces import Pages
from people import sign_in_codes
from people.actors import Newcomer, Resident

blueprint = Pages("resident", "devices", __name__, url_prefix="/me/sign-in-code")


@blueprint.get("")
@audience.through_wechat
def show(actor: Newcomer | Resident) -> Response:
    """What a code is for."""
    return pages.show("resident/devices.html", issued=None)


# Not answered again under its key: a code is shown once, and kept by its digest only.
@blueprint.post("")
@audience.through_wechat
@forms.takes(Empty)
def create(actor: Newcomer | Resident, body: dict[str, str]) -> Response:
    """A new code, shown on this page and nowhere else."""
    return pages.show("resident/devices.html", issued=sign_in_codes.issue(actor))
