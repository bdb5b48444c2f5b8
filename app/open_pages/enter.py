"""Where residents come in: what this is, and the ways to sign in."""

from typing import Any

from flask import Response, request

from app.demo.visitors import VISITORS
from app.open_pages.look import set_look
from app.outside import wechat
from app.schemas.pages import EnterCodeForm, EnterForm
from app.web import audience, forms, limits, pages
from app.web.faces import Pages
from people import sessions, sign_in_codes, wechat_accounts
from people.sign_in_codes import SignInCodeInvalid

blueprint = Pages("open", "enter", __name__)
HOME = "resident_home.show"
CARE_FROM = 20  # pixels of WeChat's own text; who set it as large reads care mode here


@blueprint.get("/enter")
@audience.anyone
def show() -> Response:
    """What this is, and how to come in."""
    agent = request.user_agent.string
    in_wechat = "MicroMessenger" in agent and "miniProgram" not in agent
    return pages.show(
        "open/enter.html",
        visitors=VISITORS if wechat.is_stand_in() else (),
        by_wechat=in_wechat and wechat.web() is not None,
    )


@blueprint.post("/enter")
@audience.anyone
@forms.takes(EnterForm, again="show")
def enter(body: dict[str, Any]) -> Response:
    """Sign in with a code of WeChat's."""
    who = wechat.gateway().identify(body["code"])
    account_id, _ = wechat_accounts.seen(who.appid, who.openid, who.unionid)
    return pages.signed_in(sessions.open_page(wechat_account_id=account_id), HOME)


@blueprint.get("/enter/app")
@audience.anyone
def from_app() -> Response:
    """Where the mini-program opens its web-view: `code` of `POST /me/sign-in-codes`, `font` in pixels, `next` to go on to."""
    given = {"sign_in_code": request.args.get("code", "")[:40], "font": request.args.get("font", "")[:3]}
    fields = {name: value for name, value in given.items() if value}
    return pages.show("open/going_on.html", endpoint="open_enter.enter_code", fields=fields, next=request.args.get("next"))


@blueprint.post("/enter/code")
@audience.anyone
@forms.takes(EnterCodeForm, again="show")
def enter_code(body: dict[str, Any]) -> Response:
    """Sign in with ten digits that the resident's phone shows."""
    with limits.guessing(SignInCodeInvalid):
        account_id, _ = sign_in_codes.use(body["sign_in_code"])
    if body["font"] is not None and body["font"] >= CARE_FROM:
        set_look(care=True, font=body["font"])
    return pages.signed_in(sessions.open_page(wechat_account_id=account_id), HOME)
