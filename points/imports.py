"""Imports: people from a spreadsheet, checked first, then all of them or none; who is there already is not doubled."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, select, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from kernel import audit, clock, ids, paging, signing
from kernel.database import Model, add, db, execute, first
from kernel.errors import Conflict, NotFound
from kernel.tables import MAX_REPORTED
from people import divisions, households, residents, settings, staff  # noqa: F401 (staff: its table)
from people.actors import Party, Staff
from people.divisions import Division
from people.resident_lists import NAMES
from people.residents import Resident
from points import homes, ledger

MAX_LINES = 5_000
LINES_KEPT = timedelta(days=7)
KEPT = timedelta(days=180)
STATUSES = ("checked", "refused", "applying", "done", "failed")
_PROGRESS_EVERY = 100  # lines


class ImportNotOpen(Conflict):
    title = "这次导入不能再执行：有错误的请改正后重新上传，已经完成的不用再做"


@dataclass(frozen=True)
class Person:
    """A line of the file: somebody to be entered. `grid` and `building` are names or codes, `household` is a
    number, `head` the name of the head, with his phone or without.
    """

    line: int
    name: str
    phone: str | None = None
    household: str | None = None
    is_head: bool = False
    head: str | None = None
    address: str | None = None
    grid: str | None = None
    building: str | None = None
    born_on: str | None = None


class Import(Model):
    """One file and what became of it; `done` of `total` lines are through, `known` of them were there before."""

    __tablename__ = "imports"
    __table_args__ = (
        CheckConstraint("status IN ('checked', 'refused', 'applying', 'done', 'failed')", name="status"),
        CheckConstraint("(lines_sealed IS NOT NULL) = (status IN ('checked', 'applying', 'failed'))", name="lines"),
        CheckConstraint("done BETWEEN 0 AND total", name="done"),
        Index(None, "community_code", "id"),
        Index("imports_due_idx", "id", postgresql_where=text("status = 'applying'")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    community_code: Mapped[str] = mapped_column(ForeignKey("divisions.code"))
    by_id: Mapped[UUID] = mapped_column(ForeignKey("staff.id"))
    filename: Mapped[str]
    digest: Mapped[bytes]
    status: Mapped[str]
    total: Mapped[int]
    done: Mapped[int]
    added: Mapped[int]
    known: Mapped[int]
    report: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    lines_sealed: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(index=True)
    finished_at: Mapped[datetime | None]


def start(
    actor: Staff,
    people: Sequence[Person],
    wrong: Sequence[dict[str, Any]],
    *,
    filename: str,
    data: bytes,
    community_code: str | None = None,
    dry_run: bool = True,
) -> Import:
    """Check a file: "refused" with a report where a line makes no sense, else "checked", or "applying" without `dry_run`.

    `wrong` are the lines that could not even be read. `added` and `known` say what applying it now would do.

    Raises:
        NotFound: the community is not in the actor's part of the tree.
    """
    community = divisions.community_for(actor, community_code)
    already = _known(community.code, people)
    plan, counts_by = homes.plan(community.code, people, already), settings.of(community.code).counts_by
    report = sorted([*wrong, *_wrong(community, people, counts_by, plan)], key=lambda line: line["line"])
    known = sum(person is not None for person in already)
    status = "refused" if report else "checked" if dry_run else "applying"
    job = Import(
        id=ids.new(),
        community_code=community.code,
        by_id=actor.id,
        filename=filename,
        digest=hashlib.sha256(data).digest(),
        status=status,
        total=len(people) + len({line["line"] for line in wrong}),
        done=0,
        added=0 if report else len(people) - known,
        known=0 if report else known,
        report=report[:MAX_REPORTED],
        lines_sealed=None if report else signing.encrypt("import", json.dumps([asdict(person) for person in people])),
        created_at=clock.now(),
        finished_at=clock.now() if report else None,
    )
    add(job)
    audit.record(actor, f"import.{status}", job.id, community.code, lines=job.total, refused=len(report))
    return job


def find(actor: Staff, window: paging.Window) -> paging.Page[Import]:
    """The imports into communities in the actor's part of the tree, newest first."""
    query = select(Import).join(Division, Division.code == Import.community_code).where(Division.lineage.startswith(actor.scope))
    return paging.by_id(query, Import.id, window)


