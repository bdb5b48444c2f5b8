"""Rule lists: many rules of a community at once, from a spreadsheet or a ready list, all of them or none."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, text

from kernel import audit
from kernel.database import db, execute
from kernel.tables import BadTable
from people import divisions
from people.actors import Staff
from points import rules
from points.rules import Rule, RuleView

# The columns of a list, and the term each holds.
COLUMNS = {
    "编号": "code",
    "名称": "title",
    "类别": "category",
    "积分": "points",
    "单位": "unit",
    "按数量计分": "per_unit",
    "每日上限": "per_day",
    "每周上限": "per_week",
    "每月上限": "per_month",
    "每户每月上限": "per_household_month",
    "需要照片": "evidence_required",
    "开始日期": "in_force_from",
    "结束日期": "in_force_to",
}
NAMES = {term: column for column, term in COLUMNS.items()}


@dataclass(frozen=True)
class Line:
    """A rule as a list has it. Terms that the list does not name are not in `terms`."""

    line: int
    code: str
    terms: dict[str, Any]


@dataclass(frozen=True)
class Outcome:
    """What becomes of a line: its rule is "added", "changed" or "unchanged"."""

    line: int
    code: str
    result: str


@dataclass(frozen=True)
class Report:
    """What a list does, or with `dry_run` would do."""

    community_code: str
    dry_run: bool
    lines: list[Outcome]

    @property
    def total(self) -> int:
        return len(self.lines)

    @property
    def added(self) -> int:
        return self._count("added")

    @property
    def changed(self) -> int:
        return self._count("changed")

    @property
    def unchanged(self) -> int:
        return self._count("unchanged")

    def _count(self, result: str) -> int:
        return sum(outcome.result == result for outcome in self.lines)


def import_lines(actor: Staff, lines: Sequence[Line], *, community_code: str | None = None, dry_run: bool = False) -> Report:
    """Put a list in force in a community: a new code is a new rule, a known one whose terms differ gets a new version.

    Additive: what the list does not name stays, and the same list again changes nothing.

    Raises:
        NotFound: the community is not in the actor's part of the tree.
        BadTable: a code stands there twice, or terms contradict each other; nothing is imported.
        RuleCodeTaken: somebody made a rule with one of the codes at this very moment.
    """
    return put_in(actor, divisions.community_for(actor, community_code).code, lines, dry_run=dry_run)


# Two imports into a community wait for each other; a change of a rule waits too, and is then looked at as it stands.
_LOCK_COMMUNITY = text("SELECT FROM divisions WHERE code = :code FOR NO KEY UPDATE")
_LOCK_RULES = text(
    "SELECT FROM rules WHERE community_code = :community_code AND code = ANY(:codes) ORDER BY id FOR NO KEY UPDATE"
)


def put_in(by: audit.Actor, community_code: str, lines: Sequence[Line], *, dry_run: bool = False) -> Report:
    """As `import_lines`, for who sees every community."""
    codes = [line.code for line in lines]
    execute(_LOCK_COMMUNITY, code=community_code)
    execute(_LOCK_RULES, community_code=community_code, codes=codes)
    query = select(Rule).where(Rule.community_code == community_code, Rule.code.in_(codes))
    known = {rule.code: rule for rule in db.session.scalars(query.execution_options(populate_existing=True))}
    _check(lines, known)
    report = Report(community_code, dry_run, [_outcome(line, known.get(line.code)) for line in lines])
    if dry_run:
        return report
    for line, outcome in zip(lines, report.lines, strict=True):
        if outcome.result == "added":
            rules.put(by, community_code, line.code, line.terms)
        elif outcome.result == "changed":
            rules.put_version(by, known[line.code], line.terms)
    if report.added or report.changed:
        audit.record(by, "rule.import", None, community_code, added=report.added, changed=report.changed)
    return report


def export(actor: Staff, community_code: str | None = None) -> list[RuleView]:
    """All rules of a community by their codes, also those not in force. Raises NotFound as `import_lines`."""
    community = divisions.community_for(actor, community_code)
    found = db.session.scalars(select(Rule).where(Rule.community_code == community.code).order_by(Rule.code))
    return [rules.view(rule) for rule in found]


def _outcome(line: Line, rule: Rule | None) -> Outcome:
    if rule is None:
        return Outcome(line.line, line.code, "added")
    differs = any(getattr(rule.terms, name) != value for name, value in line.terms.items())
    return Outcome(line.line, line.code, "changed" if differs else "unchanged")


def _check(lines: Sequence[Line], known: dict[str, Rule]) -> None:
    wrong: list[dict[str, Any]] = []
    first: dict[str, int] = {}
    for line in lines:
        if first.setdefault(line.code, line.line) != line.line:
            wrong.append({"line": line.line, "field": NAMES["code"], "message": f"与第 {first[line.code]} 行的编号重复"})
        rule = known.get(line.code)
        before = {name: getattr(rule.terms, name) for name in rules.TERMS} if rule else {}
        for name, messages in rules.contradiction(before | line.terms).items():
            wrong.append({"line": line.line, "field": NAMES[name], "message": messages[0]})
    if wrong:
        raise BadTable(wrong)
