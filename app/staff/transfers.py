"""One transfer on the console: what it is, and the way to take a credit back."""

from typing import Any
from uuid import UUID

from flask import Response

from app.schemas.points import ReasonBody
from app.web import audience, forms, pages
from app.web.faces import Pages
from app.web.idempotency import idempotent
from people import permissions
from people.actors import Staff
from points import corrections

blueprint = Pages("staff", "transfers", __name__, url_prefix="/staff")


@blueprint.get("/transfers/<id:transfer_id>")
@audience.staff(permissions.BOOKS)
def show(actor: Staff, transfer_id: UUID) -> Response:
    """What it is, for whom, and whether it was taken back."""
    return pages.show("staff/transfers/show.html", looked=corrections.look(actor, transfer_id))


@blueprint.post("/transfers/<id:transfer_id>/reverse")
@audience.staff(permissions.BOOKS)
@idempotent
@forms.takes(ReasonBody, again="show")
def reverse(actor: Staff, body: dict[str, Any], transfer_id: UUID) -> Response:
    """Take the credit back by a correcting transfer; nothing is erased."""
    taken = corrections.reverse(actor, transfer_id, **body)
    return pages.go("staff_transfers.show", f"已收回 {-taken.points} 分，本人会收到原因", transfer_id=transfer_id)
