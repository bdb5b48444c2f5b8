"""Residents: those who earn and spend points. Personal data is encrypted where it is not needed for finding."""

import re
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Computed, ForeignKey, Identity, Index, select, text
from sqlalchemy.orm import Mapped, mapped_column

from kernel import audit, clock, codes, ids, signing
from kernel.database import Model, add, db, execute, first
from kernel.errors import Conflict, NotFound, ValidationFailed
from people import (  # noqa: F401 (their tables)
    divisions,
    households,
    masking,
    messages,
    names,
    privacy,
    settings,
    wechat_accounts,
)
from people.actors import Newcomer, Staff
from people.actors import Resident as ResidentActor

CODE_PURPOSE = "identity"
PHONE = re.compile(r"1[3-9]\d{9}", re.ASCII)


class AlreadyRegistered(Conflict):
    title = "您已经加入社区，不用重复登记"


class LeftToday(Conflict):
    title = "您今天刚退出社区，请明天再来加入"


class Resident(Model):
    """A person of a community.

    `number` stands for him in his identity code; `phone_hash` finds his number without showing it. `place_code` is the
    smallest part of the tree he is assigned to, `search` what staff find him by (`people.searches`). `wallet` owns the points he
    earns and pays with: his household, else he.
    """

    __tablename__ = "residents"
    __table_args__ = (
        CheckConstraint("name_shown IN ('masked', 'full', 'hidden')", name="name_shown"),
        Index(
            "residents_search_idx",
            "place_code",
            "id",
            postgresql_include=["search"],
            postgresql_where=text("left_at IS NULL"),
        ),
        Index("residents_undescribed_idx", "id", postgresql_where=text("search = '' AND left_at IS NULL")),
        Index("residents_community_code_id_idx", "community_code", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, Identity(always=True, maxvalue=99_999_999), unique=True)
    community_code: Mapped[str] = mapped_column(ForeignKey("divisions.code"))
    name: Mapped[str]
    phone_sealed: Mapped[str | None]
    phone_hash: Mapped[bytes | None] = mapped_column(index=True)
    phone_verified: Mapped[bool]
    address: Mapped[str | None]
    entered_by: Mapped[UUID | None]
    created_at: Mapped[datetime]
    household_id: Mapped[UUID | None] = mapped_column(ForeignKey("households.id"), index=True)
    place_code: Mapped[str] = mapped_column(ForeignKey("divisions.code"), index=True)
    born_on: Mapped[date | None]
    name_shown: Mapped[str]
    search: Mapped[str]
    confirmed_at: Mapped[datetime | None]
    left_at: Mapped[datetime | None]
    wallet: Mapped[str] = mapped_column(Computed("(coalesce(household_id, id))::text", persisted=True))

    @property
    def phone(self) -> str | None:
        return signing.decrypt("phone", self.phone_sealed) if self.phone_sealed else None

    @property
    def phone_masked(self) -> str | None:
        return masking.phone(self.phone) if self.phone else None

    @property
    def name_masked(self) -> str:
        return masking.name(self.name)


def phone_hash(phone: str) -> bytes:
    """What a phone number is found by: a keyed digest, useless without the key."""
    return signing.mac("phone-hash", phone)


def get(resident_id: UUID) -> Resident:
    """The resident with this id. Raises NotFound."""
    resident = db.session.get(Resident, resident_id)
    if resident is None:
        raise NotFound()
    return resident


def locked(resident_id: UUID) -> Resident:
    """The resident with this id, whom nobody else changes before this transaction ends. Raises NotFound where he has left."""
    query = select(Resident).where(Resident.id == resident_id, Resident.left_at.is_(None)).with_for_update(key_share=True)
    resident = db.session.scalar(query.execution_options(populate_existing=True))
    if resident is None:
        raise NotFound()
    return resident


_LOCK = text("SELECT FROM residents WHERE id = :id AND left_at IS NULL FOR NO KEY UPDATE")


def lock(resident_id: UUID) -> None:
    """Keep a resident from leaving until the transaction ends. Raises NotFound where he has left."""
    if first(_LOCK, id=resident_id) is None:
        raise NotFound()


def create(*, community_code: str, **person: Any) -> Resident:
    """A new resident of a community. Raises ValidationFailed for an unknown community, a number or a birthday that is none."""
    resident = unsaved(community_code=divisions.community(community_code).code, **person)
    add(resident)
    return resident


def unsaved(
    *,
    name: str,
    community_code: str,
    phone: str | None = None,
    phone_verified: bool = False,
    address: str | None = None,
    place_code: str | None = None,
    born_on: date | None = None,
    confirmed: bool = True,
    entered_by: UUID | None = None,
) -> Resident:
    """A new resident of a community that there is, to be inserted by the caller. Raises as `create`."""
    now = clock.now()
    resident = Resident(
        id=ids.new(),
        community_code=community_code,
        place_code=place_code or community_code,
        name_shown="masked",
        confirmed_at=now if confirmed else None,
        phone_verified=phone_verified,
        entered_by=entered_by,
        created_at=now,
    )
    describe(resident, name=name, phone=phone, address=address, born_on=born_on)
    return resident


_DESCRIBED = ("name", "phone", "address", "born_on")


def describe(resident: Resident, **facts: Any) -> None:
    """Put down what is known of a person, some of name, phone, address, born_on, and with it what he is found by.

    Raises:
        ValidationFailed: the number is none, or the birthday is to come.
    """
    known = {name: getattr(resident, name) for name in _DESCRIBED} | facts
    if facts.get("phone") and not PHONE.fullmatch(facts["phone"]):
        raise ValidationFailed({"phone": ["请填写 11 位手机号码"]})
    if facts.get("born_on") and facts["born_on"] > clock.today():
        raise ValidationFailed({"born_on": ["出生日期不能晚于今天"]})
    for name in facts.keys() - {"phone"}:
        setattr(resident, name, facts[name])
    if "phone" in facts:
        phone = facts["phone"]
        resident.phone_sealed = signing.encrypt("phone", phone) if phone else None
        resident.phone_hash = phone_hash(phone) if phone else None
    resident.search = names.searchable(known["name"], known["phone"], known["address"])


def enter(
    actor: Staff,
    *,
    name: str,
    community_code: str,
    phone: str | None = None,
    address: str | None = None,
    place_code: str | None = None,
    born_on: date | None = None,
) -> Resident:
    """A person without WeChat, registered by staff. Raises as `create`."""
    resident = create(
        name=name,
        community_code=community_code,
        phone=phone,
        address=address,
        place_code=place_code,
        born_on=born_on,
        entered_by=actor.id,
    )
    audit.record(actor, "resident.enter", resident.id, resident.community_code)
    return resident


def change_own(actor: ResidentActor, **changes: Any) -> None:
    """The resident says how his name is shown, or where he lives."""
    resident = locked(actor.id)
    if "name_shown" in changes:
        resident.name_shown = changes.pop("name_shown")
    describe(resident, **changes)
    db.session.flush()
    audit.record(actor, "resident.change_own", resident.id, resident.community_code)


_JOIN = text(
    """
    UPDATE wechat_accounts w SET resident_id = :resident_id
    WHERE w.id = :account_id AND w.resident_id IS NULL AND w.left_on IS DISTINCT FROM :today
      AND NOT EXISTS (
        SELECT FROM wechat_accounts o WHERE o.unionid = w.unionid AND (o.resident_id IS NOT NULL OR o.left_on = :today))
    """
)
_LOCK_ENTERED = text(
    """
    SELECT FROM residents WHERE phone_hash = :phone_hash AND community_code = :community_code AND entered_by IS NOT NULL
      AND left_at IS NULL
    ORDER BY id FOR NO KEY UPDATE
    """
)
_ENTERED_BY_STAFF = text(
    """
    SELECT id FROM residents r
    WHERE phone_hash = :phone_hash AND community_code = :community_code AND entered_by IS NOT NULL
      AND left_at IS NULL AND NOT EXISTS (SELECT FROM wechat_accounts w WHERE w.resident_id = r.id)
    LIMIT 2
    """
)


def register(
    actor: Newcomer,
    *,
    name: str,
    phone: str,
    phone_verified: bool,
    community_code: str,
    consent_version: str,
    address: str | None,
) -> Resident:
    """The newcomer joins a community and becomes its resident; his consent to the privacy statement is recorded.

    A phone number that WeChat has verified links him to the one person whom staff entered with it in that community; a
    number merely typed never links. Where the community asks for it, one whom staff do not know yet waits to be confirmed.

    Raises:
        AlreadyRegistered: he joined before, be it a moment ago.
        LeftToday: he left a community today.
        ValidationFailed: unknown community, wrong number, or a consent to another version than the present one.
    """
    privacy.require_current(consent_version)
    resident = _entered_by_staff(phone, community_code) if phone_verified else None
    if resident is None:
        confirmed = not settings.of(community_code).registration_confirmed
        resident = create(
            name=name,
            community_code=community_code,
            phone=phone,
            phone_verified=phone_verified,
            address=address,
            confirmed=confirmed,
        )
    else:
        resident.phone_verified = True
        describe(resident, **({"address": address} if address else {}))
        db.session.flush()
    wechat_accounts.lock_all_of_one(actor.id)
    if execute(_JOIN, resident_id=resident.id, account_id=actor.id, today=clock.today()).rowcount == 0:
        check_not_left_today(actor)
        raise AlreadyRegistered()
    privacy.record_consent(resident.id, consent_version)
    audit.record(actor, "resident.register", resident.id, resident.community_code, consent_version=consent_version)
    return resident


_LEFT_TODAY = text(
    """
    SELECT 1 AS found FROM wechat_accounts w JOIN wechat_accounts o ON o.id = w.id OR o.unionid = w.unionid
    WHERE w.id = :account_id AND o.left_on = :today LIMIT 1
    """
)


def check_not_left_today(actor: Newcomer) -> None:
    """Raises LeftToday for a newcomer who left a community today: leaving and joining again is no way to earn."""
    if first(_LEFT_TODAY, account_id=actor.id, today=clock.today()) is not None:
        raise LeftToday()


def _entered_by_staff(phone: str, community_code: str) -> Resident | None:
    # Behind the lock a fresh look tells whether another account was linked to him a moment ago.
    sought = {"phone_hash": phone_hash(phone), "community_code": community_code}
    execute(_LOCK_ENTERED, **sought)
    found = execute(_ENTERED_BY_STAFF, **sought).scalars().all()
    return get(found[0]) if len(found) == 1 else None


def code(actor: ResidentActor, count: int = 1) -> list[codes.Code]:
    """The actor's present identity code and those after it, `count` in all."""
    return codes.ahead(CODE_PURPOSE, get(actor.id).number, count)
