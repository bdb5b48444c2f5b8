"""Shapes: wallets, check-ins, rules, uploads, deeds and their review, transfers."""

from typing import Any

from marshmallow import fields

from app.schemas.fields import Choice, Day, Flag, Id, Inside, Listed, Moment, Month, Picture, Shape, Text, Whole
from app.schemas.lists import ListQuery
from app.web import photos
from points.deeds import MAX_PHOTOS, MAX_QUANTITY, STATUSES
from points.entries import CHANNELS
from points.rules import MAX_POINTS

WALLET = {"balance": 128, "held": 30, "earned": 218, "spent": 60, "expired": 0, "expiring": [], "owed": 0}
TRANSFER = {
    "id": "019dd1c1-0000-7000-8000-0000000000a1",
    "kind": "deed",
    "points": 50,
    "balance_after": 128,
    "title": "参加治安巡逻",
    "created_at": "2026-11-20T09:12:00+08:00",
    "source": {"type": "deed", "id": "019dd1c1-0000-7000-8000-0000000000d1"},
}
CHECKIN = {"date": "2026-11-21", "points": 1, "streak": 12, "balance": 129}
CHECKIN_DAY = {"date": "2026-11-21", "points": 1, "streak": 12, "made_up": False}
CHECKIN_MONTH = {"days": [CHECKIN_DAY], "make_up_cards_left": 1}
RULE_BODY = {
    "code": "A-01",
    "title": "参加治安巡逻",
    "category": "社区治理",
    "points": 50,
    "limits": {"per_day": 1},
    "evidence_required": True,
}
RULE_TERMS = {
    **{name: value for name, value in RULE_BODY.items() if name != "code"},
    "version": 1,
    "unit": "每次",
    "per_unit": False,
    "in_force_from": "2026-01-01",
    "in_force_to": None,
}
RULE = {"id": "019dd1c1-0000-7000-8000-0000000000b1", "community_code": "500104101009", "code": "A-01", **RULE_TERMS}
RULE_VERSION = {**RULE_TERMS, "created_at": "2026-01-01T09:00:00+08:00"}
UPLOAD = {
    "id": "019dd1c1-0000-7000-8000-0000000000c1",
    "url": "/photos/019dd1c1-0000-7000-8000-0000000000c1.jpg?expires=1795230900&signature=1f…",
    "width": 1536,
    "height": 2048,
}
DEED_BODY = {
    "rule_id": RULE["id"],
    "occurred_on": "2026-11-20",
    "description": "晚上七点到九点在小区巡逻",
    "upload_ids": [UPLOAD["id"]],
}
DEED = {
    "id": "019dd1c1-0000-7000-8000-0000000000d1",
    "status": "pending",
    "rule": {"id": RULE["id"], "code": "A-01", "title": "参加治安巡逻", "points": 50},
    "occurred_on": "2026-11-20",
    "quantity": 1,
    "description": "晚上七点到九点在小区巡逻",
    "photos": [UPLOAD],
    "points": None,
    "channel": "self",
    "declared_at": "2026-11-20T21:30:00+08:00",
    "steps": [{"action": "declared", "at": "2026-11-20T21:30:00+08:00", "by": "李秀英", "note": None}],
    "waiting": None,
}
QUEUED: dict[str, Any] = {
    **DEED,
    "resident": {"id": "019dd1c0-7a10-7cc3-98c4-dc0c0c07398f", "name": "李秀英"},
    "entered_by": None,
    "flags": ["same_day"],
}
REVERSAL = {
    **TRANSFER,
    "kind": "reversal",
    "points": -50,
    "balance_after": 78,
    "title": "冲正：参加治安巡逻",
    "source": {"type": "transfer", "id": TRANSFER["id"]},
}


class Empty(Shape):
    """Nothing: no body, or {}."""


class WalletShape(Shape):
    """A wallet in points; `earned`, `spent` and `expired` count over its life; `owed` is paid from what comes in next."""

    balance = fields.Integer()
    held = fields.Integer()
    earned = fields.Integer()
    spent = fields.Integer()
    expired = fields.Integer()
    expiring = fields.List(fields.Dict())
    owed = fields.Integer()


class SourceShape(Shape):
    """What a transfer comes from."""

    type = fields.String()
    id = fields.String()


class TransferShape(Shape):
    """A transfer as the wallet's owner sees it: `points` is signed."""

    id = fields.UUID()
    kind = fields.String()
    points = fields.Integer()
    balance_after = fields.Integer()
    title = fields.String()
    created_at = Moment(metadata={"type": "string", "format": "date-time"})
    source = fields.Nested(SourceShape)


class CheckInShape(Shape):
    """The day's check-in and the balance after it."""

    date = fields.Date()
    points = fields.Integer()
    streak = fields.Integer()
    balance = fields.Integer()


class CheckInDay(CheckInShape):
    """A day on which somebody checked in, or that he made up for."""

    class Meta:
        exclude = ("balance",)

    made_up = fields.Boolean()


class MakeUpBody(Shape):
    """The missed day."""

    date = Day(required=True)


class CheckInMonth(Shape):
    """The days of a month on which somebody checked in, newest first."""

    days = fields.List(fields.Nested(CheckInDay))
    make_up_cards_left = fields.Integer()


class MonthQuery(Shape):
    """Which month; the present one where none is named."""

    month = Month(load_default=None, metadata={"type": "string", "pattern": "^20[0-9]{2}-(0[1-9]|1[0-2])$", "example": "2026-11"})


