"""Histories: what a resident declared before, shown to the reviewer beside the deed he decides."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select, text

from kernel.database import db, first
from people.actors import Staff
from points import deeds, reviews
from points.deeds import Deed
from points.reviews import Queued

SHOWN = 10


@dataclass(frozen=True)
class History:
    """A resident's other deeds in the community: how many were approved, rejected, ever returned; the points; the latest."""

    approved: int
    rejected: int
    returned: int
    points: int
    last: list[Queued]


@dataclass(frozen=True)
class Detailed(Queued):
    """A deed as a reviewer sees it, with the history of its resident."""

    history: History


_COUNTED = text(
    """
    SELECT count(*) FILTER (WHERE status = 'approved') AS approved, count(*) FILTER (WHERE status = 'rejected') AS rejected,
           count(*) FILTER (WHERE EXISTS (SELECT FROM deed_steps s WHERE s.deed_id = d.id AND s.action = 'returned')) AS returned,
           coalesce(sum(points) FILTER (WHERE status = 'approved'), 0)::bigint AS points
    FROM deeds d WHERE resident_id = :resident_id AND community_code = :community_code AND id <> :id
    """
)


def of_deed(actor: Staff, deed_id: UUID) -> Detailed:
    """One deed of the actor's part of the tree, with the history of its resident. Raises NotFound."""
    deed = reviews.get(actor, deed_id)
    query = select(Deed).where(
        Deed.resident_id == deed.resident_id, Deed.community_code == deed.community_code, Deed.id != deed.id
    )
    last = list(db.session.scalars(query.order_by(Deed.id.desc()).limit(SHOWN).options(*deeds.EAGER)))
    # Apart, as pages look at the flags of the deed alone, and those of a history of pictures take ten times as long to find.
    (seen,), seen_last = reviews.seen_by(actor, [deed]), reviews.seen_by(actor, last)
    counted = first(_COUNTED, resident_id=deed.resident_id, community_code=deed.community_code, id=deed.id)
    assert counted is not None
    history = History(counted.approved, counted.rejected, counted.returned, counted.points, seen_last)
    return Detailed(seen.deed, seen.resident, seen.steps, seen.flags_of_page, history)
