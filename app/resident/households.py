"""The resident's household: who is in it, the shared wallet, who earned what; joining, leaving, its name and its head."""

from typing import Any

from flask import Response

from app.schemas.households import HouseholdChange
from app.schemas.pages import InviteForm
from app.schemas.points import Empty
from app.web import audience, forms, pages
from app.web.faces import Pages
from app.web.idempotency import idempotent
from people.actors import Resident
from points import households

blueprint = Pages("resident", "households", __name__, url_prefix="/household")


@blueprint.get("")
@audience.resident
def show(actor: Resident) -> Response:
    """The household as its members see it."""
    return pages.show("resident/household.html", home=households.mine(actor))


@blueprint.post("")
@audience.resident
@forms.takes(HouseholdChange, again="show")
def change(actor: Resident, body: dict[str, Any]) -> Response:
    """The head names the household or hands it over."""
    households.change(actor, **body)
    return pages.go("resident_households.show", "已经保存")


@blueprint.post("/members")
@audience.resident
@idempotent
@forms.takes(InviteForm, again="show")
def invite(actor: Resident, body: dict[str, Any]) -> Response:
    """The head takes somebody into the household by the code on his phone or his card."""
    households.invite(actor, **body)
    return pages.go("resident_households.show", "已经加入您的家庭，积分从现在起一起用")


@blueprint.post("/leave")
@audience.resident
@idempotent
@forms.takes(Empty, again="show")
def leave(actor: Resident, body: dict[str, str]) -> Response:
    """Leave the household; the points stay with it."""
    households.leave(actor)
    return pages.go("resident_households.show", "您已退出原来的家庭，现在有了自己的家庭账户")
