"""The till: a code is read by camera or scanner, out of a photo, or typed, all into one form; what to hand over is shown."""

from typing import Any

from flask import Response

from app.merchant.scans import latest
from app.schemas.pages import ScanForm
from app.web import audience, forms, pages
from app.web.faces import Pages
from app.web.idempotency import idempotent
from people.actors import Merchant
from redeem import scans

blueprint = Pages("merchant", "till", __name__, url_prefix="/merchant")


@blueprint.get("")
@audience.merchant
@pages.needs_wasm
def show(actor: Merchant) -> Response:
    """The scanner, at once; or why a code was refused, and the form once more."""
    return pages.show("merchant/till.html", **latest(actor))


@blueprint.post("/scans")
@audience.merchant
@pages.needs_wasm
@idempotent
@forms.takes(ScanForm, again="show")
def scan(actor: Merchant, body: dict[str, Any]) -> Response:
    """Scan an order's code, once; on to what is to be handed over."""
    return pages.go("merchant_scans.show", scan_id=scans.redeem(actor, **body).id)