def get(actor: Staff, import_id: UUID) -> Import:
    """One of them, with its progress and its report. Raises NotFound."""
    job = db.session.get(Import, import_id, populate_existing=True)
    if job is None:
        raise NotFound()
    actor.must_see(divisions.lineage_of(job.community_code))
    return job


_OPEN = text(
    """
    UPDATE imports SET status = 'applying', done = 0
    WHERE id = :id AND status IN ('checked', 'failed') RETURNING community_code
    """
)


def order(actor: Staff, import_id: UUID) -> Import:
    """Have the worker apply a checked import, or try again one that failed.

    Raises:
        NotFound: it is not in the actor's part of the tree.
        ImportNotOpen: it was refused, or is under way, or done.
    """
    get(actor, import_id)
    row = first(_OPEN, id=import_id)
    if row is None:
        raise ImportNotOpen()
    audit.record(actor, "import.applying", import_id, row.community_code)
    return get(actor, import_id)


def due() -> list[UUID]:
    """The imports that wait to be applied, oldest first."""
    return list(execute(text("SELECT id FROM imports WHERE status = 'applying' ORDER BY id")).scalars())


# Held to the end of the transaction: two imports of the same people would each not see those of the other.
_LOCK = text("SELECT pg_try_advisory_xact_lock(hashtextextended('imports:' || :community_code, 0)) AS mine")
_DONE = text(
    """
    UPDATE imports
    SET status = 'done', done = total, added = :added, known = total - :added, lines_sealed = NULL, finished_at = :now
    WHERE id = :id AND status = 'applying'
    """
)


_REFUSE = text(
    """
    UPDATE imports SET status = 'refused', report = CAST(:report AS jsonb), lines_sealed = NULL, added = 0, known = 0,
                       finished_at = :now
    WHERE id = :id AND status = 'applying'
    """
)


def apply(import_id: UUID) -> bool:
    """Enter all people of an import in the present transaction; False where another worker is at the community, or was.

    Where its lines, checked some time ago, make no sense any more it is "refused" with a report, and nobody is entered.
    A worker that is killed has entered nobody, and the import waits for the next one.
    """
    job = db.session.get_one(Import, import_id, populate_existing=True)
    if not execute(_LOCK, community_code=job.community_code).scalar_one():
        return False
    db.session.refresh(job)
    if job.status != "applying" or job.lines_sealed is None:
        return False
    people = [Person(**line) for line in json.loads(signing.decrypt("import", job.lines_sealed))]
    community = divisions.community(job.community_code)
    counts_by = settings.kept(community.code).counts_by
    known, plan = _looked_up(community.code, people)
    if wrong := _wrong(community, people, counts_by, plan):
        execute(_REFUSE, id=import_id, report=json.dumps(wrong[:MAX_REPORTED]), now=clock.now())
        return False
    entered = _enter(job, people, known, _Places(community))
    by = Party("staff", job.by_id)
    if counts_by == "household":
        homes.move_in(by, community.code, plan, entered)
    else:
        ledger.open_wallets([str(resident.id) for resident in entered.values()], community.code)
    audit.record_all(by, "resident.enter", [(one.id, {"import_id": job.id}) for one in entered.values()], community.code)
    if execute(_DONE, id=import_id, added=len(entered), now=clock.now()).rowcount == 0:
        raise ImportNotOpen()
    audit.record(by, "import.done", import_id, community.code, added=len(entered))
    return True


def _looked_up(community_code: str, people: Sequence[Person]) -> tuple[list[UUID | None], homes.Plan]:
    """Who is there already, and where the others are to live; nobody moves in those households before the transaction ends."""
    locked: set[UUID] = set()
    while True:
        known = _known(community_code, people)
        plan = homes.plan(community_code, people, known)
        if set(plan.joined.values()) <= locked:
            return known, plan
        locked |= set(plan.joined.values())
        households.lock(households=list(locked))  # a look from before the wait may be of yesterday, so there is another


def fail(import_id: UUID) -> None:
    """Give up on an import for now: staff see it and may order it again."""
    execute(text("UPDATE imports SET status = 'failed', done = 0 WHERE id = :id AND status = 'applying'"), id=import_id)


def forget_lines() -> int:
    """Drop the lines of imports that nobody applied within a week; of how many."""
    drop = text(
        "UPDATE imports SET status = 'refused', lines_sealed = NULL, finished_at = :now "
        "WHERE status IN ('checked', 'failed') AND created_at < :before"
    )
    return execute(drop, now=clock.now(), before=clock.now() - LINES_KEPT).rowcount


