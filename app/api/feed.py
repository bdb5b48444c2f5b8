"""The feed: good deeds, for residents to see and like, and for staff to take off."""

from typing import Any
from uuid import UUID

from app.schemas import feed as shapes
from app.schemas import points
from app.schemas.lists import page_example, page_of, window
from app.web import audience
from app.web.idempotency import idempotent
from app.web.openapi import refuses
from app.web.parsing import Api
from kernel.paging import Page
from people import permissions
from people.actors import Resident, Staff
from points import feed
from points.feed import AlreadyTakenOff, Kept, Likes, NotTakenOff, Shown

blueprint = Api("feed", __name__)


@blueprint.get("/feed")
@audience.resident
@blueprint.arguments(shapes.FeedQuery, location="query")
@blueprint.response(200, page_of(shapes.EntryShape), example=page_example(shapes.ENTRY))
def of_community(actor: Resident, query: dict[str, Any]) -> Page[Shown]:
    """The good deeds of the resident's community, newest first."""
    return feed.of_community(actor, window(query), **query)


@blueprint.post("/feed/<id:entry_id>/like")
@audience.resident
@blueprint.arguments(points.Empty, required=False, example={})
@blueprint.response(200, shapes.LikesShape, example={"likes": 13, "liked": True})
def like(actor: Resident, body: dict[str, Any], entry_id: UUID) -> Likes:
    """Like an entry; twice counts once."""
    return feed.like(actor, entry_id)


@blueprint.delete("/feed/<id:entry_id>/like")
@audience.resident
@blueprint.response(200, shapes.LikesShape, example={"likes": 12, "liked": False})
def unlike(actor: Resident, entry_id: UUID) -> Likes:
    """Take a like back."""
    return feed.unlike(actor, entry_id)


@blueprint.get("/staff/feed")
@audience.staff(permissions.SEE)
@blueprint.arguments(shapes.StaffFeedQuery, location="query")
@blueprint.response(200, page_of(shapes.StaffEntryShape), example=page_example(shapes.STAFF_ENTRY))
def find(actor: Staff, query: dict[str, Any]) -> Page[Kept]:
    """The entries in this part of the tree, those that were taken off too."""
    return feed.find(actor, window(query), **query)


@blueprint.post("/staff/feed/<id:entry_id>/take-off")
@audience.staff(permissions.REVIEW)
@idempotent
@refuses(AlreadyTakenOff)
@blueprint.arguments(points.ReasonBody, example={"reason": "照片里有别人的孩子"})
@blueprint.response(200, shapes.StaffEntryShape, example=shapes.STAFF_ENTRY)
def take_off(actor: Staff, body: dict[str, Any], entry_id: UUID) -> Kept:
    """Show an entry no more; its resident is told why, and keeps the points."""
    return feed.take_off(actor, entry_id, **body)


@blueprint.post("/staff/feed/<id:entry_id>/put-back")
@audience.staff(permissions.REVIEW)
@idempotent
@refuses(NotTakenOff)
@blueprint.arguments(points.Empty, required=False, example={})
@blueprint.response(200, shapes.StaffEntryShape, example={**shapes.STAFF_ENTRY, "off": None})
def put_back(actor: Staff, body: dict[str, Any], entry_id: UUID) -> Kept:
    """Show an entry again that staff took off; its resident is told."""
    return feed.put_back(actor, entry_id)
