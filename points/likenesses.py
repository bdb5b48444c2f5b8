"""Likenesses: the other deeds that a flag speaks of, so that a reviewer can lay them beside the one he decides."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select, text

from kernel import uploads
from kernel.database import db, execute
from kernel.errors import NotFound
from people.actors import Staff
from points import deeds, flags, reviews
from points.deeds import Deed
from points.reviews import Queued

SHOWN = 6  # of each flag


@dataclass(frozen=True)
class Likeness:
    """Another deed that is like the one that was asked about: by which flag, and the photo that is like one of its own."""

    flag: str
    deed: Queued
    upload_id: UUID | None


_SAME_DAY = """
    SELECT 'same_day' AS flag, o.id AS deed_id, CAST(NULL AS uuid) AS upload_id
    FROM deeds d JOIN deeds o ON o.resident_id = d.resident_id AND o.rule_id = d.rule_id AND o.occurred_on = d.occurred_on
    WHERE d.id = :id AND o.id <> d.id AND o.status NOT IN ('withdrawn', 'rejected')
"""
_DUPLICATES = """
    SELECT 'duplicate_photo', o.id, op.upload_id
    FROM deeds d JOIN deed_photos p ON p.deed_id = d.id JOIN uploads u ON u.id = p.upload_id
    JOIN uploads same ON same.digest = u.digest JOIN deed_photos op ON op.upload_id = same.id
    JOIN deeds o ON o.id = op.deed_id AND o.community_code = d.community_code
    WHERE d.id = :id AND o.id <> d.id AND o.status <> 'withdrawn'
"""
# As in `points.flags`: one picture is held against those of its community side by side, and what is near is looked at closer.
_SIMILAR = """
    SELECT 'similar_photo', near.deed_id, near.upload_id
    FROM deeds d JOIN deed_photos a ON a.deed_id = d.id JOIN uploads u ON u.id = a.upload_id
    CROSS JOIN LATERAL (
        SELECT p.deed_id, p.upload_id FROM deed_photos p
        WHERE p.community_code = a.community_code AND p.phash IS NOT NULL AND p.deed_id <> a.deed_id
          AND bit_count((a.phash # p.phash)::bit(64)) <= :near OFFSET 0) near
    JOIN deeds o ON o.id = near.deed_id JOIN uploads ou ON ou.id = near.upload_id
    WHERE d.id = :id AND a.phash IS NOT NULL AND o.status <> 'withdrawn' AND ou.digest <> u.digest
      AND abs(o.occurred_on - d.occurred_on) <= :days
"""
# The latest of each flag, each deed once, that lie in the actor's part of the tree.
_LIKE = text(
    f"""
    WITH found AS MATERIALIZED ({_SAME_DAY} UNION ALL {_DUPLICATES} UNION ALL {_SIMILAR}), once AS (
        SELECT DISTINCT ON (flag, deed_id) flag, deed_id, upload_id FROM found ORDER BY flag, deed_id
    )
    SELECT flag, deed_id, upload_id FROM (
        SELECT *, row_number() OVER (PARTITION BY flag ORDER BY deed_id DESC) AS place FROM once) placed
    WHERE place <= :most ORDER BY deed_id DESC
    """
)


def of_deed(actor: Staff, deed_id: UUID) -> list[Likeness]:
    """The deeds that the flags of a deed speak of, six of each flag, the latest first; only those the actor may see.

    Raises:
        NotFound: the deed is not in the actor's part of the tree.
    """
    if db.session.scalar(select(Deed.id).where(Deed.id == deed_id, *reviews.visible(actor))) is None:
        raise NotFound()
    asked = {"id": deed_id, "near": uploads.LOOKS_ALIKE, "days": flags.LOOK_BACK_DAYS, "most": SHOWN}
    found = execute(_LIKE, **asked).all()
    seen = _seen(actor, [row.deed_id for row in found])
    return [
        Likeness(name, seen[row.deed_id], row.upload_id)
        for name in flags.NAMES
        for row in found
        if row.flag == name and row.deed_id in seen
    ]


def _seen(actor: Staff, deed_ids: Sequence[UUID]) -> dict[UUID, Any]:
    if not deed_ids:
        return {}
    query = select(Deed).where(Deed.id.in_(deed_ids), *reviews.visible(actor)).options(*deeds.EAGER)
    return {queued.deed.id: queued for queued in reviews.seen_by(actor, list(db.session.scalars(query)))}
