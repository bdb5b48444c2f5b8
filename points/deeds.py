"""Deeds: something good that was done, declared by the resident, later reviewed (`points.reviews`), then credited."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column, relationship, selectinload

from kernel import audit, clock, ids, paging, uploads
from kernel.database import Model, add, db, execute, first
from kernel.errors import Conflict, NotFound, ValidationFailed
from kernel.uploads import Upload
from people import residents, settings
from people.actors import Resident, Staff
from people.residents import Resident as ResidentRow
from points import rules
from points.awards import WaitingCredit
from points.rules import Rule, RuleVersion

OLDEST_DAYS = 90
MAX_PHOTOS = 9
MAX_QUANTITY = 100
STATUSES = ("pending", "returned", "approved", "rejected", "withdrawn", "revoked")


class LimitReached(Conflict):
    title = "已经达到上限，请过些时候再来"


class AlreadyReviewed(Conflict):
    title = "这件事已经处理过了，请刷新后查看"


class Deed(Model):
    """A deed of a resident, under one version of a rule.

    `quantity` counts the units of a rule that pays per unit, else 1; `points` are what the deed was credited with.
    """

    __tablename__ = "deeds"
    __table_args__ = (
        ForeignKeyConstraint(["rule_id", "rule_version"], ["rule_versions.rule_id", "rule_versions.version"]),
        CheckConstraint("status IN ('pending', 'returned', 'approved', 'rejected', 'withdrawn', 'revoked')", name="status"),
        CheckConstraint("channel IN ('self', 'visit', 'phone', 'sms', 'qq', 'wechat', 'inspection')", name="channel"),
        CheckConstraint("(points IS NOT NULL) = (status IN ('approved', 'revoked'))", name="credited"),
        CheckConstraint("quantity BETWEEN 1 AND 100", name="quantity"),
        Index(None, "resident_id", "id"),
        Index(None, "resident_id", "rule_id", "occurred_on"),
        CheckConstraint(
            "(wallet IS NOT NULL) = (points IS NOT NULL) AND (approved_at IS NOT NULL) = (points IS NOT NULL)", name="wallet"
        ),
        Index(None, "community_code", "status", "id"),
        Index(None, "community_code", "approved_at"),
        Index(None, "declared_at"),
        Index(None, "approved_at"),
        Index("deeds_revoked_idx", "approved_at", postgresql_where=text("status = 'revoked'")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    resident_id: Mapped[UUID] = mapped_column(ForeignKey("residents.id"))
    community_code: Mapped[str] = mapped_column(ForeignKey("divisions.code"))
    rule_id: Mapped[UUID] = mapped_column(ForeignKey("rules.id"))
    rule_version: Mapped[int]
    occurred_on: Mapped[date]
    quantity: Mapped[int] = mapped_column(server_default=text("1"))
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
    waiting: Mapped[WaitingCredit | None] = relationship(
        viewonly=True,
        uselist=False,
        primaryjoin="and_(Deed.id == foreign(WaitingCredit.deed_id), WaitingCredit.ended_at.is_(None))",
    )

    @property
    def entered_by(self) -> str | None:
        """The member of staff who entered it on the resident's behalf, None where he declared it himself."""
        return next((step.by for step in self.steps if step.action == "declared" and step.by_kind == "staff"), None)

    @property
    def judged_by(self) -> dict[str, Any]:
        """The rule with the points of the version the deed was declared under."""
        return {"id": self.rule_id, "code": self.rule.code, "title": self.terms.title, "points": self.terms.points}


