"""Rules: the positive list of a community, what earns points and how many. A rule is versioned, never changed under old deeds."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, UniqueConstraint, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column, relationship

from kernel import audit, clock, ids, paging
from kernel.database import Model, add, db, first
from kernel.errors import Conflict, NotFound
from people import divisions
from people.actors import Resident, Staff
from people.divisions import Division

MAX_POINTS = 10_000  # for one deed


class RuleCodeTaken(Conflict):
    title = "这个编号已有别的规则在用，请换一个编号"


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
    """The terms of a rule at one time; deeds name the version they were declared under."""

    __tablename__ = "rule_versions"
    __table_args__ = (CheckConstraint("points > 0", name="points"),)

    rule_id: Mapped[UUID] = mapped_column(ForeignKey("rules.id"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    category: Mapped[str]
    points: Mapped[int]
    unit: Mapped[str | None]
    per_day: Mapped[int | None]
    per_week: Mapped[int | None]
    per_month: Mapped[int | None]
    evidence_required: Mapped[bool]
    created_at: Mapped[datetime]
    created_by: Mapped[UUID | None]


@dataclass(frozen=True)
class RuleView:
    """A rule as it is shown: its code and the terms in force. `limits` counts deeds per day, week, month."""

    id: UUID
    community_code: str
    code: str
    version: int
    title: str
    category: str
    points: int
    unit: str | None
    limits: dict[str, int]
    evidence_required: bool


TERMS = ("title", "category", "points", "unit", "per_day", "per_week", "per_month", "evidence_required")
LIMITS = ("per_day", "per_week", "per_month")


def view(rule: Rule) -> RuleView:
    """How a rule is shown."""
    terms = rule.terms
    limits = {name: value for name in LIMITS if (value := getattr(terms, name)) is not None}
    return RuleView(
        rule.id,
        rule.community_code,
        rule.code,
        rule.version,
        terms.title,
        terms.category,
        terms.points,
        terms.unit,
        limits,
        terms.evidence_required,
    )


def of_community(actor: Resident, window: paging.Window) -> paging.Page[RuleView]:
    """The rules of the actor's community."""
    return _page(select(Rule).where(Rule.community_code == actor.community_code), window)


def find(actor: Staff, window: paging.Window) -> paging.Page[RuleView]:
    """The rules in the actor's part of the tree, or of the community above him."""
    return _page(select(Rule).join(Rule.community).where(Division.lineage.startswith(actor.community_scope)), window)


def _page(query: Any, window: paging.Window) -> paging.Page[RuleView]:
    page = paging.by_id(query, Rule.id, window)
    return paging.Page([view(rule) for rule in page.items], page.next)


def in_force(community_code: str, rule_id: UUID) -> Rule:
    """A rule of a community. Raises NotFound."""
    rule = db.session.get(Rule, rule_id)
    if rule is None or rule.community_code != community_code:
        raise NotFound()
    return rule


def create(
    actor: Staff, *, code: str, community_code: str | None = None, limits: dict[str, int] | None = None, **terms: Any
) -> RuleView:
    """A new rule of a community, in force at once.

    Raises:
        NotFound: the community is not in the actor's part of the tree.
        RuleCodeTaken: the community has a rule with this code.
    """
    community = divisions.community_for(actor, community_code)
    rule = Rule(id=ids.new(), community_code=community.code, code=code, version=1, created_at=clock.now())
    try:
        add(rule)
    except IntegrityError:
        raise RuleCodeTaken() from None
    defaults = {"unit": None, "evidence_required": False, **terms, **_limit_columns(limits or {})}
    add(RuleVersion(rule_id=rule.id, version=1, created_at=clock.now(), created_by=actor.id, **defaults))
    audit.record(actor, "rule.create", rule.id, community.code, points=terms["points"])
    return view(rule)


_NEXT_VERSION = text("UPDATE rules SET version = version + 1 WHERE id = :id RETURNING version")


def change(actor: Staff, rule_id: UUID, *, limits: dict[str, int] | None = None, **terms: Any) -> RuleView:
    """Put new terms in force; what is not named stays as it was. Old deeds keep the version they were declared under.

    Raises:
        NotFound: no such rule in the actor's part of the tree.
    """
    rule = db.session.get(Rule, rule_id)
    if rule is None:
        raise NotFound()
    actor.must_see(rule.community.lineage)
    if limits is not None:
        terms |= _limit_columns(limits)
    if not terms:
        return view(rule)
    version = first(_NEXT_VERSION, id=rule_id)  # also makes a second change at the same time wait for this one
    assert version is not None
    old = db.session.get_one(RuleVersion, (rule_id, version.version - 1))
    new = {name: getattr(old, name) for name in TERMS} | terms
    add(RuleVersion(rule_id=rule_id, version=version.version, created_at=clock.now(), created_by=actor.id, **new))
    audit.record(actor, "rule.change", rule_id, rule.community_code, version=version.version)
    db.session.refresh(rule)
    return view(rule)


def _limit_columns(limits: dict[str, int]) -> dict[str, int | None]:
    return {name: limits.get(name) for name in LIMITS}
