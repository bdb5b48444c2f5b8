"""Shapes: units, their agreements and records."""

from marshmallow import fields

from app.schemas.fields import Choice, Day, Flag, Moment, Shape, Text, Whole
from app.schemas.lists import ListQuery
from people.units import KINDS, RECORD_KINDS

AGREEMENT_BODY = {"title": "志愿服务共建协议", "from_on": "2026-01-01", "to_on": "2026-12-31", "text": "每月一次义诊"}
AGREEMENT = {"id": "019dd1c1-0000-7000-8000-000000000112", **AGREEMENT_BODY, "created_at": "2026-11-21T08:00:00+08:00"}
RECORD_BODY = {"kind": "did", "day": "2026-11-20", "description": "义诊", "quantity": 40}
RECORD = {"id": "019dd1c1-0000-7000-8000-000000000113", **RECORD_BODY, "created_at": "2026-11-21T08:00:00+08:00"}
UNIT_BODY = {"name": "八桥镇卫生院", "kind": "institution", "contact_name": "王主任", "contact_phone": "13800000009"}
UNIT = {
    "id": "019dd1c1-0000-7000-8000-000000000111",
    "division_code": "500104101009",
    **UNIT_BODY,
    "note": None,
    "active": True,
    "created_at": "2026-11-21T08:00:00+08:00",
}
UNIT_IN_FULL = {**UNIT, "agreements": [AGREEMENT], "records": [RECORD]}
_MOMENT = {"type": "string", "format": "date-time"}


class UnitQuery(ListQuery):
    """Units whose name holds a text, of a kind, active or not, of a part of the tree."""

    q = Text(most=50, load_default=None)
    kind = Choice(*KINDS, load_default=None)
    active = Flag(strict=False, load_default=None)
    division_code = Text(most=32, load_default=None)


class UnitChange(Shape):
    """What is to be changed of a unit."""

    name = Text(most=60)
    kind = Choice(*KINDS)
    contact_name = Text(most=30, allow_none=True)
    contact_phone = Text(most=20, allow_none=True)
    note = Text(most=500, allow_none=True)
    active = Flag()


class UnitBody(Shape):
    """A new unit, at a node of the tree (the caller's own unless said)."""

    name = Text(most=60, required=True)
    kind = Choice(*KINDS, required=True)
    division_code = Text(most=32)
    contact_name = Text(most=30, allow_none=True)
    contact_phone = Text(most=20, allow_none=True)
    note = Text(most=500, allow_none=True)


class AgreementBody(Shape):
    """What was agreed with a unit; without `to_on` it has no end."""

    title = Text(most=60, required=True)
    from_on = Day(required=True)
    to_on = Day(allow_none=True)
    text = Text(most=5000, least=0)


class RecordBody(Shape):
    """What a unit offered or did on a day."""

    kind = Choice(*RECORD_KINDS, required=True)
    day = Day(required=True)
    description = Text(most=500, required=True)
    quantity = Whole(1, 1_000_000_000, allow_none=True)


class AgreementShape(Shape):
    """An agreement with a unit."""

    id = fields.UUID()
    title = fields.String()
    text = fields.String()
    from_on = fields.Date()
    to_on = fields.Date(allow_none=True)
    created_at = Moment(metadata=_MOMENT)


class RecordShape(Shape):
    """What a unit offered or did."""

    id = fields.UUID()
    kind = fields.String()
    day = fields.Date()
    description = fields.String()
    quantity = fields.Integer(allow_none=True)
    created_at = Moment(metadata=_MOMENT)


class UnitShape(Shape):
    """A unit as staff see it; who to call there is masked for auditors."""

    id = fields.UUID()
    division_code = fields.String()
    name = fields.String()
    kind = fields.String()
    contact_name = fields.String(allow_none=True)
    contact_phone = fields.String(allow_none=True)
    note = fields.String(allow_none=True)
    active = fields.Boolean()
    created_at = Moment(metadata=_MOMENT)


class UnitInFull(UnitShape):
    """A unit with its agreements and its newest 100 records."""

    agreements = fields.List(fields.Nested(AgreementShape))
    records = fields.List(fields.Nested(RecordShape))
