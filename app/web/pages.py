"""What all pages share: how they are shown, where they lead on to, and the headers under which browsers keep them safe."""

import functools
from collections.abc import Callable
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit
from uuid import UUID

from flask import Flask, Response, current_app, flash, g, make_response, redirect, render_template, request, session, url_for
from marshmallow import Schema
from werkzeug.exceptions import RequestEntityTooLarge

from app.web import assets, faces, forms, photos, refused_pages, words
from app.web.idempotency import SEE_OTHER
from app.web.parsing import Parser
from kernel import signing
from people import messages, permissions, sessions
from people.actors import Resident, Staff

View = TypeVar("View", bound=Callable[..., Any])
FONTS = (18, 20, 22, 24, 27, 30)  # pixels of the main text in care mode
_CSP = (
    "default-src 'none'; script-src 'self'{wasm}; style-src 'self'; img-src 'self' data: blob:; connect-src 'self';"
    " font-src 'self'; media-src 'self' blob:; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


def install(app: Flask, *, secure: bool) -> None:
    """Let pages have sessions, forms, assets, and words; `secure` cookies go over TLS only."""
    app.secret_key = signing.key("page-sessions")
    app.config.update(
        SESSION_COOKIE_NAME="defen",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=secure,
        PERMANENT_SESSION_LIFETIME=sessions.IDLE_ON_A_PHONE,
    )
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True}
    assets.install(app)
    forms.install(app)
    words.install(app)
    app.context_processor(_around)
    app.add_template_global(photos.url, "photo_url")
    app.after_request(_protect)


def show(template: str, **values: Any) -> Response:
    """A page. Whatever it shows is read before the answer leaves, in the transaction of the request."""
    return make_response(render_template(template, **values))


def go(endpoint: str, said: str | None = None, **values: Any) -> Response:
    """On to another page after a form did its work, where `said` is shown once."""
    if said:
        flash(said)
    return cast(Response, redirect(url_for(endpoint, **values), SEE_OTHER))


def as_response(answer: Any) -> Response:
    """An answer of werkzeug's as the Response that it is."""
    return cast(Response, answer)


def query(schema: type[Schema]) -> Callable[[View], View]:
    """Give a view the query of its address, after the actor: filters, and which page of a list."""

    def wrap(view: View) -> View:
        @functools.wraps(view)
        def run(*actor: Any, **arguments: Any) -> Any:
            return view(*actor, Parser().parse(schema, request, location="query"), **arguments)

        run.query = schema  # type: ignore[attr-defined]
        return cast(View, run)

    return wrap


def asked(*but: str) -> dict[str, str]:
    """What the address asks for, to be asked for again in another one, without the names in `but`.

    What `url_for` itself would understand, a scheme for instance, is nobody's to put into our links.
    """
    ours = {"endpoint", "said", *but}
    return {name: value for name, value in request.args.items() if value and name not in ours and not name.startswith("_")}


def signed_in(session_id: UUID, home: str) -> Response:
    """On after signing in: to send the form that was kept, to the page that was asked for, or home."""
    faces.begin(session_id)
    kept = refused_pages.kept()
    if kept:
        return show("open/continue.html", path=kept[0], fields=kept[1])
    return cast(Response, redirect(own_path(request.args.get("next")) or url_for(home), SEE_OTHER))


def needs_wasm(view: View) -> View:
    """Let the scripts of a page run WebAssembly, which reads codes from the camera's picture."""
    view.needs_wasm = True  # type: ignore[attr-defined]
    return view


def own_path(address: str | None) -> str | None:
    """A path of ours to go on to, None for anything else: another site must not lead people away through an address of ours."""
    parts = urlsplit((address or "").replace("\\", "/"))
    own = address and address.startswith("/") and not address.startswith("//") and not parts.netloc and not parts.scheme
    return address if own else None


def _around() -> dict[str, Any]:
    """What every template knows: who looks, how large he reads, and what was said."""
    actor = g.get("actor")
    return {
        "actor": actor,
        "care": bool(session.get("care")),
        "font": session.get("font") if session.get("font") in FONTS else FONTS[1],
        "may": lambda right: isinstance(actor, Staff) and permissions.may(actor.role, right),
        "unread": lambda: messages.unread(actor.id) if isinstance(actor, Resident) else 0,
        "kept_form": g.get("kept") or _kept_form(),
        "here": _here,
        "exists": lambda endpoint: endpoint in current_app.view_functions,
        "demo": not current_app.config["SETTINGS"].production,
    }


def _kept_form() -> str:
    try:
        return request.form.get("kept", "")
    except RequestEntityTooLarge:  # which is just what the page is about to say
        return ""


def _here(**changes: Any) -> str:
    """The address of the present page with some of its query changed; None takes a part out."""
    arguments = {**(request.view_args or {}), **asked(), **changes}
    return url_for(request.endpoint or "", **{name: value for name, value in arguments.items() if value is not None})


def _protect(response: Response) -> Response:
    if response.mimetype == "text/html" and "Content-Security-Policy" not in response.headers:
        view = current_app.view_functions.get(request.endpoint or "")
        response.headers["Content-Security-Policy"] = _CSP.format(
            wasm=" 'wasm-unsafe-eval'" if getattr(view, "needs_wasm", None) else ""
        )
    if refused_pages.wanted():
        # Staff share computers; a phone may go back to a page it has just shown.
        response.headers.setdefault("Cache-Control", "no-store" if faces.of_request() == "staff" else "private, no-cache")
        response.headers["Referrer-Policy"] = "same-origin"
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Permissions-Policy"] = "camera=(self), geolocation=(self), microphone=()"
    return response
