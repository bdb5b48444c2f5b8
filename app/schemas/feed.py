"""Shapes: the feed and its likes."""

from typing import Any

from marshmallow import fields

from app.schemas.fields import Choice, Flag, Moment, Shape, Text
from app.schemas.lists import ListQuery
from app.schemas.points import DEED, UPLOAD, PersonShape, UploadShape
from points.feed import KINDS

ENTRY: dict[str, Any] = {
    "id": DEED["id"],
    "kind": "deed",
    "category": "社区治理",
    "title": "参加治安巡逻",
    "description": "晚上七点到九点在小区巡逻",
    "photos": [UPLOAD],
    "resident_masked": "李**",
    "occurred_on": "2026-11-20",
    "likes": 12,
    "liked": False,
}
STAFF_ENTRY = {
    **ENTRY,
    "community_code": "500104101009",
    "resident": {"id": "019dd1c0-7a10-7cc3-98c4-dc0c0c07398f", "name": "李秀英"},
    "off": {"at": "2026-11-21T09:00:00+08:00", "by": "小林", "reason": "照片里有别人的孩子"},
}


class FeedQuery(ListQuery):
    """Which entries: deeds or donations, of a category of rules."""

    kind = Choice(*KINDS, load_default=None)
    category = Text(most=30, load_default=None)


class StaffFeedQuery(FeedQuery):
    """Only those that were taken off, or only those that are shown, where `off` says so."""

    off = Flag(strict=False, load_default=None)


class EntryShape(Shape):
    """What everybody in the community sees of a deed or a donation; the person is named as he chooses."""

    id = fields.UUID()
    kind = fields.String()
    category = fields.String()
    title = fields.String()
    description = fields.String()
    photos = fields.List(fields.Nested(UploadShape))
    resident_masked = fields.String()
    occurred_on = fields.Date()
    likes = fields.Integer()
    liked = fields.Boolean()


class OffShape(Shape):
    """When an entry was taken off, by whom, and why; `by` is null where the deed itself was revoked."""

    at = Moment(metadata={"type": "string", "format": "date-time"})
    by = fields.String(allow_none=True)
    reason = fields.String()


class StaffEntryShape(EntryShape):
    """An entry as staff see it."""

    community_code = fields.String()
    resident = fields.Nested(PersonShape)
    off = fields.Nested(OffShape, allow_none=True)


class LikesShape(Shape):
    """How many like an entry, and whether the resident does."""

    likes = fields.Integer()
    liked = fields.Boolean()
