"""Reasons that a community keeps ready for its reviewers: read by those who review, kept by those who keep the books."""

from typing import Any
from uuid import UUID

from flask import Response

from app.schemas.points import Empty
from app.schemas.reviews import ReasonTemplateBody
from app.web import audience, forms, pages
from app.web.faces import Pages
from app.web.idempotency import idempotent
from kernel.paging import Window
from people import permissions
from people.actors import Staff
from points import reasons

blueprint = Pages("staff", "reasons", __name__, url_prefix="/staff/reasons")
SHOWN = 200


@blueprint.get("")
@audience.staff(permissions.REVIEW)
def find(actor: Staff) -> Response:
    """The reasons by action, and a form for a new one."""
    return pages.show("staff/reasons/find.html", reasons=reasons.find(actor, Window(SHOWN, None)).items, actions=reasons.ACTIONS)


@blueprint.post("")
@audience.staff(permissions.BOOKS)
@idempotent
@forms.takes(ReasonTemplateBody, again="find")
def create(actor: Staff, body: dict[str, Any]) -> Response:
    """A new reason."""
    return pages.go("staff_reasons.find", f"已添加“{reasons.create(actor, **body).text}”")


@blueprint.post("/<id:reason_id>/forget")
@audience.staff(permissions.BOOKS)
@forms.takes(Empty)
def forget(actor: Staff, body: dict[str, Any], reason_id: UUID) -> Response:
    """Offer a reason no longer."""
    reasons.forget(actor, reason_id)
    return pages.go("staff_reasons.find", "已删掉，审核时不再出现")
