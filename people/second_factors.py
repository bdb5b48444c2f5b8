"""Second factors: one-time passwords from an authenticator app (TOTP, RFC 6238), and recovery codes for when it is lost."""

import secrets
from datetime import datetime
from uuid import UUID

import pyotp
from sqlalchemy import ForeignKey, text
from sqlalchemy.orm import Mapped, mapped_column

from kernel import clock, signing
from kernel.database import Model, add, execute, first

STEP_S = 30
STEPS_OFF = 1  # a phone's clock may be one step ahead or behind
RECOVERY_CODES = 8
ISSUER = "德分"


class RecoveryCode(Model):
    """A code that stands in for the authenticator app once, known by its digest only."""

    __tablename__ = "recovery_codes"

    login_id: Mapped[UUID] = mapped_column(ForeignKey("logins.id"), primary_key=True)
    digest: Mapped[bytes] = mapped_column(primary_key=True)
    used_at: Mapped[datetime | None]


_BEGIN = text("UPDATE logins SET totp_sealed = :sealed WHERE id = :id AND totp_confirmed_at IS NULL")


def begin(login_id: UUID, username: str) -> dict[str, str] | None:
    """A new secret for a login, not in use until it is confirmed: `secret` and `uri`; None where another is in use."""
    secret = pyotp.random_base32()
    if execute(_BEGIN, id=login_id, sealed=signing.encrypt("totp", secret)).rowcount == 0:
        return None
    return _for_app(secret, username)


_BEGUN = text("SELECT totp_sealed FROM logins WHERE id = :id AND totp_confirmed_at IS NULL")


def begun(login_id: UUID, username: str) -> dict[str, str] | None:
    """The secret that was begun and not confirmed yet, as `begin` gave it; None where there is none."""
    row = first(_BEGUN, id=login_id)
    return _for_app(signing.decrypt("totp", row.totp_sealed), username) if row and row.totp_sealed else None


def _for_app(secret: str, username: str) -> dict[str, str]:
    return {"secret": secret, "uri": pyotp.TOTP(secret).provisioning_uri(name=username, issuer_name=ISSUER)}


_CONFIRM = text(
    """
    UPDATE logins SET totp_confirmed_at = :now, totp_last_step = :step
    WHERE id = :id AND totp_confirmed_at IS NULL AND totp_sealed = :sealed
    """
)


def confirm(login_id: UUID, otp: str) -> list[str] | None:
    """Put the secret into use that was begun; the recovery codes, shown this once. None where the password does not fit."""
    sealed = _sealed(login_id)
    step = sealed and _step_of(sealed, otp)
    if not step or execute(_CONFIRM, id=login_id, sealed=sealed, step=step, now=clock.now()).rowcount == 0:
        return None
    codes = [_new_code() for _ in range(RECOVERY_CODES)]
    execute(_DROP_CODES, id=login_id)
    for code in codes:
        add(RecoveryCode(login_id=login_id, digest=_digest(login_id, code)))
    return codes


_USE_STEP = text(
    """
    UPDATE logins SET totp_last_step = :step
    WHERE id = :id AND totp_confirmed_at IS NOT NULL AND totp_last_step < :step
    """
)
_USE_CODE = text("UPDATE recovery_codes SET used_at = :now WHERE login_id = :id AND digest = :digest AND used_at IS NULL")


def accept(login_id: UUID, otp: str) -> bool:
    """Whether a one-time password or a recovery code is good now; it is used up by this."""
    otp = otp.replace(" ", "")
    if not (len(otp) == 6 and otp.isdigit()):
        return execute(_USE_CODE, id=login_id, digest=_digest(login_id, otp), now=clock.now()).rowcount == 1
    sealed = _sealed(login_id)
    step = sealed and _step_of(sealed, otp)
    return bool(step) and execute(_USE_STEP, id=login_id, step=step).rowcount == 1


_END = text("UPDATE logins SET totp_sealed = NULL, totp_confirmed_at = NULL, totp_last_step = NULL WHERE id = :id")
_DROP_CODES = text("DELETE FROM recovery_codes WHERE login_id = :id")


def end(login_id: UUID) -> None:
    """Take a login's second factor away, and its recovery codes with it."""
    execute(_END, id=login_id)
    execute(_DROP_CODES, id=login_id)


_SEALED = text("SELECT totp_sealed FROM logins WHERE id = :id")


def _sealed(login_id: UUID) -> str | None:
    row = first(_SEALED, id=login_id)
    return row.totp_sealed if row else None


def _step_of(sealed: str, otp: str) -> int | None:
    totp = pyotp.TOTP(signing.decrypt("totp", sealed), interval=STEP_S)
    now = int(clock.now().timestamp()) // STEP_S
    good = [step for step in range(now - STEPS_OFF, now + STEPS_OFF + 1) if _same(totp.generate_otp(step), otp)]
    return max(good, default=None)


def _same(one: str, other: str) -> bool:
    return signing.same(one.encode(), other.encode("utf-8", "replace"))


def _new_code() -> str:
    code = secrets.token_hex(5)
    return f"{code[:5]}-{code[5:]}"


def _digest(login_id: UUID, code: str) -> bytes:
    return signing.mac("recovery-code", login_id, code.lower().replace("-", ""))
