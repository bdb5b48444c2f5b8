"""Places: the grids and buildings of a community, which staff lay out themselves, and to which people are assigned."""

from dataclasses import dataclass

from sqlalchemy import select, text

from kernel import audit, paging
from kernel.database import db, execute, first
from kernel.errors import Conflict, NotFound, ValidationFailed
from people import divisions
from people.actors import Staff
from people.divisions import Division

# What lies above each level, and how many digits its codes add to those above.
PARENTS = {"grid": "community", "building": "grid"}
_DIGITS = {"grid": 2, "building": 3}
_CODE_LENGTH = 32


class NoCodeLeft(Conflict):
    title = "这里的网格或楼栋编号已经用完，请联系系统管理员"


def find(actor: Staff, window: paging.Window, parent: str | None = None, q: str | None = None) -> paging.Page[Division]:
    """The divisions in the actor's part of the tree; for those who work below a community, all of that community."""
    return divisions.find(parent, q, window, within=actor.community_scope)


@dataclass(frozen=True)
class Outline:
    """A community with its grids, each with its buildings; for who works above the communities and named none, what to choose."""

    community: Division | None
    grids: list[tuple[Division, list[Division]]]
    communities: list[Division]

    @property
    def places(self) -> list[Division]:
        """The community, its grids and its buildings, in the order of their codes."""
        inside = [place for grid, buildings in self.grids for place in (grid, *buildings)]
        return [*([self.community] if self.community else []), *inside]


def outline(actor: Staff, community_code: str | None = None) -> Outline:
    """The community that is named, or the actor's own, place by place; else the communities in his part of the tree.

    Raises:
        NotFound: the community is not in the actor's part of the tree.
    """
    if community_code is None and actor.community_code is None:
        return Outline(None, [], communities(actor))
    community = divisions.community_for(actor, community_code)
    inside = select(Division).where(Division.lineage.startswith(community.lineage), Division.level.in_(PARENTS))
    found = list(db.session.scalars(inside.order_by(Division.code)))
    grids = [place for place in found if place.level == "grid"]
    return Outline(community, [(grid, [one for one in found if one.parent_code == grid.code]) for grid in grids], [])


def communities(actor: Staff) -> list[Division]:
    """The communities that the actor chooses from; none where he works in one of them, which then is meant."""
    if actor.community_code:
        return []
    below = select(Division).where(Division.level == "community", Division.lineage.startswith(actor.scope))
    return list(db.session.scalars(below.order_by(Division.code)))


def get(actor: Staff, code: str) -> Division:
    """A division in the actor's part of the tree. Raises NotFound."""
    division = divisions.get(code)
    actor.must_see(division.lineage)
    return division


# Behind the lock nobody else lays out or renames in the community, so that codes are given once and paths hold the last name.
_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended('places:' || :community_code, 0))")
_CREATE = text(
    """
    INSERT INTO divisions (code, name, level, parent_code, lineage, path)
    SELECT new.code, :name, :level, p.code, p.lineage || new.code || '/', p.path || '/' || :name
    FROM divisions p, LATERAL (
        SELECT coalesce(max(right(c.code, :digits)::bigint), 0) + 1 AS number FROM divisions c
        WHERE c.code ~ ('^' || p.code || '[0-9]{' || :digits || '}$')
    ) last, LATERAL (SELECT p.code || lpad(last.number::text, :digits, '0') AS code) new
    WHERE p.code = :parent_code AND last.number < 10 ^ :digits AND length(new.code) <= :code_length
    RETURNING code
    """
)


def create(actor: Staff, *, parent_code: str, name: str, level: str) -> Division:
    """A new grid of a community, or building of a grid, under the next free code below it.

    Raises:
        NotFound: the one above is not in the actor's part of the tree.
        ValidationFailed: the one above is of the wrong level.
        NoCodeLeft: all codes below it were given.
    """
    parent = divisions.get(parent_code)
    actor.must_see(parent.lineage)
    if parent.level != PARENTS[level]:
        raise ValidationFailed({"level": ["网格建在社区之下，楼栋建在网格之下"]})
    community_code = _lock(parent)
    new = {"parent_code": parent_code, "name": name, "level": level, "digits": _DIGITS[level], "code_length": _CODE_LENGTH}
    made = first(_CREATE, **new)
    if made is None:
        raise NoCodeLeft()
    audit.record(actor, "division.create", None, community_code, code=made.code, level=level)
    return divisions.get(made.code)


_RENAME = text(
    """
    UPDATE divisions d
    SET name = CASE WHEN d.code = o.code THEN :name ELSE d.name END,
        path = p.path || '/' || :name || substr(d.path, length(o.path) + 1)
    FROM divisions o JOIN divisions p ON p.code = o.parent_code
    WHERE o.code = :code AND starts_with(d.lineage, o.lineage)
    """
)


def rename(actor: Staff, code: str, *, name: str) -> Division:
    """Give a grid or a building another name; what lies below it has it in its path at once.

    Raises:
        NotFound: it is not in the actor's part of the tree.
        ValidationFailed: it is a division of the official list, whose names come with the list.
    """
    division = divisions.get(code)
    actor.must_see(division.lineage)
    if division.level not in PARENTS:
        raise ValidationFailed({"name": ["只能修改网格和楼栋的名称"]})
    community_code = _lock(division)
    execute(_RENAME, code=code, name=name)
    audit.record(actor, "division.rename", None, community_code, code=code)
    db.session.refresh(division)
    return division


def for_person(actor: Staff, community_code: str | None, place_code: str | None) -> Division:
    """Where staff put a person: the place named, else the community named, else their own part of the tree.

    Raises:
        NotFound: it is not in the actor's part of the tree.
        ValidationFailed: none is named and he works above the communities; or the place is above them, or of another one.
    """
    if place_code is None:
        community = divisions.community_for(actor, community_code)
        return community if actor.sees(community.lineage) else divisions.get(actor.scope_code)
    place = divisions.get(place_code)
    actor.must_see(place.lineage)
    lies_in = community_of(place)
    if lies_in is None or community_code not in (None, lies_in):
        raise ValidationFailed({"place_code": ["请选择本社区的网格或楼栋"]})
    return place


def community_of(place: Division) -> str | None:
    """The code of the community that a place is or lies in; None above the communities."""
    codes = place.lineage.strip("/").split("/")
    return codes[2] if len(codes) > 2 else None


def _lock(place: Division) -> str:
    community_code = community_of(place)
    if community_code is None:
        raise NotFound()
    execute(_LOCK, community_code=community_code)
    return community_code
