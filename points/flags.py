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
# The pictures of the communities are gathered once for the whole page, then each of the page's is held against them.
_SIMILAR = text(
    """
    WITH asked AS MATERIALIZED (
        SELECT DISTINCT d.id, d.community_code, d.occurred_on, u.phash, u.digest
        FROM deeds d JOIN deed_photos p ON p.deed_id = d.id JOIN uploads u ON u.id = p.upload_id
        WHERE d.id = ANY(:ids) AND u.phash IS NOT NULL
    ), others AS MATERIALIZED (
        SELECT d.id, d.community_code, d.occurred_on, u.phash, u.digest
        FROM deeds d JOIN deed_photos p ON p.deed_id = d.id JOIN uploads u ON u.id = p.upload_id
        WHERE d.community_code IN (SELECT community_code FROM asked) AND u.phash IS NOT NULL AND d.status <> 'withdrawn'
          AND d.occurred_on BETWEEN (SELECT min(occurred_on) FROM asked) - CAST(:days AS integer)
                                AND (SELECT max(occurred_on) FROM asked) + CAST(:days AS integer)
    )
    SELECT DISTINCT a.id FROM asked a JOIN others o ON o.community_code = a.community_code
    WHERE bit_count((a.phash # o.phash)::bit(64)) <= :near AND o.id <> a.id AND o.digest <> a.digest
      AND abs(o.occurred_on - a.occurred_on) <= :days
    """
)


def of(deed_ids: Sequence[UUID]) -> dict[UUID, list[str]]:
    """The flags of each of these deeds, in two statements however many they are."""
    similar = set(execute(_SIMILAR, ids=deed_ids, days=LOOK_BACK_DAYS, near=uploads.LOOKS_ALIKE).scalars()) if deed_ids else set()
    rows = execute(_PLAIN, ids=deed_ids, zone=str(clock.zone()), most=MOST_A_DAY)
    return {row.id: [name for name in NAMES if _is(name, row, similar)] for row in rows}


def _is(name: str, row: Any, similar: set[UUID]) -> bool:
    return row.id in similar if name == "similar_photo" else bool(getattr(row, name))
