"""Units on the console: enterprises and institutions that take part, what was agreed and what they did."""

from typing import Any
from uuid import UUID

from flask import Response

from app.schemas import units as shapes
from app.schemas.lists import window
from app.web import audience, forms, pages
from app.web.faces import Pages
from app.web.idempotency import idempotent
from people import permissions, units
from people.actors import Staff

blueprint = Pages("staff", "units", __name__, url_prefix="/staff")


@blueprint.get("/units")
@audience.staff(permissions.SEE)
@pages.query(shapes.UnitQuery)
def find(actor: Staff, query: dict[str, Any]) -> Response:
    """The units in this part of the tree."""
    return pages.show("staff/units/find.html", found=units.find(actor, window(query), **query), query=query)


@blueprint.get("/units/new")
@audience.staff(permissions.SHOP)
def new(actor: Staff) -> Response:
    """A new one."""
    return pages.show("staff/units/new.html")


@blueprint.post("/units")
@audience.staff(permissions.SHOP)
@idempotent
@forms.takes(shapes.UnitBody, again="new")
def create(actor: Staff, body: dict[str, Any]) -> Response:
    """Add it."""
    unit = units.create(actor, **body)
    return pages.go("staff_units.show", f"已添加{unit.name}", unit_id=unit.id)


@blueprint.get("/units/<id:unit_id>")
@audience.staff(permissions.SEE)
def show(actor: Staff, unit_id: UUID) -> Response:
    """One unit, its agreements and its newest records."""
    return pages.show("staff/units/show.html", unit=units.get(actor, unit_id))


@blueprint.get("/units/<id:unit_id>/edit")
@audience.staff(permissions.SHOP)
def edit(actor: Staff, unit_id: UUID) -> Response:
    """What is known of it, to be changed."""
    return pages.show("staff/units/edit.html", unit=units.get(actor, unit_id))


@blueprint.post("/units/<id:unit_id>")
@audience.staff(permissions.SHOP)
@forms.takes(shapes.UnitChange, again="edit")
def change(actor: Staff, body: dict[str, Any], unit_id: UUID) -> Response:
    """Change it, or switch it off or on."""
    units.change(actor, unit_id, **body)
    return pages.go("staff_units.show", "已保存", unit_id=unit_id)


@blueprint.post("/units/<id:unit_id>/agreements")
@audience.staff(permissions.SHOP)
@idempotent
@forms.takes(shapes.AgreementBody, again="show")
def agree(actor: Staff, body: dict[str, Any], unit_id: UUID) -> Response:
    """Put on record what was agreed."""
    units.agree(actor, unit_id, **body)
    return pages.go("staff_units.show", "协议已登记", unit_id=unit_id)


@blueprint.post("/units/<id:unit_id>/records")
@audience.staff(permissions.SHOP)
@idempotent
@forms.takes(shapes.RecordBody, again="show")
def put_on_record(actor: Staff, body: dict[str, Any], unit_id: UUID) -> Response:
    """Put on record what it offered or did."""
    units.put_on_record(actor, unit_id, **body)
    return pages.go("staff_units.show", "已登记", unit_id=unit_id)
