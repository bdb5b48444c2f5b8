"""Forms of pages that have no like in the API."""

import unicodedata
from typing import Any

from marshmallow import post_load, pre_load, validate, validates_schema
from marshmallow.exceptions import ValidationError

from app.schemas.fields import Choice, Day, Flag, Id, Listed, Secret, Shape, Text, Whole
from app.schemas.lists import ListQuery
from app.schemas.messages import ReadBody
from app.schemas.people import OtpBody, PasswordBody, PasswordChange, RegistrationBody, ResidentQuery
from app.schemas.points import DeedBody, QueueQuery
from app.schemas.redeem import ItemBody, ItemChange, OrderBody, ScanBody
from app.schemas.reviews import DeedChange
from points.deeds import MAX_PHOTOS, STATUSES
from points.entries import CHANNELS

MAX_KEPT = 400_000  # characters of a form that was kept over a sign-in


class SignInForm(PasswordBody):
    """A password, and with it the form that was kept, if there was one."""

    kept = Secret(most=MAX_KEPT, load_default=None)


class EnterForm(Shape):
    """A code of WeChat's."""

    code = Text(most=128, required=True)
    kept = Secret(most=MAX_KEPT, load_default=None)


class EnterCodeForm(Shape):
    """Ten digits, with or without gaps; `font` is WeChat's own, where the mini-program opened the page."""

    sign_in_code = Text(most=40, required=True)
    font = Whole(1, 100, load_default=None)
    kept = Secret(most=MAX_KEPT, load_default=None)


class WeChatForm(Shape):
    """What WeChat sent the browser back with."""

    code = Text(most=512, required=True)
    state = Text(most=512, required=True)
    kept = Secret(most=MAX_KEPT, load_default=None)


class JoinQuery(Shape):
    """Which community is looked for, or was chosen."""

    q = Text(most=50, load_default=None)
    parent = Text(most=32, load_default=None)
    community_code = Text(most=32, load_default=None)


