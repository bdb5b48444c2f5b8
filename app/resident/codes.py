"""Codes on the screen: the present one, and those of ten minutes ahead for when the network is away; the identity code."""

from typing import Any

from flask import Response, jsonify

from app.web import audience, pages, pictures, words
from app.web.faces import Pages
from kernel import clock
from kernel.codes import Code
from people import residents
from people.actors import Resident

AHEAD = 20  # codes of half a minute each

blueprint = Pages("resident", "codes", __name__, url_prefix="/code")


@blueprint.get("")
@audience.resident
def show(actor: Resident) -> Response:
    """The resident's identity code: who he is, not what he ordered."""
    return show_codes("resident/code.html", residents.code(actor, AHEAD), name=actor.name)


@blueprint.get("/codes")
@audience.resident
def ahead(actor: Resident) -> Response:
    """The identity codes of the next ten minutes, for the page's script."""
    return as_data(residents.code(actor, AHEAD))


def show_codes(template: str, ahead: list[Code], **values: Any) -> Response:
    """A page with codes, which is kept nowhere: the time it says is that of the moment."""
    token = ahead[0].token
    response = pages.show(template, token=token, path=pictures.path(token), data=_data(ahead), **values)
    response.headers["Cache-Control"] = "no-store"
    return response


def as_data(ahead: list[Code]) -> Response:
    """Codes for a script."""
    return as_answer(**_data(ahead))


def as_answer(**values: Any) -> Response:
    """An answer for a script, with the server's time: clocks of phones are wrong."""
    response = jsonify({**values, "now": words.iso(clock.now())})
    response.headers["Cache-Control"] = "no-store"
    return response


def _data(ahead: list[Code]) -> dict[str, Any]:
    codes = [
        {
            "token": code.token,
            "valid_from": words.iso(code.valid_from),
            "expires_at": words.iso(code.expires_at),
            "modules": pictures.modules(code.token),
        }
        for code in ahead
    ]
    return {"now": words.iso(clock.now()), "codes": codes}
