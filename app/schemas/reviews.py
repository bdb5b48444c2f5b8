"""Shapes: entry on behalf, batches, a resident's history, reasons, and who reviewed how many."""

from marshmallow import fields

from app.schemas.fields import Choice, Day, Id, Listed, Moment, Shape, Text
from app.schemas.lists import ListQuery
from app.schemas.points import DEED_BODY, QUEUED, DeedBody, QueuedShape
from points.deeds import MAX_PHOTOS
from points.entries import CHANNELS
from points.reasons import ACTIONS

MAX_BATCH = 100
_DATE_TIME = {"type": "string", "format": "date-time"}

ENTRY_BODY = {**DEED_BODY, "resident_id": QUEUED["resident"]["id"], "channel": "phone"}
ENTERED = {
    **QUEUED,
    "channel": "phone",
    "entered_by": "小林",
    "steps": [{**QUEUED["steps"][0], "by": "小林"}],
    "flags": [],
}
DETAILED = {**QUEUED, "history": {"approved": 12, "rejected": 1, "returned": 2, "points": 460, "last": [QUEUED]}}
BATCH = {
    "approved": [QUEUED["id"]],
    "failed": [{"id": "019dd1c1-0000-7000-8000-0000000000d2", "code": "already_reviewed"}],
}
REASON_BODY = {"action": "return", "text": "请补一张现场照片"}
REASON = {"id": "019dd1c1-0000-7000-8000-0000000000e1", "community_code": "500104101009", **REASON_BODY}
FIGURES = {
    "from": "2026-10-23",
    "to": "2026-11-21",
    "reviewers": [
        {
            "id": "019dd1c0-0000-7000-8000-0000000000f1",
            "name": "小林",
            "approved": 80,
            "rejected": 3,
            "returned": 5,
            "median_minutes": 95,
            "p90_minutes": 1440,
        }
    ],
    "waiting": {"count": 7, "oldest_since": "2026-11-20T21:30:00+08:00", "late": 0},
}


class EntryBody(DeedBody):
    """What a resident told the staff he did, and how he told it."""

    resident_id = Id(required=True)
    channel = Choice(*CHANNELS, required=True)


class DeedChange(Shape):
    """What is put right in a deed that was returned; photos that are given replace the old ones."""

    occurred_on = Day()
    description = Text(most=500)
    upload_ids = Listed(Id(), most=MAX_PHOTOS)


class BatchBody(Shape):
    """The deeds to approve."""

    ids = Listed(Text(most=64), most=MAX_BATCH, required=True)


class FailureShape(Shape):
    """A deed that was not approved; `code` says why, as of a single approval."""

    id = fields.String()
    code = fields.String()


class BatchShape(Shape):
    """What became of each deed."""

    approved = fields.List(fields.String())
    failed = fields.List(fields.Nested(FailureShape))


class HistoryShape(Shape):
    """The resident's other deeds in the community: approved, rejected, ever returned; the points of the approved; the latest."""

    approved = fields.Integer()
    rejected = fields.Integer()
    returned = fields.Integer()
    points = fields.Integer()
    last = fields.List(fields.Nested(QueuedShape))


class DetailedShape(QueuedShape):
    """A deed as a reviewer sees it, with the history of its resident."""

    history = fields.Nested(HistoryShape)


class ReasonQuery(ListQuery):
    """Reasons for which action."""

    action = Choice(*ACTIONS, load_default=None)


class ReasonTemplateBody(Shape):
    """A reason for reviewers to choose."""

    action = Choice(*ACTIONS, required=True)
    text = Text(most=200, required=True)
    community_code = Text(most=32)


class ReasonShape(Shape):
    """A reason to choose; one that is built in has no id and belongs to no community."""

    id = fields.UUID(allow_none=True)
    community_code = fields.String(allow_none=True)
    action = fields.String(metadata={"enum": list(ACTIONS)})
    text = fields.String()


class FiguresQuery(Shape):
    """From which day to which, both included; the last 30 days unless said."""

    start = Day(data_key="from", load_default=None)
    end = Day(data_key="to", load_default=None)


class ReviewerShape(Shape):
    """What one reviewer decided; minutes from the last time a deed was declared or handed in again to his decision."""

    id = fields.UUID()
    name = fields.String()
    approved = fields.Integer()
    rejected = fields.Integer()
    returned = fields.Integer()
    median_minutes = fields.Integer()
    p90_minutes = fields.Integer()


class QueueShape(Shape):
    """What waits for review now; `late` has waited for more than three days."""

    count = fields.Integer()
    oldest_since = Moment(metadata=_DATE_TIME, allow_none=True)
    late = fields.Integer()


class FiguresShape(Shape):
    """Who reviewed how many and how fast, and what waits now."""

    start = fields.Date(data_key="from")
    end = fields.Date(data_key="to")
    reviewers = fields.List(fields.Nested(ReviewerShape))
    waiting = fields.Nested(QueueShape)
