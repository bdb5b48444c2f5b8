"""Logins with a password, of staff and merchants, and with a second factor where staff enrolled one.

Failures are counted in the database, per account.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, bindparam, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from kernel import audit, clock, ids, signing
from kernel.database import Model, add, execute, first
from kernel.errors import Conflict, NotSignedIn, TooOften, ValidationFailed
from people import passwords, second_factors, sessions, sign_in_tickets
from people.actors import Merchant, Party, Staff

MAX_FAILURES = 10
FAILURES_COUNT_FOR = timedelta(minutes=15)
MAX_USERNAME = 64


class BadCredentials(NotSignedIn):
    title = "用户名、密码或动态验证码不正确，请检查后再试"


class OtpRequired(NotSignedIn):
    title = "请输入手机验证器上的六位动态验证码"

    def __init__(self, ticket: str = "") -> None:
        """`ticket` says for five minutes that the password was right, so that it need not be typed again."""
        super().__init__()
        self.ticket = ticket


class TicketExpired(NotSignedIn):
    title = "离输入密码过去太久了，请重新输入密码"


class TooManyAttempts(TooOften):
    title = "密码错误次数太多，请 15 分钟后再试"


class UsernameTaken(Conflict):
    title = "这个用户名已经有人使用，请换一个"


class SecondFactorInUse(Conflict):
    title = "动态验证码已经启用，换手机请先停用再重新绑定"


class SecondFactorNotBegun(Conflict):
    title = "还没有开始绑定，请先获取二维码"


class SecondFactorNotInUse(Conflict):
    title = "没有启用动态验证码，不用停用"


class Login(Model):
    """A username and a password, of one member of staff or of one merchant."""

    __tablename__ = "logins"
    __table_args__ = (
        CheckConstraint("(staff_id IS NULL) <> (merchant_id IS NULL)", name="one_owner"),
        CheckConstraint("totp_confirmed_at IS NULL OR (totp_sealed IS NOT NULL AND totp_last_step IS NOT NULL)", name="totp"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(unique=True)
    password_hash: Mapped[str]
    staff_id: Mapped[UUID | None] = mapped_column(ForeignKey("staff.id"), index=True)
    merchant_id: Mapped[UUID | None] = mapped_column(ForeignKey("merchants.id"), index=True)
    demo: Mapped[bool]
    disabled_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    totp_sealed: Mapped[str | None]
    totp_confirmed_at: Mapped[datetime | None]
    totp_last_step: Mapped[int | None]


class FailedSignIn(Model):
    """One failed sign-in. Names that exist and names that do not are counted alike, and neither is stored readable."""

    __tablename__ = "failed_sign_ins"
    __table_args__ = (Index(None, "username_hash", "at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    username_hash: Mapped[bytes]
    at: Mapped[datetime]


def create(
    username: str, password: str, *, staff_id: UUID | None = None, merchant_id: UUID | None = None, demo: bool = False
) -> Login:
    """A new login.

    Raises:
        ValidationFailed: nobody could sign in with this username, or the password is too short, too common, or equals it.
        UsernameTaken: the username exists.
    """
    if not 1 <= len(username) <= MAX_USERNAME or username != username.strip() or not username.isprintable():
        raise ValidationFailed({"username": [f"用户名应为 1 至 {MAX_USERNAME} 个字符，前后不能有空格"]})
    login = Login(
        id=ids.new(),
        username=username,
        password_hash=passwords.hashed(password, username),
        staff_id=staff_id,
        merchant_id=merchant_id,
        demo=demo,
        created_at=clock.now(),
    )
    try:
        add(login)
    except IntegrityError:
        raise UsernameTaken() from None
    return login


_TAKE_TURN = text("SELECT pg_advisory_xact_lock(:turn)").bindparams(bindparam("turn", type_=BigInteger))
# The lock makes a sign-in and a change of the password wait for each other, so that no sign-in slips past the change.
_STANDING = text(
    """
    SELECT l.id, l.staff_id, l.password_hash, l.demo, l.totp_confirmed_at,
           l.disabled_at IS NULL AND coalesce(m.active, true) AS open
    FROM logins l LEFT JOIN merchants m ON m.id = l.merchant_id WHERE l.username = :username FOR NO KEY UPDATE OF l
    """
)
_FAILURES = text("SELECT count(*) AS n, min(at) AS oldest FROM failed_sign_ins WHERE username_hash = :name AND at > :since")
_FORGIVE = text("DELETE FROM failed_sign_ins WHERE username_hash = :name")


def check(username: str, password: str, *, demo_allowed: bool, otp: str | None = None) -> tuple[UUID, str]:
    """The id of the login that these open, and whose it is: "staff" or "merchant".

    Raises:
        TooManyAttempts: ten failures within 15 minutes on this name.
        BadCredentials: no such name, another password, or a wrong or used one-time password; the failure is counted.
        OtpRequired: the password is right, and a one-time password is needed too.
    """
    _take_turn(username)
    login = first(_STANDING, username=username)
    # An unknown name costs as much time as a wrong password.
    right = passwords.matches(login.password_hash if login else None, password)
    if login is None or not right or not login.open or (login.demo and not demo_allowed):
        raise _failed(username)
    if login.totp_confirmed_at:
        if otp is None:
            raise OtpRequired(sign_in_tickets.give(username, login.password_hash))
        if not second_factors.accept(login.id, otp):
            raise _failed(username)
    return _opened(username, login)


def check_code(ticket: str, otp: str, *, demo_allowed: bool) -> tuple[UUID, str]:
    """The second step of signing in: what `check` gives, for the ticket of OtpRequired and a one-time password.

    Raises:
        TicketExpired: the ticket is forged or older than five minutes, or the login has changed since.
        TooManyAttempts: ten failures within 15 minutes on this name.
        BadCredentials: a wrong or used one-time password; the failure is counted.
    """
    username = sign_in_tickets.username_of(ticket)
    if username is None:
        raise TicketExpired()
    _take_turn(username)
    login = first(_STANDING, username=username)
    if login is None or not sign_in_tickets.good(ticket, login.password_hash):
        raise TicketExpired()
    if not login.open or (login.demo and not demo_allowed) or login.totp_confirmed_at is None:
        raise TicketExpired()
    if not second_factors.accept(login.id, otp):
        raise _failed(username)
    return _opened(username, login)


def _opened(username: str, login: Any) -> tuple[UUID, str]:
    forgive(username)
    kind = "staff" if login.staff_id else "merchant"
    audit.record(Party(kind, login.staff_id or login.id), "login.open", login.id, None)
    return login.id, kind


def forgive(username: str) -> None:
    """Count none of the failures on a name any more."""
    execute(_FORGIVE, name=_name(username))


def _name(username: str) -> bytes:
    return signing.mac("username", username)


def _take_turn(username: str) -> None:
    # One guess at a name at a time, until its failure is counted: many at once would all see the same count.
    name = _name(username)
    execute(_TAKE_TURN, turn=int.from_bytes(name[:8], "big", signed=True))
    failures = first(_FAILURES, name=name, since=clock.now() - FAILURES_COUNT_FOR)
    assert failures is not None
    if failures.n >= MAX_FAILURES:
        wait = failures.oldest + FAILURES_COUNT_FOR - clock.now()
        raise TooManyAttempts(retry_after_s=max(1, int(wait.total_seconds())))


def _failed(username: str) -> BadCredentials:
    add(FailedSignIn(id=ids.new(), username_hash=_name(username), at=clock.now()))
    return BadCredentials().keeping()


# --- what those who are signed in change of their own login --------------------------------------------------------------------

_OWN = text(
    """
    SELECT l.id, l.username, l.password_hash, l.totp_sealed, l.totp_confirmed_at
    FROM logins l JOIN sessions s ON s.login_id = l.id WHERE s.id = :session_id FOR NO KEY UPDATE OF l
    """
)
_OWN_NAME = text("SELECT l.username FROM logins l JOIN sessions s ON s.login_id = l.id WHERE s.id = :session_id")
_SET_PASSWORD = text("UPDATE logins SET password_hash = :password_hash WHERE id = :id")


@dataclass(frozen=True)
class OwnLogin:
    """One's own login: since when it has a second factor, what was begun of one (`secret`, `uri`), recovery codes left."""

    username: str
    second_factor_since: datetime | None
    begun: dict[str, str] | None
    codes_left: int


