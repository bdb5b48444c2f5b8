"""Units: the enterprises and institutions that take part, what was agreed with them, what they offered and did."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from kernel import audit, clock, ids, paging, signing
from kernel.database import Model, add, db
from kernel.errors import NotFound, ValidationFailed
from people import divisions, masking, permissions
from people.actors import Staff
from people.divisions import Division

KINDS = ("enterprise", "institution", "shop", "school", "other")
RECORD_KINDS = ("offered", "did")
RECORDS_SHOWN = 100
PHONE = re.compile(r"1[3-9]\d{9}|0\d{2,3}-?\d{7,8}", re.ASCII)


class Unit(Model):
    """An enterprise or institution that takes part, at a node of the tree. `contact` is whom to call there."""

    __tablename__ = "units"
    __table_args__ = (
        CheckConstraint("kind IN ('enterprise', 'institution', 'shop', 'school', 'other')", name="kind"),
        Index(None, "division_code", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    division_code: Mapped[str] = mapped_column(ForeignKey("divisions.code"))
    name: Mapped[str]
    kind: Mapped[str]
    contact_name: Mapped[str | None]
    contact_phone_sealed: Mapped[str | None]
    note: Mapped[str | None]
    active: Mapped[bool]
    created_at: Mapped[datetime]
    division: Mapped[Division] = relationship(viewonly=True)


class UnitAgreement(Model):
    """What was agreed with a unit, from a day to a day (both included) or without end."""

    __tablename__ = "unit_agreements"
    __table_args__ = (CheckConstraint("to_on >= from_on", name="days"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("units.id"), index=True)
    title: Mapped[str]
    text: Mapped[str]
    from_on: Mapped[date]
    to_on: Mapped[date | None]
    created_by: Mapped[UUID]
    created_at: Mapped[datetime]


class UnitRecord(Model):
    """What a unit offered or did on a day; never changed."""

    __tablename__ = "unit_records"
    __table_args__ = (
        CheckConstraint("kind IN ('offered', 'did')", name="kind"),
        CheckConstraint("quantity > 0", name="quantity"),
        Index(None, "unit_id", "day"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("units.id"))
    kind: Mapped[str]
    day: Mapped[date]
    description: Mapped[str]
    quantity: Mapped[int | None]
    created_by: Mapped[UUID]
    created_at: Mapped[datetime]


@dataclass(frozen=True)
class UnitView:
    """A unit as it is shown; who to call there is masked for those who may not see it."""

    id: UUID
    division_code: str
    name: str
    kind: str
    contact_name: str | None
    contact_phone: str | None
    note: str | None
    active: bool
    created_at: datetime
    agreements: Sequence[UnitAgreement] = ()
    records: Sequence[UnitRecord] = ()


def find(
    actor: Staff,
    window: paging.Window,
    *,
    q: str | None = None,
    kind: str | None = None,
    active: bool | None = None,
    division_code: str | None = None,
) -> paging.Page[UnitView]:
    """The units in the actor's part of the tree, or in the part below a division; `q` is looked for in the name.

    Raises:
        NotFound: the division is not in the actor's part of the tree.
    """
    lineage = actor.scope
    if division_code is not None:
        lineage = divisions.get(division_code).lineage
        actor.must_see(lineage)
    query = select(Unit).join(Division).where(Division.lineage.startswith(lineage))
    if q:
        query = query.where(Unit.name.contains(q, autoescape=True))
    if kind is not None:
        query = query.where(Unit.kind == kind)
    if active is not None:
        query = query.where(Unit.active == active)
    page = paging.by_id(query, Unit.id, window)
    return paging.Page([_view(actor, unit) for unit in page.items], page.next)


def get(actor: Staff, unit_id: UUID) -> UnitView:
    """One unit in the actor's part of the tree, its agreements and its newest 100 records. Raises NotFound."""
    unit = _visible(actor, unit_id)
    agreements = db.session.scalars(
        select(UnitAgreement).where(UnitAgreement.unit_id == unit.id).order_by(UnitAgreement.id.desc())
    )
    records = db.session.scalars(
        select(UnitRecord)
        .where(UnitRecord.unit_id == unit.id)
        .order_by(UnitRecord.day.desc(), UnitRecord.id.desc())
        .limit(RECORDS_SHOWN)
    )
    return _view(actor, unit, agreements.all(), records.all())


