"""Signing in with a password, for staff and merchants; signing out, for everybody."""

from typing import Any
from uuid import UUID

from flask import Response, current_app, redirect, url_for

from app.schemas.pages import CodeForm, SignInForm
from app.web import audience, faces, forms, pages
from app.web.faces import Pages
from people import logins, sessions
from people.actors import Actor, Merchant, Staff

blueprint = Pages("open", "sign_in", __name__)


@blueprint.get("/sign-in")
@audience.anyone
def show() -> Response:
    """Username and password; the six digits are asked for when the password was right and they are needed."""
    return pages.show("open/sign_in.html")


@blueprint.post("/sign-in")
@audience.anyone
@forms.takes(SignInForm, again="show")
def sign_in(body: dict[str, Any]) -> Response:
    """Sign in; whoever was signed in with this browser is out."""
    body.pop("kept")
    return _signed_in(*logins.check(**body, demo_allowed=_demo_allowed()))


@blueprint.post("/sign-in/code")
@audience.anyone
@forms.takes(CodeForm, again="show")
def enter_code(body: dict[str, Any]) -> Response:
    """The second step, where it is needed."""
    return _signed_in(*logins.check_code(body["ticket"], body["otp"], demo_allowed=_demo_allowed()))


def _demo_allowed() -> bool:
    return not current_app.config["SETTINGS"].production


def _signed_in(login_id: UUID, role: str) -> Response:
    return pages.signed_in(
        sessions.open_page(login_id=login_id), "merchant_till.show" if role == "merchant" else "staff_start.show"
    )


@blueprint.post("/sign-out")
@audience.everyone_signed_in
def sign_out(actor: Actor) -> Response:
    """Sign out: the session is dead, and what the browser kept of the pages is gone."""
    sessions.end(actor.session_id)
    faces.forget()
    response = redirect(url_for("open_sign_in.show" if isinstance(actor, Staff | Merchant) else "open_enter.show"), 303)
    response.headers["Clear-Site-Data"] = '"cache"'
    return pages.as_response(response)
