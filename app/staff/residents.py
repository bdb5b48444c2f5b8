"""Residents on the console: found as one types, entered, looked at, changed, confirmed."""

from typing import Any
from uuid import UUID

from flask import Response

from app.schemas import pages as forms_of_pages
from app.schemas import people as shapes
from app.schemas.lists import window
from app.schemas.points import Empty
from app.web import audience, forms, pages
from app.web.faces import Pages
from app.web.idempotency import idempotent
from people import entries, permissions, places, searches
from people.actors import Staff
from points import histories, registrations

blueprint = Pages("staff", "residents", __name__, url_prefix="/staff")


@blueprint.get("/residents")
@audience.staff(permissions.SEE)
@pages.query(shapes.ResidentQuery)
def find(actor: Staff, query: dict[str, Any]) -> Response:
    """The residents in this part of the tree, newest first."""
    found = searches.find(actor, window(query), **query)
    return pages.show("staff/residents/find.html", found=found, query=query, outline=places.outline(actor))


@blueprint.get("/residents/new")
@audience.staff(permissions.ENTER)
@pages.query(forms_of_pages.OfCommunity)
def new(actor: Staff, query: dict[str, Any]) -> Response:
    """Somebody without a phone is to be registered."""
    return pages.show("staff/residents/new.html", outline=places.outline(actor, **query))


@blueprint.post("/residents")
@audience.staff(permissions.ENTER)
@idempotent
@forms.takes(shapes.ResidentBody, again="new")
def create(actor: Staff, body: dict[str, Any]) -> Response:
    """Register him; he has a wallet at once."""
    person = registrations.enter(actor, **body)
    return pages.go("staff_residents.show", f"已登记{person.name}", resident_id=person.id)


@blueprint.get("/residents/<id:resident_id>")
@audience.staff(permissions.SEE)
def show(actor: Staff, resident_id: UUID) -> Response:
    """One resident: what is known of him, what he has, what he declared."""
    return pages.show("staff/residents/show.html", known=histories.of_resident(actor, resident_id), seen=None)


@blueprint.post("/residents/<id:resident_id>/look")
@audience.staff(permissions.SEE)
@forms.takes(Empty, again="show")
def look(actor: Staff, body: dict[str, Any], resident_id: UUID) -> Response:
    """The same with his phone number, for those who may see it; the look is on record."""
    seen = entries.look(actor, resident_id)
    return pages.show("staff/residents/show.html", known=histories.of_resident(actor, resident_id), seen=seen)


@blueprint.get("/residents/<id:resident_id>/edit")
@audience.staff(permissions.ENTER)
def edit(actor: Staff, resident_id: UUID) -> Response:
    """What is known of him, to be corrected."""
    person = entries.get(actor, resident_id)
    outline = places.outline(actor, person.community["code"])
    return pages.show("staff/residents/edit.html", person=person, outline=outline)


@blueprint.post("/residents/<id:resident_id>")
@audience.staff(permissions.ENTER)
@forms.takes(shapes.ResidentChange, again="edit")
def change(actor: Staff, body: dict[str, Any], resident_id: UUID) -> Response:
    """Put down what is new of him."""
    return _change(actor, resident_id, body)


@blueprint.get("/residents/<id:resident_id>/phone")
@audience.staff(permissions.ENTER)
def edit_phone(actor: Staff, resident_id: UUID) -> Response:
    """Another phone number, or none: on a page of its own, so that no other form has to show the present one."""
    return pages.show("staff/residents/phone.html", person=entries.get(actor, resident_id))


@blueprint.post("/residents/<id:resident_id>/phone")
@audience.staff(permissions.ENTER)
@forms.takes(shapes.ResidentChange, again="edit_phone")
def change_phone(actor: Staff, body: dict[str, Any], resident_id: UUID) -> Response:
    """Put down another phone number, or that he has none."""
    return _change(actor, resident_id, body)


def _change(actor: Staff, resident_id: UUID, body: dict[str, Any]) -> Response:
    person = entries.change(actor, resident_id, **body)
    return pages.go("staff_residents.show", f"已保存{person.name}的资料", resident_id=resident_id)


@blueprint.post("/residents/<id:resident_id>/confirm")
@audience.staff(permissions.ENTER)
@idempotent
@forms.takes(Empty, again="show")
def confirm(actor: Staff, body: dict[str, Any], resident_id: UUID) -> Response:
    """Confirm a newcomer, who may act from now on."""
    person = entries.confirm(actor, resident_id)
    return pages.go("staff_residents.show", f"已确认{person.name}，他现在可以签到、申报和兑换了", resident_id=resident_id)
