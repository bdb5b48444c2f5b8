"""Flags: what a reviewer should look at twice. They are only shown, and refuse nothing.

same_day: another deed of the resident's under the same rule on the same day.
duplicate_photo: another deed of the community shows the very same file.
similar_photo: another deed of the community, done within 400 days of it, shows a picture that looks like one of its own.
burst: the resident declared more than five deeds on the day he declared this one.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text

from kernel import clock, uploads
from kernel.database import execute

MOST_A_DAY = 5
LOOK_BACK_DAYS = 400
NAMES = ("same_day", "duplicate_photo", "similar_photo", "burst")

_PLAIN = text(
    """
    SELECT d.id,
           EXISTS (SELECT FROM deeds o WHERE o.resident_id = d.resident_id AND o.rule_id = d.rule_id
                   AND o.occurred_on = d.occurred_on AND o.id <> d.id AND o.status NOT IN ('withdrawn', 'rejected')) AS same_day,
           EXISTS (SELECT FROM deed_photos p JOIN uploads u ON u.id = p.upload_id
                   JOIN uploads same ON same.digest = u.digest JOIN deed_photos op ON op.upload_id = same.id
                   JOIN deeds o ON o.id = op.deed_id AND o.community_code = d.community_code
                   WHERE p.deed_id = d.id AND o.id <> d.id AND o.status <> 'withdrawn') AS duplicate_photo,
           (SELECT count(*) FROM deeds o WHERE o.resident_id = d.resident_id AND o.status <> 'withdrawn'
            AND o.declared_at >= date_trunc('day', d.declared_at, :zone)
            AND o.declared_at < date_trunc('day', d.declared_at, :zone) + interval '1 day') > :most AS burst
    FROM deeds d WHERE d.id = ANY(:ids)
    """
)
# Each picture of the page is held against all of its community, which an index holds side by side (OFFSET 0 keeps it from being
# a join, which compares the community's code for every pair); the few that are alike are looked at closer, one by one.
_SIMILAR = text(
    """
    WITH alike AS MATERIALIZED (
        SELECT a.deed_id, a.upload_id, p.deed_id AS other_id, p.upload_id AS other_upload_id
        FROM deed_photos a CROSS JOIN LATERAL (
            SELECT deed_id, upload_id FROM deed_photos p
            WHERE p.community_code = a.community_code AND p.phash IS NOT NULL AND p.deed_id <> a.deed_id
              AND bit_count((a.phash # p.phash)::bit(64)) <= :near OFFSET 0) p
        WHERE a.deed_id = ANY(:ids) AND a.phash IS NOT NULL
    )
    SELECT DISTINCT deed_id FROM alike WHERE (
        SELECT o.status <> 'withdrawn' AND ou.digest <> u.digest AND abs(o.occurred_on - d.occurred_on) <= :days
        FROM deeds d, deeds o, uploads u, uploads ou
        WHERE d.id = alike.deed_id AND o.id = other_id AND u.id = upload_id AND ou.id = other_upload_id)
    """
)


def of(deed_ids: Sequence[UUID]) -> dict[UUID, list[str]]:
    """The flags of each of these deeds, in two statements however many they are."""
    similar = set(execute(_SIMILAR, ids=deed_ids, days=LOOK_BACK_DAYS, near=uploads.LOOKS_ALIKE).scalars()) if deed_ids else set()
    rows = execute(_PLAIN, ids=deed_ids, zone=str(clock.zone()), most=MOST_A_DAY)
    return {row.id: [name for name in NAMES if _is(name, row, similar)] for row in rows}


def _is(name: str, row: Any, similar: set[UUID]) -> bool:
    return row.id in similar if name == "similar_photo" else bool(getattr(row, name))
