"""Links: somebody whom staff entered gets WeChat, and staff link his account to him at the counter, never by a typed number."""

from uuid import UUID

from sqlalchemy import text

from kernel import audit, codes
from kernel.codes import Code, CodeExpired, CodeInvalid, Freshness
from kernel.database import db, execute, first
from kernel.errors import Conflict
from people import entries, privacy, wechat_accounts
from people.actors import Newcomer, Resident, Staff
from people.entries import Seen
from people.residents import AlreadyRegistered
from people.wechat_accounts import WeChatAccount

CODE_PURPOSE = "link"


class AlreadyLinked(Conflict):
    title = "这位居民已经关联了微信，不能再关联另一个"


class AccountJoined(Conflict):
    title = "这个微信号已经加入社区，不能再关联到别人"


def code(actor: Newcomer | Resident) -> list[Code]:
    """The code by which staff link the newcomer's account. Raises AlreadyRegistered: he has joined a community."""
    if isinstance(actor, Resident):
        raise AlreadyRegistered()
    return codes.ahead(CODE_PURPOSE, db.session.get_one(WeChatAccount, actor.id).number)


_HAS_ACCOUNT = text("SELECT id FROM wechat_accounts WHERE resident_id = :resident_id")
_LINK = text(
    """
    UPDATE wechat_accounts w SET resident_id = :resident_id
    WHERE w.number = :number AND w.resident_id IS NULL
      AND NOT EXISTS (SELECT FROM wechat_accounts o WHERE o.unionid = w.unionid AND o.resident_id IS NOT NULL)
    """
)
_KNOWN = text("SELECT id FROM wechat_accounts WHERE number = :number")


def link(actor: Staff, resident_id: UUID, *, code: str, consent_version: str) -> Seen:
    """Link the WeChat account whose code is shown to a resident, who consented to the privacy statement before the actor.

    Raises:
        NotFound: he is not in the actor's part of the tree.
        ValidationFailed: his consent is to another version than the present one.
        CodeInvalid, CodeExpired: it is no link code, or one whose time is over.
        AlreadyLinked: he has an account.
        AccountJoined: the account belongs to somebody.
    """
    privacy.require_current(consent_version)
    resident = entries.within(actor, resident_id, lock=True)  # behind the lock a look tells whether he got an account just now
    reading = codes.read(CODE_PURPOSE, code)
    account = first(_KNOWN, number=reading.number) if reading else None
    if reading is None or account is None:
        raise CodeInvalid()
    if reading.freshness is Freshness.STALE:
        raise CodeExpired()
    if first(_HAS_ACCOUNT, resident_id=resident.id) is not None:
        raise AlreadyLinked()
    wechat_accounts.lock_all_of_one(account.id)
    if execute(_LINK, number=reading.number, resident_id=resident.id).rowcount == 0:
        raise AccountJoined()
    privacy.record_consent(resident.id, consent_version, recorded_by=actor.id)
    audit.record(actor, "resident.link", resident.id, resident.community_code, consent_version=consent_version)
    return entries.seen_by(actor, [resident.id])[0]
