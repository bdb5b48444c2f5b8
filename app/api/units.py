"""Units: enterprises and institutions that take part."""

from typing import Any
from uuid import UUID

from app.schemas import units as shapes
from app.schemas.lists import page_example, page_of, window
from app.web import audience
from app.web.idempotency import idempotent
from app.web.openapi import refuses
from app.web.parsing import Api
from kernel.errors import NotFound
from kernel.paging import Page
from people import permissions, units
from people.actors import Staff
from people.units import UnitAgreement, UnitRecord, UnitView

blueprint = Api("units", __name__)


@blueprint.get("/staff/units")
@audience.staff(permissions.SEE)
@refuses(NotFound)
@blueprint.arguments(shapes.UnitQuery, location="query")
@blueprint.response(200, page_of(shapes.UnitShape), example=page_example(shapes.UNIT))
def find(actor: Staff, query: dict[str, Any]) -> Page[UnitView]:
    """The units in this part of the tree."""
    return units.find(actor, window(query), **query)


@blueprint.post("/staff/units")
@audience.staff(permissions.SHOP)
@idempotent
@refuses(NotFound)
@blueprint.arguments(shapes.UnitBody, example=shapes.UNIT_BODY)
@blueprint.response(201, shapes.UnitShape, example=shapes.UNIT)
def create(actor: Staff, body: dict[str, Any]) -> UnitView:
    """A new unit at a node of the tree."""
    return units.create(actor, **body)


@blueprint.get("/staff/units/<id:unit_id>")
@audience.staff(permissions.SEE)
@blueprint.response(200, shapes.UnitInFull, example=shapes.UNIT_IN_FULL)
def get(actor: Staff, unit_id: UUID) -> UnitView:
    """A unit with its agreements and its newest records."""
    return units.get(actor, unit_id)


@blueprint.patch("/staff/units/<id:unit_id>")
@audience.staff(permissions.SHOP)
@blueprint.arguments(shapes.UnitChange, required=False, example={"active": False})
@blueprint.response(200, shapes.UnitInFull, example={**shapes.UNIT_IN_FULL, "active": False})
def change(actor: Staff, body: dict[str, Any], unit_id: UUID) -> UnitView:
    """Change what is known of a unit, or switch it on or off."""
    return units.change(actor, unit_id, **body)


@blueprint.post("/staff/units/<id:unit_id>/agreements")
@audience.staff(permissions.SHOP)
@idempotent
@blueprint.arguments(shapes.AgreementBody, example=shapes.AGREEMENT_BODY)
@blueprint.response(201, shapes.AgreementShape, example=shapes.AGREEMENT)
def agree(actor: Staff, body: dict[str, Any], unit_id: UUID) -> UnitAgreement:
    """Put on record what was agreed with a unit."""
    return units.agree(actor, unit_id, **body)


@blueprint.post("/staff/units/<id:unit_id>/records")
@audience.staff(permissions.SHOP)
@idempotent
@blueprint.arguments(shapes.RecordBody, example=shapes.RECORD_BODY)
@blueprint.response(201, shapes.RecordShape, example=shapes.RECORD)
def put_on_record(actor: Staff, body: dict[str, Any], unit_id: UUID) -> UnitRecord:
    """Put on record what a unit offered or did; it is never changed."""
    return units.put_on_record(actor, unit_id, **body)
