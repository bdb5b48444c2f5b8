"""Imports on the console: a file of residents, checked first, then applied while one watches."""

from typing import Any
from uuid import UUID

from flask import Response

from app.schemas import imports as shapes
from app.schemas import pages as forms_of_pages
from app.schemas.lists import ListQuery, window
from app.schemas.points import Empty
from app.web import audience, forms, pages, sheets
from app.web.faces import Pages
from app.web.idempotency import idempotent
from app.web.unit_of_work import takes_up_to
from kernel import tables
from people import permissions, places, resident_lists
from people.actors import Staff
from points import imports

blueprint = Pages("staff", "imports", __name__, url_prefix="/staff")
# What a filled-in line looks like; whoever uses the file takes it out.
EXAMPLE = ("王大福", "13800000010", "12", "是", "融城路 8 号 2 单元 3-1", "", "", "1954-03")


@blueprint.get("/imports")
@audience.staff(permissions.ENTER)
@pages.query(ListQuery)
def find(actor: Staff, query: dict[str, Any]) -> Response:
    """The imports into this part of the tree, newest first."""
    return pages.show("staff/imports/find.html", found=imports.find(actor, window(query)))


@blueprint.get("/imports/new")
@audience.staff(permissions.ENTER)
@pages.query(forms_of_pages.OfCommunity)
def new(actor: Staff, query: dict[str, Any]) -> Response:
    """A file is to be chosen; what its columns are."""
    outline = places.outline(actor, **query)
    return pages.show("staff/imports/new.html", outline=outline, columns=resident_lists.COLUMNS, example=EXAMPLE)


@blueprint.get("/imports/template.csv")
@audience.staff(permissions.ENTER)
def template_csv(actor: Staff) -> Response:
    """A file to fill in, as CSV."""
    return sheets.csv("residents-template", tables.to_csv(list(resident_lists.COLUMNS), []))


@blueprint.get("/imports/template.xlsx")
@audience.staff(permissions.ENTER)
def template_xlsx(actor: Staff) -> Response:
    """A file to fill in, as XLSX."""
    return sheets.xlsx("residents-template", tables.to_xlsx(list(resident_lists.COLUMNS), []))


@blueprint.post("/imports")
@audience.staff(permissions.ENTER)
@takes_up_to(sheets.TAKES_BYTES)
@idempotent
@forms.takes(shapes.ResidentsForm, again="new")
def create(actor: Staff, body: dict[str, Any]) -> Response:
    """Check the file: nobody is entered before that is ordered."""
    file = body.pop("file")
    data = sheets.bytes_of(file)
    people, wrong = shapes.read(tables.read(data))
    job = imports.start(actor, people, wrong, filename=sheets.name_of(file), data=data, **body)
    return pages.go("staff_imports.show", import_id=job.id)


@blueprint.get("/imports/<id:import_id>")
@audience.staff(permissions.ENTER)
def show(actor: Staff, import_id: UUID) -> Response:
    """What it would do, how far it is, what became of it; and its refused lines."""
    return pages.show("staff/imports/show.html", job=imports.get(actor, import_id))


@blueprint.get("/imports/<id:import_id>/refused.csv")
@audience.staff(permissions.ENTER)
def export_refused(actor: Staff, import_id: UUID) -> Response:
    """The refused lines, to keep beside the file while it is put right."""
    refused = imports.get(actor, import_id).report
    return sheets.csv(
        "refused-lines", tables.to_csv(["行", "列", "问题"], [[one["line"], one["field"], one["message"]] for one in refused])
    )


@blueprint.post("/imports/<id:import_id>/apply")
@audience.staff(permissions.ENTER)
@idempotent
@forms.takes(Empty, again="show")
def apply(actor: Staff, body: dict[str, Any], import_id: UUID) -> Response:
    """Have it applied: all of its people or none, within moments."""
    imports.order(actor, import_id)
    return pages.go("staff_imports.show", import_id=import_id)
