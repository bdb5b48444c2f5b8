"""What is waiting and what is late in a part of the tree, counted for the first page that staff open."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from kernel import clock
from kernel.database import execute, first
from people import masking, permissions
from people.actors import Staff
from reports import facts, reviewers
from reports.reviewers import Waiting

LOW_STOCK = 5  # so few pieces, and somebody should see to it
LEAVING_DAYS = 7
RECENT_DAYS, RECENT = 7, 8


@dataclass(frozen=True)
class Worklist:
    """How many of each wait now.

    `deeds` wait for review; `returned` ones wait for their residents; approved ones wait for a `notice` to end or a `budget`.
    `unconfirmed` are residents; `imports` were checked and not applied; of items on the shelf some are `scarce` (five pieces or
    fewer) and some are `leaving` it within seven days; `undelivered` are notices to residents that could not be sent.
    """

    deeds: Waiting
    returned: int
    notice: int
    budget: int
    unconfirmed: int
    imports: int
    scarce: int
    leaving: int
    undelivered: int


@dataclass(frozen=True)
class Done:
    """Something that a member of staff did to a deed of his part of the tree."""

    action: str
    at: datetime
    deed_id: UUID
    title: str
    name: str


# {here} is the condition on a row's community, {living} that on where its resident lives.
_COUNTED = """
    SELECT
        (SELECT count(*) FROM deeds d JOIN residents r ON r.id = d.resident_id
         WHERE d.status = 'returned' AND d.{here} AND {living}) AS returned,
        (SELECT count(*) FROM residents r
         WHERE r.confirmed_at IS NULL AND r.left_at IS NULL AND r.{here} AND {living}) AS unconfirmed,
        (SELECT count(*) FROM imports i WHERE i.status IN ('checked', 'failed') AND i.{here}) AS imports,
        (SELECT count(*) FROM outbox l JOIN messages m ON m.id = l.id JOIN residents r ON r.id = m.resident_id
         WHERE l.dead_at IS NOT NULL AND r.{here} AND {living}) AS undelivered,
        waiting.*, shelf.*
    FROM (
        SELECT count(*) FILTER (WHERE c.waits_for = 'notice') AS notice, count(*) FILTER (WHERE c.waits_for = 'budget') AS budget
        FROM waiting_credits c JOIN deeds d ON d.id = c.deed_id JOIN residents r ON r.id = d.resident_id
        WHERE c.ended_at IS NULL AND d.{here} AND {living}
    ) waiting, (
        SELECT count(*) FILTER (WHERE s.available <= :low) AS scarce, count(*) FILTER (WHERE i.on_shelf_to <= :soon) AS leaving
        FROM items i LEFT JOIN stocks s ON s.item_id = i.id
        WHERE coalesce(i.on_shelf_from <= :now, true) AND coalesce(i.on_shelf_to > :now, true) AND i.{here}
    ) shelf
"""
_RECENT = """
    SELECT a.action, a.at, d.id AS deed_id, v.title, r.name
    FROM audit_log a JOIN deeds d ON d.id = a.subject_id JOIN residents r ON r.id = d.resident_id
    JOIN rule_versions v ON v.rule_id = d.rule_id AND v.version = d.rule_version
    WHERE a.actor_id = :own AND a.at >= :since AND d.{here} AND {living}
      AND a.action IN ('deed.approved', 'deed.rejected', 'deed.returned', 'deed.revoked', 'deed.enter')
    ORDER BY a.at DESC, a.id DESC LIMIT :most
"""


def of(actor: Staff) -> Worklist:
    """What waits now in the actor's part of the tree; shop and imports are those of his community."""
    query, part = _in_part(actor, _COUNTED)
    now = clock.now()
    row = first(text(query), low=LOW_STOCK, now=now, soon=now + timedelta(days=LEAVING_DAYS), **part)
    assert row is not None
    return Worklist(reviewers.waiting(actor), **row._mapping)


def recent(actor: Staff) -> list[Done]:
    """What the actor himself did to deeds in the last week, the latest eight first."""
    query, part = _in_part(actor, _RECENT)
    since = clock.now() - timedelta(days=RECENT_DAYS)
    masked = actor.role in permissions.MASKED_ROLES
    return [
        Done(
            row.action.removeprefix("deed."),
            row.at,
            row.deed_id,
            row.title,
            masking.name(row.name) if masked else row.name,
        )
        for row in execute(text(query), own=actor.id, since=since, most=RECENT, **part)
    ]


def _in_part(actor: Staff, query: str) -> tuple[str, dict[str, Any]]:
    part = facts.part_of(actor, None)
    communities = [actor.community_code] if part.below_community else part.codes
    living = "r.place_code = ANY(:places)" if part.below_community else "true"
    places = {"places": part.codes} if part.below_community else {}
    return query.format(here="community_code = ANY(:communities)", living=living), {"communities": communities, **places}
