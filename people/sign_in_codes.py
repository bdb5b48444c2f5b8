"""Sign-in codes: ten digits by which a resident who is signed in somewhere signs in in one more browser."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ForeignKey, text
from sqlalchemy.orm import Mapped, mapped_column

from kernel import clock, signing
from kernel.database import Model, add, execute, first
from kernel.errors import NotSignedIn
from people.actors import Newcomer, Resident

LIVES = timedelta(minutes=5)
DIGITS = 10


class SignInCodeInvalid(NotSignedIn):
    title = "登录码不对或已过期，请在手机上重新取一个"


class SignInCode(Model):
    """A code, known by its digest only."""

    __tablename__ = "sign_in_codes"

    digest: Mapped[bytes] = mapped_column(primary_key=True)
    wechat_account_id: Mapped[UUID] = mapped_column(ForeignKey("wechat_accounts.id", ondelete="CASCADE"), index=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)
    used_at: Mapped[datetime | None]


@dataclass(frozen=True)
class Issued:
    """A code as its owner is shown it."""

    code: str
    expires_at: datetime


_ACCOUNT = text(
    "SELECT account.id FROM sessions JOIN wechat_accounts account ON account.id = wechat_account_id WHERE sessions.id = :id"
)
_FORGET = text("DELETE FROM sign_in_codes WHERE wechat_account_id = :account_id AND used_at IS NULL")
_USE = text(
    """
    UPDATE sign_in_codes c SET used_at = :now FROM wechat_accounts w
    WHERE c.digest = :digest AND c.used_at IS NULL AND c.expires_at > :now AND w.id = c.wechat_account_id
    RETURNING w.id, w.resident_id IS NOT NULL AS registered
    """
)


def issue(actor: Newcomer | Resident) -> Issued:
    """A new code for the account that the actor is signed in with, good once and for five minutes; the one before is dead."""
    account = first(_ACCOUNT, id=actor.session_id)
    assert account is not None
    execute(_FORGET, account_id=account.id)
    issued = Issued(f"{secrets.randbelow(10**DIGITS):0{DIGITS}d}", clock.now() + LIVES)
    add(SignInCode(digest=signing.token_digest(issued.code), wechat_account_id=account.id, expires_at=issued.expires_at))
    return issued


def use(code: str) -> tuple[UUID, bool]:
    """The WeChat account that a code stands for, and whether it has joined a community; the code is used up.

    Raises:
        SignInCodeInvalid: no such code, or it was used, or its five minutes are over.
    """
    account = first(_USE, digest=signing.token_digest("".join(code.split())), now=clock.now())
    if account is None:
        raise SignInCodeInvalid()
    return account.id, account.registered
