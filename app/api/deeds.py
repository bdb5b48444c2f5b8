"""Deeds: declared by residents, reviewed by staff."""

from typing import Any
from uuid import UUID

from app.schemas import points
from app.schemas.lists import page_example, page_of, window
from app.schemas.reviews import DeedChange
from app.web import audience
from app.web.idempotency import idempotent
from app.web.openapi import refuses
from app.web.parsing import Api
from kernel.errors import NotFound
from kernel.paging import Page
from people import permissions
from people.actors import Resident, Staff
from points import deeds, resubmissions, reviews
from points.awards import CapReached
from points.deeds import AlreadyReviewed, Deed, LimitReached
from points.reviews import OwnDeed, Queued
from points.rules import RuleNotInForce

blueprint = Api("deeds", __name__)


@blueprint.post("/deeds")
@audience.resident
@idempotent
@refuses(NotFound, LimitReached, RuleNotInForce)
@blueprint.arguments(points.DeedBody, example=points.DEED_BODY)
@blueprint.response(201, points.DeedShape, example=points.DEED)
def declare(actor: Resident, body: dict[str, Any]) -> Deed:
    """Declare a deed; it waits for review."""
    return deeds.declare(actor, **body)


@blueprint.get("/deeds")
@audience.resident
@blueprint.arguments(points.DeedQuery, location="query")
@blueprint.response(200, page_of(points.DeedShape), example=page_example(points.DEED))
def find(actor: Resident, query: dict[str, Any]) -> Page[Deed]:
    """The resident's own deeds, newest first, all or those of a status."""
    return deeds.find(actor, window(query), **query)


@blueprint.get("/deeds/<id:deed_id>")
@audience.resident
@blueprint.response(200, points.DeedShape, example=points.DEED)
def show(actor: Resident, deed_id: UUID) -> Deed:
    """One of the resident's own deeds."""
    return deeds.get(actor, deed_id)


@blueprint.post("/deeds/<id:deed_id>/withdraw")
@audience.resident
@idempotent
@refuses(AlreadyReviewed)
@blueprint.arguments(points.Empty, required=False, example={})
@blueprint.response(200, points.DeedShape, example={**points.DEED, "status": "withdrawn"})
def withdraw(actor: Resident, body: dict[str, Any], deed_id: UUID) -> Deed:
    """Take a deed back before it is decided."""
    return deeds.withdraw(actor, deed_id)


@blueprint.patch("/deeds/<id:deed_id>")
@audience.resident
@refuses(AlreadyReviewed, LimitReached, RuleNotInForce)
@blueprint.arguments(DeedChange, required=False, example={"description": "晚上七点到九点在小区巡逻，补了照片"})
@blueprint.response(200, points.DeedShape, example=points.DEED)
def resubmit(actor: Resident, body: dict[str, Any], deed_id: UUID) -> Deed:
    """Complete a deed that was returned, and hand it in again."""
    return resubmissions.resubmit(actor, deed_id, **body)


@blueprint.get("/staff/deeds")
@audience.staff(permissions.SEE)
@blueprint.arguments(points.QueueQuery, location="query")
@blueprint.response(200, page_of(points.QueuedShape), example=page_example(points.QUEUED))
def queue(actor: Staff, query: dict[str, Any]) -> Page[Queued]:
    """The review queue, oldest first."""
    return reviews.queue(actor, window(query), **query)


@blueprint.post("/staff/deeds/<id:deed_id>/approve")
@audience.staff(permissions.REVIEW)
@idempotent
@refuses(AlreadyReviewed, OwnDeed, CapReached)
@blueprint.arguments(points.ApproveBody, required=False, example={"note": "照片清楚"})
@blueprint.response(200, points.QueuedShape, example={**points.QUEUED, "status": "approved", "points": 50})
def approve(actor: Staff, body: dict[str, Any], deed_id: UUID) -> Queued:
    """Approve a deed: its resident is credited at once."""
    return reviews.approve(actor, deed_id, **body)


@blueprint.post("/staff/deeds/<id:deed_id>/revoke")
@audience.staff(permissions.REVIEW)
@idempotent
@refuses(AlreadyReviewed, OwnDeed)
@blueprint.arguments(points.ReasonBody, example={"reason": "照片是去年的"})
@blueprint.response(200, points.QueuedShape, example={**points.QUEUED, "status": "revoked", "points": 50})
def revoke(actor: Staff, body: dict[str, Any], deed_id: UUID) -> Queued:
    """Take an approval back: what the wallet has of the points is taken, the rest is owed."""
    return reviews.revoke(actor, deed_id, **body)


@blueprint.post("/staff/deeds/<id:deed_id>/reject")
@audience.staff(permissions.REVIEW)
@idempotent
@refuses(AlreadyReviewed, OwnDeed)
@blueprint.arguments(points.ReasonBody, example={"reason": "照片与所报的事不符"})
@blueprint.response(200, points.QueuedShape, example={**points.QUEUED, "status": "rejected"})
def reject(actor: Staff, body: dict[str, Any], deed_id: UUID) -> Queued:
    """Reject a deed for good, with a reason."""
    return reviews.reject(actor, deed_id, **body)


@blueprint.post("/staff/deeds/<id:deed_id>/return")
@audience.staff(permissions.REVIEW)
@idempotent
@refuses(AlreadyReviewed, OwnDeed)
@blueprint.arguments(points.ReasonBody, example={"reason": "请补一张现场照片"})
@blueprint.response(200, points.QueuedShape, example={**points.QUEUED, "status": "returned"})
def send_back(actor: Staff, body: dict[str, Any], deed_id: UUID) -> Queued:
    """Return a deed to its resident, with a reason."""
    return reviews.send_back(actor, deed_id, **body)
