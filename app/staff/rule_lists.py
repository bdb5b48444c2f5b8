"""Rule lists on the console: a whole list from a file or a ready one, checked first, then put in force."""

from typing import Any

from flask import Response

from app import ready_lists
from app.schemas import pages as forms_of_pages
from app.schemas import rule_lists as shapes
from app.web import audience, forms, pages, sheets
from app.web.faces import Pages
from app.web.idempotency import idempotent
from app.web.unit_of_work import takes_up_to
from kernel import tables
from people import permissions, places
from people.actors import Staff
from points import rule_lists

blueprint = Pages("staff", "rule_lists", __name__, url_prefix="/staff")


@blueprint.get("/rule-lists/new")
@audience.staff(permissions.SHOP)
def new(actor: Staff) -> Response:
    """A file, or one of the ready lists, is to be chosen."""
    return pages.show(
        "staff/rules/list.html",
        ready=ready_lists.find(),
        columns=rule_lists.COLUMNS,
        required=shapes.REQUIRED,
        communities=places.communities(actor),
    )


@blueprint.post("/rule-lists/check")
@audience.staff(permissions.SHOP)
@takes_up_to(sheets.TAKES_BYTES)
@forms.takes(shapes.ImportForm, again="new")
def check(actor: Staff, body: dict[str, Any]) -> Response:
    """What a file would do; nothing is written."""
    return _report(actor, sheets.bytes_of(body["file"]), body.get("community_code"))


@blueprint.post("/rule-lists/ready/<name>/check")
@audience.staff(permissions.SHOP)
@forms.takes(forms_of_pages.OfCommunity, again="new")
def check_ready(actor: Staff, body: dict[str, Any], name: str) -> Response:
    """What a ready list would do; nothing is written."""
    return _report(actor, ready_lists.file_of(name), body["community_code"])


@blueprint.post("/rule-lists")
@audience.staff(permissions.SHOP)
@idempotent
@forms.takes(forms_of_pages.RuleListForm, again="new")
def put_in(actor: Staff, body: dict[str, Any]) -> Response:
    """Put a list that was checked in force."""
    lines = shapes.read(tables.read(body.pop("text").encode()))
    done = rule_lists.import_lines(actor, lines, **body)
    said = f"已导入：新增 {done.added} 项，修改 {done.changed} 项，{done.unchanged} 项没有变"
    return pages.go("staff_rules.find", said)


def _report(actor: Staff, data: bytes, community_code: str | None) -> Response:
    table = tables.read(data)
    lines = shapes.read(table)
    report = rule_lists.import_lines(actor, lines, community_code=community_code, dry_run=True)
    text = tables.to_csv(list(table.header), [list(row.cells) for row in table.rows]).decode()
    titles = {line.code: line.terms["title"] for line in lines}
    return pages.show("staff/rules/report.html", report=report, titles=titles, text=text)
