"""Leaving on the console, for somebody who came to the office and asked for it."""

from typing import Any
from uuid import UUID

from flask import Response

from app.schemas.points import ReasonBody
from app.web import audience, forms, pages
from app.web.faces import Pages
from app.web.idempotency import idempotent
from people import entries, permissions
from people.actors import Staff
from redeem import departures

blueprint = Pages("staff", "departures", __name__, url_prefix="/staff")


@blueprint.get("/residents/<id:resident_id>/leave")
@audience.staff(permissions.BOOKS)
def new(actor: Staff, resident_id: UUID) -> Response:
    """What he would lose."""
    person, prospect = entries.get(actor, resident_id), departures.prospect_for(actor, resident_id)
    return pages.show("staff/residents/leave.html", person=person, prospect=prospect)


@blueprint.post("/residents/<id:resident_id>/leave")
@audience.staff(permissions.BOOKS)
@idempotent
@forms.takes(ReasonBody, again="new")
def create(actor: Staff, body: dict[str, Any], resident_id: UUID) -> Response:
    """Leave for him: nothing of it can be undone."""
    gone = departures.leave(actor, resident_id, **body)
    said = (
        f"已为他退出社区：清零 {gone.points_expired} 分，取消 {gone.orders_cancelled} 个订单，撤回 {gone.deeds_withdrawn} 条申报"
    )
    return pages.go("staff_residents.find", said)
