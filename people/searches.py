"""Searches: staff find people by name, pinyin, phone, address, building or card, in tens of milliseconds among 100,000.

What is looked for stands in one narrow index (`residents.search`, place by place), which is read through without the table.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import text

from kernel import paging, signing
from kernel.database import execute
from people import cards, entries, names, permissions, residents
from people.actors import Staff
from people.entries import Seen

_LAST_ID = UUID(int=2**128 - 1)
# Arrays of places, and MATERIALIZED, so that the planner reads the index place by place; for a page of people it would rather
# look through the table itself from its newest row on, which takes five times as long where few are found.
_FIND = """
    WITH places AS MATERIALIZED (
        SELECT d.code, d.level, d.level IN ('grid', 'building')
                   AND strpos(lower(replace(concat_ws('|', d.name, g.name), ' ', '')), :normal) > 0 AS meant
        FROM divisions d LEFT JOIN divisions g ON g.code = d.parent_code AND g.level = 'grid'
        WHERE d.lineage LIKE :scope AND strpos(d.lineage, :below) > 0
    ), found AS MATERIALIZED ({found})
    SELECT id FROM found WHERE id < :before ORDER BY id DESC LIMIT :limit
"""
_PEOPLE = "SELECT r.id FROM residents r WHERE r.left_at IS NULL AND r.place_code = ANY(ARRAY(SELECT code FROM places{meant}))"
# Without a `q`: the newest of each community, or below one of each place, so that no index is read further than for a page.
_NEWEST = """
    SELECT n.id FROM (
        SELECT code, level FROM places WHERE level = 'community' OR NOT EXISTS (SELECT FROM places WHERE level = 'community')
    ) top CROSS JOIN LATERAL (
        (SELECT r.id FROM residents r WHERE r.community_code = top.code AND r.left_at IS NULL AND r.id < :before{filters}
         ORDER BY r.id DESC LIMIT :limit)
        UNION ALL
        (SELECT r.id FROM residents r WHERE r.place_code = top.code AND r.left_at IS NULL AND r.id < :before{filters}
                                        AND top.level <> 'community' ORDER BY r.id DESC LIMIT :limit)
    ) n
"""
_BY_PHONE = text("SELECT id FROM residents WHERE phone_hash = :phone_hash")


def find(
    actor: Staff,
    window: paging.Window,
    *,
    q: str | None = None,
    place_code: str | None = None,
    household_id: UUID | None = None,
    confirmed: bool | None = None,
) -> paging.Page[Seen]:
    """The residents in the actor's part of the tree, newest first; all filters hold together.

    `q` is part of a name, of its pinyin or initials, of an address, of the name of a building or grid; or a phone number, its
    last four digits, a card's number, or the 18 digits of a card or an identity code. What is masked for the actor's role
    cannot be looked for by it either. `place_code` takes in all that lies below it.
    """
    values: dict[str, Any] = {"before": window.after_id() or _LAST_ID, "limit": window.limit + 1, "scope": f"{actor.scope}%"}
    values |= {"below": f"/{place_code}/" if place_code else "/", "household_id": household_id, "normal": names.normal(q or "")}
    filters = " AND r.household_id = :household_id" if household_id else ""
    if confirmed is not None:
        filters += f" AND r.confirmed_at IS {'NOT ' if confirmed else ''}NULL"
    everybody = _PEOPLE.format(meant="") + filters
    found = [_NEWEST.format(filters=filters)]
    if q:
        found = [_PEOPLE.format(meant=" WHERE meant") + filters, f"{everybody} AND r.id = ANY(CAST(:known AS uuid[]))"]
        values["known"] = _by_number(q)
        if actor.role not in permissions.MASKED_ROLES:
            found.append(f"{everybody} AND strpos(r.search, :normal) > 0")
            values["known"] += _by_phone(q)
    query = text(_FIND.format(found=" UNION ".join(found)))
    page = paging.cut(list(execute(query, **values).scalars()), window.limit, lambda found: found)
    return paging.Page(entries.seen_by(actor, page.items), page.next)


def _by_number(q: str) -> list[UUID]:
    """The one whose card or code this is."""
    digits = names.normal(q)
    found = cards.holder(digits) if digits.isascii() and digits.isdigit() else None
    return [] if found is None else [found]


def _by_phone(q: str) -> list[UUID]:
    digits = names.normal(q)
    if not residents.PHONE.fullmatch(digits):
        return []
    return list(execute(_BY_PHONE, phone_hash=residents.phone_hash(digits)).scalars())


_UNDESCRIBED = text(
    """
    SELECT id, name, phone_sealed, address FROM residents WHERE search = '' AND left_at IS NULL
    ORDER BY id LIMIT :limit FOR NO KEY UPDATE SKIP LOCKED
    """
)
_FILL = text(
    """
    UPDATE residents SET search = given.search FROM unnest(CAST(:ids AS uuid[]), CAST(:searches AS text[])) AS given (id, search)
    WHERE residents.id = given.id
    """
)
_NOTHING = "|"  # what nobody looks for stands where a name has no character to look for, so that it is not filled in again


def fill_missing(limit: int) -> int:
    """Make up to `limit` people findable who came before there was a search; how many.

    Those whom somebody changes at the moment are left for the next time.
    """
    found = execute(_UNDESCRIBED, limit=limit).all()
    if found:
        searches = [names.searchable(row.name, _phone(row.phone_sealed), row.address) or _NOTHING for row in found]
        execute(_FILL, ids=[row.id for row in found], searches=searches)
    return len(found)


def _phone(sealed: str | None) -> str | None:
    return signing.decrypt("phone", sealed) if sealed else None
