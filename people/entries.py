"""Entries: what staff see of the people in their part of the tree, and put on record of them."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from kernel import audit, clock, signing
from kernel.database import db, execute, first
from kernel.errors import Conflict, NotFound
from people import divisions, masking, messages, places, residents
from people.actors import Staff
from people.residents import Resident


class AlreadyConfirmed(Conflict):
    title = "这位居民已经确认过了，不用再确认"


@dataclass(frozen=True)
class Seen:
    """A resident as a member of staff sees him.

    Of what is personal, only as much as his role may see; `phone` in full only in a look at one person, which is on record.
    """

    id: UUID
    name: str
    phone: str | None
    phone_masked: str | None
    address: str | None
    born_on: date | None
    community: dict[str, str]
    place: dict[str, str]
    household: dict[str, Any] | None
    card_number: str | None
    linked: bool
    confirmed: bool
    created_at: datetime


_SEEN = text(
    """
    SELECT r.id, r.name, r.phone_sealed, r.address, r.born_on, r.created_at, r.confirmed_at IS NOT NULL AS confirmed,
           r.community_code, c.name AS community_name, p.code AS place_code, p.name AS place_name, p.level, p.path,
           r.household_id, h.name AS household_name, k.number AS card_number, w.id IS NOT NULL AS linked
    FROM residents r
    JOIN divisions c ON c.code = r.community_code
    JOIN divisions p ON p.code = r.place_code
    LEFT JOIN households h ON h.id = r.household_id
    LEFT JOIN cards k ON k.resident_id = r.id AND k.revoked_at IS NULL
    LEFT JOIN wechat_accounts w ON w.resident_id = r.id
    WHERE r.id = ANY(:ids) ORDER BY r.id DESC
    """
)


def seen_by(actor: Staff, resident_ids: list[UUID], *, look: bool = False) -> list[Seen]:
    """Residents as the actor sees them, newest first."""
    return [_seen(actor, row, look=look) for row in execute(_SEEN, ids=resident_ids)]


def _seen(actor: Staff, row: Any, *, look: bool) -> Seen:
    phone = signing.decrypt("phone", row.phone_sealed) if row.phone_sealed else None
    return Seen(
        id=row.id,
        **masking.person(actor.role, row.name, phone, row.address, row.born_on, look=look),
        community={"code": row.community_code, "name": divisions.shown(row.community_name)},
        place={"code": row.place_code, "name": divisions.shown(row.place_name), "level": row.level, "path": row.path},
        household=masking.household(actor.role, row.household_id, row.household_name),
        card_number=None if row.card_number is None else f"{row.card_number:08d}",
        linked=row.linked,
        confirmed=row.confirmed,
        created_at=row.created_at,
    )


def look(actor: Staff, resident_id: UUID) -> Seen:
    """One resident, with his phone number for those who may see it; that somebody looked is on record. Raises NotFound."""
    resident = within(actor, resident_id)
    audit.record(actor, "resident.look", resident.id, resident.community_code)
    return seen_by(actor, [resident.id], look=True)[0]


def get(actor: Staff, resident_id: UUID) -> Seen:
    """One resident as the actor sees him, without his phone number in full. Raises NotFound."""
    return seen_by(actor, [within(actor, resident_id).id])[0]


def within(actor: Staff, resident_id: UUID, *, lock: bool = False) -> Resident:
    """A resident in the actor's part of the tree; with `lock`, whom nobody else changes meanwhile.

    Raises:
        NotFound: he lives outside it, or has left the community.
    """
    resident = residents.locked(resident_id) if lock else residents.get(resident_id)
    if resident.left_at is not None:
        raise NotFound()
    actor.must_see(divisions.lineage_of(resident.place_code))
    return resident


def change(actor: Staff, resident_id: UUID, *, place_code: str | None = None, **facts: Any) -> Seen:
    """Put down what is new of a resident: name, phone, address, birthday, or the place he is assigned to.

    Raises:
        NotFound: he, or the place, is not in the actor's part of the tree.
        ValidationFailed: the number is none, the birthday is to come, or the place is of another community.
    """
    resident = within(actor, resident_id, lock=True)
    if place_code is not None:
        resident.place_code = places.for_person(actor, resident.community_code, place_code).code
    if "phone" in facts and facts["phone"] != resident.phone:
        resident.phone_verified = False
    residents.describe(resident, **facts)
    db.session.flush()
    changed = sorted(facts) + ([] if place_code is None else ["place_code"])
    audit.record(actor, "resident.change", resident.id, resident.community_code, changed=changed)
    return look(actor, resident.id)


_CONFIRM = text(
    """
    UPDATE residents r SET confirmed_at = :now FROM divisions p
    WHERE r.id = :id AND r.confirmed_at IS NULL AND r.left_at IS NULL AND p.code = r.place_code AND starts_with(p.lineage, :scope)
    RETURNING r.community_code
    """
)


def confirm(actor: Staff, resident_id: UUID) -> Seen:
    """Confirm that a newcomer belongs to the community: from now on he may act, and he is told so.

    Raises:
        NotFound: he is not in the actor's part of the tree.
        AlreadyConfirmed: it was done before.
    """
    confirmed = first(_CONFIRM, id=resident_id, now=clock.now(), scope=actor.scope)
    if confirmed is None:
        within(actor, resident_id)
        raise AlreadyConfirmed()
    body = "您的登记已由社区确认，现在可以签到、申报善行和兑换了。"
    messages.tell(resident_id, "resident.confirmed", "社区已确认您的登记", body, "resident", resident_id)
    audit.record(actor, "resident.confirm", resident_id, confirmed.community_code)
    return seen_by(actor, [resident_id])[0]


def enter(actor: Staff, *, community_code: str | None = None, place_code: str | None = None, **facts: Any) -> Resident:
    """A person without WeChat, put where he lives, or in the actor's own part of the tree.

    Raises:
        NotFound: the community or the place is not in the actor's part of the tree.
        ValidationFailed: neither is named and the actor works above the communities; or as `residents.create`.
    """
    place = places.for_person(actor, community_code, place_code)
    return residents.enter(actor, community_code=places.community_of(place) or "", place_code=place.code, **facts)
