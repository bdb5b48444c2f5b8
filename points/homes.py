"""Homes: which people of a file belong to which household, by the numbers and the heads that it names, and their moving in."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import text

from kernel import audit
from kernel.audit import Actor
from kernel.database import execute
from people import households, messages, residents
from people.resident_lists import NAMES
from points import ledger

_HEAD = re.compile(r"(.+?)\s*(1[3-9]\d{9})?", re.ASCII)
_MOST_DIGITS = 17  # of a number that the database can hold


class Line(Protocol):
    """What a line of the file says of somebody: `household` is a number, `head` the head's name, with his phone or without."""

    @property
    def line(self) -> int: ...
    @property
    def name(self) -> str: ...
    @property
    def phone(self) -> str | None: ...
    @property
    def household(self) -> str | None: ...
    @property
    def is_head(self) -> bool: ...
    @property
    def head(self) -> str | None: ...


@dataclass
class Plan:
    """Where newcomers, given by their places in the file, are to live; `wrong` says what makes no sense, and then nothing counts.

    joined: the household that somebody joins; founded: new households, each with its head at the front;
    heads: who becomes the head of a household that has none.
    """

    wrong: list[dict[str, Any]] = field(default_factory=list)
    joined: dict[int, UUID] = field(default_factory=dict)
    founded: list[list[int]] = field(default_factory=list)
    heads: dict[UUID, int] = field(default_factory=dict)


_Who = int | UUID  # somebody in the file, by his place in it, or somebody who is not in it


@dataclass
class _Group:
    """Lines that belong together, with the numbers they give, and the heads they name, each with the line that does first."""

    lines: list[int] = field(default_factory=list)
    numbers: set[str] = field(default_factory=set)
    heads: dict[_Who, int] = field(default_factory=dict)


def plan(community_code: str, people: Sequence[Line], known: Sequence[UUID | None]) -> Plan:
    """How the people of a file come into households; those who are `known` stay where they are."""
    made, there = Plan(), _There(community_code, people, known)
    for group in _groups(people, there, made.wrong):
        if len(group.heads) > 1:
            first, *others = sorted(group.heads.values())
            made.wrong += [
                _refusal(people[i], "head", f"一户只能有一位户主，第 {people[first].line} 行写的是另一位") for i in others
            ]
        elif new := [i for i in group.lines if known[i] is None]:
            _place(made, there, group, new, people)
    return made


def _place(made: Plan, there: "_There", group: _Group, new: list[int], people: Sequence[Line]) -> None:
    head = next(iter(group.heads), None)
    said = {there.homes[number] for number in group.numbers if number in there.homes}
    his = {there.home_of(head)} - {None} if head is not None else set()
    theirs = {there.home_of(i) for i in group.lines} - {None}
    found = said | his or theirs
    if len(found) > 1:
        message = "户号和户主不是同一户，请先核对" if said | his else "这一户的人现在分在几户，请先核对"
        made.wrong.append(_refusal(people[new[0]], "household" if people[new[0]].household else "head", message))
    elif not found:
        front = head if head in new else new[0]
        assert isinstance(front, int)
        made.founded.append([front, *(i for i in new if i != front)])
    else:
        (home,) = found
        assert home is not None
        made.joined |= dict.fromkeys(new, home)
        if head in new and isinstance(head, int):
            if home in there.headed:
                made.wrong.append(_refusal(people[group.heads[head]], "head", "这一户已经有别的户主，请先核对"))
            made.heads[home] = head


def _groups(people: Sequence[Line], there: "_There", wrong: list[dict[str, Any]]) -> Iterable[_Group]:
    """The lines by who belongs together, in the order of the file."""
    joined: dict[Any, Any] = {}

    def top(node: Any) -> Any:
        while (above := joined.setdefault(node, node)) != node:
            joined[node] = node = joined[above]
        return node

    heads: list[tuple[_Who, int]] = []
    for i, person in enumerate(people):
        if person.household:
            joined[top(("number", person.household))] = top(i)
        if person.is_head:
            heads.append((i, i))
        elif person.head:
            try:
                head = there.head_called(person.head)
            except LookupError as error:
                wrong.append(_refusal(person, "head", str(error)))
                continue
            heads.append((head, i))
            joined[top(head)] = top(i)
    groups: dict[Any, _Group] = defaultdict(_Group)
    for i, person in enumerate(people):
        group = groups[top(i)]
        group.lines.append(i)
        group.numbers |= {person.household} if person.household else set()
    for head, i in heads:
        groups[top(i)].heads.setdefault(head, i)
    return groups.values()