class RuleQuery(ListQuery):
    """Which rules: of a category, whose title or code holds a text."""

    q = Text(most=50, load_default=None)
    category = Text(most=30, load_default=None)


class RuleLimits(Shape):
    """How often one resident may declare a rule, and how often the members of a household together."""

    per_day = Whole(1, 100)
    per_week = Whole(1, 700)
    per_month = Whole(1, 3100)
    per_household_month = Whole(1, 3100)


class RuleChange(Shape):
    """New terms of a rule; what is left out stays as it was.

    With `per_unit` the points are for each unit, and a deed says how many; the days of force are both included.
    """

    title = Text(most=60)
    category = Text(most=30)
    points = Whole(1, MAX_POINTS)
    unit = Text(most=20, allow_none=True)
    per_unit = Flag()
    limits = Inside(RuleLimits)
    evidence_required = Flag()
    in_force_from = Day(allow_none=True)
    in_force_to = Day(allow_none=True)


class RuleBody(RuleChange):
    """A new rule."""

    code = Text(most=30, required=True)
    title = Text(most=60, required=True)
    category = Text(most=30, required=True)
    points = Whole(1, MAX_POINTS, required=True)
    community_code = Text(most=32)


class TermsShape(Shape):
    """The terms of a rule, at one time."""

    version = fields.Integer()
    title = fields.String()
    category = fields.String()
    points = fields.Integer()
    unit = fields.String(allow_none=True)
    per_unit = fields.Boolean()
    limits = fields.Nested(RuleLimits)
    evidence_required = fields.Boolean()
    in_force_from = fields.Date(allow_none=True)
    in_force_to = fields.Date(allow_none=True)


class RuleShape(TermsShape):
    """A rule with its present terms."""

    id = fields.UUID()
    community_code = fields.String()
    code = fields.String()


class RuleVersionShape(TermsShape):
    """What a rule said since a moment, until the version after it."""

    created_at = Moment(metadata={"type": "string", "format": "date-time"})


class UploadForm(Shape):
    """A picture, as multipart."""

    file = Picture(required=True, metadata={"type": "string", "format": "binary"})


class UploadShape(Shape):
    """A photo; `url` is signed, lives an hour, and is given anew wherever the photo is listed."""

    id = fields.UUID()
    url = fields.Function(lambda upload: photos.url(upload.id), metadata={"type": "string"})
    width = fields.Integer()
    height = fields.Integer()


class DeedBody(Shape):
    """What was done, when, with photos; `quantity` where the rule pays per unit."""

    rule_id = Id(required=True)
    occurred_on = Day(required=True)
    quantity = Whole(1, MAX_QUANTITY, load_default=1)
    description = Text(most=500, required=True)
    upload_ids = Listed(Id(), most=MAX_PHOTOS, load_default=list)


class DeedRule(Shape):
    """The rule a deed was declared under, with the points of that version."""

    id = fields.UUID()
    code = fields.String()
    title = fields.String()
    points = fields.Integer()


class StepShape(Shape):
    """What happened to a deed, when and by whom."""

    action = fields.String()
    at = Moment(metadata={"type": "string", "format": "date-time"})
    by = fields.String()
    note = fields.String(allow_none=True)


class WaitingShape(Shape):
    """What the credit of an approved deed waits for, and until when at least."""

    waits_for = fields.String(metadata={"enum": ["notice", "budget"]})
    until = fields.Date()


class DeedShape(Shape):
    """A deed with the state of its review; `waiting` says what the credit of an approved one waits for."""

    id = fields.UUID()
    status = fields.String(metadata={"enum": list(STATUSES)})
    rule = fields.Nested(DeedRule, attribute="judged_by")
    occurred_on = fields.Date()
    quantity = fields.Integer()
    description = fields.String()
    photos = fields.List(fields.Nested(UploadShape))
    points = fields.Integer(allow_none=True)
    channel = fields.String()
    declared_at = Moment(metadata={"type": "string", "format": "date-time"})
    steps = fields.List(fields.Nested(StepShape))
    waiting = fields.Nested(WaitingShape, allow_none=True)


class PersonShape(Shape):
    """A resident as staff see him."""

    id = fields.UUID()
    name = fields.String()


class QueuedShape(DeedShape):
    """A deed as a reviewer sees it: `flags` say what to look at twice, `entered_by` who of the staff entered it on behalf."""

    resident = fields.Nested(PersonShape)
    entered_by = fields.String(allow_none=True)
    flags = fields.List(fields.String())

    def get_attribute(self, obj: Any, attr: str, default: Any) -> Any:
        return super().get_attribute(obj if attr in ("resident", "steps", "flags", "history") else obj.deed, attr, default)


class DeedQuery(ListQuery):
    """Which of one's own deeds: of a status."""

    status = Choice(*STATUSES, load_default=None)


class QueueQuery(ListQuery):
    """Which deeds: of a status, a rule, a resident or a channel; whose description or resident's name holds a text.

    `late` are those that wait for review for more than three days, `waits_for` those whose credit waits.
    """

    status = Choice(*STATUSES, load_default=None)
    rule_id = Id(load_default=None)
    resident_id = Id(load_default=None)
    channel = Choice("self", *CHANNELS, load_default=None)
    late = Flag(strict=False, load_default=False)
    waits_for = Choice("notice", "budget", load_default=None)
    q = Text(most=50, load_default=None)


class ApproveBody(Shape):
    """The points to credit, those of the rule unless others are given."""

    points = Whole(1, MAX_POINTS)
    note = Text(most=200)


class ReasonBody(Shape):
    """Why."""

    reason = Text(most=200, required=True)
