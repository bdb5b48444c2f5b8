"""Choices: what a resident may declare, what is usual first, what is used up for today, and the words he said it in before."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text

from kernel import clock, paging
from kernel.database import execute
from people.actors import Resident
from points import deeds, rules
from points.rules import RuleView

MOST = 500  # rules of one community: what a list on one page bears, and far more than any community's
USUAL = 5
PHRASES = 3
_LONGEST_PHRASE = 60  # characters; what is longer tells of one day and not of another


@dataclass(frozen=True)
class Choices:
    """The rules in force: those that are `usual`, and all of them by category, in the order of their codes.

    `full` are those of which nothing done today can be declared any more.
    """

    usual: list[RuleView]
    groups: list[tuple[str, list[RuleView]]]
    full: set[UUID]


@dataclass(frozen=True)
class Choice:
    """A rule that was chosen: whether it is `full` for today, and in which words he declared it before, the latest first."""

    rule: RuleView
    full: bool
    said_before: list[str]


# His own latest hundred deeds say what he usually does, the community's latest two hundred what others do.
_OWN = text(
    """
    SELECT rule_id FROM (SELECT id, rule_id FROM deeds WHERE resident_id = :resident_id ORDER BY id DESC LIMIT 100) latest
    GROUP BY rule_id ORDER BY max(latest.id::text) DESC
    """
)
_OTHERS = text(
    """
    SELECT rule_id FROM (
        SELECT rule_id FROM deeds WHERE community_code = :community_code AND status = 'approved' ORDER BY id DESC LIMIT 200
    ) latest
    GROUP BY rule_id ORDER BY count(*) DESC, rule_id
    """
)


def of(actor: Resident, *, q: str | None = None, category: str | None = None) -> Choices:
    """What the actor may declare, all of it or what has `q` in title or code or is of a category; then none is `usual`."""
    found = rules.of_community(actor, paging.Window(MOST), q=q, category=category).items
    groups: dict[str, list[RuleView]] = {}
    for rule in sorted(found, key=lambda rule: rule.code):
        groups.setdefault(rule.category, []).append(rule)
    return Choices([] if q or category else _usual(actor, found), list(groups.items()), _full(actor, found))


def _usual(actor: Resident, found: Sequence[RuleView]) -> list[RuleView]:
    by_id = {rule.id: rule for rule in found}
    own = execute(_OWN, resident_id=actor.id).scalars()
    others = execute(_OTHERS, community_code=actor.community_code).scalars()
    return [by_id[rule_id] for rule_id in dict.fromkeys([*own, *others]) if rule_id in by_id][:USUAL]


_SAID = text(
    """
    SELECT description FROM (
        SELECT id, description FROM deeds WHERE resident_id = :resident_id AND rule_id = :rule_id ORDER BY id DESC LIMIT 50
    ) latest
    WHERE description <> '' AND length(description) <= :longest
    GROUP BY description ORDER BY max(latest.id::text) DESC LIMIT :limit
    """
)


def one(actor: Resident, rule_id: UUID) -> Choice:
    """A rule under which the actor may declare something today. Raises NotFound, rules.RuleNotInForce."""
    rule = rules.view(rules.in_force(actor.community_code, rule_id))
    values = {"resident_id": actor.id, "rule_id": rule_id, "longest": _LONGEST_PHRASE, "limit": PHRASES}
    return Choice(rule, bool(_full(actor, [rule])), list(execute(_SAID, **values).scalars()))


def _full(actor: Resident, found: Sequence[RuleView]) -> set[UUID]:
    most = {rule.id: deeds.allowed(actor.community_code, rule.limits) for rule in found}
    return deeds.reached(actor.id, actor.household_id, clock.today(), most)
