"""Leaving a community: deeds that wait are withdrawn, the story and the photos of the others go, and so do the points."""

from uuid import UUID

from sqlalchemy import text

from kernel import clock
from kernel.database import execute
from people.actors import Resident, Staff
from people.departures import Leaver
from points import deeds, ledger
from points.ledger import Source

DELETED = "（已删除）"

_WITHDRAW = text(
    "UPDATE deeds SET status = 'withdrawn' WHERE resident_id = :id AND status IN ('pending', 'returned') RETURNING id"
)
# A credit that waits, be it for who left before, would reach a wallet that is nobody's now; to others it may still come.
_REVOKE = text(
    """
    WITH ended AS (
        UPDATE waiting_credits w SET ended_at = :now
        FROM deeds d JOIN residents r ON r.id = d.resident_id LEFT JOIN households h ON h.id = d.wallet::uuid
        WHERE d.id = w.deed_id AND w.ended_at IS NULL
          AND (d.resident_id = :id OR (r.left_at IS NOT NULL AND coalesce(h.merged_into::text, d.wallet) = :wallet))
          AND NOT EXISTS (SELECT FROM residents o WHERE o.household_id = coalesce(h.merged_into, h.id)
                          AND o.left_at IS NULL AND o.id <> :id)
        RETURNING w.deed_id
    )
    UPDATE deeds SET status = 'revoked' FROM ended WHERE deeds.id = ended.deed_id AND deeds.status = 'approved' RETURNING deeds.id
    """
)
# What is deleted or blanked of who leaves, one statement for each table that holds something of his.
_FORGET = (
    text("DELETE FROM deed_photos WHERE deed_id IN (SELECT id FROM deeds WHERE resident_id = :id)"),
    text("UPDATE deeds SET description = :deleted WHERE resident_id = :id"),
    text("DELETE FROM likes WHERE resident_id = :id"),
    text(
        """
        UPDATE feed_entries
        SET description = :deleted, off_at = coalesce(off_at, :now), off_by = NULL,
            off_reason = coalesce(off_reason, '本人已退出社区')
        WHERE resident_id = :id
        """
    ),
)


def close(actor: Resident | Staff, leaver: Leaver) -> dict[str, int]:
    """Withdraw what waits, delete what tells of him, and let the points of a wallet that is his alone expire.

    How many: `deeds_withdrawn`, `points_expired`.
    """
    withdrawn = execute(_WITHDRAW, id=leaver.id).scalars().all()
    revoked = execute(_REVOKE, id=leaver.id, wallet=leaver.wallet, now=clock.now()).scalars().all()
    for action, deed_ids in (("withdrawn", withdrawn), ("revoked", revoked)):
        for deed_id in deed_ids:
            deeds.add_step(deed_id, action, actor.kind, actor.id, actor.name, "退出社区")
    for statement in _FORGET:
        execute(statement, id=leaver.id, deleted=DELETED, now=clock.now())
    expired = ledger.expire(leaver.wallet, Source("resident", leaver.id, "退出社区")) if leaver.alone else 0
    return {"deeds_withdrawn": len(withdrawn), "points_expired": expired}


_WAITING = text("SELECT count(*) FROM deeds WHERE resident_id = :id AND status IN ('pending', 'returned')")


def count_waiting(resident_id: UUID) -> int:
    """How many deeds of a resident wait for review or completion."""
    return int(execute(_WAITING, id=resident_id).scalar_one())
