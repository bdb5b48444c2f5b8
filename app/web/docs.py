"""Pages to read: the API's documentation, which loads nothing from outside, and the privacy statement."""

from pathlib import Path
from typing import Any

import flask_swagger_ui
from flask import Blueprint, Response, make_response, render_template, send_from_directory

from app.web import audience
from kernel.errors import NotFound
from people import privacy as statement

ASSETS = Path(flask_swagger_ui.__file__).parent / "dist"
SERVED = frozenset({"swagger-ui.css", "swagger-ui-bundle.js"})
blueprint = Blueprint("docs", __name__)


@blueprint.get("/api/docs")
@audience.anyone
def api() -> Response:
    """A page to try the API."""
    page = make_response(render_template("docs.html"))
    # Swagger UI sets styles on its elements; scripts come from here only.
    page.headers["Content-Security-Policy"] = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:"
    return page


@blueprint.get("/api/docs/<name>")
@audience.anyone
def asset(name: str) -> Response:
    """A file of Swagger UI, from the package that pip installed."""
    if name not in SERVED:
        raise NotFound()
    response = send_from_directory(ASSETS, name, max_age=86400)
    response.headers["Cache-Control"] = "public, max-age=86400"
    return response


@blueprint.get("/privacy")
@audience.anyone
def privacy() -> Response:
    """The privacy statement, to read."""
    return _page("privacy.html", version=statement.VERSION, title=statement.TITLE)


def _page(template: str, **values: Any) -> Response:
    page = make_response(render_template(template, **values))
    page.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'self'; img-src data:"
    return page
