"""Households: for their members, and for the staff who keep them."""

from typing import Any
from uuid import UUID

from flask import Response

from app.schemas import households as shapes
from app.schemas.lists import page_example, page_of, window
from app.schemas.points import Empty
from app.schemas.rule_lists import ExportQuery
from app.web import audience, sheets
from app.web.idempotency import idempotent
from app.web.openapi import refuses
from app.web.parsing import Api
from kernel import tables
from kernel.codes import CodeExpired, CodeInvalid
from kernel.errors import NotFound
from kernel.paging import Page
from people import permissions
from people.actors import Resident, Staff
from people.households import AlreadyInHousehold
from points import household_lists, households
from points.households import AloneInHousehold, HouseholdView, Listed, NotHead, OwnHousehold
from points.ledger import InsufficientPoints

blueprint = Api("households", __name__)


@blueprint.get("/households/mine")
@audience.resident
@refuses(NotFound)
@blueprint.response(200, shapes.HouseholdShape, example=shapes.HOUSEHOLD)
def mine(actor: Resident) -> HouseholdView:
    """The resident's household: members, the shared wallet, who earned what."""
    return households.mine(actor)


@blueprint.patch("/households/mine")
@audience.resident
@refuses(NotFound, NotHead)
@blueprint.arguments(shapes.HouseholdChange, required=False, example={"name": "王大福"})
@blueprint.response(200, shapes.HouseholdShape, example=shapes.HOUSEHOLD)
def change(actor: Resident, body: dict[str, Any]) -> HouseholdView:
    """The head names the household or hands it over."""
    return households.change(actor, **body)


@blueprint.post("/households/mine/members")
@audience.resident
@idempotent
@refuses(NotFound, NotHead, AlreadyInHousehold, CodeInvalid, CodeExpired)
@blueprint.arguments(shapes.MemberBody, example={"resident_id": "019dd1c3-0000-7000-8000-0000000000b2"})
@blueprint.response(201, shapes.HouseholdShape, example=shapes.HOUSEHOLD)
def invite(actor: Resident, body: dict[str, Any]) -> HouseholdView:
    """The head takes somebody into the household; who lived alone brings his points along."""
    return households.invite(actor, **body)


@blueprint.post("/households/mine/leave")
@audience.resident
@idempotent
@refuses(NotFound, AloneInHousehold)
@blueprint.arguments(Empty, required=False, example={})
@blueprint.response(200, shapes.HouseholdShape, example=shapes.HOUSEHOLD)
def leave(actor: Resident, body: dict[str, Any]) -> HouseholdView:
    """Leave the household; the points stay with it. The resident's own new household."""
    return households.leave(actor)


@blueprint.get("/staff/households")
@audience.staff(permissions.SEE)
@blueprint.arguments(shapes.HouseholdQuery, location="query")
@blueprint.response(200, page_of(shapes.ListedShape), example=page_example(shapes.LISTED))
def find(actor: Staff, query: dict[str, Any]) -> Page[Listed]:
    """The households in this part of the tree, newest first."""
    return households.find(actor, window(query), **query)


@blueprint.get("/staff/households.csv")
@audience.staff(permissions.AUDIT)
@refuses(NotFound)
@blueprint.arguments(ExportQuery, location="query")
@blueprint.response(200, sheets.BYTES, content_type=sheets.CSV, example="户号,户主")
def export_csv(actor: Staff, query: dict[str, Any]) -> Response:
    """The households of a community as CSV, masked for those who may not see them; on record."""
    return sheets.csv("households", tables.to_csv(list(household_lists.COLUMNS), household_lists.export(actor, **query)))


@blueprint.get("/staff/households.xlsx")
@audience.staff(permissions.AUDIT)
@refuses(NotFound)
@blueprint.arguments(ExportQuery, location="query")
@blueprint.response(200, sheets.BYTES, content_type=sheets.XLSX, example="the bytes of the file")
def export_xlsx(actor: Staff, query: dict[str, Any]) -> Response:
    """The households of a community as XLSX, masked for those who may not see them; on record."""
    return sheets.xlsx("households", tables.to_xlsx(list(household_lists.COLUMNS), household_lists.export(actor, **query)))


@blueprint.get("/staff/households/<id:household_id>")
@audience.staff(permissions.SEE)
@blueprint.response(200, shapes.HouseholdShape, example=shapes.HOUSEHOLD)
def show(actor: Staff, household_id: UUID) -> HouseholdView:
    """One household."""
    return households.show(actor, household_id)


@blueprint.patch("/staff/households/<id:household_id>")
@audience.staff(permissions.ENTER)
@blueprint.arguments(shapes.StaffHouseholdChange, required=False, example={"address": "3 组 12 号"})
@blueprint.response(200, shapes.HouseholdShape, example=shapes.HOUSEHOLD)
def correct(actor: Staff, body: dict[str, Any], household_id: UUID) -> HouseholdView:
    """Correct a household's name, address or head."""
    return households.change_by_staff(actor, household_id, **body)


@blueprint.post("/staff/households/<id:household_id>/members")
@audience.staff(permissions.ENTER)
@idempotent
@refuses(AlreadyInHousehold, OwnHousehold)
@blueprint.arguments(shapes.StaffMemberBody, example={"resident_id": shapes.HOUSEHOLD_ID, "reason": "户口本核对"})
@blueprint.response(201, shapes.HouseholdShape, example=shapes.HOUSEHOLD)
def put_into(actor: Staff, body: dict[str, Any], household_id: UUID) -> HouseholdView:
    """Put somebody into a household, with a reason."""
    return households.put_into(actor, household_id, **body)


@blueprint.post("/staff/households/<id:household_id>/merge")
@audience.staff(permissions.BOOKS)
@idempotent
@refuses(OwnHousehold)
@blueprint.arguments(shapes.MergeBody, example={"into_id": shapes.HOUSEHOLD_ID, "reason": "两户合并居住"})
@blueprint.response(200, shapes.HouseholdShape, example=shapes.HOUSEHOLD)
def merge(actor: Staff, body: dict[str, Any], household_id: UUID) -> HouseholdView:
    """Merge a household into another, points and all. The other one."""
    return households.merge(actor, household_id, **body)


@blueprint.post("/staff/households/<id:household_id>/split")
@audience.staff(permissions.BOOKS)
@idempotent
@refuses(InsufficientPoints, OwnHousehold)
@blueprint.arguments(shapes.SplitBody, example={"resident_ids": [shapes.HOUSEHOLD_ID], "points": 40, "reason": "儿子成家分户"})
@blueprint.response(201, shapes.HouseholdShape, example=shapes.HOUSEHOLD)
def split(actor: Staff, body: dict[str, Any], household_id: UUID) -> HouseholdView:
    """Have some members found a household of their own, with some of the points. The new one."""
    return households.split(actor, household_id, **body)
