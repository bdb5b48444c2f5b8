"""Histories: what a resident declared before, shown to the reviewer beside the deed he decides, to staff beside the person."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select, text

from kernel.database import db, first
from people import entries
from people.actors import Staff
from people.entries import Seen
from points import deeds, households, reviews, wallets
from points.deeds import Deed
from points.households import HouseholdView
from points.reviews import Queued
from points.wallets import Wallet

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


@dataclass(frozen=True)
class Known:
    """A resident with what is his: the household where he has one, the wallet he earns into, and what he declared."""

    person: Seen
    household: HouseholdView | None
    wallet: Wallet
    history: History


_COUNTED = text(
    """
    SELECT count(*) FILTER (WHERE status = 'approved') AS approved, count(*) FILTER (WHERE status = 'rejected') AS rejected,
           count(*) FILTER (WHERE EXISTS (SELECT FROM deed_steps s WHERE s.deed_id = d.id AND s.action = 'returned')) AS returned,
           coalesce(sum(points) FILTER (WHERE status = 'approved'), 0)::bigint AS points
    FROM deeds d WHERE resident_id = :resident_id AND community_code = :community_code
      AND id IS DISTINCT FROM CAST(:id AS uuid)
    """
)


def of_deed(actor: Staff, deed_id: UUID) -> Detailed:
    """One deed of the actor's part of the tree, with the history of its resident. Raises NotFound."""
    # Apart from the history: pages look at the flags of the deed alone, and those of a history of pictures take long to find.
    seen = reviews.seen_by(actor, [reviews.get(actor, deed_id)])[0]
    history = _history(actor, seen.deed.resident_id, seen.deed.community_code, but=deed_id)
    return Detailed(seen.deed, seen.resident, seen.steps, seen.flags_of_page, history)


def of_resident(actor: Staff, resident_id: UUID) -> Known:
    """One resident of the actor's part of the tree, with what is his. Raises NotFound."""
    person = entries.get(actor, resident_id)
    home = households.show(actor, person.household["id"]) if person.household else None
    wallet = home.wallet if home else wallets.of_owner(str(person.id))
    return Known(person, home, wallet, _history(actor, person.id, person.community["code"]))


def _history(actor: Staff, resident_id: UUID, community_code: str, but: UUID | None = None) -> History:
    his = (Deed.resident_id == resident_id, Deed.community_code == community_code)
    query = select(Deed).where(*his, *([Deed.id != but] if but else []))
    last = list(db.session.scalars(query.order_by(Deed.id.desc()).limit(SHOWN).options(*deeds.EAGER)))
    counted = first(_COUNTED, resident_id=resident_id, community_code=community_code, id=but)
    assert counted is not None
    return History(counted.approved, counted.rejected, counted.returned, counted.points, reviews.seen_by(actor, last))
