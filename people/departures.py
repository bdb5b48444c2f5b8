"""Leaving a community: what names a person goes, at once and for good; what he did stays under his id, which names nobody."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text

from kernel import clock, ids
from kernel.database import add, execute, first
from kernel.errors import NotFound
from people import divisions
from people.actors import Resident, Staff
from people.households import HouseholdMove

NAME = "已退出"


@dataclass(frozen=True)
class Leaver:
    """Somebody who is leaving. `alone` unless others share his wallet, with whom its points then stay."""

    id: UUID
    community_code: str
    wallet: str
    household_id: UUID | None
    name: str
    alone: bool


_LOCK = text(
    """
    SELECT id, community_code, place_code, wallet, household_id, name FROM residents
    WHERE id = :id AND left_at IS NULL FOR NO KEY UPDATE
    """
)
_LOCK_HOUSEHOLD = text("SELECT FROM households WHERE id = :id FOR NO KEY UPDATE")
_OTHERS = text(
    """
    SELECT id FROM residents WHERE household_id = :household_id AND id <> :id AND left_at IS NULL ORDER BY id LIMIT 1
    """
)


def begin(actor: Resident | Staff, resident_id: UUID) -> Leaver:
    """The person who leaves, locked: nothing is declared, ordered or credited for him meanwhile.

    Raises:
        NotFound: he has left, or does not live in the actor's part of the tree.
    """
    row = first(_LOCK, id=resident_id)
    if row is None:
        raise NotFound()
    if isinstance(actor, Staff):
        actor.must_see(divisions.lineage_of(row.place_code))
    if row.household_id:
        execute(_LOCK_HOUSEHOLD, id=row.household_id)
    alone = not lives_with_others(resident_id, row.household_id)
    return Leaver(row.id, row.community_code, row.wallet, row.household_id, row.name, alone)


def lives_with_others(resident_id: UUID, household_id: UUID | None) -> bool:
    """Whether others share the household of a resident."""
    return household_id is not None and first(_OTHERS, household_id=household_id, id=resident_id) is not None


_BLANK = text(
    """
    UPDATE residents
    SET name = :name, phone_sealed = NULL, phone_hash = NULL, phone_verified = false, address = NULL, born_on = NULL,
        search = '', name_shown = 'hidden', household_id = NULL, left_at = :now
    WHERE id = :id AND left_at IS NULL
    """
)
# What is deleted of who leaves, one statement for each table that holds something of his. Letters before their messages.
_DELETE = (
    text("DELETE FROM outbox WHERE id IN (SELECT id FROM messages WHERE resident_id = :id)"),
    text("DELETE FROM messages WHERE resident_id = :id"),
    text("UPDATE cards SET revoked_at = now() WHERE resident_id = :id AND revoked_at IS NULL"),
    text("DELETE FROM idempotency_keys WHERE caller = 'resident:' || CAST(:id AS text)"),
)
_SIGN_OUT = text(
    """
    WITH unlinked AS (
        UPDATE wechat_accounts SET resident_id = NULL, left_on = :today WHERE resident_id = :id RETURNING id
    )
    UPDATE sessions SET ended_at = :now FROM unlinked
    WHERE sessions.wechat_account_id = unlinked.id AND sessions.ended_at IS NULL
    """
)


def forget(actor: Resident | Staff, leaver: Leaver) -> None:
    """Delete what names him and sign him out everywhere; consents stay, as proof that he gave them."""
    if leaver.household_id:
        _leave_household(actor, leaver, leaver.household_id)
    execute(_RENAME, id=leaver.id, home=leaver.household_id, called=leaver.name, name=NAME)
    for statement in _DELETE:
        execute(statement, id=leaver.id)
    execute(_SIGN_OUT, id=leaver.id, today=clock.today(), now=clock.now())
    execute(_BLANK, id=leaver.id, name=NAME, now=clock.now())


_PASS_ON = text(
    """
    UPDATE households SET head_id = (
        SELECT min(r.id::text)::uuid FROM residents r WHERE r.household_id = households.id AND r.id <> :id AND r.left_at IS NULL)
    WHERE id = :household_id AND head_id = :id
    """
)
# A household is called after who founded it, also when he has moved on or it was merged; who lives there now gives the name.
_RENAME = text(
    """
    UPDATE households h
    SET name = coalesce(lives.name, :name), address = CASE WHEN lives.name IS NOT NULL THEN h.address END
    FROM households was LEFT JOIN LATERAL (
        SELECT r.name FROM residents r WHERE r.household_id = was.id AND r.left_at IS NULL AND r.id <> :id
        ORDER BY r.id = was.head_id DESC NULLS LAST, r.id LIMIT 1) lives ON true
    WHERE h.id = was.id AND was.id IN (SELECT to_id FROM household_moves WHERE resident_id = :id)
      AND (h.name = :called OR (lives.name IS NULL AND was.id IN (:id, CAST(:home AS uuid))))
    """
)


def _leave_household(actor: Resident | Staff, leaver: Leaver, household_id: UUID) -> None:
    move = HouseholdMove(id=ids.new(), kind="left", resident_id=leaver.id, from_id=household_id, at=clock.now())
    move.by_kind, move.by_id = actor.kind, actor.id
    add(move)
    execute(_PASS_ON, household_id=household_id, id=leaver.id)
