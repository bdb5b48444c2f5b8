"""Review: staff of the resident's community approve, reject or return what was declared. One decision, one credit."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select, text

from kernel import audit, clock, paging
from kernel.database import db, first
from kernel.errors import Forbidden, NotFound, Refusal
from people import households, masking, messages, permissions, settings
from people.actors import Staff
from people.divisions import Division
from people.residents import Resident
from points import awards, deeds, feed, flags, ledger, news
from points.awards import WaitingCredit
from points.deeds import AlreadyReviewed, Deed, DeedStep

LATE_DAYS = 3  # a deed that waits for longer is late


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
    flags_of_page: Callable[[], dict[UUID, list[str]]]

    @property
    def flags(self) -> list[str]:
        return self.flags_of_page()[self.deed.id]


def queue(
    actor: Staff,
    window: paging.Window,
    *,
    q: str | None = None,
    late: bool = False,
    waits_for: str | None = None,
    **equal: Any,
) -> paging.Page[Queued]:
    """The deeds in the actor's part of the tree, oldest first; `q` is looked for in the description and the resident's name.

    `late` leaves those that wait for review for more than three days, `waits_for` those whose credit waits for a notice or a
    budget. `equal` holds what a deed must have: a status, rule_id, resident_id or channel; None is no matter.
    """
    query = select(Deed).where(*visible(actor))
    if late:
        query = query.where(*_late())
    if waits_for:
        query = query.where(Deed.waiting.has(WaitingCredit.waits_for == waits_for))
    query = query.where(*(getattr(Deed, name) == value for name, value in equal.items() if value is not None))
    if q:
        found = Deed.description.contains(q, autoescape=True)
        if actor.role not in permissions.MASKED_ROLES:  # a name that is masked for him he cannot look for either
            found = or_(found, Deed.resident.has(Resident.name.contains(q, autoescape=True)))
        query = query.where(found)
    page = paging.by_id(query.options(*deeds.EAGER), Deed.id, window, oldest_first=True)
    return paging.Page(seen_by(actor, page.items), page.next)


def _late() -> tuple[ColumnElement[bool], ...]:
    since = clock.now() - timedelta(days=LATE_DAYS)
    handed_in = DeedStep.action.in_(("declared", "resubmitted")) & (DeedStep.at >= since)
    return Deed.status == "pending", ~Deed.steps.any(handed_in)


def visible(actor: Staff) -> list[ColumnElement[bool]]:
    """What makes a deed one of the actor's part of the tree: its community, and below that the place of its resident."""
    inside = select(Division.code).where(Division.lineage.startswith(actor.scope))
    if actor.community_code is None:
        return [Deed.community_code.in_(inside)]
    own = [Deed.community_code == actor.community_code]
    if actor.scope_level == "community":
        return own
    return [*own, Deed.resident.has(Resident.place_code.in_(inside))]


def get(actor: Staff, deed_id: UUID) -> Deed:
    """One deed of the actor's part of the tree. Raises NotFound."""
    query = select(Deed).where(Deed.id == deed_id, *visible(actor)).options(*deeds.EAGER)
    deed = db.session.scalar(query.execution_options(populate_existing=True))
    if deed is None:
        raise NotFound()
    return deed


def seen_by(actor: Staff, found: list[Deed]) -> list[Queued]:
    """The deeds as a reviewer sees them."""
    page = cache(lambda: flags.of([deed.id for deed in found]))
    return [_seen(deed, page, masked=actor.role in permissions.MASKED_ROLES) for deed in found]


def _seen(deed: Deed, flags_of_page: Callable[[], dict[UUID, list[str]]], *, masked: bool) -> Queued:
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
    return Queued(deed, resident, steps, flags_of_page)


def approve(actor: Staff, deed_id: UUID, *, points: int | None = None, note: str | None = None) -> Queued:
    """Approve a deed and credit its resident, with its rule's points for each unit unless others are given; all see it.

    Where the community has a public notice or a budget, the credit may have to wait for it.

    Raises:
        NotFound: it is not in the actor's part of the tree.
        OwnDeed: it would credit the actor himself or his household.
        AlreadyReviewed: it no longer waits.
        awards.CapReached: the resident has got as much as the community allows.
    """
    credit(actor, deed_id, points=points, note=note)
    return _shown(actor, deed_id)


def credit(actor: Staff, deed_id: UUID, *, points: int | None = None, note: str | None = None) -> None:
    """Approve a deed as `approve` does, and show nothing. Raises as `approve`."""
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
    _record(actor, deed, "approved", note, points=decided.points)


def reject(actor: Staff, deed_id: UUID, *, reason: str) -> Queued:
    """Reject a deed for good, with a reason. Raises as `approve`."""
    deed = _in_scope(actor, deed_id)
    _decide(actor, deed_id, "rejected")
    _record(actor, deed, "rejected", reason)
    return _shown(actor, deed_id)


def send_back(actor: Staff, deed_id: UUID, *, reason: str) -> Queued:
    """Return a deed to its resident, who may complete it, with a reason. Raises as `approve`."""
    deed = _in_scope(actor, deed_id)
    _decide(actor, deed_id, "returned")
    _record(actor, deed, "returned", reason)
    return _shown(actor, deed_id)


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
    feed.take_off_silently(deed_id, reason)
    owed = f"，另有 {taken.owed} 分已经用掉，会从以后的积分里扣除" if taken.owed else ""
    body = f"“{deed.judged_by['title']}”的积分收回了 {taken.points} 分{owed}。原因：{reason}。有疑问请联系社区。"
    wallet = households.wallet_now(deed.wallet or str(deed.resident_id))
    messages.tell_owners(wallet, "deed.revoked", "一件善行的积分被收回", body, "deed", deed_id, earner=deed.resident_id)
    _record(actor, deed, "revoked", reason, points=taken.points, owed=taken.owed)
    return _shown(actor, deed_id)


def _in_scope(actor: Staff, deed_id: UUID) -> Deed:
    deed = db.session.scalar(select(Deed).where(Deed.id == deed_id, *visible(actor)).execution_options(populate_existing=True))
    if deed is None:
        raise NotFound()
    if actor.resident_id is not None:  # nobody moves in with the reviewer while he decides
        households.lock(residents=[deed.resident_id, actor.resident_id])
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
        SELECT r.id, r.wallet, r.place_code FROM residents r JOIN deeds d ON d.resident_id = r.id WHERE d.id = :id FOR SHARE OF r
    )
    UPDATE deeds d
    SET status = :status,
        points = CASE WHEN :status = 'approved' THEN coalesce(CAST(:points AS bigint), v.points * d.quantity) END,
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


def _record(actor: Staff, deed: Deed, action: str, note: str | None, **details: int) -> None:
    deeds.add_step(deed.id, action, actor.kind, actor.id, actor.name, note)
    audit.record(actor, f"deed.{action}", deed.id, deed.community_code, **details)
    if action != "revoked":  # what is told of that differs by what could be taken back
        db.session.refresh(deed)
        news.reviewed(deed, note)


def _shown(actor: Staff, deed_id: UUID) -> Queued:
    return seen_by(actor, deeds.load([deed_id]))[0]
