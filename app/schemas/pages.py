"""Forms of pages that have no like in the API."""

from typing import Any

from marshmallow import pre_load

from app.schemas.fields import Day, Flag, Id, Listed, Secret, Shape, Text, Whole
from app.schemas.people import PasswordBody
from app.schemas.points import DeedBody
from app.schemas.reviews import DeedChange
from points.deeds import MAX_PHOTOS

MAX_KEPT = 400_000  # characters of a form that was kept over a sign-in


class SignInForm(PasswordBody):
    """A password, and with it the form that was kept, if there was one."""

    kept = Secret(most=MAX_KEPT, load_default=None)


class EnterForm(Shape):
    """A code of WeChat's."""

    code = Text(most=128, required=True)
    kept = Secret(most=MAX_KEPT, load_default=None)


class LookForm(Shape):
    """Care mode, and its size in pixels."""

    care = Flag(required=True)
    font = Whole(10, 60, load_default=None)
    back = Text(most=2000, load_default=None)


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
