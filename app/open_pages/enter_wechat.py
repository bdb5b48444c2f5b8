"""Coming in from WeChat's own browser, by the web authorisation of a service account."""

import secrets
from typing import Any

from flask import Response, redirect, request, session, url_for

from app.outside import wechat
from app.outside.wechat import WeChatRejected
from app.schemas.pages import WeChatForm
from app.web import audience, forms, pages
from app.web.faces import Pages
from kernel import signing
from kernel.errors import NotFound
from people import sessions, wechat_accounts

blueprint = Pages("open", "enter_wechat", __name__, url_prefix="/enter/wechat")
STATE, NEXT = "wechat_state", "wechat_next"


@blueprint.get("/start")
@audience.anyone
def start() -> Response:
    """On to WeChat, which sends the browser back; the state tells that it is this browser that we sent."""
    session[STATE] = secrets.token_urlsafe(24)
    session[NEXT] = pages.own_path(request.args.get("next"))
    back = url_for("open_enter_wechat.show", _external=True)
    return pages.as_response(redirect(_web().address(back, session[STATE]), 303))


@blueprint.get("")
@audience.anyone
def show() -> Response:
    """Back from WeChat: the code is sent on by a form, as opening an address signs nobody in."""
    fields = {name: request.args.get(name, "")[:512] for name in ("code", "state")}
    return pages.show("open/going_on.html", endpoint="open_enter_wechat.enter", fields=fields, next=session.get(NEXT))


@blueprint.post("")
@audience.anyone
@forms.takes(WeChatForm)
def enter(body: dict[str, Any]) -> Response:
    """Sign in as whom WeChat vouches for; one person is one resident, by whichever app he comes."""
    if not signing.same(session.pop(STATE, "").encode(), body["state"].encode()):
        raise WeChatRejected()
    who = _web().identify(body["code"])
    account_id, _ = wechat_accounts.seen(who.appid, who.openid, who.unionid)
    return pages.signed_in(sessions.open_page(wechat_account_id=account_id), "resident_home.show")


def _web() -> wechat.WebHTTP:
    """The service account. Raises NotFound: there is none here."""
    web = wechat.web()
    if web is None:
        raise NotFound()
    return web
