"""Shapes: figures and the rows behind them, the audit log."""

from marshmallow import Schema, fields

from app.schemas.fields import Choice, Day, EndMoment, Id, Moment, Shape, Text
from app.schemas.lists import ListQuery
from reports.figure_rows import FIGURES

STATS = {
    "from": "2026-11-21",
    "to": "2026-11-21",
    "division_code": "500104101009",
    "residents": 1204,
    "participants": 313,
    "issued": 1860,
    "redeemed": 640,
    "expired": 0,
    "outstanding": 5210,
    "deeds": 31,
    "checkins": 310,
    "hours": 0,
    "top_rules": [
        {"id": "019dd1c1-0000-7000-8000-0000000000b1", "code": "A-01", "title": "参加治安巡逻", "deeds": 12, "points": 600}
    ],
    "top_items": [{"id": "019dd1c1-0000-7000-8000-0000000000e1", "name": "剪发一次", "pieces": 9, "points": 270}],
    "by_day": [
        {"date": "2026-11-21", "issued": 1860, "redeemed": 640, "expired": 0, "deeds": 31, "checkins": 310},
    ],
    "participants_by_age": [{"group": "60-74", "participants": 120, "residents": 260}],
    "units": {"total": 20, "active": 18, "took_part": 16},
}
ROW = {
    "id": "019dd1c1-0000-7000-8000-0000000000a1",
    "at": "2026-11-20T09:12:00+08:00",
    "points": 50,
    "title": "参加治安巡逻",
    "who": {"kind": "resident", "id": "019dd1c0-7a10-7cc3-98c4-dc0c0c07398f", "name": "李秀英"},
}
AUDITED = {
    "id": "019dd1c1-0000-7000-8000-0000000000f1",
    "at": "2026-11-20T09:12:00+08:00",
    "actor": {"kind": "staff", "id": "019dd1c0-7a10-7cc3-98c4-dc0c0c073977", "name": "小林"},
    "action": "deed.approved",
    "subject_id": "019dd1c1-0000-7000-8000-0000000000d1",
    "community_code": "500104101009",
    "request_id": "4f0c1d2e",
    "address": "10.0.3.17",
    "details": {"points": 50},
}
_MOMENT = {"type": "string", "format": "date-time"}


class StatsQuery(Shape):
    """Which days, both included (the last 30 unless said), and which part of the tree (the caller's own unless said)."""

    since = Day(data_key="from", load_default=None)
    until = Day(data_key="to", load_default=None)
    division_code = Text(most=32, load_default=None)


class RowsQuery(ListQuery, StatsQuery):
    """The rows of which figure, over which days, of which part of the tree."""

    figure = Choice(*FIGURES, required=True)


class TopRule(Shape):
    """A rule and how many deeds it was credited for."""

    id = fields.UUID()
    code = fields.String()
    title = fields.String()
    deeds = fields.Integer()
    points = fields.Integer()


class TopItem(Shape):
    """An item and how many pieces of it were handed over."""

    id = fields.UUID()
    name = fields.String()
    pieces = fields.Integer()
    points = fields.Integer()


class DayFigures(Shape):
    """A day. Its deeds are all that were approved on it, those revoked later among them."""

    date = fields.Date()
    issued = fields.Integer()
    redeemed = fields.Integer()
    expired = fields.Integer()
    deeds = fields.Integer()
    checkins = fields.Integer()


class AgeGroup(Shape):
    """How many of an age group live here, and how many did anything."""

    group = fields.String()
    participants = fields.Integer()
    residents = fields.Integer()


class UnitFigures(Shape):
    """Units: how many, how many are active, how many of those took part."""

    total = fields.Integer()
    active = fields.Integer()
    took_part = fields.Integer()


class _Stats(Shape):
    residents = fields.Integer()
    participants = fields.Integer()
    issued = fields.Integer()
    redeemed = fields.Integer()
    expired = fields.Integer()
    outstanding = fields.Integer()
    deeds = fields.Integer()
    checkins = fields.Integer()
    hours = fields.Integer()
    top_rules = fields.List(fields.Nested(TopRule))
    top_items = fields.List(fields.Nested(TopItem))
    by_day = fields.List(fields.Nested(DayFigures))
    participants_by_age = fields.List(fields.Nested(AgeGroup))
    units = fields.Nested(UnitFigures)
    division_code = fields.String()
    to = fields.Date()


# `from` is no name that a class could give a field.
StatsShape: type[Schema] = type(
    "StatsShape",
    (_Stats,),
    {"from": fields.Date(), "__doc__": "The figures of a part of the tree; residents and outstanding are those of now."},
)


class WhoShape(Shape):
    """A resident or a household."""

    kind = fields.String(metadata={"enum": ["resident", "household"]})
    id = fields.UUID(allow_none=True)
    name = fields.String(allow_none=True)


class RowShape(Shape):
    """A row behind a figure."""

    id = fields.UUID()
    at = Moment(metadata=_MOMENT)
    points = fields.Integer(allow_none=True)
    title = fields.String(allow_none=True)
    who = fields.Nested(WhoShape)


class AuditQuery(ListQuery):
    """Who did what to whom when; `action` may be the beginning of one, as `deed.`."""

    actor_id = Id(load_default=None)
    subject_id = Id(load_default=None)
    action = Text(most=50, load_default=None)
    since = Moment(data_key="from", load_default=None, metadata={"type": "string"})
    until = EndMoment(data_key="to", load_default=None, metadata={"type": "string"})


class AuditActor(Shape):
    """Who did it."""

    kind = fields.String()
    id = fields.UUID(allow_none=True)
    name = fields.String(allow_none=True)


class AuditShape(Shape):
    """A row of the audit log."""

    id = fields.UUID()
    at = Moment(metadata=_MOMENT)
    actor = fields.Nested(AuditActor)
    action = fields.String()
    subject_id = fields.UUID(allow_none=True)
    community_code = fields.String(allow_none=True)
    request_id = fields.String(allow_none=True)
    address = fields.String(allow_none=True)
    details = fields.Dict(allow_none=True)