_OWN_STATE = text(
    """
    SELECT l.id, l.username, l.totp_confirmed_at,
           (SELECT count(*) FROM recovery_codes c WHERE c.login_id = l.id AND c.used_at IS NULL) AS codes_left
    FROM logins l JOIN sessions s ON s.login_id = l.id WHERE s.id = :session_id
    """
)


def own(actor: Staff | Merchant) -> OwnLogin:
    """The login with which the actor is signed in."""
    row = execute(_OWN_STATE, session_id=actor.session_id).one()
    return OwnLogin(row.username, row.totp_confirmed_at, second_factors.begun(row.id, row.username), row.codes_left)


def change_password(actor: Staff | Merchant, old_password: str, new_password: str) -> None:
    """Take a new password; all other sessions of the login end.

    Raises:
        ValidationFailed: the new password is too weak, or the old one.
        BadCredentials: the old one is wrong; counted as a failed sign-in.
        TooManyAttempts: ten failures within 15 minutes on this name.
    """
    own = _own(actor)
    if not passwords.matches(own.password_hash, old_password):
        raise _failed(own.username)
    if new_password == old_password:
        raise ValidationFailed({"new_password": ["新密码不能与原密码相同"]})
    set_password(own.id, own.username, new_password, "new_password")
    sessions.end_all_of_login(own.id, but=actor.session_id)
    audit.record(actor, "login.password", own.id, None)


