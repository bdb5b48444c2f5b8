"""Forms of pages that have no like in the API."""

from typing import Any

from marshmallow import post_load, validate

from app.schemas.fields import Flag, Secret, Shape, Text, Whole
from app.schemas.messages import ReadBody
from app.schemas.people import PasswordBody, RegistrationBody

MAX_KEPT = 2_000_000  # characters of a form that was kept over a sign-in


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
