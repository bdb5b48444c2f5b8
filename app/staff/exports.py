"""What can be taken along as a spreadsheet, all on one page."""

from typing import Any

from flask import Response

from app.schemas import rule_lists as rule_shapes
from app.schemas.rule_lists import ExportQuery
from app.web import audience, pages, sheets
from app.web.faces import Pages
from kernel import tables
from people import divisions, permissions, resident_lists
from people.actors import Staff
from points import household_lists, rule_lists

blueprint = Pages("staff", "exports", __name__, url_prefix="/staff/exports")


@blueprint.get("")
@audience.staff(permissions.AUDIT)
@pages.query(ExportQuery)
def show(actor: Staff, query: dict[str, Any]) -> Response:
    """All that can be exported, and of which community."""
    code = query["community_code"] or actor.community_code
    return pages.show("staff/exports.html", community_code=code, communities=divisions.communities(actor))


@blueprint.get("/residents.csv")
@audience.staff(permissions.AUDIT)
@pages.query(ExportQuery)
def residents_csv(actor: Staff, query: dict[str, Any]) -> Response:
    """The residents of a community as CSV; on record."""
    return sheets.csv("residents", tables.to_csv(list(resident_lists.COLUMNS), resident_lists.export(actor, **query)))


@blueprint.get("/residents.xlsx")
@audience.staff(permissions.AUDIT)
@pages.query(ExportQuery)
def residents_xlsx(actor: Staff, query: dict[str, Any]) -> Response:
    """The residents of a community as XLSX; on record."""
    return sheets.xlsx("residents", tables.to_xlsx(list(resident_lists.COLUMNS), resident_lists.export(actor, **query)))


@blueprint.get("/households.csv")
@audience.staff(permissions.AUDIT)
@pages.query(ExportQuery)
def households_csv(actor: Staff, query: dict[str, Any]) -> Response:
    """The households of a community as CSV; on record."""
    return sheets.csv("households", tables.to_csv(list(household_lists.COLUMNS), household_lists.export(actor, **query)))


@blueprint.get("/households.xlsx")
@audience.staff(permissions.AUDIT)
@pages.query(ExportQuery)
def households_xlsx(actor: Staff, query: dict[str, Any]) -> Response:
    """The households of a community as XLSX; on record."""
    return sheets.xlsx("households", tables.to_xlsx(list(household_lists.COLUMNS), household_lists.export(actor, **query)))


@blueprint.get("/rules.csv")
@audience.staff(permissions.AUDIT)
@pages.query(ExportQuery)
def rules_csv(actor: Staff, query: dict[str, Any]) -> Response:
    """All rules of a community as CSV."""
    listed = rule_shapes.rows(rule_lists.export(actor, **query))
    return sheets.csv("rules", tables.to_csv(list(rule_lists.COLUMNS), listed))


@blueprint.get("/rules.xlsx")
@audience.staff(permissions.AUDIT)
@pages.query(ExportQuery)
def rules_xlsx(actor: Staff, query: dict[str, Any]) -> Response:
    """All rules of a community as XLSX."""
    listed = rule_shapes.rows(rule_lists.export(actor, **query))
    return sheets.xlsx("rules", tables.to_xlsx(list(rule_lists.COLUMNS), listed))
