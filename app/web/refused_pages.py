"""A refusal as a page: what happened and what to do, in words. Who is not signed in is sent there, and keeps what he wrote."""

from typing import Any, cast

from flask import Response, current_app, g, make_response, redirect, render_template, request, url_for
from itsdangerous import BadSignature, URLSafeSerializer

from app.web import faces
from kernel import errors, signing
from kernel.errors import Refusal
from people.sessions import NotRegistered, SecondFactorRequired, Unauthenticated

SIGN_IN = {
    "resident": "open_enter.show",
    "merchant": "open_sign_in.show",
    "staff": "open_sign_in.show",
    "open": "open_enter.show",
}
HOME = {
    "resident": "resident_home.show",
    "merchant": "merchant_till.show",
    "staff": "staff_start.show",
    "open": "open_enter.show",
}
JOIN = "open_join.show"
ENROL = "staff_second_factor.show"


def wanted() -> bool:
    """Whether the present request is for a page: one of ours, or an address that a browser asks for in vain."""
    if faces.of_request():
        return True
    return not request.path.startswith("/api/") and request.blueprint is None and "text/html" in request.headers.get("Accept", "")


def show(refusal: Refusal, status: int) -> Response:
    """The refusal as a page, or the way to where it can be mended."""
    face = faces.of_request() or "open"
    if isinstance(refusal, Unauthenticated):
        return _sign_in(face)
    if isinstance(refusal, NotRegistered):
        return _to(JOIN)
    if isinstance(refusal, SecondFactorRequired):
        return _to(ENROL)
    response = make_response(render_template("refused.html", refusal=refusal, home=url_for(HOME[face]), layout=face), status)
    if isinstance(refusal, errors.TooOften | errors.Outage):
        response.headers["Retry-After"] = str(refusal.retry_after_s)
    if status in (408, 413):  # what was not read must not be taken for the next request
        response.headers["Connection"] = "close"
    return response


def kept() -> tuple[str, list[tuple[str, str]]] | None:
    """The form that was sent when nobody was signed in any more: its path, its names and values. None where there is none."""
    try:
        path, fields = _seal().loads(request.form.get("kept", ""))
    except BadSignature:
        return None
    return path, [(name, value) for name, value in fields]


def _sign_in(face: str) -> Response:
    if request.method in ("GET", "HEAD"):
        return _to(SIGN_IN[face], next=request.full_path.rstrip("?"))
    fields = [(name, value) for name, value in request.form.items(multi=True) if name not in ("csrf_token", "_key")]
    g.kept = _seal().dumps([request.full_path.rstrip("?"), fields])
    response = cast(Response, current_app.view_functions[SIGN_IN[face]]())
    response.status_code = 401
    if "HX-Request" in request.headers:  # the sign-in takes the place of the whole page, not of a piece of it
        response.headers["HX-Retarget"], response.headers["HX-Reswap"] = "body", "outerHTML"
    return response


def _to(endpoint: str, **values: Any) -> Response:
    address = url_for(endpoint, **values)
    if "HX-Request" in request.headers:  # htmx would put the page into the middle of the present one
        return Response(status=200, headers={"HX-Redirect": address})
    return cast(Response, redirect(address, 303))


def _seal() -> URLSafeSerializer:
    return URLSafeSerializer(signing.key("kept-form"))