class JoinForm(RegistrationBody):
    """What a newcomer says of himself on the page, where a number is typed; the box says that he consents."""

    phone = Text(most=20, required=True)
    agreed = Flag(required=True, validate=validate.Equal(True, error="请先阅读隐私政策，同意后再加入"))

    @post_load
    def without_box(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        """The version that he consents to says it all."""
        return {name: value for name, value in data.items() if name != "agreed"}


class InviteForm(Shape):
    """The code of somebody's phone or card, as it is shown: in groups."""

    code = Text(most=64, required=True)

    @post_load
    def without_gaps(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        """The digits alone."""
        return {"code": "".join(data["code"].split())}


class BackForm(Shape):
    """Nothing but where to go back to."""

    back = Text(most=2000, load_default=None)


class LookForm(BackForm):
    """Care mode, and its size in pixels."""

    care = Flag(required=True)
    font = Whole(10, 60, load_default=None)


class ReadForm(ReadBody):
    """Messages that are read now, and where to go on to."""

    back = Text(most=2000, load_default=None)


class OfCommunity(Shape):
    """The things of which community; one's own where none is named."""

    community_code = Text(most=32, load_default=None)


class CardQuery(ResidentQuery):
    """Whose cards; as many as are printed at once."""

    limit = Whole(1, 100, strict=False, load_default=100)


class ChosenForm(Shape):
    """Some people who were ticked in a list."""

    resident_ids = Listed(Id(), least=1, most=100, required=True)


class EntryQuery(Shape):
    """What stays from one deed that is entered to the next, whom it is for, and what is looked for."""

    q = Text(most=100, load_default=None)
    resident_id = Id(load_default=None)
    rule_id = Id(load_default=None)
    channel = Choice(*CHANNELS, load_default="visit")
    occurred_on = Day(load_default=None)


class MemberQuery(Shape):
    """Who, or which household, is looked for."""

    q = Text(most=50, load_default=None)


class PlaceQuery(Shape):
    """Below which division something is to be laid out."""

    parent_code = Text(most=32, required=True)


class ItemForm(ItemBody):
    """Something new to offer, with its picture among `upload_ids` as pictures of forms are."""

    upload_ids = Listed(Id(), most=1, load_default=list)


class ItemChangeForm(ItemChange):
    """What is to be changed of an item; another picture, or none any more."""

    upload_ids = Listed(Id(), most=1, load_default=list)
    no_picture = Flag(load_default=False)


def with_picture(body: dict[str, Any]) -> dict[str, Any]:
    """The body that an item's form stands for: `upload_id` where a picture came with it, or None where it is to go."""
    uploaded, gone = body.pop("upload_ids"), body.pop("no_picture", False)
    return body | ({"upload_id": uploaded[0]} if uploaded else {"upload_id": None} if gone else {})


MAX_LIST = 300_000  # characters of a rule list, which goes from its check to its import inside the page


class RuleListForm(Shape):
    """A list of rules that was checked, as CSV."""

    text = Secret(most=MAX_LIST, required=True)
    community_code = Text(most=32)


class DonorQuery(Shape):
    """Who gives, or who is looked for."""

    q = Text(most=100, load_default=None)
    resident_id = Id(load_default=None)


class OrderForm(OrderBody):
    """How many pieces of the item whose page it is."""

    class Meta:
        exclude = ("item_id",)


class ScanForm(ScanBody):
    """What was scanned or typed: people put spaces between the digits, and some keyboards make them wide."""

    @pre_load
    def as_digits(self, body: dict[str, Any], **_: Any) -> dict[str, Any]:
        token = unicodedata.normalize("NFKC", body.get("token", ""))
        return {**body, "token": "".join(token.split())} if token.strip() else body


class ScanDayQuery(ListQuery):
    """The scans of which day; of today where none is named."""

    day = Day(load_default=None)


class DayTapped(Shape):
    """A form whose day is one of those to tap (`day`), or another, `other`, that stands beside them."""

    @pre_load
    def take_the_day(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        day = data.pop("day", "other")
        return data if day == "other" else {**data, "occurred_on": day}


class DeedForm(DayTapped, DeedBody):
    """What was done under the rule that the address names."""

    class Meta:
        exclude = ("rule_id",)


class DeedChangeForm(DayTapped, DeedChange):
    """All of a returned deed as it is now to be; where no photo is named, none is left."""

    occurred_on = Day(required=True)
    description = Text(most=500, required=True)
    upload_ids = Listed(Id(), most=MAX_PHOTOS, load_default=list)


class RuleChoice(Shape):
    """Which rules to choose from: of a category, or whose title or code holds a text."""

    q = Text(most=50, load_default=None)
    category = Text(most=30, load_default=None)


class QueuePage(QueueQuery):
    """The review queue, which shows what waits unless said; `deed` is laid open, `failed` are those a batch left, as id.code."""

    status = Choice("all", *STATUSES, load_default="pending")
    limit = Whole(1, 100, strict=False, load_default=100)
    deed = Id(load_default=None)
    failed = Listed(Text(most=90), most=100, load_default=list)

    @post_load
    def _all_is_any(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        return {**data, "status": None if data["status"] == "all" else data["status"]}


class PasswordChangeForm(PasswordChange):
    """A new password, typed twice."""

    repeated = Secret(most=256, required=True)

    @validates_schema
    def _the_same_twice(self, data: dict[str, Any], **_: Any) -> None:
        if data.get("new_password") != data.get("repeated"):
            raise ValidationError({"repeated": ["两次输入的新密码不一样"]})


class CodeForm(OtpBody):
    """The second step of signing in: a one-time password, the ticket that the first step gave, and the form that was kept."""

    ticket = Secret(most=1000, required=True)
    kept = Secret(most=MAX_KEPT, load_default=None)
