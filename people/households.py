"""Households: where a community counts by household, its members earn into and pay from one wallet."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from kernel import clock, ids
from kernel.audit import Actor
from kernel.database import Model, execute, first
from kernel.errors import Conflict


class AlreadyInHousehold(Conflict):
    title = "这位居民已经和别人同户，请先从原来的家庭退出"


class Household(Model):
    """People who share a wallet, of which `id` is the owner. One that was merged into another has no members any more."""

    __tablename__ = "households"
    __table_args__ = (Index(None, "community_code", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, Identity(always=True), unique=True)
    community_code: Mapped[str] = mapped_column(ForeignKey("divisions.code"))
    name: Mapped[str]
    address: Mapped[str | None]
    head_id: Mapped[UUID | None] = mapped_column(ForeignKey("residents.id", use_alter=True))
    merged_into: Mapped[UUID | None] = mapped_column(ForeignKey("households.id"), index=True)
    created_at: Mapped[datetime]


class HouseholdMove(Model):
    """Somebody's way from one household to another, by whom, and why."""

    __tablename__ = "household_moves"
    __table_args__ = (CheckConstraint("kind IN ('founded', 'joined', 'left', 'merged', 'split')", name="kind"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    resident_id: Mapped[UUID] = mapped_column(ForeignKey("residents.id"), index=True)
    from_id: Mapped[UUID | None] = mapped_column(ForeignKey("households.id"), index=True)
    to_id: Mapped[UUID | None] = mapped_column(ForeignKey("households.id"), index=True)
    by_kind: Mapped[str]
    by_id: Mapped[UUID | None]
    reason: Mapped[str | None]
    at: Mapped[datetime]


_FOUND = text(
    """
    INSERT INTO households (id, community_code, name, address, head_id, created_at)
    SELECT :id, community_code, name, address, id, :now FROM residents WHERE id = :head_id
    ON CONFLICT (id) DO UPDATE SET head_id = excluded.head_id
    """
)
_PUT = text("UPDATE residents SET household_id = :household_id WHERE id = ANY(:ids) AND left_at IS NULL")


def found(actor: Actor, resident_id: UUID, kind: str = "founded", reason: str | None = None) -> UUID:
    """Give a resident a household of his own, called by his name; its id.

    His first one has his own id, so that the wallet he may have already is its wallet.
    """
    household_id = resident_id if kind == "founded" else ids.new()
    execute(_FOUND, id=household_id, head_id=resident_id, now=clock.now())
    put(actor, [resident_id], household_id, kind, reason)
    return household_id


_MOVE = text(
    """
    INSERT INTO household_moves (id, kind, resident_id, from_id, to_id, by_kind, by_id, reason, at)
    SELECT :id, :kind, id, household_id, :to_id, :by_kind, :by_id, :reason, :now FROM residents WHERE id = :resident_id
    """
)


def put(actor: Actor, resident_ids: Sequence[UUID], household_id: UUID, kind: str, reason: str | None = None) -> None:
    """Put residents into a household, on record."""
    by = {"kind": kind, "by_kind": actor.kind, "by_id": actor.id, "reason": reason, "now": clock.now()}
    for resident_id in resident_ids:
        execute(_MOVE, id=ids.new(), resident_id=resident_id, to_id=household_id, **by)
    execute(_PUT, household_id=household_id, ids=list(resident_ids))


_FOUND_EACH = text(
    """
    INSERT INTO households (id, community_code, name, address, head_id, created_at)
    SELECT id, community_code, name, address, id, :now FROM residents WHERE id = ANY(:ids) ORDER BY number
    """
)
_SETTLE = text(
    """
    WITH given AS (
        SELECT * FROM unnest(CAST(:moves AS uuid[]), CAST(:residents AS uuid[]), CAST(:homes AS uuid[])) AS g (id, resident, home)
    ), recorded AS (
        INSERT INTO household_moves (id, kind, resident_id, to_id, by_kind, by_id, at)
        SELECT id, CASE WHEN resident = home THEN 'founded' ELSE 'joined' END, resident, home, :by_kind, :by_id, :now FROM given
    )
    UPDATE residents SET household_id = given.home FROM given WHERE residents.id = given.resident
    """
)


def settle(actor: Actor, homes: Mapping[UUID, UUID]) -> None:
    """Put newcomers, who have no household yet, into theirs, all at once; who is put into one with his own id founds it."""
    now = clock.now()
    execute(_FOUND_EACH, ids=[resident_id for resident_id, home in homes.items() if resident_id == home], now=now)
    given = {"moves": [ids.new() for _ in homes], "residents": list(homes), "homes": list(homes.values())}
    execute(_SETTLE, **given, by_kind=actor.kind, by_id=actor.id, now=now)


# Who is leaving in this moment is waited for: behind the lock the conditions are looked at once more.
_FOUND_FOR_ALL = text(
    """
    WITH alone AS (
        SELECT id, community_code, name, address FROM residents
        WHERE community_code = :community_code AND household_id IS NULL AND left_at IS NULL ORDER BY id FOR NO KEY UPDATE
    ), founded AS (
        INSERT INTO households (id, community_code, name, address, head_id, created_at)
        SELECT id, community_code, name, address, id, :now FROM alone
        ON CONFLICT (id) DO UPDATE SET head_id = excluded.head_id
        RETURNING id
    ), recorded AS (
        INSERT INTO household_moves (id, kind, resident_id, to_id, by_kind, by_id, at)
        SELECT gen_random_uuid(), 'founded', id, id, :by_kind, :by_id, :now FROM founded
    )
    UPDATE residents SET household_id = founded.id FROM founded WHERE residents.id = founded.id
    """
)


def found_for_all(actor: Actor, community_code: str) -> None:
    """Give everybody in a community who has no household one of his own, with the wallet he has."""
    execute(_FOUND_FOR_ALL, community_code=community_code, by_kind=actor.kind, by_id=actor.id, now=clock.now())


_LOCK_COMMUNITY = text("SELECT FROM residents WHERE community_code = :code ORDER BY id FOR NO KEY UPDATE")
_SHARING = text("SELECT FROM residents WHERE community_code = :code AND household_id <> id LIMIT 1")
_DISSOLVE = text("UPDATE residents SET household_id = NULL WHERE community_code = :code")


def dissolve_all(community_code: str) -> bool:
    """Have everybody in a community count for himself again; False, and nothing is done, where people share a household."""
    execute(_LOCK_COMMUNITY, code=community_code)  # nobody moves in with another between the look and the deed
    if first(_SHARING, code=community_code) is not None:
        return False
    execute(_DISSOLVE, code=community_code)
    return True


_MERGED = text("UPDATE households SET merged_into = :into, head_id = NULL WHERE id = :id OR merged_into = :id")


def merged(household_id: UUID, into: UUID) -> None:
    """Put on record that a household, and all that were merged into it before, are part of another now."""
    execute(_MERGED, id=household_id, into=into)


_HEAD = text("UPDATE households SET head_id = :head_id WHERE id = :id")


def set_head(household_id: UUID, head_id: UUID | None) -> None:
    """Make a member the head of a household."""
    execute(_HEAD, id=household_id, head_id=head_id)


_LOCK_MEMBERS = text(
    """
    SELECT id, household_id, community_code FROM residents
    WHERE id = ANY(:ids) OR household_id = ANY(:household_ids) ORDER BY id FOR NO KEY UPDATE
    """
)
_MEMBERS = text("SELECT id FROM residents WHERE household_id = :id AND left_at IS NULL ORDER BY id")


def lock(*, residents: Sequence[UUID] = (), households: Sequence[UUID] = ()) -> None:
    """Have residents and the members of households stay where they are until the transaction ends."""
    execute(_LOCK_MEMBERS, ids=list(residents), household_ids=list(households))


def members(household_id: UUID) -> list[UUID]:
    """The ids of a household's present members, those who came to us first at the front."""
    return list(execute(_MEMBERS, id=household_id).scalars())


_NOW = text("SELECT coalesce(merged_into, id)::text AS owner FROM households WHERE id = CAST(:owner AS uuid)")


def wallet_now(owner: str) -> str:
    """The owner of the wallet that answers for that of `owner` now: another, where its household was merged."""
    row = first(_NOW, owner=owner)
    return owner if row is None else str(row.owner)


_OF_SOMEBODY = text(
    """
    SELECT FROM residents r
    WHERE r.left_at IS NULL
      AND (r.household_id = CAST(:owner AS uuid) OR (r.id = CAST(:owner AS uuid) AND r.household_id IS NULL))
    LIMIT 1
    """
)


def is_nobodys(owner: str) -> bool:
    """Whether a wallet belongs to a household of which nobody is left, or to a resident who has left."""
    return first(_OF_SOMEBODY, owner=owner) is None
