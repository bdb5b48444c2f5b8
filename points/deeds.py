"""Deeds: something good that was done, declared by the resident, later reviewed (`points.reviews`), then credited."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, select, text
from sqlalchemy.orm import Mapped, mapped_column, relationship, selectinload

from kernel import audit, clock, ids, paging, uploads
from kernel.database import Model, add, db, execute, first
from kernel.errors import Conflict, NotFound, ValidationFailed
from kernel.uploads import Upload
from people import residents
from people.actors import Resident
from people.residents import Resident as ResidentRow
from points import rules
from points.rules import Rule, RuleVersion

OLDEST_DAYS = 90
MAX_PHOTOS = 9
STATUSES = ("pending", "returned", "approved", "rejected", "withdrawn", "revoked")


class LimitReached(Conflict):
    title = "已经达到上限，请过些时候再来"


class AlreadyReviewed(Conflict):
    title = "这件事已经处理过了，请刷新后查看"


class Deed(Model):
    """A deed of a resident, under one version of a rule. `points` are what it was credited with."""

    __tablename__ = "deeds"
    __table_args__ = (
        ForeignKeyConstraint(["rule_id", "rule_version"], ["rule_versions.rule_id", "rule_versions.version"]),
        CheckConstraint("status IN ('pending', 'returned', 'approved', 'rejected', 'withdrawn', 'revoked')", name="status"),
        CheckConstraint("channel IN ('self', 'visit', 'phone', 'sms', 'qq', 'wechat', 'inspection')", name="channel"),
        CheckConstraint("(points IS NOT NULL) = (status IN ('approved', 'revoked'))", name="credited"),
        Index(None, "resident_id", "id"),
        Index(None, "resident_id", "rule_id", "occurred_on"),
        CheckConstraint(
            "(wallet IS NOT NULL) = (points IS NOT NULL) AND (approved_at IS NOT NULL) = (points IS NOT NULL)", name="wallet"
        ),
        Index(None, "community_code", "status", "id"),
        Index(None, "community_code", "approved_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    resident_id: Mapped[UUID] = mapped_column(ForeignKey("residents.id"))
    community_code: Mapped[str] = mapped_column(ForeignKey("divisions.code"))
    rule_id: Mapped[UUID] = mapped_column(ForeignKey("rules.id"))
    rule_version: Mapped[int]
    occurred_on: Mapped[date]
    description: Mapped[str]
    channel: Mapped[str]
    status: Mapped[str]
    points: Mapped[int | None]
    wallet: Mapped[str | None] = mapped_column(index=True)
    approved_at: Mapped[datetime | None]
    declared_at: Mapped[datetime]

    resident: Mapped[ResidentRow] = relationship(viewonly=True)
    rule: Mapped[Rule] = relationship(viewonly=True)
    terms: Mapped[RuleVersion] = relationship(viewonly=True)
    photos: Mapped[list[Upload]] = relationship(viewonly=True, secondary="deed_photos", order_by="DeedPhoto.position")
    steps: Mapped[list["DeedStep"]] = relationship(viewonly=True, order_by="DeedStep.id")

    @property
    def judged_by(self) -> dict[str, Any]:
        """The rule with the points of the version the deed was declared under."""
        return {"id": self.rule_id, "code": self.rule.code, "title": self.terms.title, "points": self.terms.points}


class DeedPhoto(Model):
    """A photo that shows a deed."""

    __tablename__ = "deed_photos"

    deed_id: Mapped[UUID] = mapped_column(ForeignKey("deeds.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    upload_id: Mapped[UUID] = mapped_column(ForeignKey("uploads.id"), index=True)


class DeedStep(Model):
    """What happened to a deed, when and by whom: `action` is declared, withdrawn, approved, rejected or returned.

    Nothing here is ever changed, so a resident's name is not in it: `by` looks it up, and it goes when he goes.
    """

    __tablename__ = "deed_steps"
    __table_args__ = (CheckConstraint("(by IS NULL) = (by_kind = 'resident')", name="by"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    deed_id: Mapped[UUID] = mapped_column(ForeignKey("deeds.id"), index=True)
    action: Mapped[str]
    at: Mapped[datetime]
    by_kind: Mapped[str]
    by_id: Mapped[UUID]
    by_name: Mapped[str | None] = mapped_column("by")
    note: Mapped[str | None]
    deed: Mapped[Deed] = relationship(viewonly=True)

    @property
    def by(self) -> str:
        return self.deed.resident.name if self.by_name is None else self.by_name


def declare(actor: Resident, *, rule_id: UUID, occurred_on: date, description: str, upload_ids: Sequence[UUID] = ()) -> Deed:
    """The resident says what he did; it waits for review.

    Raises:
        NotFound: the rule is not of his community, or a photo is not his.
        ValidationFailed: the day is in the future or older than 90 days, or the rule wants a photo and there is none.
        LimitReached: the rule allows no more in that day, week or month.
    """
    residents.lock(actor.id)
    rule = rules.in_force(actor.community_code, rule_id)
    if occurred_on > clock.today():
        raise ValidationFailed({"occurred_on": ["日期不能晚于今天"]})
    if occurred_on < clock.today() - timedelta(days=OLDEST_DAYS):
        raise ValidationFailed({"occurred_on": [f"只能申报最近 {OLDEST_DAYS} 天内的事"]})
    if rule.terms.evidence_required and not upload_ids:
        raise ValidationFailed({"upload_ids": ["这一项需要上传照片"]})
    photos = uploads.owned(actor.id, list(upload_ids))
    _check_limits(actor.id, rule, occurred_on)
    deed = Deed(
        id=ids.new(),
        resident_id=actor.id,
        community_code=actor.community_code,
        rule_id=rule.id,
        rule_version=rule.version,
        occurred_on=occurred_on,
        description=description,
        channel="self",
        status="pending",
        declared_at=clock.now(),
    )
    add(deed)
    for position, photo in enumerate(photos):
        add(DeedPhoto(deed_id=deed.id, position=position, upload_id=photo.id))
    add_step(deed.id, "declared", actor.kind, actor.id, actor.name)
    audit.record(actor, "deed.declare", deed.id, deed.community_code)
    return load([deed.id])[0]


def find(actor: Resident, window: paging.Window) -> paging.Page[Deed]:
    """The actor's own deeds, newest first."""
    return paging.by_id(select(Deed).where(Deed.resident_id == actor.id).options(*EAGER), Deed.id, window)


