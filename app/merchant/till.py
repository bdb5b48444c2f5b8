"""The till: codes are read, typed or scanned, and what to hand over is shown."""

from flask import Response

from app.web import audience, pages
from app.web.faces import Pages
from people.actors import Merchant

blueprint = Pages("merchant", "till", __name__, url_prefix="/merchant")


@blueprint.get("")
@audience.merchant
@pages.needs_wasm
def show(actor: Merchant) -> Response:
    """The scanner, at once."""
    return pages.show("merchant/till.html")
