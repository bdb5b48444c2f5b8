"""The feed: the good deeds of a community that all its residents see, and may like."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from kernel import audit, clock, paging
from kernel.database import Model, add, execute, first
from kernel.errors import Conflict, NotFound
from people import masking, messages, permissions
from people.actors import Resident, Staff

KINDS = ("deed", "donation")


class AlreadyTakenOff(Conflict):
    title = "这条公示已经撤下了，请刷新后查看"


class NotTakenOff(Conflict):
    title = "这条公示没有被撤下，或者所公示的事已经不算数，不能恢复"


class FeedEntry(Model):
    """Something shown to all. `id` is that of the deed or donation; `number` orders entries as they came to be shown."""

    __tablename__ = "feed_entries"
    __table_args__ = (
        CheckConstraint("kind IN ('deed', 'donation')", name="kind"),
        Index(None, "community_code", "number"),
    )

    number: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    id: Mapped[UUID] = mapped_column(unique=True)
    kind: Mapped[str]
    community_code: Mapped[str] = mapped_column(ForeignKey("divisions.code"))
    resident_id: Mapped[UUID] = mapped_column(ForeignKey("residents.id"), index=True)
    category: Mapped[str]
    title: Mapped[str]
    description: Mapped[str]
    occurred_on: Mapped[date]
    created_at: Mapped[datetime]
    off_at: Mapped[datetime | None]
    off_reason: Mapped[str | None]
    off_by: Mapped[UUID | None]


class Like(Model):
    """A resident likes an entry."""

    __tablename__ = "likes"

    entry_id: Mapped[UUID] = mapped_column(ForeignKey("feed_entries.id"), primary_key=True)
    resident_id: Mapped[UUID] = mapped_column(ForeignKey("residents.id"), primary_key=True, index=True)
    created_at: Mapped[datetime]


@dataclass(frozen=True)
class Photo:
    """A photo of an entry."""

    id: UUID
    width: int
    height: int


@dataclass(frozen=True)
class Shown:
    """An entry as residents see it: named as the person chooses now, whatever he chose when it was published."""

    number: int
    id: UUID
    kind: str
    category: str
    title: str
    description: str
    photos: list[Photo]
    resident_masked: str
    occurred_on: date
    likes: int
    liked: bool


@dataclass(frozen=True)
class Kept(Shown):
    """An entry as staff see it; `off` says when, by whom and why it was taken off, None where it is shown.

    `resident` is the id and the name, masked for those who may not see it; `by` is None where the product took it off itself.
    """

    community_code: str
    resident: dict[str, Any]
    off: dict[str, Any] | None


@dataclass(frozen=True)
class Likes:
    """How many like an entry, and whether the one who asks does."""

    likes: int
    liked: bool


def publish(
    kind: str,
    source_id: UUID,
    *,
    community_code: str,
    resident_id: UUID,
    category: str,
    title: str,
    description: str,
    occurred_on: date,
) -> None:
    """Show a deed or a donation to the community."""
    add(
        FeedEntry(
            id=source_id,
            kind=kind,
            community_code=community_code,
            resident_id=resident_id,
            category=category,
            title=title,
            description=description,
            occurred_on=occurred_on,
            created_at=clock.now(),
        )
    )


# --- reading it -------------------------------------------------------------------------------------------------------------

_ENTRIES = """
    SELECT f.number, f.id, f.kind, f.category, f.title, f.description, f.occurred_on, f.community_code,
           f.resident_id, r.name, CASE WHEN r.left_at IS NULL THEN r.name_shown ELSE 'hidden' END AS name_shown, r.born_on,
           f.off_at, f.off_reason, (SELECT s.name FROM staff s WHERE s.id = f.off_by) AS off_by,
           (SELECT count(*) FROM likes l WHERE l.entry_id = f.id) AS likes,
           EXISTS (SELECT FROM likes l WHERE l.entry_id = f.id AND l.resident_id = CAST(:asks AS uuid)) AS liked
    FROM feed_entries f JOIN residents r ON r.id = f.resident_id JOIN divisions c ON c.code = f.community_code
    WHERE {whose} AND (CAST(:kind AS text) IS NULL OR f.kind = :kind)
      AND (CAST(:category AS text) IS NULL OR f.category = :category) AND f.number < :before
    ORDER BY f.number DESC LIMIT :limit
