"""WeChat accounts: residents sign in with them. An account is keyed by (appid, openid)."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Identity, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from kernel import clock, ids
from kernel.database import Model, first


class WeChatAccount(Model):
    """Somebody's WeChat account at one mini-program. Until he joins a community it has no resident.

    `number` stands for it in the code by which staff link it to a person at the counter.
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


def seen(appid: str, openid: str, unionid: str | None) -> tuple[UUID, bool]:
    """The id of the account that WeChat vouches for, made at its first sign-in, and whether it has joined a community."""
    # Looked for first: an insert that meets its like would use up a number at every sign-in.
    row = first(_SEEN_BEFORE, appid=appid, openid=openid, unionid=unionid) or first(
        _SEEN, id=ids.new(), appid=appid, openid=openid, unionid=unionid, now=clock.now()
    )
    assert row is not None
    return row.id, row.resident_id is not None
