"""Signing in and out."""

from flask import current_app

from app.outside import wechat
from app.outside.wechat import WeChatRejected, WeChatUnavailable
from app.schemas import people
from app.schemas.points import Empty
from app.web import audience
from app.web.openapi import refuses
from app.web.parsing import Api
from people import logins, sessions, wechat_accounts
from people.actors import Actor
from people.logins import BadCredentials, OtpRequired, TooManyAttempts
from people.sessions import Tokens, Unauthenticated

blueprint = Api("sessions", __name__)


@blueprint.post("/auth/wechat")
@audience.anyone
@refuses(WeChatRejected, WeChatUnavailable)
@blueprint.arguments(people.WeChatBody, example={"code": "0a3Xyz…"})
@blueprint.response(200, people.TokensShape, example=people.TOKENS)
def wechat_sign_in(body: dict[str, str]) -> Tokens:
    """Sign in with the code of wx.login."""
    who = wechat.gateway().identify(body["code"])
    account_id, registered = wechat_accounts.seen(who.appid, who.openid, who.unionid)
    return sessions.open_for("resident", wechat_account_id=account_id, registered=registered)


@blueprint.post("/auth/password")
@audience.anyone
@refuses(BadCredentials, OtpRequired, TooManyAttempts)
@blueprint.arguments(people.PasswordBody, example={"username": "reviewer", "password": "…"})
@blueprint.response(200, people.TokensShape, example=people.STAFF_TOKENS)
def password_sign_in(body: dict[str, str]) -> Tokens:
    """Sign in with a password, and a one-time password where a second factor is enrolled: staff and merchants."""
    demo_allowed = not current_app.config["SETTINGS"].production
    login_id, role = logins.check(**body, demo_allowed=demo_allowed)
    return sessions.open_for(role, login_id=login_id)


@blueprint.post("/auth/refresh")
@audience.anyone
@refuses(Unauthenticated)
@blueprint.arguments(people.RefreshBody, example={"refresh_token": "k0q…"})
@blueprint.response(200, people.TokensShape, example=people.TOKENS)
def refresh(body: dict[str, str]) -> Tokens:
    """New tokens for a refresh token, which is good once; used again, all tokens of its sign-in are dead."""
    return sessions.refresh(body["refresh_token"])


@blueprint.post("/auth/logout")
@audience.everyone_signed_in
@blueprint.arguments(Empty, required=False, example={})
@blueprint.response(204)
def logout(actor: Actor, body: dict[str, str]) -> None:
    """Sign out: all tokens of this sign-in are dead."""
    sessions.end(actor.session_id)
