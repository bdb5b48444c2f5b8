"""Shapes: items, orders, codes, scans, statements."""

from typing import Any

from marshmallow import ValidationError, fields, validates

from app.schemas.fields import Choice, EndMoment, Flag, Id, Inside, Moment, Shape, Text, Whole
from app.schemas.lists import ListQuery
from app.web import photos
from kernel import codes
from kernel.codes import Code
from redeem.items import MAX_PRICE, MAX_STOCK
from redeem.orders import MAX_QUANTITY

_DATE_TIME = {"type": "string", "format": "date-time"}
_ITEM_ID, _ORDER_ID = "019dd1c2-0000-7000-8000-0000000000a1", "019dd1c2-0000-7000-8000-0000000000b1"
ITEM_BODY = {
    "kind": "service",
    "name": "剪发",
    "price": 30,
    "merchant_id": "019dd1c0-7a10-7cc3-98c4-dc0c0c073991",
    "description": "洗剪吹一次",
    "limits": {"per_person": 2, "per_days": 30},
}
ITEM = {
    "id": _ITEM_ID,
    "kind": "service",
    "name": "剪发",
    "description": "洗剪吹一次",
    "price": 30,
    "stock": None,
    "merchant": {"id": ITEM_BODY["merchant_id"], "name": "老周理发店", "address": "融城路 12 号"},
    "limits": {"per_person": 2, "per_days": 30},
    "image_url": None,
    "available": True,
}
STAFF_ITEM = {**ITEM, "community_code": "500104101009", "on_shelf_from": None, "on_shelf_to": None}
ORDER_BODY = {"item_id": _ITEM_ID, "quantity": 1}
ORDER = {
    "id": _ORDER_ID,
    "status": "reserved",
    "item": {"id": _ITEM_ID, "kind": "service", "name": "剪发"},
    "quantity": 1,
    "pieces_left": 1,
    "points": 30,
    "placed_at": "2026-11-21T08:05:00+08:00",
    "expires_at": "2026-11-28T08:05:00+08:00",
    "slot": None,
}
CODE = {
    "token": "870000012345678901",
    "expires_at": "2026-11-21T08:06:30+08:00",
    "refresh_after_s": 17,
    "codes": [
        {"token": "870000012345678901", "valid_from": "2026-11-21T08:05:00+08:00", "expires_at": "2026-11-21T08:06:30+08:00"}
    ],
}
LINK_CODE = {name: value for name, value in CODE.items() if name != "codes"}
SCAN = {
    "id": "019dd1c2-0000-7000-8000-0000000000c1",
    "order": {"id": _ORDER_ID, "item": {"id": _ITEM_ID, "name": "剪发"}, "quantity": 1, "pieces_left": 0, "points": 30},
    "pieces": 1,
    "points": 30,
    "resident_masked": "李**",
    "redeemed_at": "2026-11-21T10:00:12+08:00",
}
STATEMENT = {
    "month": "2026-11",
    "opening": 120,
    "taken": 30,
    "refunded": 0,
    "settled": 0,
    "closing": 150,
    "lines": [
        {"scan_id": SCAN["id"], "at": SCAN["redeemed_at"], "item": "剪发", "pieces": 1, "points": 30, "status": "redeemed"}
    ],
}


class ItemLimits(Shape):
    """How many pieces one resident may order, in how many days (ever, where no days are given)."""

    per_person = Whole(1, 1000)
    per_days = Whole(1, 3660)


class ItemQuery(ListQuery):
    """Which items: of a kind, of a merchant, whose name or description holds a text."""

    kind = Choice("goods", "service", load_default=None)
    q = Text(most=50, load_default=None)
    merchant_id = Id(load_default=None)


class ShopQuery(ItemQuery):
    """As for staff; `affordable` leaves what the balance covers."""

    affordable = Flag(strict=False, load_default=False)


class MerchantCard(Shape):
    """Who offers an item, and where."""

    id = fields.UUID()
    name = fields.String()
    address = fields.String(allow_none=True)


class ItemShape(Shape):
    """An item; `stock` is what can still be ordered, null where it never runs out."""

    id = fields.UUID()
    kind = fields.String()
    name = fields.String()
    description = fields.String()
    price = fields.Integer(metadata={"description": "points a piece"})
    stock = fields.Integer(allow_none=True)
    merchant = fields.Nested(MerchantCard)
    limits = fields.Nested(ItemLimits)
    image_url = fields.Function(
        lambda item: photos.url(item.upload_id) if item.upload_id else None, metadata={"type": ["string", "null"]}
    )
    available = fields.Boolean()


class StaffItemShape(ItemShape):
    """An item as staff see it."""

    community_code = fields.String()
    on_shelf_from = Moment(metadata=_DATE_TIME, allow_none=True)
    on_shelf_to = Moment(metadata=_DATE_TIME, allow_none=True)


