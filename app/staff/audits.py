"""The audit log: who did what to whom, when, from where."""

from typing import Any

from flask import Response

from app.schemas.figures import AuditQuery
from app.schemas.lists import window
from app.staff import record_words
from app.web import audience, pages
from app.web.faces import Pages
from people import audits, permissions
from people.actors import Staff

blueprint = Pages("staff", "audits", __name__, url_prefix="/staff/audits")


@blueprint.get("")
@audience.staff(permissions.AUDIT)
@pages.query(AuditQuery)
def find(actor: Staff, query: dict[str, Any]) -> Response:
    """What is on record, newest first; the look is itself on record."""
    page = audits.search(actor, window(query), **query)
    return pages.show("staff/audits.html", page=page, query=query, record=record_words)
