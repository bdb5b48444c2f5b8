"""Deeds as staff work on them: entry on behalf, a look at one, many approved in one go, and how fast reviewers are."""

from typing import Any
from uuid import UUID

from app.schemas import points, reviews
from app.web import audience
from app.web.idempotency import idempotent
from app.web.openapi import refuses
from app.web.parsing import Api
from kernel.errors import NotFound
from people import permissions
from people.actors import Staff
from points import batches, entries, histories, resubmissions
from points.batches import Batch
from points.deeds import AlreadyReviewed, LimitReached
from points.histories import Detailed
from points.resubmissions import DeclaredByResident
from points.reviews import Queued
from points.rules import RuleNotInForce
from reports import reviewers
from reports.reviewers import Figures

blueprint = Api("reviews", __name__)


@blueprint.post("/staff/deeds")
@audience.staff(permissions.ENTER)
@idempotent
@refuses(NotFound, LimitReached, RuleNotInForce)
@blueprint.arguments(reviews.EntryBody, example=reviews.ENTRY_BODY)
@blueprint.response(201, points.QueuedShape, example=reviews.ENTERED)
def enter(actor: Staff, body: dict[str, Any]) -> Queued:
    """Declare a deed on behalf of a resident who came, phoned, or sent a message."""
    return entries.enter(actor, **body)


@blueprint.get("/staff/deeds/<id:deed_id>")
@audience.staff(permissions.SEE)
@blueprint.response(200, reviews.DetailedShape, example=reviews.DETAILED)
def show(actor: Staff, deed_id: UUID) -> Detailed:
    """One deed, with the history of its resident."""
    return histories.of_deed(actor, deed_id)


@blueprint.patch("/staff/deeds/<id:deed_id>")
@audience.staff(permissions.ENTER)
@refuses(AlreadyReviewed, LimitReached, RuleNotInForce, DeclaredByResident)
@blueprint.arguments(reviews.DeedChange, required=False, example={"description": "晚上七点到九点在小区巡逻，补了照片"})
@blueprint.response(200, points.QueuedShape, example=reviews.ENTERED)
def resubmit(actor: Staff, body: dict[str, Any], deed_id: UUID) -> Queued:
    """Complete a returned deed that was entered on behalf, and hand it in again."""
    return resubmissions.resubmit_entered(actor, deed_id, **body)


@blueprint.post("/staff/deeds/approve")
@audience.staff(permissions.REVIEW)
@idempotent
@blueprint.arguments(reviews.BatchBody, example={"ids": [points.QUEUED["id"]]})
@blueprint.response(200, reviews.BatchShape, example=reviews.BATCH)
def approve(actor: Staff, body: dict[str, Any]) -> Batch:
    """Approve up to 100 deeds, each decided for itself."""
    return batches.approve(actor, body["ids"])


@blueprint.get("/staff/reviews/figures")
@audience.staff(permissions.SEE)
@blueprint.arguments(reviews.FiguresQuery, location="query")
@blueprint.response(200, reviews.FiguresShape, example=reviews.FIGURES)
def figures(actor: Staff, query: dict[str, Any]) -> Figures:
    """Who reviewed how many deeds and how fast, and what waits now."""
    return reviewers.figures(actor, **query)
