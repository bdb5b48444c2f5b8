"""The audit log, for those who may look into it."""

from typing import Any

from app.schemas import figures as shapes
from app.schemas.lists import page_example, page_of, window
from app.web import audience
from app.web.parsing import Api
from kernel.paging import Page
from people import audits, permissions
from people.actors import Staff

blueprint = Api("audits", __name__)


@blueprint.get("/staff/audit")
@audience.staff(permissions.AUDIT)
@blueprint.arguments(shapes.AuditQuery, location="query")
@blueprint.response(200, page_of(shapes.AuditShape), example=page_example(shapes.AUDITED))
def search(actor: Staff, query: dict[str, Any]) -> Page[dict[str, Any]]:
    """Who did what to whom, when, from where, newest first; the look is itself on record."""
    return audits.search(actor, window(query), **query)
