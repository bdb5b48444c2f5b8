"""Transfers on the console: where a point came from and where it went; a credit taken back, with the reason."""

from typing import Any
from uuid import UUID

from flask import Response

from app.schemas.lists import ListQuery, window
from app.schemas.points import ReasonBody
from app.web import audience, forms, pages
from app.web.faces import Pages
from app.web.idempotency import idempotent
from people import permissions
from people.actors import Staff
from points import corrections
from reports import transfers

blueprint = Pages("staff", "transfers", __name__, url_prefix="/staff")


@blueprint.get("/residents/<id:resident_id>/transfers")
@audience.staff(permissions.SEE)
@pages.query(ListQuery)
def find(actor: Staff, query: dict[str, Any], resident_id: UUID) -> Response:
    """All that came into a resident's wallet and went out of it."""
    return pages.show("staff/transfers/find.html", story=transfers.of_resident(actor, resident_id, window(query)))


@blueprint.get("/transfers/<id:transfer_id>")
@audience.staff(permissions.SEE)
def show(actor: Staff, transfer_id: UUID) -> Response:
    """One transfer: from whom, to whom, what for."""
    return pages.show("staff/transfers/show.html", transfer=transfers.get(actor, transfer_id))


@blueprint.post("/transfers/<id:transfer_id>/reverse")
@audience.staff(permissions.BOOKS)
@idempotent
@forms.takes(ReasonBody, again="show")
def reverse(actor: Staff, body: dict[str, Any], transfer_id: UUID) -> Response:
    """Take a credit back by a correcting transfer; nothing is erased."""
    taken = corrections.reverse(actor, transfer_id, **body)
    return pages.go("staff_transfers.show", f"已收回 {-taken.points} 分，本人会收到消息", transfer_id=transfer_id)