class DeedPhoto(Model):
    """A photo that shows a deed, with the deed's community and the photo's print beside it, which `points.flags` goes through."""

    __tablename__ = "deed_photos"
    __table_args__ = (
        Index(
            "deed_photos_prints_idx",
            "community_code",
            postgresql_include=["deed_id", "upload_id", "phash"],
            postgresql_where=text("phash IS NOT NULL"),
        ),
    )

    deed_id: Mapped[UUID] = mapped_column(ForeignKey("deeds.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    upload_id: Mapped[UUID] = mapped_column(ForeignKey("uploads.id"), index=True)
    community_code: Mapped[str]
    phash: Mapped[int | None]


class DeedStep(Model):
    """What happened to a deed, when and by whom: declared, resubmitted, withdrawn, approved, rejected, returned or revoked.

    Nothing here is ever changed, so a resident's name is not in it: `by` looks it up, and it goes when he goes.
    """

    __tablename__ = "deed_steps"
    __table_args__ = (
        CheckConstraint("(by IS NULL) = (by_kind = 'resident')", name="by"),
        Index("deed_steps_decided_idx", "at", postgresql_where=text("action IN ('approved', 'rejected', 'returned')")),
    )

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


def declare(actor: Resident, **said: Any) -> Deed:
    """The resident says what he did; it waits for review. Takes and raises what `lodge` does."""
    return load([lodge(actor, actor.id, actor.community_code, "self", "deed.declare", **said)])[0]


def lodge(
    doer: Resident | Staff,
    resident_id: UUID,
    community_code: str,
    channel: str,
    audited_as: str,
    *,
    rule_id: UUID,
    occurred_on: date,
    description: str,
    quantity: int = 1,
    upload_ids: Sequence[UUID] = (),
) -> UUID:
    """Put a deed of a resident before the reviewers, be it he who says it or staff for him; the deed's id.

    Raises:
        NotFound: the rule is not of his community, or a photo is not the doer's.
        ValidationFailed: the day is in the future or older than 90 days, the rule wants a photo and there is none, or the
            quantity is not for this rule, or comes to more points than a deed may have.
        RuleNotInForce: the rule is not in force today, or was not on that day.
        LimitReached: the rule or the community allows no more in that day, week or month.
    """
    residents.lock(resident_id)
    rule = rules.in_force(community_code, rule_id, occurred_on)
    check_day(occurred_on, clock.today())
    check_evidence(rule.terms, bool(upload_ids))
    _check_quantity(rule.terms, quantity)
    photos = uploads.owned(doer.id, list(upload_ids))
    check_limits(resident_id, rule, occurred_on)
    deed = Deed(
        id=ids.new(),
        resident_id=resident_id,
        community_code=community_code,
        rule_id=rule.id,
        rule_version=rule.version,
        occurred_on=occurred_on,
        quantity=quantity,
        description=description,
        channel=channel,
        status="pending",
        declared_at=clock.now(),
    )
    add(deed)
    attach(deed.id, [photo.id for photo in photos])
    add_step(deed.id, "declared", doer.kind, doer.id, doer.name)
    audit.record(doer, audited_as, deed.id, deed.community_code)
    return deed.id


_ATTACH = text(
    """
    INSERT INTO deed_photos (deed_id, position, upload_id, community_code, phash)
    SELECT d.id, named.place - 1, u.id, d.community_code, u.phash
    FROM deeds d, unnest(CAST(:upload_ids AS uuid[])) WITH ORDINALITY AS named (id, place) JOIN uploads u ON u.id = named.id
    WHERE d.id = :deed_id
    """
)


def attach(deed_id: UUID, upload_ids: Sequence[UUID]) -> None:
    """Show photos with a deed that has none, in this order. Raises NotFound where one was swept a moment ago."""
    if not upload_ids:
        return
    try:
        attached = execute(_ATTACH, deed_id=deed_id, upload_ids=list(upload_ids)).rowcount
    except IntegrityError:  # it goes while this waits for it
        raise NotFound() from None
    if attached < len(upload_ids):
        raise NotFound()


def find(actor: Resident, window: paging.Window, *, status: str | None = None) -> paging.Page[Deed]:
    """The actor's own deeds, newest first, all or those of a status."""
    query = select(Deed).where(Deed.resident_id == actor.id)
    if status is not None:
        query = query.where(Deed.status == status)
    return paging.by_id(query.options(*EAGER), Deed.id, window)


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
    selectinload(Deed.waiting),
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


def check_day(occurred_on: date, declared_on: date) -> None:
    """Raises ValidationFailed unless the day is past, and within 90 days before the one on which the deed was first declared."""
    if occurred_on > clock.today():
        raise ValidationFailed({"occurred_on": ["日期不能晚于今天"]})
    if occurred_on < declared_on - timedelta(days=OLDEST_DAYS):
        raise ValidationFailed({"occurred_on": [f"只能申报最近 {OLDEST_DAYS} 天内的事"]})


def check_evidence(terms: RuleVersion, has_photos: bool) -> None:
    """Raises ValidationFailed where the rule wants a photo and there is none."""
    if terms.evidence_required and not has_photos:
        raise ValidationFailed({"upload_ids": ["这一项需要上传照片"]})


def _check_quantity(terms: RuleVersion, quantity: int) -> None:
    if quantity > 1 and not terms.per_unit:
        raise ValidationFailed({"quantity": ["这一项按次计分，不用填写数量"]})
    if quantity * terms.points > rules.MAX_POINTS:
        raise ValidationFailed({"quantity": [f"这一项一次最多申报 {rules.MAX_POINTS // terms.points}"]})


_LOCK_RESIDENT = text("SELECT household_id FROM residents WHERE id = :id FOR NO KEY UPDATE")
_LOCK_HOUSEHOLD = text("SELECT FROM households WHERE id = :id FOR NO KEY UPDATE")
_DECLARED = text(
    """
    SELECT rule_id, count(*) FILTER (WHERE own AND occurred_on = :day) AS per_day,
           count(*) FILTER (WHERE own AND date_trunc('week', occurred_on) = date_trunc('week', CAST(:day AS date))) AS per_week,
           count(*) FILTER (WHERE own AND in_month) AS per_month,
           count(*) FILTER (WHERE in_month) AS per_household_month
    FROM (SELECT d.rule_id, d.occurred_on, d.resident_id = :resident_id AS own,
                 date_trunc('month', d.occurred_on) = date_trunc('month', CAST(:day AS date)) AS in_month
          FROM residents r JOIN deeds d ON d.resident_id = r.id
          WHERE (r.id = :resident_id OR r.household_id = :household_id) AND d.rule_id = ANY(:rule_ids)
            AND d.status IN ('pending', 'returned', 'approved') AND d.occurred_on BETWEEN :day - 31 AND :day + 31
            AND d.id IS DISTINCT FROM CAST(:but AS uuid)) live
    GROUP BY rule_id
    """
)


def allowed(community_code: str, limits: Mapping[str, int]) -> dict[str, int]:
    """How often a rule with some limits may be declared in a community, which may say that once a day is enough."""
    once_a_day = settings.of(community_code).same_rule_once_a_day
    return {**limits, "per_day": 1} if once_a_day else dict(limits)


def reached(
    resident_id: UUID, household_id: UUID | None, day: date, most: Mapping[UUID, Mapping[str, int]], but: UUID | None = None
) -> set[UUID]:
    """Those rules, given with how often they may `most` be declared, of which no more is allowed him around a day."""
    counted = {"resident_id": resident_id, "household_id": household_id, "rule_ids": list(most)}
    rows = execute(_DECLARED, **counted, day=day, but=but)
    return {row.rule_id for row in rows if any(getattr(row, name) >= limit for name, limit in most[row.rule_id].items())}


def check_limits(resident_id: UUID, rule: Rule, occurred_on: date, but: UUID | None = None) -> None:
    """Lock the resident, and raise LimitReached where no more is allowed him around that day, the deed `but` not counted."""
    most = allowed(rule.community_code, rules.terms_of(rule.terms).limits)
    if not most:
        return
    # Behind the locks no other deed of this resident, or of his household, can slip in between counting and inserting.
    resident = first(_LOCK_RESIDENT, id=resident_id)
    assert resident is not None
    if "per_household_month" in most and resident.household_id:
        execute(_LOCK_HOUSEHOLD, id=resident.household_id)
    if reached(resident_id, resident.household_id, occurred_on, {rule.id: most}, but):
        raise LimitReached()
