"""Reasons that a community keeps ready for its reviewers."""

from typing import Any
from uuid import UUID

from app.schemas import reviews
from app.schemas.lists import page_example, page_of, window
from app.web import audience
from app.web.idempotency import idempotent
from app.web.openapi import refuses
from app.web.parsing import Api
from kernel.errors import NotFound
from kernel.paging import Page
from people import permissions
from people.actors import Staff
from points import reasons
from points.reasons import Reason, ReasonExists

blueprint = Api("reasons", __name__)


@blueprint.get("/staff/reasons")
@audience.staff(permissions.REVIEW)
@blueprint.arguments(reviews.ReasonQuery, location="query")
@blueprint.response(200, page_of(reviews.ReasonShape), example=page_example(reviews.REASON))
def find(actor: Staff, query: dict[str, Any]) -> Page[Reason]:
    """The reasons to choose from; built-in ones for each action for which the community has none."""
    return reasons.find(actor, window(query), **query)


@blueprint.post("/staff/reasons")
@audience.staff(permissions.BOOKS)
@idempotent
@refuses(NotFound, ReasonExists)
@blueprint.arguments(reviews.ReasonTemplateBody, example=reviews.REASON_BODY)
@blueprint.response(201, reviews.ReasonShape, example=reviews.REASON)
def create(actor: Staff, body: dict[str, Any]) -> Reason:
    """A new reason for a community's reviewers."""
    return reasons.create(actor, **body)


@blueprint.delete("/staff/reasons/<id:reason_id>")
@audience.staff(permissions.BOOKS)
@blueprint.response(204)
def forget(actor: Staff, reason_id: UUID) -> None:
    """Offer a reason no longer."""
    reasons.forget(actor, reason_id)
