"""WeChat accounts: residents sign in with them. An account is keyed by (appid, openid)."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Identity, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from kernel import clock, ids
from kernel.database import Model, execute, first


class WeChatAccount(Model):
    """Somebody's WeChat account at one mini-program or service account. Until he joins a community it has no resident.

    Accounts with one `unionid` are one person's, WeChat says so; once it is known, no more than one of them joins. `number`
    stands for the account in the code by which staff link it to a person at the counter.
    """

    __tablename__ = "wechat_accounts"
    __table_args__ = (UniqueConstraint("appid", "openid"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    appid: Mapped[str]
    openid: Mapped[str]
    unionid: Mapped[str | None]
    resident_id: Mapped[UUID | None] = mapped_column(ForeignKey("residents.id"), unique=True)
    created_at: Mapped[datetime]
    number: Mapped[int] = mapped_column(BigInteger, Identity(always=True, maxvalue=99_999_999), unique=True)
    left_on: Mapped[date | None]


_SEEN_BEFORE = text(
    """
    UPDATE wechat_accounts SET unionid = coalesce(:unionid, unionid) WHERE appid = :appid AND openid = :openid
    RETURNING id, resident_id
    """
)
_SEEN = text(
    """
    INSERT INTO wechat_accounts (id, appid, openid, unionid, created_at) VALUES (:id, :appid, :openid, :unionid, :now)
    ON CONFLICT (appid, openid) DO UPDATE SET unionid = coalesce(excluded.unionid, wechat_accounts.unionid)
    RETURNING id, resident_id
    """
)


_SAME_PERSONS = text(
    """
    SELECT id, resident_id FROM wechat_accounts
    WHERE unionid = :unionid AND resident_id IS NOT NULL ORDER BY created_at, id LIMIT 1
    """
)
_LOCK_ALL_OF_ONE = text(
    """
    SELECT FROM wechat_accounts WHERE unionid = (SELECT unionid FROM wechat_accounts WHERE id = :id) OR id = :id
    ORDER BY id FOR NO KEY UPDATE
    """
)


def lock_all_of_one(account_id: UUID) -> None:
    """Have all accounts of one person wait for this transaction: only one of them joins a community."""
    execute(_LOCK_ALL_OF_ONE, id=account_id)


def seen(appid: str, openid: str, unionid: str | None) -> tuple[UUID, bool]:
    """The id of the account to sign in to, made at its first sign-in, and whether it has joined a community.

    It is the account that WeChat vouches for, or, where that one has not joined, the one by which the same person has.
    """
    # Looked for first: an insert that meets its like would use up a number at every sign-in.
    row = first(_SEEN_BEFORE, appid=appid, openid=openid, unionid=unionid) or first(
        _SEEN, id=ids.new(), appid=appid, openid=openid, unionid=unionid, now=clock.now()
    )
    assert row is not None
    if row.resident_id is None and unionid:
        row = first(_SAME_PERSONS, unionid=unionid) or row
    return row.id, row.resident_id is not None
