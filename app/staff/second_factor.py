"""The second factor of one's own account: enrolled with an authenticator app, ended with a code of its.

None of these forms has a key: what they show is secret, and answers are kept with their keys.
"""

from typing import Any

from flask import Response

from app.schemas.people import OtpBody
from app.schemas.points import Empty
from app.web import audience, forms, pages, pictures
from app.web.faces import Pages
from people import logins
from people.actors import Staff

blueprint = Pages("staff", "second_factor", __name__, url_prefix="/staff/second-factor")


@blueprint.get("")
@audience.any_staff
def show(actor: Staff) -> Response:
    """Whether it is in use, and how to get there."""
    return pages.show("staff/account/second_factor.html", own=logins.own(actor), qr=pictures.inline)


@blueprint.post("")
@audience.any_staff
@forms.takes(Empty, again="show")
def begin(actor: Staff, body: dict[str, Any]) -> Response:
    """Begin to enrol; it counts once it is confirmed."""
    logins.begin_second_factor(actor)
    return pages.go("staff_second_factor.show")


@blueprint.post("/confirm")
@audience.any_staff
@forms.takes(OtpBody, again="show")
def confirm(actor: Staff, body: dict[str, Any]) -> Response:
    """Put it into use, and show the recovery codes this once."""
    return pages.show("staff/account/recovery_codes.html", codes=logins.confirm_second_factor(actor, **body))


@blueprint.post("/end")
@audience.any_staff
@forms.takes(OtpBody, again="show")
def end(actor: Staff, body: dict[str, Any]) -> Response:
    """Stop using it."""
    logins.end_second_factor(actor, **body)
    return pages.go("staff_account.show", "动态验证码已经停用")
