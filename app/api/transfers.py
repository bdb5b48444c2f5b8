"""Corrections of the books by staff."""

from typing import Any
from uuid import UUID

from app.schemas import points
from app.web import audience
from app.web.idempotency import idempotent
from app.web.openapi import refuses
from app.web.parsing import Api
from people import permissions
from people.actors import Staff
from points import corrections
from points.ledger import AlreadyReversed, InsufficientPoints, NotReversible
from points.wallets import Entry

blueprint = Api("transfers", __name__)


@blueprint.post("/staff/transfers/<id:transfer_id>/reverse")
@audience.staff(permissions.BOOKS)
@idempotent
@refuses(AlreadyReversed, InsufficientPoints, NotReversible)
@blueprint.arguments(points.ReasonBody, example={"reason": "重复入账"})
@blueprint.response(201, points.TransferShape, example=points.REVERSAL)
def reverse(actor: Staff, body: dict[str, Any], transfer_id: UUID) -> Entry:
    """Take a credit back by a correcting transfer; nothing is erased."""
    return corrections.reverse(actor, transfer_id, **body)
