"""The organisation tree: district → street → community → grid → building, from the official division list."""

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sqlalchemy import CheckConstraint, ColumnElement, ForeignKey, Index, case, false, or_, select, text
from sqlalchemy.orm import Mapped, mapped_column

from kernel import audit, paging
from kernel.database import Model, db, execute, first
from kernel.errors import Conflict, NotFound, ValidationFailed
from people.actors import Staff, System

LEVELS = ("district", "street", "community", "grid", "building")
HEADER = ["code", "name", "level", "parent_code"]
_CODE = re.compile(r"[0-9A-Za-z-]{2,32}")


class BadDivisionList(Conflict):
    title = "区划清单有错误，没有导入任何内容，请改正后再导入"


class Division(Model):
    """A node of the tree. `lineage` is the codes from the top down to it, so that a part of the tree is one prefix."""

    __tablename__ = "divisions"
    __table_args__ = (
        CheckConstraint("level IN ('district', 'street', 'community', 'grid', 'building')", name="level"),
        Index("divisions_lineage_idx", "lineage", unique=True, postgresql_ops={"lineage": "text_pattern_ops"}),
    )

    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    level: Mapped[str]
    parent_code: Mapped[str | None] = mapped_column(ForeignKey("divisions.code"), index=True)
    lineage: Mapped[str]
    path: Mapped[str]

    @property
    def shown_name(self) -> str:
        return shown(self.name)


@dataclass(frozen=True)
class Line:
    """One line of a division list; `number` is its place in the file, the header being 1."""

    number: int
    code: str
    name: str
    level: str
    parent_code: str


def shown(official_name: str) -> str:
    """The name as people say it: 融城社区居民委员会 → 融城社区, 放牛坪村村民委员会 → 放牛坪村."""
    return re.sub(r"(居民委员会|村民委员会)$", "", official_name) or official_name


def get(code: str) -> Division:
    """The division with this code. Raises NotFound."""
    division = db.session.get(Division, code)
    if division is None:
        raise NotFound()
    return division


def community(code: str) -> Division:
    """The community with this code.

    Raises:
        ValidationFailed: there is none, or it is no community.
    """
    division = db.session.get(Division, code)
    if division is None or division.level != "community":
        raise ValidationFailed({"community_code": ["没有这个社区，请从列表中选择"]})
    return division


def community_for(actor: Staff, code: str | None) -> Division:
    """The community that a member of staff writes for: the one named, or the one he works in or below.

    Raises:
        NotFound: the one named is neither in his part of the tree nor the community above him.
        ValidationFailed: none is named and he works above the communities.
    """
    code = code or actor.community_code
    if code is None:
        raise ValidationFailed({"community_code": ["请选择社区"]})
    division = get(code)
    if division.code != actor.community_code:
        actor.must_see(division.lineage)
    if division.level != "community":
        raise ValidationFailed({"community_code": ["请选择社区一级"]})
    return division


def find(parent: str | None, q: str | None, window: paging.Window, *, within: str = "/") -> paging.Page[Division]:
    """Divisions, those of higher levels first: the children of `parent`, or with `q` all below it whose name holds `q`.

    Only those whose lineage begins with `within`.
    """
    rank = case({level: place for place, level in enumerate(LEVELS)}, value=Division.level)
    query = select(Division).order_by(rank, Division.code).limit(window.limit + 1)
    if within != "/":
        query = query.where(Division.lineage.startswith(within))
    if q:
        query = query.where(Division.name.contains(q, autoescape=True))
        if parent:
            above = db.session.get(Division, parent)
            query = query.where(Division.lineage.startswith(above.lineage) if above else false(), Division.code != parent)
    elif parent:
        query = query.where(Division.parent_code == parent)
    after = window.after_text()
    if after is not None:
        last = db.session.get(Division, after) if _CODE.fullmatch(after) else None
        if last is None:
            raise paging.bad_cursor()
        last_rank = LEVELS.index(last.level)
        query = query.where(or_(rank > last_rank, (rank == last_rank) & (Division.code > last.code)))
    return paging.cut(list(db.session.scalars(query)), window.limit, lambda division: division.code)


def around(actor: Staff, code: str) -> list[Division]:
    """Where to look on from a division: those above it in the actor's part of the tree, itself, and those right below it.

    Raises:
        NotFound: it is not in the actor's part of the tree.
    """
    here = get(code)
    actor.must_see(here.lineage)
    above = here.lineage.strip("/").split("/")
    return _listed(actor, or_(Division.code.in_(above), Division.parent_code == code))


def communities(actor: Staff) -> list[Division]:
    """The communities in the actor's part of the tree; none for those who work below one."""
    return _listed(actor, Division.level == "community")


def scopes(actor: Staff) -> list[Division]:
    """The parts of the tree that an account can be given: the actor's own and two levels below it, more would be too many."""
    own = LEVELS.index(actor.scope_level)
    return _listed(actor, Division.level.in_(LEVELS[own : own + 3]))


def _listed(actor: Staff, condition: ColumnElement[bool]) -> list[Division]:
    query = select(Division).where(condition, Division.lineage.startswith(actor.scope)).order_by(Division.lineage)
    return list(db.session.scalars(query))


