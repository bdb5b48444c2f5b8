"""Review: staff of the resident's community approve, reject or return what was declared. One decision, one credit."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select, text

from kernel import audit, clock, paging
from kernel.database import db, execute, first
from kernel.errors import Forbidden, NotFound, Refusal
from people import households, masking, messages, permissions, settings
from people.actors import Staff
from people.divisions import Division
from people.residents import Resident
from points import awards, deeds, feed, ledger
from points.deeds import AlreadyReviewed, Deed


class OwnDeed(Forbidden):
    title = "不能审核自己或家人的申报，请交给同事处理"


# What credits a resident's wallet is not reviewed by who earns into that wallet: by himself, or by his household.
NOT_HIS = "(r.wallet IS DISTINCT FROM (SELECT own.wallet FROM residents own WHERE own.id = CAST(:own AS uuid)))"


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
    """Approve a deed and credit its resident, with the points of its rule unless others are given; all see it in the feed.

    Where the community has a public notice or a budget, the credit may have to wait for it.

    Raises:
        NotFound: it is not in the actor's part of the tree.
        OwnDeed: it would credit the actor himself or his household.
        AlreadyReviewed: it no longer waits.
        awards.CapReached: the resident has got as much as the community allows.
    """
    deed = _in_scope(actor, deed_id)
    terms = settings.of(deed.community_code)
    awards.lock_for_caps(deed.resident_id, terms)
    decided = _decide(actor, deed_id, "approved", points)
    awards.award(awards.Approved(deed_id, deed.community_code, decided.wallet, decided.points, decided.title), terms)
    awards.check_caps(deed.resident_id, deed.occurred_on, terms)
    feed.publish(
        "deed",
        deed_id,
        community_code=deed.community_code,
        resident_id=deed.resident_id,
        category=decided.category,
        title=decided.title,
        description=deed.description,
        occurred_on=deed.occurred_on,
    )
    return _done(actor, deed_id, "approved", note, deed.community_code, points=decided.points)


def reject(actor: Staff, deed_id: UUID, *, reason: str) -> Queued:
    """Reject a deed for good, with a reason. Raises as `approve`."""
    deed = _in_scope(actor, deed_id)
    _decide(actor, deed_id, "rejected")
    return _done(actor, deed_id, "rejected", reason, deed.community_code)


def send_back(actor: Staff, deed_id: UUID, *, reason: str) -> Queued:
    """Return a deed to its resident, who may complete it, with a reason. Raises as `approve`."""
    deed = _in_scope(actor, deed_id)
    _decide(actor, deed_id, "returned")
    return _done(actor, deed_id, "returned", reason, deed.community_code)


_REVOKE = text(
    f"""
    UPDATE deeds d SET status = 'revoked' FROM residents r
    WHERE d.id = :id AND d.status = 'approved' AND r.id = d.resident_id AND {NOT_HIS}
    RETURNING d.points
    """
)


def revoke(actor: Staff, deed_id: UUID, *, reason: str) -> Queued:
    """Take an approval back: the wallet gives back what it has of the points and owes the rest; the feed shows it no more.

    Raises:
        NotFound: it is not in the actor's part of the tree.
        OwnDeed: it credited the actor himself or his household.
        AlreadyReviewed: it is not approved.
    """
    deed = _in_scope(actor, deed_id)
    if first(_REVOKE, id=deed_id, own=actor.resident_id) is None:
        raise _why_not(actor, deed_id)
    taken = ledger.TakenBack(0, 0)
    if not awards.end_waiting(deed_id):
        taken = ledger.revoke("deed", deed_id, f"收回：{deed.judged_by['title']}", households.wallet_now)
    feed.withdraw(deed_id)
    owed = f"，另有 {taken.owed} 分已经用掉，会从以后的积分里扣除" if taken.owed else ""
    body = f"“{deed.judged_by['title']}”的积分收回了 {taken.points} 分{owed}。原因：{reason}。有疑问请联系社区。"
    messages.tell(deed.resident_id, "deed.revoked", "一件善行的积分被收回", body, "deed", deed_id)
    return _done(actor, deed_id, "revoked", reason, deed.community_code, points=taken.points, owed=taken.owed)


def _in_scope(actor: Staff, deed_id: UUID) -> Deed:
    deed = db.session.scalar(
        select(Deed)
        .join(Deed.resident)
        .join(Division, Division.code == Resident.place_code)
        .where(Deed.id == deed_id, Division.lineage.startswith(actor.scope))
        .execution_options(populate_existing=True)
    )
    if deed is None:
        raise NotFound()
    return deed


@dataclass(frozen=True)
class _Decided:
    wallet: str
    title: str
    category: str
    points: int


_DECIDE = text(
    f"""
    WITH whose AS (
        SELECT r.id, r.wallet FROM residents r JOIN deeds d ON d.resident_id = r.id WHERE d.id = :id FOR SHARE OF r
    )
    UPDATE deeds d
    SET status = :status,
        points = CASE WHEN :status = 'approved' THEN coalesce(CAST(:points AS bigint), v.points) END,
        wallet = CASE WHEN :status = 'approved' THEN r.wallet END,
        approved_at = CASE WHEN :status = 'approved' THEN CAST(:now AS timestamptz) END
    FROM whose r, rule_versions v
    WHERE d.id = :id AND d.status = 'pending' AND d.resident_id = r.id AND {NOT_HIS}
      AND v.rule_id = d.rule_id AND v.version = d.rule_version
    RETURNING r.wallet, v.title, v.category, coalesce(d.points, 0) AS points
    """
)


def _decide(actor: Staff, deed_id: UUID, status: str, points: int | None = None) -> _Decided:
    row = first(_DECIDE, id=deed_id, status=status, points=points, own=actor.resident_id, now=clock.now())
    if row is None:
        raise _why_not(actor, deed_id)
    return _Decided(**row._mapping)


_HIS = text(f"SELECT FROM deeds d JOIN residents r ON r.id = d.resident_id WHERE d.id = :id AND NOT {NOT_HIS}")


def _why_not(actor: Staff, deed_id: UUID) -> Refusal:
    return AlreadyReviewed() if first(_HIS, id=deed_id, own=actor.resident_id) is None else OwnDeed()


def _done(actor: Staff, deed_id: UUID, action: str, note: str | None, community_code: str, **details: int) -> Queued:
    deeds.add_step(deed_id, action, actor.kind, actor.id, actor.name, note)
    audit.record(actor, f"deed.{action}", deed_id, community_code, **details)
    return seen_by(actor, deeds.load([deed_id]))[0]