def get(actor: Resident, deed_id: UUID) -> Deed:
    """One of the actor's own deeds. Raises NotFound."""
    query = select(Deed).where(Deed.id == deed_id, Deed.resident_id == actor.id).options(*EAGER)
    deed = db.session.scalar(query.execution_options(populate_existing=True))
    if deed is None:
        raise NotFound()
    return deed


_WITHDRAW = text(
    "UPDATE deeds SET status = 'withdrawn' WHERE id = :id AND resident_id = :resident_id AND status IN ('pending', 'returned')"
)


def withdraw(actor: Resident, deed_id: UUID) -> Deed:
    """Take a deed back before it is decided.

    Raises:
        NotFound: it is not the actor's.
        AlreadyReviewed: it no longer waits.
    """
    if execute(_WITHDRAW, id=deed_id, resident_id=actor.id).rowcount == 0:
        get(actor, deed_id)
        raise AlreadyReviewed()
    add_step(deed_id, "withdrawn", actor.kind, actor.id, actor.name)
    audit.record(actor, "deed.withdraw", deed_id, actor.community_code)
    return get(actor, deed_id)


EAGER: tuple[Any, ...] = (
    selectinload(Deed.rule),
    selectinload(Deed.terms),
    selectinload(Deed.photos),
    selectinload(Deed.steps),
    selectinload(Deed.resident),
)


def load(deed_ids: Sequence[UUID]) -> list[Deed]:
    """Deeds as they stand now, with all that is shown of them, in a fixed number of queries."""
    query = select(Deed).where(Deed.id.in_(deed_ids)).options(*EAGER).execution_options(populate_existing=True)
    return list(db.session.scalars(query))


def add_step(deed_id: UUID, action: str, by_kind: str, by_id: UUID, by: str, note: str | None = None) -> None:
    """Put on record what was done to a deed; `by` is the name people know the doer by, and a resident's is not stored."""
    name = None if by_kind == "resident" else by
    step = DeedStep(id=ids.new(), deed_id=deed_id, action=action, at=clock.now(), by_kind=by_kind, by_id=by_id, by_name=name)
    step.note = note
    add(step)


_LOCK_RESIDENT = text("SELECT FROM residents WHERE id = :id FOR NO KEY UPDATE")
_DECLARED = text(
    """
    SELECT count(*) FILTER (WHERE occurred_on = :day) AS per_day,
           count(*) FILTER (WHERE date_trunc('week', occurred_on) = date_trunc('week', CAST(:day AS date))) AS per_week,
           count(*) FILTER (WHERE date_trunc('month', occurred_on) = date_trunc('month', CAST(:day AS date))) AS per_month
    FROM deeds
    WHERE resident_id = :resident_id AND rule_id = :rule_id AND status IN ('pending', 'returned', 'approved')
      AND occurred_on BETWEEN :day - 31 AND :day + 31
    """
)


def _check_limits(resident_id: UUID, rule: Rule, occurred_on: date) -> None:
    allowed = {name: getattr(rule.terms, name) for name in rules.LIMITS}
    if not any(allowed.values()):
        return
    # Behind the lock, no other deed of this resident can slip in between counting and inserting.
    execute(_LOCK_RESIDENT, id=resident_id)
    declared = first(_DECLARED, resident_id=resident_id, rule_id=rule.id, day=occurred_on)
    if any(limit is not None and getattr(declared, name) >= limit for name, limit in allowed.items()):
        raise LimitReached()
