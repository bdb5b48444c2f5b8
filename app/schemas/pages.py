"""Forms of pages that have no like in the API."""

from typing import Any

from marshmallow import post_load, validates_schema
from marshmallow.exceptions import ValidationError

from app.schemas.fields import Choice, Flag, Id, Listed, Secret, Shape, Text, Whole
from app.schemas.people import OtpBody, PasswordBody, PasswordChange
from app.schemas.points import QueueQuery
from points.deeds import STATUSES

MAX_KEPT = 2_000_000  # characters of a form that was kept over a sign-in


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
