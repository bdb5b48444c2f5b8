"""Imports of residents from spreadsheets, and their export."""

from typing import Any
from uuid import UUID

from flask import Response

from app.schemas import imports as shapes
from app.schemas import points
from app.schemas.lists import ListQuery, page_example, page_of, window
from app.schemas.rule_lists import ExportQuery
from app.web import audience, sheets
from app.web.idempotency import idempotent
from app.web.openapi import refuses
from app.web.parsing import Api
from app.web.unit_of_work import takes_up_to
from kernel import tables
from kernel.errors import NotFound
from kernel.paging import Page
from kernel.tables import BadTable
from people import permissions, resident_lists
from people.actors import Staff
from points import imports
from points.imports import Import, ImportNotOpen

blueprint = Api("imports", __name__)


@blueprint.post("/staff/imports")
@audience.staff(permissions.ENTER)
@takes_up_to(sheets.TAKES_BYTES)
@idempotent
@refuses(NotFound, BadTable)
@blueprint.arguments(shapes.ResidentsForm, location="files", example={"file": "the bytes of the file", "dry_run": True})
@blueprint.response(201, shapes.ImportShape, example=shapes.IMPORT)
def start(actor: Staff, form: dict[str, Any]) -> Import:
    """Check a file of residents, at most 5,000; unless `dry_run` is false it is applied only when that is ordered."""
    file = form.pop("file")
    data = sheets.bytes_of(file)
    people, wrong = shapes.read(tables.read(data))
    return imports.start(actor, people, wrong, filename=sheets.name_of(file), data=data, **form)


@blueprint.get("/staff/imports")
@audience.staff(permissions.ENTER)
@blueprint.arguments(ListQuery, location="query")
@blueprint.response(200, page_of(shapes.ImportShape), example=page_example(shapes.IMPORT))
def find(actor: Staff, query: dict[str, Any]) -> Page[Import]:
    """The imports into this part of the tree, newest first."""
    return imports.find(actor, window(query))


@blueprint.get("/staff/imports/<id:import_id>")
@audience.staff(permissions.ENTER)
@blueprint.response(200, shapes.ImportShape, example={**shapes.IMPORT, "status": "refused", "report": shapes.REFUSED})
def show(actor: Staff, import_id: UUID) -> Import:
    """How far an import is, and its refused lines."""
    return imports.get(actor, import_id)


@blueprint.post("/staff/imports/<id:import_id>/apply")
@audience.staff(permissions.ENTER)
@idempotent
@refuses(ImportNotOpen)
@blueprint.arguments(points.Empty, required=False, example={})
@blueprint.response(200, shapes.ImportShape, example={**shapes.IMPORT, "status": "applying"})
def apply(actor: Staff, body: dict[str, Any], import_id: UUID) -> Import:
    """Have a checked import applied: all of its people or none, within moments."""
    return imports.order(actor, import_id)


@blueprint.get("/staff/residents.csv")
@audience.staff(permissions.AUDIT)
@refuses(NotFound)
@blueprint.arguments(ExportQuery, location="query")
@blueprint.response(200, sheets.BYTES, content_type=sheets.CSV, example="姓名,电话")
def export_csv(actor: Staff, query: dict[str, Any]) -> Response:
    """The residents of a community as CSV, masked for those who may not see them; on record."""
    return sheets.csv("residents", tables.to_csv(list(resident_lists.COLUMNS), resident_lists.export(actor, **query)))


@blueprint.get("/staff/residents.xlsx")
@audience.staff(permissions.AUDIT)
@refuses(NotFound)
@blueprint.arguments(ExportQuery, location="query")
@blueprint.response(200, sheets.BYTES, content_type=sheets.XLSX, example="the bytes of the file")
def export_xlsx(actor: Staff, query: dict[str, Any]) -> Response:
    """The residents of a community as XLSX, masked for those who may not see them; on record."""
    return sheets.xlsx("residents", tables.to_xlsx(list(resident_lists.COLUMNS), resident_lists.export(actor, **query)))
