"""Linking WeChat on the console: the code on a person's phone is typed or scanned at the counter, and his consent recorded."""

from typing import Any
from uuid import UUID

from flask import Response

from app.schemas import people as shapes
from app.web import audience, forms, pages
from app.web.faces import Pages
from app.web.idempotency import idempotent
from people import entries, links, permissions, privacy
from people.actors import Staff

blueprint = Pages("staff", "links", __name__, url_prefix="/staff")


@blueprint.get("/residents/<id:resident_id>/link")
@audience.staff(permissions.ENTER)
def new(actor: Staff, resident_id: UUID) -> Response:
    """What to do with his phone, and the statement to show him."""
    return pages.show("staff/residents/link.html", person=entries.get(actor, resident_id), version=privacy.VERSION)


@blueprint.post("/residents/<id:resident_id>/link")
@audience.staff(permissions.ENTER)
@idempotent
@forms.takes(shapes.LinkBody, again="new")
def create(actor: Staff, body: dict[str, Any], resident_id: UUID) -> Response:
    """Link his account."""
    person = links.link(actor, resident_id, **body)
    return pages.go("staff_residents.show", f"已关联{person.name}的微信", resident_id=resident_id)