"""
_OF_COMMUNITY = text(_ENTRIES.format(whose="f.community_code = :community_code AND f.off_at IS NULL"))
_IN_SCOPE = text(
    _ENTRIES.format(whose="starts_with(c.lineage, :scope) AND (CAST(:off AS boolean) IS NULL OR (f.off_at IS NOT NULL) = :off)")
)
_ONE = text(_ENTRIES.format(whose="f.id = :id AND starts_with(c.lineage, :scope)"))
_PHOTOS = text(
    """
    SELECT p.deed_id, u.id, u.width, u.height FROM deed_photos p JOIN uploads u ON u.id = p.upload_id
    WHERE p.deed_id = ANY(:ids) ORDER BY p.deed_id, p.position
    """
)


def of_community(
    actor: Resident, window: paging.Window, *, kind: str | None = None, category: str | None = None
) -> paging.Page[Shown]:
    """What is shown in the actor's community, newest first; `category` is that of the rule."""
    wanted = {"kind": kind, "category": category, "community_code": actor.community_code, "asks": actor.id}
    rows, photos = _read(_OF_COMMUNITY, window, wanted)
    return paging.cut([Shown(**_shown(row, photos)) for row in rows], window.limit, lambda entry: entry.number)


def find(
    actor: Staff, window: paging.Window, *, kind: str | None = None, category: str | None = None, off: bool | None = None
) -> paging.Page[Kept]:
    """The entries in the actor's part of the tree, newest first, those that were taken off too unless `off` says which."""
    wanted = {"kind": kind, "category": category, "off": off, "scope": actor.scope, "asks": actor.resident_id}
    rows, photos = _read(_IN_SCOPE, window, wanted)
    return paging.cut([_kept(actor, row, photos) for row in rows], window.limit, lambda entry: entry.number)


def get(actor: Staff, entry_id: UUID) -> Kept:
    """One entry in the actor's part of the tree. Raises NotFound."""
    wanted = {"kind": None, "category": None, "id": entry_id, "scope": actor.scope, "asks": actor.resident_id}
    rows, photos = _read(_ONE, paging.Window(limit=1), wanted)
    if not rows:
        raise NotFound()
    return _kept(actor, rows[0], photos)


def _read(query: Any, window: paging.Window, wanted: dict[str, Any]) -> tuple[list[Any], dict[UUID, list[Photo]]]:
    """Up to one entry more than the window wants, and the photos by entry."""
    before = window.after_number()
    rows = list(execute(query, before=2**62 if before is None else before, limit=window.limit + 1, **wanted))
    photos: dict[UUID, list[Photo]] = {row.id: [] for row in rows}
    for photo in execute(_PHOTOS, ids=list(photos)):
        photos[photo.deed_id].append(Photo(photo.id, photo.width, photo.height))
    return rows, photos


def _shown(row: Any, photos: dict[UUID, list[Photo]]) -> dict[str, Any]:
    return {
        "number": row.number,
        "id": row.id,
        "kind": row.kind,
        "category": row.category,
        "title": row.title,
        "description": row.description,
        "photos": photos[row.id],
        "resident_masked": masking.shown_name(row.name, row.name_shown, row.born_on, clock.today()),
        "occurred_on": row.occurred_on,
        "likes": row.likes,
        "liked": row.liked,
    }


def _kept(actor: Staff, row: Any, photos: dict[UUID, list[Photo]]) -> Kept:
    name = masking.name(row.name) if actor.role in permissions.MASKED_ROLES else row.name
    off = {"at": row.off_at, "by": row.off_by, "reason": row.off_reason} if row.off_at else None
    resident = {"id": row.resident_id, "name": name}
    return Kept(**_shown(row, photos), community_code=row.community_code, resident=resident, off=off)


# --- likes ------------------------------------------------------------------------------------------------------------------

