"""Forms of pages that have no like in the API."""

import unicodedata
from typing import Any

from marshmallow import pre_load

from app.schemas.fields import Day, Flag, Secret, Shape, Text, Whole
from app.schemas.lists import ListQuery
from app.schemas.people import PasswordBody
from app.schemas.redeem import ScanBody

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


class ScanForm(ScanBody):
    """What was scanned or typed: people put spaces between the digits, and some keyboards make them wide."""

    @pre_load
    def as_digits(self, body: dict[str, Any], **_: Any) -> dict[str, Any]:
        token = unicodedata.normalize("NFKC", body.get("token", ""))
        return {**body, "token": "".join(token.split())} if token.strip() else body


class ScanDayQuery(ListQuery):
    """The scans of which day; of today where none is named."""

    day = Day(load_default=None)
