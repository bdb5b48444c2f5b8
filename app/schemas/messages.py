"""Shapes: what residents are told, and the letters that carry it further."""

from typing import Any

from marshmallow import fields

from app.schemas.fields import Flag, Id, Listed, Moment, Shape
from app.schemas.lists import ListQuery
from app.schemas.points import PersonShape, SourceShape

MESSAGE: dict[str, Any] = {
    "id": "019dd1c1-0000-7000-8000-0000000000e1",
    "kind": "deed.approved",
    "title": "申报已通过",
    "body": "您申报的“参加治安巡逻”（2026-11-20）已通过，得 50 分，可以在“我的积分”中查看。",
    "created_at": "2026-11-21T09:12:00+08:00",
    "read_at": None,
    "source": {"type": "deed", "id": "019dd1c1-0000-7000-8000-0000000000d1"},
}
LETTER: dict[str, Any] = {
    "id": MESSAGE["id"],
    "kind": "deed.approved",
    "title": "申报已通过",
    "resident": {"id": "019dd1c0-7a10-7cc3-98c4-dc0c0c07398f", "name": "李秀英"},
    "created_at": "2026-11-21T09:12:00+08:00",
    "attempts": 10,
    "next_try_at": "2026-11-21T21:27:00+08:00",
    "dead_at": "2026-11-21T17:27:00+08:00",
    "last_error": "HTTP 503",
}
_DATE_TIME = {"type": "string", "format": "date-time"}


class MessageQuery(ListQuery):
    """Only those not read yet, or only those read, where `unread` says so."""

    unread = Flag(strict=False, load_default=None)


class MessageShape(Shape):
    """Something a resident is told; `kind` is for programs."""

    id = fields.UUID()
    kind = fields.String()
    title = fields.String()
    body = fields.String()
    created_at = Moment(metadata=_DATE_TIME)
    read_at = Moment(allow_none=True, metadata=_DATE_TIME)
    source = fields.Nested(SourceShape)


class ReadBody(Shape):
    """Messages that were read."""

    ids = Listed(Id(), required=True)


class UnreadShape(Shape):
    """How many messages are left to be read."""

    unread = fields.Integer()


class LetterQuery(ListQuery):
    """Only dead letters, or only those that are still tried, where `dead` says so."""

    dead = Flag(strict=False, load_default=None)


class LetterShape(Shape):
    """A letter that was not delivered yet; one with `dead_at` is not tried any more."""

    id = fields.UUID()
    kind = fields.String()
    title = fields.String()
    resident = fields.Nested(PersonShape)
    created_at = Moment(metadata=_DATE_TIME)
    attempts = fields.Integer()
    next_try_at = Moment(metadata=_DATE_TIME)
    dead_at = Moment(allow_none=True, metadata=_DATE_TIME)
    last_error = fields.String(allow_none=True)
