"""What is shown to all on the console: taken off where it must be, and put back."""

from typing import Any
from uuid import UUID

from flask import Response

from app.schemas import feed as shapes
from app.schemas import points
from app.schemas.lists import window
from app.web import audience, forms, pages
from app.web.faces import Pages
from app.web.idempotency import idempotent
from people import permissions
from people.actors import Staff
from points import feed

blueprint = Pages("staff", "feed", __name__, url_prefix="/staff")


@blueprint.get("/feed")
@audience.staff(permissions.SEE)
@pages.query(shapes.StaffFeedQuery)
def find(actor: Staff, query: dict[str, Any]) -> Response:
    """The entries in this part of the tree, those that were taken off too."""
    return pages.show("staff/feed/find.html", found=feed.find(actor, window(query), **query), query=query)


@blueprint.get("/feed/<id:entry_id>")
@audience.staff(permissions.SEE)
def show(actor: Staff, entry_id: UUID) -> Response:
    """One entry, as all see it."""
    return pages.show("staff/feed/show.html", entry=feed.get(actor, entry_id))


@blueprint.post("/feed/<id:entry_id>/take-off")
@audience.staff(permissions.REVIEW)
@idempotent
@forms.takes(points.ReasonBody, again="show")
def take_off(actor: Staff, body: dict[str, Any], entry_id: UUID) -> Response:
    """Show it no more; its resident is told why, and keeps the points."""
    feed.take_off(actor, entry_id, **body)
    return pages.go("staff_feed.show", "已撤下，本人会收到原因", entry_id=entry_id)


@blueprint.post("/feed/<id:entry_id>/put-back")
@audience.staff(permissions.REVIEW)
@idempotent
@forms.takes(points.Empty, again="show")
def put_back(actor: Staff, body: dict[str, Any], entry_id: UUID) -> Response:
    """Show it again."""
    feed.put_back(actor, entry_id)
    return pages.go("staff_feed.show", "已重新公示", entry_id=entry_id)