def read_list(lines: Iterable[str]) -> list[Line]:
    """The lines of a CSV file with the columns code, name, level, parent_code.

    Raises:
        BadDivisionList: the header or a line has other columns.
    """
    rows = _rows(lines)
    _, header = next(rows, (1, []))
    if [column.strip() for column in header] != HEADER:
        raise BadDivisionList(f"第 1 行：表头应为 {','.join(HEADER)}")
    found = []
    for number, row in rows:
        if not any(cell.strip() for cell in row):
            continue
        if len(row) != len(HEADER):
            raise BadDivisionList(f"第 {number} 行：应有 {len(HEADER)} 列，实际 {len(row)} 列")
        found.append(Line(number, *(cell.strip() for cell in row)))
    return found


def _rows(lines: Iterable[str]) -> Iterator[tuple[int, list[str]]]:
    """The rows of a CSV file, each with the number of the line on which it begins."""
    reader, begins = csv.reader(lines, strict=True), 1
    try:
        for row in reader:
            yield begins, row
            begins = reader.line_num + 1
    except csv.Error:
        raise BadDivisionList(f"第 {begins} 行：引号没有成对，读不出来") from None


_STORE = text(
    """
    INSERT INTO divisions (code, name, level, parent_code, lineage, path)
    VALUES (:code, :name, :level, :parent_code, :lineage, :path)
    ON CONFLICT (code) DO UPDATE SET name = excluded.name, path = excluded.path
    WHERE divisions.name <> excluded.name OR divisions.path <> excluded.path
    """
)


def import_list(lines: list[Line]) -> int:
    """Add the divisions of a list, or give those that exist their new name; the number added or renamed.

    Additive: what the list does not name stays, and the same list again changes nothing.

    Raises:
        BadDivisionList: a line makes no sense; it is named and nothing is imported.
    """
    # Two imports at once would each not see what the other adds.
    execute(text("LOCK TABLE divisions IN SHARE ROW EXCLUSIVE MODE"))
    known = {division.code: division for division in db.session.scalars(select(Division))}
    listed: dict[str, Line] = {}
    for line in lines:
        _check_line(line, known.get(line.code), listed)
        listed[line.code] = line
    # What the list does not name is gone through too: its path changes with the name of what stands above it.
    places: list[Line | Division] = [*lines, *(division for code, division in known.items() if code not in listed)]
    placed: dict[str, tuple[str, str]] = {}
    changed = 0
    for place in sorted(places, key=lambda place: LEVELS.index(place.level)):
        parent_code = _check_parent(place, known, listed) if isinstance(place, Line) else place.parent_code
        above, path = placed[parent_code] if parent_code else ("/", "")
        lineage, path = f"{above}{place.code}/", f"{path}/{shown(place.name)}".lstrip("/")
        placed[place.code] = lineage, path
        old = known.get(place.code)
        if old is None or (old.name, old.path) != (place.name, path):
            changed += execute(
                _STORE, code=place.code, name=place.name, level=place.level, parent_code=parent_code, lineage=lineage, path=path
            ).rowcount
    if changed:
        audit.record(System("command"), "divisions.import", None, None, lines=len(lines), changed=changed)
    return changed


def _check_line(line: Line, old: Division | None, listed: dict[str, Line]) -> None:
    if not _CODE.fullmatch(line.code):
        raise _bad(line, "代码应为 2 至 32 位数字或字母")
    if not line.name or len(line.name) > 60 or not line.name.isprintable():
        raise _bad(line, "名称不能为空，也不能超过 60 个字")
    if line.level not in LEVELS:
        raise _bad(line, f"级别应为 {'、'.join(LEVELS)} 之一")
    if line.code in listed:
        raise _bad(line, f"与第 {listed[line.code].number} 行的代码重复")
    if line.parent_code == line.code:
        raise _bad(line, "上级不能是自己")
    if old is not None and old.level != line.level:
        raise _bad(line, f"级别与已导入的不同（{old.level}）")
    if old is not None and line.level != "district" and old.parent_code != line.parent_code:
        raise _bad(line, f"上级与已导入的不同（{old.parent_code}）")


def _check_parent(line: Line, known: dict[str, Division], listed: dict[str, Line]) -> str | None:
    """The code of the parent, None for a district, whose parent lies outside the tree."""
    if line.level == "district":
        if line.parent_code in known or line.parent_code in listed:
            raise _bad(line, "区县的上级不能在清单之内")
        return None
    parent = listed.get(line.parent_code) or known.get(line.parent_code)
    if parent is None:
        raise _bad(line, "上级代码不存在")
    if LEVELS.index(parent.level) != LEVELS.index(line.level) - 1:
        raise _bad(line, "上级的级别不对")
    return line.parent_code


def _bad(line: Line, why: str) -> BadDivisionList:
    return BadDivisionList(f"第 {line.number} 行（{line.code}）：{why}")


_LINEAGE = text("SELECT lineage FROM divisions WHERE code = :code")


def lineage_of(code: str) -> str:
    """The lineage of a division that is known to exist."""
    row = first(_LINEAGE, code=code)
    assert row is not None
    return str(row.lineage)
