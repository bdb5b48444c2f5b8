"""One's own login: its password, and the second factor of staff.

None of this honours an idempotency key: what it answers is secret, and answers are kept with their keys.
"""

from app.schemas import people as shapes
from app.schemas.points import Empty
from app.web import audience
from app.web.openapi import refuses
from app.web.parsing import Api
from people import logins
from people.actors import Merchant, Staff
from people.logins import (
    BadCredentials,
    SecondFactorInUse,
    SecondFactorNotBegun,
    SecondFactorNotInUse,
    TooManyAttempts,
)

blueprint = Api("second_factors", __name__)


@blueprint.post("/auth/password/change")
@audience.password_holder
@refuses(BadCredentials, TooManyAttempts)
@blueprint.arguments(shapes.PasswordChange, example={"old_password": "…", "new_password": "……"})
@blueprint.response(204)
def change_password(actor: Staff | Merchant, body: dict[str, str]) -> None:
    """Take a new password; all other sign-ins of the login end."""
    logins.change_password(actor, **body)


@blueprint.post("/auth/totp")
@audience.any_staff
@refuses(SecondFactorInUse)
@blueprint.arguments(Empty, required=False, example={})
@blueprint.response(201, shapes.EnrolmentShape, example=shapes.ENROLMENT)
def begin(actor: Staff, body: dict[str, str]) -> dict[str, str]:
    """Begin to enrol a second factor; it counts once it is confirmed."""
    return logins.begin_second_factor(actor)


@blueprint.post("/auth/totp/confirm")
@audience.any_staff
@refuses(SecondFactorInUse, SecondFactorNotBegun)
@blueprint.arguments(shapes.OtpBody, example={"otp": "492039"})
@blueprint.response(200, shapes.RecoveryShape, example=shapes.RECOVERY)
def confirm(actor: Staff, body: dict[str, str]) -> dict[str, list[str]]:
    """Put the second factor into use; the recovery codes are shown this once."""
    return {"recovery_codes": logins.confirm_second_factor(actor, **body)}


@blueprint.post("/auth/totp/disable")
@audience.any_staff
@refuses(BadCredentials, SecondFactorNotInUse, TooManyAttempts)
@blueprint.arguments(shapes.OtpBody, example={"otp": "492039"})
@blueprint.response(204)
def disable(actor: Staff, body: dict[str, str]) -> None:
    """Stop using the second factor."""
    logins.end_second_factor(actor, **body)