_HOMES = text(
    """
    SELECT h.number, home.id FROM households h JOIN households home ON home.id = coalesce(h.merged_into, h.id)
    WHERE h.community_code = :community_code AND h.number = ANY(:numbers)
      AND EXISTS (SELECT FROM residents r WHERE r.household_id = home.id AND r.left_at IS NULL)
    """
)
_PEOPLE = text(
    """
    SELECT id, name, phone_hash, household_id FROM residents
    WHERE community_code = :community_code AND left_at IS NULL AND (id = ANY(:ids) OR name = ANY(:names))
    """
)
_HEADED = text("SELECT id FROM households WHERE id = ANY(:ids) AND head_id IS NOT NULL")


class _There:
    """Who and what is there already, of those whom the file names."""

    def __init__(self, community_code: str, people: Sequence[Line], known: Sequence[UUID | None]) -> None:
        self._known, self._lines = known, {resident_id: i for i, resident_id in enumerate(known) if resident_id}
        self._named: dict[str, list[tuple[int, str | None]]] = defaultdict(list)
        for i, person in enumerate(people):
            self._named[person.name].append((i, person.phone))
        names = {_called(person.head)[0] for person in people if person.head}
        self._rows = {
            row.id: row for row in execute(_PEOPLE, community_code=community_code, ids=list(self._lines), names=list(names))
        }
        self._rows_named = defaultdict(list)
        for row in self._rows.values():
            self._rows_named[row.name].append(row)
        numbers = {n for person in people if (n := person.household) and n.isascii() and n.isdigit() and len(n) <= _MOST_DIGITS}
        by_number = {
            row.number: row.id for row in execute(_HOMES, community_code=community_code, numbers=[int(n) for n in numbers])
        }
        self.homes: dict[str, UUID] = {n: by_number[int(n)] for n in numbers if int(n) in by_number}
        homes = {row.household_id for row in self._rows.values()} | set(self.homes.values())
        self.headed = set(execute(_HEADED, ids=list(homes - {None})).scalars())

    def home_of(self, who: _Who) -> UUID | None:
        """The household in which somebody lives, None for a newcomer."""
        resident_id = self._known[who] if isinstance(who, int) else who
        row = self._rows.get(resident_id) if resident_id else None
        return row.household_id if row else None

    def head_called(self, written: str) -> _Who:
        """The one whom a line names as the head: somebody in the file, else in the community. Raises LookupError, saying why."""
        name, phone = _called(written)
        found: list[_Who] = [i for i, his in self._named.get(name, ()) if phone in (None, his)]
        if not found:
            wanted = residents.phone_hash(phone) if phone else None
            rows = [row for row in self._rows_named[name] if wanted is None or row.phone_hash == wanted]
            found = [self._lines.get(row.id, row.id) for row in rows]
        if len(found) != 1:
            raise LookupError("有几个同名的人，请在姓名后面写上电话" if found else "没有这位户主，请写户主的姓名，或写“是”“否”")
        return found[0]


def _called(written: str) -> tuple[str, str | None]:
    """The name and the phone in what was written of a head."""
    found = _HEAD.fullmatch(written)
    assert found is not None  # it is not blank
    return found[1], found[2]


def _refusal(person: Line, column: str, message: str) -> dict[str, Any]:
    return {"line": person.line, "field": NAMES[column], "message": message}


def move_in(actor: Actor, community_code: str, made: Plan, entered: dict[int, residents.Resident]) -> None:
    """Put newcomers into their households as planned, on record; new households have wallets, old ones are told."""
    homes = {entered[i].id: home for i, home in made.joined.items()}
    for front, *others in made.founded:
        homes |= {entered[i].id: entered[front].id for i in (front, *others)}
    households.settle(actor, homes)
    for home, i in made.heads.items():
        households.set_head(home, entered[i].id)
    ledger.open_wallets([str(entered[front].id) for front, *_ in made.founded], community_code)
    joined = [(home, {"resident_id": resident_id}) for resident_id, home in homes.items() if resident_id != home]
    audit.record_all(actor, "household.join", joined, community_code)
    names: dict[UUID, list[str]] = defaultdict(list)
    for i, home in made.joined.items():
        names[home].append(entered[i].name)
    for home, who in names.items():
        body = f"{'、'.join(who[:5])}{'等' if len(who) > 5 else ''}加入了您家，积分从现在起一起用。"
        messages.tell_household(home, "household.joined", "家里来了新成员", body, "household", home)