_LIKE = text(
    """
    INSERT INTO likes (entry_id, resident_id, created_at)
    SELECT id, :resident_id, :now FROM feed_entries WHERE id = :id AND community_code = :community_code AND off_at IS NULL
    ON CONFLICT DO NOTHING
    """
)
_UNLIKE = text("DELETE FROM likes WHERE entry_id = :id AND resident_id = :resident_id")
_LIKES = text(
    """
    SELECT (SELECT count(*) FROM likes l WHERE l.entry_id = f.id) AS likes,
           EXISTS (SELECT FROM likes l WHERE l.entry_id = f.id AND l.resident_id = :resident_id) AS liked
    FROM feed_entries f WHERE f.id = :id AND f.community_code = :community_code AND f.off_at IS NULL
    """
)


def like(actor: Resident, entry_id: UUID) -> Likes:
    """The actor likes an entry; twice counts once. Raises NotFound: it is not shown in his community."""
    execute(_LIKE, id=entry_id, resident_id=actor.id, community_code=actor.community_code, now=clock.now())
    return _likes(actor, entry_id)


def unlike(actor: Resident, entry_id: UUID) -> Likes:
    """The actor likes an entry no more. Raises NotFound likewise."""
    execute(_UNLIKE, id=entry_id, resident_id=actor.id)
    return _likes(actor, entry_id)


def _likes(actor: Resident, entry_id: UUID) -> Likes:
    row = first(_LIKES, id=entry_id, resident_id=actor.id, community_code=actor.community_code)
    if row is None:
        raise NotFound()
    return Likes(row.likes, row.liked)


# --- taking off -------------------------------------------------------------------------------------------------------------

_TAKE_OFF = text(
    """
    UPDATE feed_entries f SET off_at = :now, off_reason = :reason, off_by = :by FROM divisions c
    WHERE f.id = :id AND f.off_at IS NULL AND c.code = f.community_code AND starts_with(c.lineage, :scope)
    RETURNING f.kind, f.community_code, f.resident_id, f.title
    """
)
# An entry without who took it off was taken off by the product itself, and nobody puts it back.
_TAKE_OFF_SILENTLY = text(
    """
    UPDATE feed_entries SET off_at = coalesce(off_at, :now), off_reason = :reason, off_by = NULL
    WHERE id = :id AND (off_at IS NULL OR off_by IS NOT NULL)
    """
)
_PUT_BACK = text(
    """
    UPDATE feed_entries f SET off_at = NULL, off_reason = NULL, off_by = NULL FROM divisions c
    WHERE f.id = :id AND f.off_by IS NOT NULL AND c.code = f.community_code AND starts_with(c.lineage, :scope)
    RETURNING f.kind, f.community_code, f.resident_id, f.title
    """
)


def take_off(actor: Staff, entry_id: UUID, *, reason: str) -> Kept:
    """Show an entry no more; its resident is told why. His points stay.

    Raises:
        NotFound: it is not in the actor's part of the tree.
        AlreadyTakenOff: it was taken off before.
    """
    taken = first(_TAKE_OFF, id=entry_id, now=clock.now(), reason=reason, by=actor.id, scope=actor.scope)
    if taken is None:
        get(actor, entry_id)
        raise AlreadyTakenOff()
    audit.record(actor, "feed.take_off", entry_id, taken.community_code)
    body = f"您的“{taken.title}”不再在社区公示中展示。原因：{reason}。已经得到的积分不受影响；如有疑问，请联系社区工作人员。"
    messages.tell(taken.resident_id, "feed.taken_off", "您的一条公示已撤下", body, taken.kind, entry_id)
    return get(actor, entry_id)


def put_back(actor: Staff, entry_id: UUID) -> Kept:
    """Show an entry again that staff took off; its resident is told.

    Raises:
        NotFound: it is not in the actor's part of the tree.
        NotTakenOff: it is shown, or what it shows does not count any more.
    """
    back = first(_PUT_BACK, id=entry_id, scope=actor.scope)
    if back is None:
        get(actor, entry_id)
        raise NotTakenOff()
    audit.record(actor, "feed.put_back", entry_id, back.community_code)
    body = f"您的“{back.title}”已经恢复在社区公示中展示，不需要您做什么。"
    messages.tell(back.resident_id, "feed.put_back", "您的一条公示已恢复", body, back.kind, entry_id)
    return get(actor, entry_id)


def take_off_silently(source_id: UUID, reason: str) -> None:
    """Show a deed or a donation no more, for good, that does not count any more; telling its resident is up to who calls."""
    execute(_TAKE_OFF_SILENTLY, id=source_id, now=clock.now(), reason=reason)
