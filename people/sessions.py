"""Sessions: an access token that lives 30 minutes, and refresh tokens that are good once; a browser's session has neither.

The access token is signed and names its session; whom the session is for, what he may do and where, is read at every request.
A browser's session is named by its signed cookie, and ends when nobody was there for a time.
"""

import base64
import binascii
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Row, text
from sqlalchemy.orm import Mapped, mapped_column

from kernel import clock, ids, signing
from kernel.database import Model, add, execute, first
from kernel.errors import Forbidden, NotSignedIn
from people.actors import Actor, Merchant, Newcomer, Resident, Staff

ACCESS_LIVES = timedelta(minutes=30)
REFRESH_LIVES = timedelta(days=30)
# How long nobody may be there before a browser's session ends. Staff: the levelled protection of GB/T 22239-2019 asks for idle
# sign-out, and an office PC is left alone; a till stands open all day; a phone is its owner's.
IDLE = {"staff": timedelta(minutes=30), "merchant": timedelta(hours=12)}
IDLE_ON_A_PHONE = timedelta(days=30)
_SEEN_EVERY = timedelta(minutes=1)
_MAC_BYTES = 16


class Unauthenticated(NotSignedIn):
    title = "登录已失效，请重新登录"


class NotRegistered(Forbidden):
    title = "请先加入社区"


class NotConfirmed(Forbidden):
    title = "请等待社区确认"


class SecondFactorRequired(Forbidden):
    title = "社区要求工作人员启用动态验证码，请先绑定手机验证器"


