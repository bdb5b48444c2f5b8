"""Rules: the positive list of a community, what earns points and how many. A rule is versioned, never changed under old deeds."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ColumnElement, ForeignKey, ForeignKeyConstraint, UniqueConstraint, or_, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column, relationship

from kernel import audit, clock, ids, paging
from kernel.database import Model, add, db, first
from kernel.errors import Conflict, NotFound, ValidationFailed
from people import divisions
from people.actors import Resident, Staff
from people.divisions import Division

MAX_POINTS = 10_000  # for one deed


class RuleCodeTaken(Conflict):
    title = "这个编号已有别的规则在用，请换一个编号"


class RuleNotInForce(Conflict):
    title = "这条规则现在不适用，请在清单里看看适用的日期"


class Rule(Model):
    """A rule of a community, under a code that people can cite. `version` is the one in force."""

    __tablename__ = "rules"
    __table_args__ = (
        UniqueConstraint("community_code", "code"),
        ForeignKeyConstraint(
            ["id", "version"],
            ["rule_versions.rule_id", "rule_versions.version"],
            deferrable=True,
            initially="DEFERRED",
            use_alter=True,
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    community_code: Mapped[str] = mapped_column(ForeignKey("divisions.code"))
    code: Mapped[str]
    version: Mapped[int]
    created_at: Mapped[datetime]
    community: Mapped[Division] = relationship(viewonly=True)
    terms: Mapped["RuleVersion"] = relationship(
        viewonly=True,
        primaryjoin="and_(Rule.id == foreign(RuleVersion.rule_id), Rule.version == foreign(RuleVersion.version))",
        uselist=False,
        lazy="joined",
    )


class RuleVersion(Model):
    """The terms of a rule at one time; deeds name the version they were declared under.

    `points` are for a deed, or with `per_unit` for each `unit` of it. `in_force_from` and `in_force_to` are both included.
    """

    __tablename__ = "rule_versions"
    __table_args__ = (
        CheckConstraint("points > 0", name="points"),
        CheckConstraint("NOT per_unit OR unit IS NOT NULL", name="unit"),
        CheckConstraint("in_force_from <= in_force_to", name="in_force"),
    )

    rule_id: Mapped[UUID] = mapped_column(ForeignKey("rules.id"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    category: Mapped[str]
    points: Mapped[int]
    unit: Mapped[str | None]
    per_day: Mapped[int | None]
    per_week: Mapped[int | None]
    per_month: Mapped[int | None]
    per_household_month: Mapped[int | None]
    per_unit: Mapped[bool]
    in_force_from: Mapped[date | None]
    in_force_to: Mapped[date | None]
    evidence_required: Mapped[bool]
    created_at: Mapped[datetime]
    created_by: Mapped[UUID | None]


@dataclass(frozen=True)
class Terms:
    """What a version of a rule says. `limits` counts deeds per day, week, month, and those of a household in a month."""

    version: int
    title: str
    category: str
    points: int
    unit: str | None
    per_unit: bool
    limits: dict[str, int]
    evidence_required: bool
    in_force_from: date | None
    in_force_to: date | None
    created_at: datetime


@dataclass(frozen=True)
class RuleView(Terms):
    """A rule as it is shown: its code and its present terms."""

    id: UUID
    community_code: str
    code: str


LIMITS = ("per_day", "per_week", "per_month", "per_household_month")
TERMS = ("title", "category", "points", "unit", "per_unit", *LIMITS, "evidence_required", "in_force_from", "in_force_to")
DEFAULTS: dict[str, Any] = dict.fromkeys(("unit", *LIMITS, "in_force_from", "in_force_to")) | {
    "per_unit": False,
    "evidence_required": False,
}


def terms_of(version: RuleVersion) -> Terms:
    """How a version is shown."""
    limits = {name: value for name in LIMITS if (value := getattr(version, name)) is not None}
    said = {name: getattr(version, name) for name in TERMS if name not in LIMITS}
    return Terms(version=version.version, limits=limits, created_at=version.created_at, **said)


def view(rule: Rule) -> RuleView:
    """How a rule is shown."""
    return RuleView(**vars(terms_of(rule.terms)), id=rule.id, community_code=rule.community_code, code=rule.code)


def of_community(
    actor: Resident, window: paging.Window, *, q: str | None = None, category: str | None = None
) -> paging.Page[RuleView]:
    """The rules of the actor's community that are in force today; `q` is looked for in the title and the code."""
    return _page(select(Rule).where(Rule.community_code == actor.community_code, _in_force_today()), window, q, category)


def _in_force_today() -> ColumnElement[bool]:
    today = clock.today()
    return Rule.terms.has(
        or_(RuleVersion.in_force_from.is_(None), RuleVersion.in_force_from <= today)
        & or_(RuleVersion.in_force_to.is_(None), RuleVersion.in_force_to >= today)
    )


def find(actor: Staff, window: paging.Window, *, q: str | None = None, category: str | None = None) -> paging.Page[RuleView]:
    """The rules in the actor's part of the tree, or of the community above him, also those not in force."""
    return _page(select(Rule).join(Rule.community).where(Division.lineage.startswith(actor.community_scope)), window, q, category)


def for_entry(actor: Staff, community_code: str | None) -> list[RuleView]:
    """The rules under which the actor may enter something today for residents of a community, by code; none where none is named.

    Only of communities in the actor's part of the tree, or the one above him.
    """
    own = Rule.community.has(Division.lineage.startswith(actor.community_scope))
    query = select(Rule).where(Rule.community_code == community_code, own, _in_force_today()).order_by(Rule.code)
    return [view(rule) for rule in db.session.scalars(query)]


