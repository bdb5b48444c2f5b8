"""Joining a community: which one, who, and what he consents to; or the code by which staff find the one they know already."""

from typing import Any

from flask import Response, request

from app.schemas.pages import JoinForm, JoinQuery
from app.web import audience, forms, pages, pictures
from app.web.faces import Pages
from kernel import codes
from kernel.paging import Window
from people import divisions, links, privacy, settings
from people.actors import Newcomer, Resident
from people.residents import AlreadyRegistered
from points import registrations

blueprint = Pages("open", "join", __name__, url_prefix="/join")
FOUND_AT_ONCE = 60


@blueprint.get("")
@audience.newcomer
@pages.query(JoinQuery)
def show(actor: Newcomer | Resident, query: dict[str, Any]) -> Response:
    """Choose a community: by its name, or from its district down."""
    if isinstance(actor, Resident):
        return _home()
    code = query.pop("community_code")
    if code:
        return _form(code)
    found = divisions.find(window=Window(FOUND_AT_ONCE, None), **query)
    return pages.show("open/join.html", found=found, query=query)


def _form(community_code: str) -> Response:
    community = divisions.community(community_code)
    waits = settings.of(community.code).registration_confirmed
    return pages.show("open/join_form.html", community=community, waits=waits, privacy_version=privacy.VERSION)


@blueprint.post("")
@audience.newcomer
@forms.takes(JoinForm, again="show")
def join(actor: Newcomer | Resident, body: dict[str, Any]) -> Response:
    """Join the community."""
    me = registrations.register(actor, phone_verified=False, **body)
    return pages.go("resident_home.show", f"欢迎您，{me.name}。您已加入{me.community['name']}。")


@blueprint.get("/link")
@audience.newcomer
def link(actor: Newcomer | Resident) -> Response:
    """The code by which staff link this WeChat account to the person whom they had entered."""
    if isinstance(actor, Resident):
        return _home()
    code = links.code(actor)[0]
    return pages.show("open/link.html", code=code, qr=pictures.inline(code.token), refresh_after_s=codes.refresh_after_s())


def _home() -> Response:
    """Who has joined has nothing to do here. Raises AlreadyRegistered: he sent the form once more."""
    if request.method == "POST":
        raise AlreadyRegistered()
    return pages.go("resident_home.show")