def create(
    actor: Staff,
    *,
    name: str,
    kind: str,
    division_code: str | None = None,
    contact_phone: str | None = None,
    **details: Any,
) -> UnitView:
    """A new unit at a node of the tree, the actor's own unless one is named.

    Raises:
        NotFound: the node is not in the actor's part of the tree.
        ValidationFailed: a phone number that is none.
    """
    division = divisions.get(division_code or actor.scope_code)
    actor.must_see(division.lineage)
    unit = Unit(
        id=ids.new(),
        division_code=division.code,
        name=name,
        kind=kind,
        contact_phone_sealed=_sealed(contact_phone),
        active=True,
        created_at=clock.now(),
        **{"contact_name": None, "note": None, **details},
    )
    add(unit)
    audit.record(actor, "unit.create", unit.id, division.code, kind=kind)
    return _view(actor, unit)


def change(actor: Staff, unit_id: UUID, **changes: Any) -> UnitView:
    """Change what is known of a unit, or switch it on or off. Raises NotFound, and ValidationFailed as `create`."""
    unit = _visible(actor, unit_id)
    fields = sorted(changes)  # their names only: who is called there is personal
    if "contact_phone" in changes:
        changes["contact_phone_sealed"] = _sealed(changes.pop("contact_phone"))
    for field, value in changes.items():
        setattr(unit, field, value)
    db.session.flush()
    audit.record(actor, "unit.change", unit.id, unit.division_code, fields=fields)
    return get(actor, unit_id)


def agree(actor: Staff, unit_id: UUID, *, title: str, from_on: date, to_on: date | None = None, text: str = "") -> UnitAgreement:
    """Put on record what was agreed with a unit. Raises NotFound, and ValidationFailed where it ends before it begins."""
    unit = _visible(actor, unit_id)
    if to_on is not None and to_on < from_on:
        raise ValidationFailed({"to_on": ["结束日期不能早于开始日期"]})
    agreement = UnitAgreement(
        id=ids.new(),
        unit_id=unit.id,
        title=title,
        text=text,
        from_on=from_on,
        to_on=to_on,
        created_by=actor.id,
        created_at=clock.now(),
    )
    add(agreement)
    audit.record(actor, "unit.agree", agreement.id, unit.division_code, unit_id=unit.id)
    return agreement


def put_on_record(
    actor: Staff, unit_id: UUID, *, kind: str, day: date, description: str, quantity: int | None = None
) -> UnitRecord:
    """Put on record what a unit offered or did. Raises NotFound, and ValidationFailed for a day that has not come."""
    unit = _visible(actor, unit_id)
    if day > clock.today():
        raise ValidationFailed({"day": ["日期不能晚于今天"]})
    record = UnitRecord(
        id=ids.new(),
        unit_id=unit.id,
        kind=kind,
        day=day,
        description=description,
        quantity=quantity,
        created_by=actor.id,
        created_at=clock.now(),
    )
    add(record)
    audit.record(actor, "unit.record", record.id, unit.division_code, unit_id=unit.id, kind=kind)
    return record


def _visible(actor: Staff, unit_id: UUID) -> Unit:
    unit = db.session.get(Unit, unit_id)
    if unit is None:
        raise NotFound()
    actor.must_see(unit.division.lineage)
    return unit


def _sealed(phone: str | None) -> str | None:
    if phone is None:
        return None
    if not PHONE.fullmatch(phone):
        raise ValidationFailed({"contact_phone": ["请填写 11 位手机号码，或带区号的座机号码"]})
    return signing.encrypt("phone", phone)


def _view(actor: Staff, unit: Unit, agreements: Sequence[UnitAgreement] = (), records: Sequence[UnitRecord] = ()) -> UnitView:
    name = unit.contact_name
    phone = signing.decrypt("phone", unit.contact_phone_sealed) if unit.contact_phone_sealed else None
    if actor.role in permissions.MASKED_ROLES:
        name, phone = name and masking.name(name), phone and masking.phone(phone)
    return UnitView(
        unit.id,
        unit.division_code,
        unit.name,
        unit.kind,
        name,
        phone,
        unit.note,
        unit.active,
        unit.created_at,
        agreements,
        records,
    )
