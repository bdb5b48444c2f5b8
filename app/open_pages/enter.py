"""Where residents come in."""

from typing import Any

from flask import Response

from app.outside import wechat
from app.schemas.pages import EnterForm
from app.web import audience, forms, pages
from app.web.faces import Pages
from people import sessions, wechat_accounts

blueprint = Pages("open", "enter", __name__)


@blueprint.get("/enter")
@audience.anyone
def show() -> Response:
    """What this is, and how to come in."""
    return pages.show("open/enter.html")


@blueprint.post("/enter")
@audience.anyone
@forms.takes(EnterForm, again="show")
def enter(body: dict[str, Any]) -> Response:
    """Sign in with a code of WeChat's."""
    who = wechat.gateway().identify(body["code"])
    account_id, _ = wechat_accounts.seen(who.appid, who.openid, who.unionid)
    return pages.signed_in(sessions.open_page(wechat_account_id=account_id), "resident_home.show")