def set_password(login_id: UUID, username: str, password: str, field: str = "password") -> None:
    """Give a login a new password. Raises ValidationFailed where it is too weak."""
    execute(_SET_PASSWORD, id=login_id, password_hash=passwords.hashed(password, username, field))


def begin_second_factor(actor: Staff) -> dict[str, str]:
    """Begin to enrol a second factor: `secret` and `uri` for the authenticator app. Raises SecondFactorInUse."""
    own = _own(actor)
    begun = second_factors.begin(own.id, own.username)
    if begun is None:
        raise SecondFactorInUse()
    return begun


def confirm_second_factor(actor: Staff, otp: str) -> list[str]:
    """Put the second factor into use; its recovery codes, which are shown this once.

    Raises:
        SecondFactorInUse: it is in use.
        SecondFactorNotBegun: there is nothing to confirm.
        ValidationFailed: the one-time password does not fit.
    """
    own = _own(actor)
    if own.totp_confirmed_at:
        raise SecondFactorInUse()
    if own.totp_sealed is None:
        raise SecondFactorNotBegun()
    codes = second_factors.confirm(own.id, otp)
    if codes is None:
        raise ValidationFailed({"otp": ["动态验证码不正确，请检查手机时间后再试"]})
    audit.record(actor, "second_factor.enrol", own.id, actor.community_code)
    return codes


def end_second_factor(actor: Staff, otp: str) -> None:
    """Stop using the second factor.

    Raises:
        SecondFactorNotInUse: there is none.
        BadCredentials: the one-time password is wrong; counted as a failed sign-in.
        TooManyAttempts: ten failures within 15 minutes on this name.
    """
    own = _own(actor)
    if own.totp_confirmed_at is None:
        raise SecondFactorNotInUse()
    if not second_factors.accept(own.id, otp):
        raise _failed(own.username)
    second_factors.end(own.id)
    audit.record(actor, "second_factor.end", own.id, actor.community_code)


def _own(actor: Staff | Merchant) -> Any:
    # The turn comes before the row's lock, as it does at a sign-in.
    name = execute(_OWN_NAME, session_id=actor.session_id).scalar_one()
    _take_turn(name)
    return execute(_OWN, session_id=actor.session_id).one()