class ItemChange(Shape):
    """What is to be changed of an item; orders that were placed keep their price."""

    name = Text(most=60)
    description = Text(most=1000, least=0)
    price = Whole(1, MAX_PRICE)
    limits = Inside(ItemLimits)
    upload_id = Id(allow_none=True)
    on_shelf_from = Moment(metadata=_DATE_TIME, allow_none=True)
    on_shelf_to = EndMoment(metadata=_DATE_TIME, allow_none=True)


class ItemBody(ItemChange):
    """A new item."""

    kind = Choice("goods", "service", required=True)
    name = Text(most=60, required=True)
    price = Whole(1, MAX_PRICE, required=True)
    merchant_id = Id(required=True)
    stock = Whole(0, MAX_STOCK, allow_none=True)
    community_code = Text(most=32)


class StockBody(Shape):
    """How many pieces came in (or, negative, are written off), and why."""

    delta = Whole(-MAX_STOCK, MAX_STOCK, required=True)
    reason = Text(most=200, required=True)

    @validates("delta")
    def some(self, delta: int, **_: Any) -> None:
        if delta == 0:
            raise ValidationError("变动的件数不能为 0")


class OrderBody(Shape):
    """How many pieces of which item. No item has time slots yet, so there is no `slot_id` that could be right."""

    item_id = Id(required=True)
    quantity = Whole(1, MAX_QUANTITY, required=True)


class OrderItem(Shape):
    """What was ordered."""

    id = fields.UUID()
    kind = fields.String()
    name = fields.String()


class OrderShape(Shape):
    """An order; its points are held until it is scanned, cancelled or lapses at `expires_at`."""

    id = fields.UUID()
    status = fields.String(metadata={"enum": ["reserved", "redeemed", "cancelled", "lapsed", "refunded"]})
    item = fields.Nested(OrderItem)
    quantity = fields.Integer()
    pieces_left = fields.Integer()
    points = fields.Integer()
    placed_at = Moment(metadata=_DATE_TIME)
    expires_at = Moment(metadata=_DATE_TIME)
    slot = fields.Constant(None, metadata={"type": "object"})


class CodeQuery(Shape):
    """How many codes to give at once."""

    ahead = Whole(1, 20, strict=False, load_default=None)


class TimedCode(Shape):
    """A code and the time in which it is good."""

    token = fields.String()
    valid_from = Moment(metadata=_DATE_TIME)
    expires_at = Moment(metadata=_DATE_TIME)


class CodeShape(Shape):
    """The present code: 18 digits, which the QR picture holds too."""

    token = fields.String()
    expires_at = Moment(metadata=_DATE_TIME)
    refresh_after_s = fields.Integer()
    codes = fields.List(fields.Nested(TimedCode))


def code_view(found: list[Code], ahead: int | None) -> dict[str, Any]:
    """The present code as it is shown, with those after it where they were asked for."""
    view: dict[str, Any] = {
        "token": found[0].token,
        "expires_at": found[0].expires_at,
        "refresh_after_s": codes.refresh_after_s(),
    }
    return view | ({"codes": found} if ahead else {})


class ScanBody(Shape):
    """What the scanner read, whatever it is; and how many pieces are handed over, all that are left unless said."""

    token = fields.String(required=True, error_messages={"invalid": "请填写文字"}, metadata={"description": "18 digits"})
    pieces = Whole(1, MAX_STOCK)


class ScanItem(Shape):
    """What is handed over."""

    id = fields.UUID()
    name = fields.String()


class ScanOrder(Shape):
    """The order that was scanned."""

    id = fields.UUID()
    item = fields.Nested(ScanItem)
    quantity = fields.Integer()
    pieces_left = fields.Integer()
    points = fields.Integer()


class ScanShape(Shape):
    """A scan: how many pieces were handed over, for how many points."""

    id = fields.UUID()
    order = fields.Nested(ScanOrder)
    pieces = fields.Integer()
    points = fields.Integer()
    resident_masked = fields.String()
    redeemed_at = Moment(metadata=_DATE_TIME)


class ScanQuery(ListQuery):
    """From when until when; a day is included."""

    start = Moment(data_key="from", load_default=None, metadata=_DATE_TIME)
    until = EndMoment(data_key="to", load_default=None, metadata=_DATE_TIME)


class LineShape(Shape):
    """A line of a statement."""

    scan_id = fields.UUID()
    at = Moment(metadata=_DATE_TIME)
    item = fields.String()
    pieces = fields.Integer()
    points = fields.Integer()
    status = fields.String()


class StatementShape(Shape):
    """A month in points: opening + taken − refunded − settled = closing."""

    month = fields.String()
    opening = fields.Integer()
    taken = fields.Integer()
    refunded = fields.Integer()
    settled = fields.Integer()
    closing = fields.Integer()
    lines = fields.List(fields.Nested(LineShape))
