"""Rule lists: the positive list as a spreadsheet, in and out, and the ready lists."""

from typing import Any

from flask import Response

from app import ready_lists
from app.schemas import rule_lists as shapes
from app.web import audience, sheets
from app.web.idempotency import idempotent
from app.web.openapi import refuses
from app.web.parsing import Api
from app.web.unit_of_work import takes_up_to
from kernel import tables
from kernel.errors import NotFound
from kernel.tables import BadTable
from people import permissions
from people.actors import Staff
from points import rule_lists
from points.rule_lists import Report
from points.rules import RuleCodeTaken

blueprint = Api("rule_lists", __name__)


@blueprint.post("/staff/rules/import")
@audience.staff(permissions.SHOP)
@takes_up_to(sheets.TAKES_BYTES)
@idempotent
@refuses(NotFound, BadTable, RuleCodeTaken)
@blueprint.arguments(shapes.ImportForm, location="files", example={"file": "the bytes of the file", "dry_run": True})
@blueprint.response(200, shapes.ReportShape, example=shapes.REPORT)
def import_file(actor: Staff, form: dict[str, Any]) -> Report:
    """Put a list in force, CSV or XLSX, at most 5 MiB; a known code whose terms differ gets a new version."""
    return rule_lists.import_lines(actor, shapes.read(tables.read(sheets.bytes_of(form.pop("file")))), **form)


@blueprint.get("/staff/rules/ready-lists")
@audience.staff(permissions.SHOP)
@blueprint.response(200, shapes.ReadyLists, example=shapes.READY_LISTS)
def ready(actor: Staff) -> dict[str, Any]:
    """The lists that come with the product."""
    return {"items": ready_lists.find()}


@blueprint.post("/staff/rules/ready-lists/<name>")
@audience.staff(permissions.SHOP)
@idempotent
@refuses(NotFound, BadTable, RuleCodeTaken)
@blueprint.arguments(shapes.ReadyListBody, required=False, example={"dry_run": True})
@blueprint.response(200, shapes.ReportShape, example=shapes.REPORT)
def import_ready(actor: Staff, body: dict[str, Any], name: str) -> Report:
    """Put a ready list in force."""
    return rule_lists.import_lines(actor, ready_lists.lines_of(name), **body)


@blueprint.get("/staff/rules.csv")
@audience.staff(permissions.AUDIT)
@refuses(NotFound)
@blueprint.arguments(shapes.ExportQuery, location="query")
@blueprint.response(200, sheets.BYTES, content_type=sheets.CSV, example="编号,名称,类别,积分")
def export_csv(actor: Staff, query: dict[str, Any]) -> Response:
    """All rules of a community as CSV."""
    listed = shapes.rows(rule_lists.export(actor, **query))
    return sheets.csv("rules", tables.to_csv(list(rule_lists.COLUMNS), listed))


@blueprint.get("/staff/rules.xlsx")
@audience.staff(permissions.AUDIT)
@refuses(NotFound)
@blueprint.arguments(shapes.ExportQuery, location="query")
@blueprint.response(200, sheets.BYTES, content_type=sheets.XLSX, example="the bytes of the file")
def export_xlsx(actor: Staff, query: dict[str, Any]) -> Response:
    """All rules of a community as XLSX."""
    listed = shapes.rows(rule_lists.export(actor, **query))
    return sheets.xlsx("rules", tables.to_xlsx(list(rule_lists.COLUMNS), listed))