def _page(query: Any, window: paging.Window, q: str | None, category: str | None) -> paging.Page[RuleView]:
    if q:
        query = query.where(
            or_(Rule.terms.has(RuleVersion.title.contains(q, autoescape=True)), Rule.code.contains(q, autoescape=True))
        )
    if category:
        query = query.where(Rule.terms.has(RuleVersion.category == category))
    page = paging.by_id(query, Rule.id, window)
    return paging.Page([view(rule) for rule in page.items], page.next)


def get(actor: Staff, rule_id: UUID) -> RuleView:
    """A rule in the actor's part of the tree, or of the community above him, with its present terms. Raises NotFound."""
    return view(_looked_at_by(actor, rule_id))


def versions(actor: Staff, rule_id: UUID, window: paging.Window) -> paging.Page[Terms]:
    """All that a rule ever said, the present terms first. Raises NotFound."""
    _looked_at_by(actor, rule_id)
    query = select(RuleVersion).where(RuleVersion.rule_id == rule_id).order_by(RuleVersion.version.desc())
    after = window.after_number()
    if after is not None:
        query = query.where(RuleVersion.version < after)
    page = paging.cut(list(db.session.scalars(query.limit(window.limit + 1))), window.limit, lambda version: version.version)
    return paging.Page([terms_of(version) for version in page.items], page.next)


def in_force(community_code: str, rule_id: UUID, occurred_on: date | None = None) -> Rule:
    """A rule of a community under which something may be declared today that was done on `occurred_on`.

    Raises:
        NotFound: the community has no such rule.
        RuleNotInForce: it is not in force today, or was not on that day.
    """
    rule = db.session.get(Rule, rule_id)
    if rule is None or rule.community_code != community_code:
        raise NotFound()
    begins, ends = rule.terms.in_force_from or date.min, rule.terms.in_force_to or date.max
    if not all(begins <= day <= ends for day in (clock.today(), occurred_on or clock.today())):
        raise RuleNotInForce()
    return rule


def create(
    actor: Staff, *, code: str, community_code: str | None = None, limits: dict[str, int] | None = None, **terms: Any
) -> RuleView:
    """A new rule of a community, in force at once unless a later day is given.

    Raises:
        NotFound: the community is not in the actor's part of the tree.
        RuleCodeTaken: the community has a rule with this code.
        ValidationFailed: terms that contradict each other.
    """
    community = divisions.community_for(actor, community_code)
    return view(put(actor, community.code, code, terms | limit_columns(limits or {})))


def put(by: audit.Actor, community_code: str, code: str, terms: dict[str, Any]) -> Rule:
    """A new rule; what its terms do not name has the defaults. Raises as `create`."""
    new = _consistent(DEFAULTS | terms)
    rule = Rule(id=ids.new(), community_code=community_code, code=code, version=1, created_at=clock.now())
    try:
        add(rule)
    except IntegrityError:
        raise RuleCodeTaken() from None
    add(RuleVersion(rule_id=rule.id, version=1, created_at=clock.now(), created_by=by.id, **new))
    audit.record(by, "rule.create", rule.id, community_code, points=new["points"])
    return rule


_NEXT_VERSION = text("UPDATE rules SET version = version + 1 WHERE id = :id RETURNING version")


def change(actor: Staff, rule_id: UUID, *, limits: dict[str, int] | None = None, **terms: Any) -> RuleView:
    """Put new terms in force; what is not named stays as it was. Old deeds keep the version they were declared under.

    Raises:
        NotFound: no such rule in the actor's part of the tree.
        ValidationFailed: terms that contradict each other.
    """
    rule = _seen_by(actor, rule_id)
    if limits is not None:
        terms |= limit_columns(limits)
    if terms:
        put_version(actor, rule, terms)
    return view(rule)


def put_version(by: audit.Actor, rule: Rule, terms: dict[str, Any]) -> None:
    """A new version of a rule, its old terms but for those named. Raises as `change`."""
    version = first(_NEXT_VERSION, id=rule.id)  # also makes a second change at the same time wait for this one
    assert version is not None
    old = db.session.get_one(RuleVersion, (rule.id, version.version - 1))
    new = _consistent({name: getattr(old, name) for name in TERMS} | terms)
    add(RuleVersion(rule_id=rule.id, version=version.version, created_at=clock.now(), created_by=by.id, **new))
    audit.record(by, "rule.change", rule.id, rule.community_code, version=version.version)
    db.session.refresh(rule)


def limit_columns(limits: dict[str, int]) -> dict[str, int | None]:
    """All limits by column, those that are not named being none."""
    return {name: limits.get(name) for name in LIMITS}


def _seen_by(actor: Staff, rule_id: UUID) -> Rule:
    rule = _looked_at_by(actor, rule_id)
    actor.must_see(rule.community.lineage)
    return rule


def _looked_at_by(actor: Staff, rule_id: UUID) -> Rule:
    rule = db.session.get(Rule, rule_id)
    if rule is None:
        raise NotFound()
    actor.must_see_in_community(rule.community.lineage)
    return rule


def contradiction(terms: dict[str, Any]) -> dict[str, list[str]]:
    """What in some terms contradicts the rest, by field; nothing where they are consistent."""
    if terms.get("per_unit") and not terms.get("unit"):
        return {"unit": ["按数量计分的规则要写明单位，例如：每小时"]}
    if (terms.get("in_force_from") or date.min) > (terms.get("in_force_to") or date.max):
        return {"in_force_to": ["结束日期不能早于开始日期"]}
    return {}


def _consistent(terms: dict[str, Any]) -> dict[str, Any]:
    if wrong := contradiction(terms):
        raise ValidationFailed(wrong)
    return terms
