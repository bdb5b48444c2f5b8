"""Logins with a password, of staff and merchants. Failures are counted in the database, per account."""

import functools
from datetime import datetime, timedelta
from uuid import UUID

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, bindparam, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from kernel import audit, clock, ids, signing
from kernel.database import Model, add, execute, first
from kernel.errors import Conflict, NotSignedIn, TooOften, ValidationFailed
from people.actors import Party

MAX_FAILURES = 10
FAILURES_COUNT_FOR = timedelta(minutes=15)
MIN_PASSWORD = 10
MAX_USERNAME = 64

# 19 MiB, two passes, one lane: OWASP's recommendation for argon2id, small enough for every thread at once.
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


class BadCredentials(NotSignedIn):
    title = "用户名或密码不正确，请检查后再试"


class TooManyAttempts(TooOften):
    title = "密码错误次数太多，请 15 分钟后再试"


class UsernameTaken(Conflict):
    title = "这个用户名已经有人使用，请换一个"


class Login(Model):
    """A username and a password, of one member of staff or of one merchant."""

    __tablename__ = "logins"
    __table_args__ = (CheckConstraint("(staff_id IS NULL) <> (merchant_id IS NULL)", name="one_owner"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(unique=True)
    password_hash: Mapped[str]
    staff_id: Mapped[UUID | None] = mapped_column(ForeignKey("staff.id"), index=True)
    merchant_id: Mapped[UUID | None] = mapped_column(ForeignKey("merchants.id"), index=True)
    demo: Mapped[bool]
    disabled_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


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
        ValidationFailed: nobody could sign in with this username, or the password is shorter than 10 characters or equals it.
        UsernameTaken: the username exists.
    """
    if not 1 <= len(username) <= MAX_USERNAME or username != username.strip() or not username.isprintable():
        raise ValidationFailed({"username": [f"用户名应为 1 至 {MAX_USERNAME} 个字符，前后不能有空格"]})
    if len(password) < MIN_PASSWORD or password == username:
        raise ValidationFailed({"password": [f"密码至少 {MIN_PASSWORD} 个字符，且不能与用户名相同"]})
    login = Login(
        id=ids.new(),
        username=username,
        password_hash=_hasher.hash(password),
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
_STANDING = text(
    """
    SELECT l.id, l.staff_id, l.password_hash, l.demo,
           l.disabled_at IS NULL AND coalesce(m.active, true) AS open
    FROM logins l LEFT JOIN merchants m ON m.id = l.merchant_id WHERE l.username = :username
    """
)
_FAILURES = text("SELECT count(*) AS n, min(at) AS oldest FROM failed_sign_ins WHERE username_hash = :name AND at > :since")
_FORGIVE = text("DELETE FROM failed_sign_ins WHERE username_hash = :name")
_FORGET = text("DELETE FROM failed_sign_ins WHERE at < :before")


def check(username: str, password: str, *, demo_allowed: bool) -> tuple[UUID, str]:
    """The id of the login that the two open, and whose it is: "staff" or "merchant".

    Raises:
        TooManyAttempts: ten failures within 15 minutes on this name.
        BadCredentials: no such name, or another password; the failure is counted.
    """
    name = signing.mac("username", username)
    # One guess at a name at a time, until its failure is counted: many at once would all see the same count.
    execute(_TAKE_TURN, turn=int.from_bytes(name[:8], "big", signed=True))
    failures = first(_FAILURES, name=name, since=clock.now() - FAILURES_COUNT_FOR)
    assert failures is not None
    if failures.n >= MAX_FAILURES:
        wait = failures.oldest + FAILURES_COUNT_FOR - clock.now()
        raise TooManyAttempts(retry_after_s=max(1, int(wait.total_seconds())))
    login = first(_STANDING, username=username)
    # An unknown name costs as much time as a wrong password.
    right = _matches(login.password_hash if login else _nobodys_hash(), password)
    if login is None or not right or not login.open or (login.demo and not demo_allowed):
        add(FailedSignIn(id=ids.new(), username_hash=name, at=clock.now()))
        raise BadCredentials().keeping()
    execute(_FORGIVE, name=name)
    kind = "staff" if login.staff_id else "merchant"
    audit.record(Party(kind, login.staff_id or login.id), "login.open", login.id, None)
    return login.id, kind


def forget_old_failures() -> int:
    """Drop failures that no longer count; the number dropped."""
    return execute(_FORGET, before=clock.now() - FAILURES_COUNT_FOR).rowcount


def _matches(password_hash: str, password: str) -> bool:
    try:
        return _hasher.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


@functools.cache
def _nobodys_hash() -> str:
    return _hasher.hash("a password that nobody has")
