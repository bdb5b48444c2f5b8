"""Searches: staff find people by name, pinyin, phone, address, building or card, in tens of milliseconds among 100,000.

What is looked for stands in one narrow index (`residents.search`, place by place), which is read through without the table.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import text

from kernel import paging
from kernel.database import execute
from people import cards, entries, names, permissions, residents
from people.actors import Staff
from people.entries import Seen

_LAST_ID = UUID(int=2**128 - 1)
_IN_SCOPE = "r.place_code IN (SELECT code FROM divisions WHERE lineage LIKE :scope{below})"
# A grid's name finds those who live in its buildings too.
_AT_PLACE = """
    r.place_code IN (
        SELECT d.code FROM divisions d LEFT JOIN divisions g ON g.code = d.parent_code AND g.level = 'grid'
        WHERE d.lineage LIKE :scope AND d.level IN ('grid', 'building')
          AND (strpos(d.name, :written) > 0 OR strpos(g.name, :written) > 0)
    )
"""
_KNOWN = "r.id = ANY(CAST(:known AS uuid[]))"
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
    below = " AND strpos(lineage, :below) > 0" if place_code else ""
    where = [_IN_SCOPE.format(below=below), "r.left_at IS NULL", "r.id < :before"]
    values: dict[str, Any] = {"before": window.after_id() or _LAST_ID, "limit": window.limit + 1, "scope": f"{actor.scope}%"}
    if place_code:
        values["below"] = f"/{place_code}/"
    if q:
        known = _by_number(q)
        where.append(f"({' OR '.join([_AT_PLACE, _KNOWN])})")
        values |= {"written": q.strip(), "known": known}
        if actor.role not in permissions.MASKED_ROLES:
            where[-1] = f"({' OR '.join([_AT_PLACE, _KNOWN, 'strpos(r.search, :normal) > 0'])})"
            values |= {"normal": names.normal(q), "known": known + _by_phone(q)}
    if household_id is not None:
        where.append("r.household_id = :household_id")
        values["household_id"] = household_id
    if confirmed is not None:
        where.append(f"r.confirmed_at IS {'NOT ' if confirmed else ''}NULL")
    query = text(f"SELECT r.id FROM residents r WHERE {' AND '.join(where)} ORDER BY r.id DESC LIMIT :limit")
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
