"""How large one reads: care mode, and the size of its text. It belongs to the browser, signed in or not."""

from typing import Any

from flask import Response, redirect, request, session, url_for

from app.schemas.pages import LookForm
from app.web import audience, forms, pages
from app.web.faces import Pages

blueprint = Pages("open", "look", __name__)


def set_look(*, care: bool, font: int | None) -> None:
    """Have this browser read in care mode or not, in the size next to `font` where one is named."""
    session["care"] = care
    if font is not None:
        session["font"] = min(pages.FONTS, key=lambda size: abs(size - font))
    session.permanent = True


@blueprint.post("/look")
@audience.anyone
@forms.takes(LookForm)
def change(body: dict[str, Any]) -> Response:
    """Turn care mode on or off, or choose the size of its text; back to where one was."""
    set_look(care=body["care"], font=body["font"])
    return pages.as_response(redirect(pages.own_path(request.form.get("back")) or url_for("open_enter.show"), 303))