class Session(Model):
    """One sign-in: the family of all tokens that came from it. Ended, all of them are dead."""

    __tablename__ = "sessions"
    __table_args__ = (CheckConstraint("(wechat_account_id IS NULL) <> (login_id IS NULL)", name="one_owner"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    wechat_account_id: Mapped[UUID | None] = mapped_column(ForeignKey("wechat_accounts.id"), index=True)
    login_id: Mapped[UUID | None] = mapped_column(ForeignKey("logins.id"), index=True)
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    seen_at: Mapped[datetime | None]  # a browser's session only


class RefreshToken(Model):
    """A refresh token, known by its digest only."""

    __tablename__ = "refresh_tokens"

    digest: Mapped[bytes] = mapped_column(primary_key=True)
    session_id: Mapped[UUID] = mapped_column(ForeignKey("sessions.id", ondelete="CASCADE"), index=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)
    used_at: Mapped[datetime | None]


@dataclass(frozen=True)
class Tokens:
    """What a sign-in gives. `expires_in` counts seconds."""

    access_token: str
    refresh_token: str
    role: str
    registered: bool | None = None
    expires_in: int = int(ACCESS_LIVES.total_seconds())


def open_for(
    role: str, *, wechat_account_id: UUID | None = None, login_id: UUID | None = None, registered: bool | None = None
) -> Tokens:
    """A new session, beside any others, and its first tokens."""
    session = Session(id=ids.new(), wechat_account_id=wechat_account_id, login_id=login_id, created_at=clock.now())
    add(session)
    return _tokens(session.id, role, registered)


def open_page(*, wechat_account_id: UUID | None = None, login_id: UUID | None = None) -> UUID:
    """A new session of a browser, beside any others; its id."""
    now = clock.now()
    session = Session(id=ids.new(), wechat_account_id=wechat_account_id, login_id=login_id, created_at=now, seen_at=now)
    add(session)
    return session.id


_USE = text(
    """
    UPDATE refresh_tokens t SET used_at = :now FROM sessions s
    LEFT JOIN logins l ON l.id = s.login_id LEFT JOIN merchants m ON m.id = l.merchant_id
    LEFT JOIN wechat_accounts w ON w.id = s.wechat_account_id
    WHERE t.digest = :digest AND t.used_at IS NULL AND t.expires_at > :now AND s.id = t.session_id AND s.ended_at IS NULL
      AND l.disabled_at IS NULL AND coalesce(m.active, true)
    RETURNING s.id, l.staff_id, l.merchant_id, w.resident_id
    """
)
_END_FAMILY_OF_USED = text(
    """
    UPDATE sessions SET ended_at = :now FROM refresh_tokens t
    WHERE t.digest = :digest AND t.used_at IS NOT NULL AND sessions.id = t.session_id AND sessions.ended_at IS NULL
    """
)


def refresh(refresh_token: str) -> Tokens:
    """New tokens for a refresh token, which is used up by it.

    Raises:
        Unauthenticated: it is unknown, too old or used, or its account is closed. A used one may be stolen, so its whole
            family of tokens ends.
    """
    digest = signing.token_digest(refresh_token)
    used = first(_USE, digest=digest, now=clock.now())
    if used is None:
        raise Unauthenticated().remembering(lambda: _end_family_of_used(digest))
    if used.staff_id or used.merchant_id:
        return _tokens(used.id, "staff" if used.staff_id else "merchant", None)
    return _tokens(used.id, "resident", used.resident_id is not None)


def _end_family_of_used(digest: bytes) -> None:
    execute(_END_FAMILY_OF_USED, digest=digest, now=clock.now())


def end(session_id: UUID) -> None:
    """Sign out: the session and all its tokens are dead."""
    execute(text("UPDATE sessions SET ended_at = :now WHERE id = :id AND ended_at IS NULL"), id=session_id, now=clock.now())


_END_ALL_OF_MERCHANT = text(
    """
    UPDATE sessions SET ended_at = :now FROM logins l
    WHERE l.id = sessions.login_id AND l.merchant_id = :merchant_id AND sessions.ended_at IS NULL
    """
)


def end_all_of_merchant(merchant_id: UUID) -> None:
    """Sign out everybody at a merchant's tills, for good."""
    execute(_END_ALL_OF_MERCHANT, merchant_id=merchant_id, now=clock.now())


_END_ALL_OF_LOGIN = text(
    """
    UPDATE sessions SET ended_at = :now
    WHERE login_id = :login_id AND ended_at IS NULL AND id IS DISTINCT FROM CAST(:but AS uuid)
    """
)


def end_all_of_login(login_id: UUID, but: UUID | None = None) -> None:
    """Sign out everybody who uses a login, for good; the session `but` stays."""
    execute(_END_ALL_OF_LOGIN, login_id=login_id, but=but, now=clock.now())


_WHO = text(
    """
    SELECT w.id AS account_id, w.openid, r.id AS resident_id, r.community_code, r.name AS resident_name,
           r.wallet, r.household_id, r.confirmed_at IS NOT NULL AS confirmed,
           l.id AS login_id, l.merchant_id, s.id AS staff_id, s.name AS staff_name, s.role, s.resident_id AS own_resident_id,
           d.lineage, d.code AS scope_code, d.level, sessions.seen_at,
           l.totp_confirmed_at IS NULL AND coalesce(c.second_factor_required, false) AS must_enrol
    FROM sessions
    LEFT JOIN wechat_accounts w ON w.id = sessions.wechat_account_id
    LEFT JOIN residents r ON r.id = w.resident_id
    LEFT JOIN logins l ON l.id = sessions.login_id AND l.disabled_at IS NULL
    LEFT JOIN merchants m ON m.id = l.merchant_id
    LEFT JOIN staff s ON s.id = l.staff_id
    LEFT JOIN divisions d ON d.code = s.scope_code
    LEFT JOIN community_settings c ON c.community_code = split_part(trim(BOTH '/' FROM d.lineage), '/', 3)
    WHERE sessions.id = :id AND sessions.ended_at IS NULL AND coalesce(m.active, true)
    """
)


def actor_of(access_token: str) -> Actor:
    """Who holds this access token, with the rights he has now.

    Raises:
        Unauthenticated: the token is forged or too old, its session has ended, or its account is closed.
    """
    session_id = _session_of(access_token)
    return _actor(first(_WHO, id=session_id), session_id)


# Two pages of one browser at once: the second need not wait only to write down the same minute.
_SEEN = text(
    """
    UPDATE sessions SET seen_at = :now
    WHERE id = (SELECT id FROM sessions WHERE id = :id AND seen_at < :before FOR UPDATE SKIP LOCKED)
    """
)


def actor_of_page(session_id: UUID) -> Actor:
    """Whose browser this is, with the rights he has now; that he was there is written down, to the minute.

    Raises:
        Unauthenticated: the session has ended, nobody was there for too long, or the account is closed.
    """
    who, now = first(_WHO, id=session_id), clock.now()
    actor = _actor(who, session_id)
    if who is None or who.seen_at is None or who.seen_at + IDLE.get(actor.kind, IDLE_ON_A_PHONE) <= now:
        raise Unauthenticated()
    if who.seen_at < now - _SEEN_EVERY:
        execute(_SEEN, id=session_id, now=now, before=now - _SEEN_EVERY)
    return actor


def _actor(who: Row[Any] | None, session_id: UUID) -> Actor:
    if who is None:
        raise Unauthenticated()
    if who.resident_id:
        return Resident(
            who.resident_id,
            session_id,
            who.openid,
            who.community_code,
            who.resident_name,
            who.wallet,
            who.household_id,
            who.confirmed,
        )
    if who.account_id:
        return Newcomer(who.account_id, session_id, who.openid)
    if who.merchant_id:
        return Merchant(who.login_id, session_id, who.merchant_id)
    if who.staff_id:
        return Staff(
            who.staff_id,
            session_id,
            who.staff_name,
            who.role,
            who.lineage,
            who.scope_code,
            who.level,
            who.own_resident_id,
            who.must_enrol,
        )
    raise Unauthenticated()


def _tokens(session_id: UUID, role: str, registered: bool | None) -> Tokens:
    refresh_token = secrets.token_urlsafe(32)
    add(RefreshToken(digest=signing.token_digest(refresh_token), session_id=session_id, expires_at=clock.now() + REFRESH_LIVES))
    return Tokens(_access_token(session_id), refresh_token, role, registered)


def _access_token(session_id: UUID) -> str:
    expires = int((clock.now() + ACCESS_LIVES).timestamp())
    payload = session_id.bytes + expires.to_bytes(5, "big")
    return base64.urlsafe_b64encode(payload + _mac(payload)).decode().rstrip("=")


def _session_of(access_token: str) -> UUID:
    try:
        raw = base64.urlsafe_b64decode(access_token.encode("ascii") + b"==")
    except (binascii.Error, UnicodeError):
        raise Unauthenticated() from None
    payload, mac = raw[:-_MAC_BYTES], raw[-_MAC_BYTES:]
    if len(payload) != 21 or not signing.same(mac, _mac(payload)):
        raise Unauthenticated()
    if datetime.fromtimestamp(int.from_bytes(payload[16:], "big"), UTC) <= clock.now():
        raise Unauthenticated()
    return UUID(bytes=payload[:16])


def _mac(payload: bytes) -> bytes:
    return signing.mac("access-token", payload.hex())[:_MAC_BYTES]
