"""Shapes: donations, the tariffs they are reckoned by, and where stock came from."""

from typing import Any

from marshmallow import ValidationError, fields, validates, validates_schema

from app.schemas.fields import EndMoment, Flag, Id, Inside, Listed, Moment, Shape, Text, Whole, require_one
from app.schemas.lists import ListQuery
from app.schemas.points import PersonShape
from redeem import donation_tariffs
from redeem.donations import MAX_LINES, MAX_POINTS, MAX_QUANTITY

_DATE_TIME = {"type": "string", "format": "date-time"}
_ITEM_ID, _RESIDENT_ID = "019dd1c2-0000-7000-8000-0000000000a1", "019dd1c0-7a10-7cc3-98c4-dc0c0c07398f"
TARIFF_BODY = {"name": "大米", "unit": "公斤", "points": 2, "item_id": _ITEM_ID}
TARIFF = {
    "id": "019dd1c2-0000-7000-8000-0000000000d1",
    "community_code": "500104101009",
    **TARIFF_BODY,
    "active": True,
    "created_at": "2026-11-02T09:00:00+08:00",
}
DONATION_BODY = {
    "resident_id": _RESIDENT_ID,
    "lines": [{"tariff_id": TARIFF["id"], "quantity": 10}, {"name": "旧书", "quantity": 12, "points": 6}],
    "note": "给楼里的老人",
    "thanks": True,
}
OWN_DONATION = {
    "id": "019dd1c2-0000-7000-8000-0000000000e1",
    "points": 26,
    "lines": [
        {"item_id": _ITEM_ID, "tariff_id": TARIFF["id"], "name": "大米", "unit": "公斤", "quantity": 10, "points": 20},
        {"item_id": None, "tariff_id": None, "name": "旧书", "unit": None, "quantity": 12, "points": 6},
    ],
    "note": "给楼里的老人",
    "thanks": True,
    "created_at": "2026-11-21T09:30:00+08:00",
}
DONATION = {
    **OWN_DONATION,
    "number": 17,
    "resident": {"id": _RESIDENT_ID, "name": "李秀英"},
    "received_by": "小林",
    "transfer_id": "019dd1c1-0000-7000-8000-0000000000a9",
}
STOCK_MOVE = {
    "id": "019dd1c2-0000-7000-8000-0000000000f1",
    "kind": "donated",
    "delta": 10,
    "reason": None,
    "at": DONATION["created_at"],
    "by": "小林",
    "order_id": None,
    "donation": {"id": DONATION["id"], "number": 17, "resident": DONATION["resident"]},
}


class TariffTerms(Shape):
    """What is given for a unit of some goods, and into whose stock they go."""

    name = Text(most=60)
    unit = Text(most=20)
    points = Whole(1, donation_tariffs.MAX_POINTS)
    item_id = Id(allow_none=True)


class TariffChange(TariffTerms):
    """New terms, what is left out stays as it was; or `active: false`, which closes the tariff for good."""

    active = Flag()

    @validates("active")
    def closed(self, active: bool, **_: Any) -> None:
        if active:
            raise ValidationError("停用的标准不能恢复，请新建一条")

    @validates_schema
    def one_or_the_other(self, data: dict[str, Any], **_: Any) -> None:
        if "active" in data and len(data) > 1:
            raise ValidationError({"active": ["停用和修改请分两次提交"]})


class TariffBody(TariffTerms):
    """A new tariff."""

    name = Text(most=60, required=True)
    unit = Text(most=20, required=True)
    points = Whole(1, donation_tariffs.MAX_POINTS, required=True)
    community_code = Text(most=32)


class TariffShape(Shape):
    """A tariff: `points` for one `unit`."""

    id = fields.UUID()
    community_code = fields.String()
    name = fields.String()
    unit = fields.String()
    points = fields.Integer()
    item_id = fields.UUID(allow_none=True)
    active = fields.Boolean()
    created_at = Moment(metadata=_DATE_TIME)


class TariffQuery(ListQuery):
    """Only the tariffs in force, or only those that are closed."""

    active = Flag(strict=False, load_default=None)


class GoodsBody(Shape):
    """Some goods: of an item, or by name where no stock is kept of them, with the points for all of the line; or by a tariff."""

    item_id = Id()
    name = Text(most=60)
    tariff_id = Id()
    quantity = Whole(1, MAX_QUANTITY, required=True)
    points = Whole(0, MAX_POINTS)

    @validates_schema
    def one_kind(self, data: dict[str, Any], **_: Any) -> None:
        require_one(data, "item_id", "name", "tariff_id")
        if "tariff_id" not in data and "points" not in data:
            raise ValidationError({"points": ["请填写这一项"]})


class DonationBody(Shape):
    """Who gave what; `thanks` where he likes the community's feed to thank him."""

    resident_id = Id(required=True)
    lines = Listed(Inside(GoodsBody), most=MAX_LINES, required=True)
    note = Text(most=200)
    thanks = Flag()

    @validates("lines")
    def some(self, lines: list[Any], **_: Any) -> None:
        if not lines:
            raise ValidationError("请至少填写一项")


class GoodsShape(Shape):
    """Some goods; `points` are for the whole line."""

    item_id = fields.UUID(allow_none=True)
    tariff_id = fields.UUID(allow_none=True)
    name = fields.String()
    unit = fields.String(allow_none=True)
    quantity = fields.Integer()
    points = fields.Integer()


class OwnDonationShape(Shape):
    """A donation as the donor sees it."""

    id = fields.UUID()
    points = fields.Integer()
    lines = fields.List(fields.Nested(GoodsShape))
    note = fields.String(allow_none=True)
    thanks = fields.Boolean(attribute="thanked")
    created_at = Moment(metadata=_DATE_TIME)


class DonationShape(OwnDonationShape):
    """A donation as staff see it; `transfer_id` is the credit, by which it can be taken back."""

    number = fields.Integer()
    resident = fields.Nested(PersonShape)
    received_by = fields.String()
    transfer_id = fields.UUID()

    def get_attribute(self, obj: Any, attr: str, default: Any) -> Any:
        return super().get_attribute(obj if attr in ("resident", "received_by", "transfer_id") else obj.donation, attr, default)


class DonationQuery(ListQuery):
    """Whose, from when until when; a day is included."""

    resident_id = Id(load_default=None)
    start = Moment(data_key="from", load_default=None, metadata=_DATE_TIME)
    until = EndMoment(data_key="to", load_default=None, metadata=_DATE_TIME)


class OriginShape(Shape):
    """The donation that pieces came from."""

    id = fields.UUID()
    number = fields.Integer()
    resident = fields.Nested(PersonShape)


class StockMoveShape(Shape):
    """A change of stock: by whom where staff did it, of which order, or out of which donation."""

    id = fields.UUID()
    kind = fields.String(metadata={"enum": ["opening", "received", "donated", "written_off", "reserved", "released"]})
    delta = fields.Integer()
    reason = fields.String(allow_none=True)
    at = Moment(metadata=_DATE_TIME)
    by = fields.String(allow_none=True)
    order_id = fields.UUID(allow_none=True)
    donation = fields.Nested(OriginShape, allow_none=True)