def _report_progress(import_id: UUID, done: int) -> None:
    """Say how far it is, in a transaction of its own, so that it is seen before the people are."""
    with db.engine.begin() as connection:
        connection.execute(text("UPDATE imports SET done = :done WHERE id = :id"), {"done": done, "id": import_id})


def _enter(job: Import, people: Sequence[Person], known: Sequence[UUID | None], places: "_Places") -> dict[int, Resident]:
    """The newcomers among the people of a file, by their places in it; they have no wallets yet."""
    entered: dict[int, Resident] = {}
    for begin in range(0, len(people), _PROGRESS_EVERY):
        _report_progress(job.id, begin)
        some = range(begin, min(begin + _PROGRESS_EVERY, len(people)))
        new = {i: _newcomer(job, people[i], places) for i in some if known[i] is None}
        db.session.add_all(new.values())
        db.session.flush()
        entered |= new
    return entered


def _newcomer(job: Import, person: Person, places: "_Places") -> Resident:
    return residents.unsaved(
        name=person.name,
        community_code=job.community_code,
        place_code=places.of(person),
        phone=person.phone,
        address=person.address,
        born_on=date.fromisoformat(person.born_on) if person.born_on else None,
        entered_by=job.by_id,
    )


class _Places:
    """The grids and buildings of a community, found by their code or their name."""

    def __init__(self, community: Division) -> None:
        below = select(Division).where(Division.lineage.startswith(community.lineage), Division.level.in_(("grid", "building")))
        self.found = list(db.session.scalars(below))

    def of(self, person: Person) -> str | None:
        """The code of the smallest place that is named, None where none is. Raises LookupError with the column."""
        grid = self._one("grid", person.grid, None)
        return (self._one("building", person.building, grid) or grid or _NOWHERE).code

    def _one(self, level: str, called: str | None, within: Division | None) -> Division | None:
        if called is None:
            return None
        fitting = [place for place in self.found if place.level == level and called in (place.code, place.name)]
        if within is not None:
            fitting = [place for place in fitting if place.lineage.startswith(within.lineage)]
        if len(fitting) != 1:
            raise LookupError(level, "没有这个名称" if not fitting else "有几个同名的，请写代码")
        return fitting[0]


@dataclass(frozen=True)
class _Nowhere:
    code: None = None


_NOWHERE = _Nowhere()


def _wrong(community: Division, people: Sequence[Person], counts_by: str, plan: homes.Plan) -> list[dict[str, Any]]:
    """What makes no sense although it could be read: each with its line and column, and nothing of what stands there."""
    places, seen, wrong = _Places(community), dict[tuple[Any, ...], int](), []
    for person in people:
        same = seen.setdefault(_key(person), person.line)
        if same != person.line:
            wrong.append({"line": person.line, "field": NAMES["name"], "message": f"与第 {same} 行是同一个人"})
        if counts_by == "person" and (person.household or person.is_head or person.head):
            column = NAMES["household" if person.household else "head"]
            wrong.append({"line": person.line, "field": column, "message": "本社区按人计分，没有家庭，请不要填写户号和户主"})
        try:
            places.of(person)
        except LookupError as error:
            level, message = error.args
            wrong.append({"line": person.line, "field": NAMES[level], "message": message})
    return sorted(wrong + (plan.wrong if counts_by == "household" else []), key=lambda line: line["line"])


_SAME = text(
    """
    SELECT name, phone_hash, CASE WHEN phone_hash IS NULL THEN address END AS address,
           CASE WHEN phone_hash IS NULL THEN CAST(date_trunc('month', born_on) AS date) END AS born_on, id
    FROM residents WHERE community_code = :community_code AND left_at IS NULL AND name = ANY(:names)
    """
)


def _key(person: Person) -> tuple[Any, ...]:
    """Who somebody is: name and phone; without a phone name, address and month of birth."""
    if person.phone:
        return person.name, residents.phone_hash(person.phone), None, None
    return person.name, None, person.address, date.fromisoformat(person.born_on) if person.born_on else None


def _known(community_code: str, people: Sequence[Person]) -> list[UUID | None]:
    """For each person the resident who he is, None where he is not there yet."""
    rows = execute(_SAME, community_code=community_code, names=list({person.name for person in people}))
    known = {(row.name, row.phone_hash and bytes(row.phone_hash), row.address, row.born_on): row.id for row in rows}
    return [known.get(_key(person)) for person in people]
