"""Signing in with a password, for staff and merchants; signing out, for everybody."""

from typing import Any

from flask import Response, current_app, redirect, url_for

from app.schemas.pages import SignInForm
from app.web import audience, faces, forms, pages
from app.web.faces import Pages
from people import logins, sessions
from people.actors import Actor, Merchant, Staff

blueprint = Pages("open", "sign_in", __name__)


@blueprint.get("/sign-in")
@audience.anyone
def show() -> Response:
    """Username, password, and the six digits where a second factor is enrolled."""
    return pages.show("open/sign_in.html")


@blueprint.post("/sign-in")
@audience.anyone
@forms.takes(SignInForm, again="show")
def sign_in(body: dict[str, Any]) -> Response:
    """Sign in; whoever was signed in with this browser is out."""
    body.pop("kept")
    login_id, role = logins.check(**body, demo_allowed=not current_app.config["SETTINGS"].production)
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
