"""Shapes: households, and the settings of a community."""

from typing import Any

from marshmallow import ValidationError, fields, validates_schema

from app.schemas.fields import Choice, Flag, Id, Inside, Listed, Shape, Text, Whole, require_one
from app.schemas.lists import ListQuery
from app.schemas.points import WALLET, WalletShape
from people.settings import COUNTS_BY

HOUSEHOLD_ID = "019dd1c3-0000-7000-8000-0000000000a1"
_HEAD_ID, _SON_ID = "019dd1c3-0000-7000-8000-0000000000b1", "019dd1c3-0000-7000-8000-0000000000b2"
HOUSEHOLD = {
    "id": HOUSEHOLD_ID,
    "number": 12,
    "community_code": "500112140206",
    "name": "王大福",
    "address": "放牛坪村 3 组 12 号",
    "members": [
        {"id": _HEAD_ID, "name": "王大福", "earned": 75, "present": True, "is_head": True},
        {"id": _SON_ID, "name": "王小军", "earned": 50, "present": True, "is_head": False},
    ],
    "wallet": WALLET,
}
LISTED = {
    "id": HOUSEHOLD_ID,
    "number": 12,
    "community_code": "500112140206",
    "name": "王大福",
    "address": "放牛坪村 3 组 12 号",
    "head": "王大福",
    "members": 2,
    "balance": 125,
}
SETTINGS = {
    "community_code": "500112140206",
    "counts_by": "household",
    "registration_confirmed": False,
    "checkin_points": 1,
    "streak_bonuses": [{"streak": 7, "points": 5}],
    "make_up_cards": 1,
    "same_rule_once_a_day": False,
    "cap_per_day": None,
    "cap_per_week": None,
    "cap_per_month": 300,
    "notice_days": 3,
    "budget_per_month": None,
    "order_lapses_after_days": 7,
    "second_factor_required": False,
}


class MemberBody(Shape):
    """Who is to join: his id, or the code that his phone or his card shows."""

    resident_id = Id()
    code = Text(most=64)

    @validates_schema
    def one_way(self, data: dict[str, Any], **_: Any) -> None:
        require_one(data, "resident_id", "code")


class StaffMemberBody(Shape):
    """Who is to join, and why."""

    resident_id = Id(required=True)
    reason = Text(most=200, required=True)


class HouseholdChange(Shape):
    """Another name, or another head."""

    name = Text(most=30)
    head_id = Id()


class StaffHouseholdChange(HouseholdChange):
    """What staff may correct."""

    address = Text(most=100)


class MergeBody(Shape):
    """Which household it becomes part of, and why."""

    into_id = Id(required=True)
    reason = Text(most=200, required=True)


class SplitBody(Shape):
    """Who goes, with how many of the points, and why."""

    resident_ids = Listed(Id(), least=1, most=50, required=True)
    points = Whole(0, 1_000_000_000, load_default=0)
    reason = Text(most=200, required=True)


class HouseholdQuery(ListQuery):
    """Households whose name, address or number holds a text."""

    q = Text(most=50, load_default=None)


class MemberShape(Shape):
    """A member, and what he earned for the household; `present` unless he has left it."""

    id = fields.UUID()
    name = fields.String()
    earned = fields.Integer()
    present = fields.Boolean()
    is_head = fields.Boolean()


class HouseholdShape(Shape):
    """A household: its members, the shared wallet, who earned what."""

    id = fields.UUID()
    number = fields.Integer()
    community_code = fields.String()
    name = fields.String()
    address = fields.String(allow_none=True)
    members = fields.List(fields.Nested(MemberShape))
    wallet = fields.Nested(WalletShape)


class ListedShape(Shape):
    """A household in a list."""

    id = fields.UUID()
    number = fields.Integer()
    community_code = fields.String()
    name = fields.String()
    address = fields.String(allow_none=True)
    head = fields.String(allow_none=True)
    members = fields.Integer()
    balance = fields.Integer()


class SettingsQuery(Shape):
    """Whose settings; the community of one's own scope where none is named."""

    community_code = Text(most=32, load_default=None)


class BonusShape(Shape):
    """What a streak of that many days pays besides, on the day that reaches it."""

    streak = Whole(2, 3650, required=True)
    points = Whole(1, 10_000, required=True)


class SettingsChange(Shape):
    """What a community decides for itself; what is left out stays as it was."""

    community_code = Text(most=32, load_default=None)
    counts_by = Choice(*COUNTS_BY)
    registration_confirmed = Flag()
    checkin_points = Whole(0, 100)
    streak_bonuses = Listed(Inside(BonusShape), most=30)
    make_up_cards = Whole(0, 10)
    same_rule_once_a_day = Flag()
    cap_per_day = Whole(1, 1_000_000, allow_none=True)
    cap_per_week = Whole(1, 1_000_000, allow_none=True)
    cap_per_month = Whole(1, 1_000_000, allow_none=True)
    notice_days = Whole(0, 60)
    budget_per_month = Whole(0, 1_000_000_000, allow_none=True)
    order_lapses_after_days = Whole(1, 90)
    second_factor_required = Flag()

    @validates_schema
    def each_streak_once(self, data: dict[str, Any], **_: Any) -> None:
        streaks = [bonus["streak"] for bonus in data.get("streak_bonuses", ())]
        if len(streaks) != len(set(streaks)):
            raise ValidationError({"streak_bonuses": ["同样的连续天数只能写一次"]})


class SettingsShape(Shape):
    """The settings of a community; caps and the budget are null where there is none."""

    community_code = fields.String()
    counts_by = fields.String()
    registration_confirmed = fields.Boolean()
    checkin_points = fields.Integer()
    streak_bonuses = fields.List(fields.Nested(BonusShape))
    make_up_cards = fields.Integer()
    same_rule_once_a_day = fields.Boolean()
    cap_per_day = fields.Integer(allow_none=True)
    cap_per_week = fields.Integer(allow_none=True)
    cap_per_month = fields.Integer(allow_none=True)
    notice_days = fields.Integer()
    budget_per_month = fields.Integer(allow_none=True)
    order_lapses_after_days = fields.Integer()
    second_factor_required = fields.Boolean()
