"""Leaving a community, all of it: open orders, deeds and points, and what names the person. The books stay as they are."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from kernel import audit, clock
from people import departures as people_departures
from people import entries
from people.actors import Resident, Staff
from points import departures as points_departures
from points import wallets
from redeem import donations, orders


@dataclass(frozen=True)
class Departure:
    """What leaving did: points that expired, orders cancelled, deeds withdrawn."""

    left_at: datetime
    points_expired: int
    orders_cancelled: int
    deeds_withdrawn: int


@dataclass(frozen=True)
class Prospect:
    """What leaving would do: points that would expire, those held for open orders among them, and what would be called off.

    `points_stay` where others share the wallet.
    """

    points: int
    points_stay: bool
    open_orders: int
    waiting_deeds: int


def prospect(actor: Resident) -> Prospect:
    """What the actor would lose by leaving now."""
    return _prospect(actor.id, actor.wallet, actor.household_id)


def prospect_for(actor: Staff, resident_id: UUID) -> Prospect:
    """What somebody would lose for whom staff leave. Raises NotFound: he does not live in the actor's part of the tree."""
    resident = entries.within(actor, resident_id)
    return _prospect(resident.id, resident.wallet, resident.household_id)


def _prospect(resident_id: UUID, owner: str, household_id: UUID | None) -> Prospect:
    wallet = wallets.of_owner(owner)
    shared = people_departures.lives_with_others(resident_id, household_id)
    points = 0 if shared else wallet.balance + wallet.held
    return Prospect(points, shared, orders.count_open(resident_id), points_departures.count_waiting(resident_id))


def leave(actor: Resident | Staff, resident_id: UUID, reason: str | None = None) -> Departure:
    """A resident leaves, or staff do it for one who asked them to: nothing of it can be undone.

    Raises:
        NotFound: he has left, or does not live in the actor's part of the tree.
    """
    leaver = people_departures.begin(actor, resident_id)
    cancelled = orders.cancel_all(actor, leaver.id)
    donations.forget(leaver.id)
    closed = points_departures.close(actor, leaver)
    people_departures.forget(actor, leaver)
    departure = Departure(left_at=clock.now(), orders_cancelled=cancelled, **closed)
    on_record = {"points": departure.points_expired, "orders": cancelled, "deeds": departure.deeds_withdrawn, "reason": reason}
    audit.record(actor, "resident.leave", leaver.id, leaver.community_code, **on_record)
    return departure
