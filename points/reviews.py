"""Review: staff of the resident's community approve, reject or return what was declared. One decision, one credit."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select, text

from kernel import audit, clock, paging
from kernel.database import execute, first
from kernel.errors import Forbidden, NotFound
from people import masking, permissions
from people.actors import Staff
from people.divisions import Division
from people.residents import Resident
from points import awards, deeds, feed, ledger  # noqa: F401 (awards: its tables)
from points.deeds import AlreadyReviewed, Deed


class OwnDeed(Forbidden):
    title = "不能审核自己的申报，请交给同事处理"


@dataclass(frozen=True)
class Queued:
    """A deed as a reviewer sees it.

    `resident` is its id and the name; `steps` say who did what when. The resident's name is masked in both for those who may
    not see it. `flags` are what to look at twice.
    """

    deed: Deed
    resident: dict[str, Any]
    steps: list[dict[str, Any]]
    flags: list[str]


def queue(
    actor: Staff, window: paging.Window, *, status: str | None = None, rule_id: UUID | None = None, q: str | None = None
) -> paging.Page[Queued]:
    """The deeds in the actor's part of the tree, oldest first; `q` is looked for in the description and the resident's name."""
    query = select(Deed).join(Division, Division.code == Deed.community_code).where(Division.lineage.startswith(actor.scope))
    if status:
        query = query.where(Deed.status == status)
    if rule_id:
        query = query.where(Deed.rule_id == rule_id)
    if q:
        found = Deed.description.contains(q, autoescape=True)
        if actor.role not in permissions.MASKED_ROLES:  # a name that is masked for him he cannot look for either
            found = or_(found, Deed.resident.has(Resident.name.contains(q, autoescape=True)))
        query = query.where(found)
    page = paging.by_id(query.options(*deeds.EAGER), Deed.id, window, oldest_first=True)
    return paging.Page(seen_by(actor, page.items), page.next)


_FLAGS = text(
    """
    SELECT d.id,
           EXISTS (SELECT FROM deeds o WHERE o.resident_id = d.resident_id AND o.rule_id = d.rule_id
                   AND o.occurred_on = d.occurred_on AND o.id <> d.id AND o.status NOT IN ('withdrawn', 'rejected')) AS same_day,
           EXISTS (SELECT FROM deed_photos p JOIN uploads u ON u.id = p.upload_id
                   JOIN uploads same ON same.digest = u.digest JOIN deed_photos op ON op.upload_id = same.id
                   JOIN deeds o ON o.id = op.deed_id AND o.community_code = d.community_code
                   WHERE p.deed_id = d.id AND o.id <> d.id) AS duplicate_photo
    FROM deeds d WHERE d.id = ANY(:ids)
    """
)


def seen_by(actor: Staff, found: list[Deed]) -> list[Queued]:
    """The deeds as a reviewer sees them."""
    flags = {
        row.id: [name for name in ("same_day", "duplicate_photo") if getattr(row, name)]
        for row in execute(_FLAGS, ids=[d.id for d in found])
    }
    return [_seen(deed, flags[deed.id], masked=actor.role in permissions.MASKED_ROLES) for deed in found]


def _seen(deed: Deed, flags: list[str], *, masked: bool) -> Queued:
    resident = {"id": deed.resident_id, "name": deed.resident.name_masked if masked else deed.resident.name}
    steps = [
        {
            "action": step.action,
            "at": step.at,
            "by": masking.name(step.by) if masked and step.by_kind == "resident" else step.by,
            "note": step.note,
        }
        for step in deed.steps
    ]
    return Queued(deed, resident, steps, flags)


def approve(actor: Staff, deed_id: UUID, *, points: int | None = None, note: str | None = None) -> Queued:
    """Approve a deed and credit its resident, with the points of its rule for each unit unless others are given.

    Raises:
        NotFound: it is not in the actor's part of the tree.
        OwnDeed: it would credit the actor himself.
        AlreadyReviewed: it no longer waits.
    """
    decided = _decide(actor, deed_id, "approved", points)
    source = ledger.Source("deed", deed_id, decided.title)
    ledger.credit(decided.wallet, decided.community_code, decided.points, "deed", source)
    _publish(deed_id)
    return _done(actor, deed_id, "approved", note, decided.community_code, points=decided.points)


def _publish(deed_id: UUID) -> None:
    (deed,) = deeds.load([deed_id])
    feed.publish(
        "deed",
        deed.id,
        community_code=deed.community_code,
        resident_id=deed.resident_id,
        category=deed.terms.category,
        title=deed.terms.title,
        description=deed.description,
        occurred_on=deed.occurred_on,
    )


def reject(actor: Staff, deed_id: UUID, *, reason: str) -> Queued:
    """Reject a deed for good, with a reason. Raises as `approve`."""
    decided = _decide(actor, deed_id, "rejected")
    return _done(actor, deed_id, "rejected", reason, decided.community_code)


def send_back(actor: Staff, deed_id: UUID, *, reason: str) -> Queued:
    """Return a deed to its resident, who may complete it, with a reason. Raises as `approve`."""
    decided = _decide(actor, deed_id, "returned")
    return _done(actor, deed_id, "returned", reason, decided.community_code)


@dataclass(frozen=True)
class _Decided:
    wallet: str
    community_code: str
    title: str
    points: int


_DECIDE = text(
    """
    WITH whose AS (
        SELECT r.id, r.wallet FROM residents r JOIN deeds d ON d.resident_id = r.id WHERE d.id = :id FOR SHARE OF r
    )
    UPDATE deeds d
    SET status = :status,
        points = CASE WHEN :status = 'approved' THEN coalesce(CAST(:points AS bigint), v.points * d.quantity) END,
        wallet = CASE WHEN :status = 'approved' THEN whose.wallet END,
        approved_at = CASE WHEN :status = 'approved' THEN CAST(:now AS timestamptz) END
    FROM whose, rule_versions v, divisions c
    WHERE d.id = :id AND d.status = 'pending' AND d.resident_id IS DISTINCT FROM CAST(:own AS uuid)
      AND d.resident_id = whose.id AND v.rule_id = d.rule_id AND v.version = d.rule_version
      AND c.code = d.community_code AND starts_with(c.lineage, :scope)
    RETURNING whose.wallet, d.community_code, v.title, coalesce(d.points, 0) AS points
    """
)
_WHY_NOT = text(
    """
    SELECT d.resident_id = CAST(:own AS uuid) AS own FROM deeds d JOIN divisions c ON c.code = d.community_code
    WHERE d.id = :id AND starts_with(c.lineage, :scope)
    """
)


def _decide(actor: Staff, deed_id: UUID, status: str, points: int | None = None) -> _Decided:
    row = first(_DECIDE, id=deed_id, status=status, points=points, own=actor.resident_id, scope=actor.scope, now=clock.now())
    if row is not None:
        return _Decided(row.wallet, row.community_code, row.title, row.points)
    why_not = first(_WHY_NOT, id=deed_id, own=actor.resident_id, scope=actor.scope)
    if why_not is None:
        raise NotFound()
    if why_not.own:
        raise OwnDeed()
    raise AlreadyReviewed()


def _done(actor: Staff, deed_id: UUID, action: str, note: str | None, community_code: str, **details: int) -> Queued:
    deeds.add_step(deed_id, action, actor.kind, actor.id, actor.name, note)
    audit.record(actor, f"deed.{action}", deed_id, community_code, **details)
    return seen_by(actor, deeds.load([deed_id]))[0]
