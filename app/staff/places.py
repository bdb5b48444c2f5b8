"""Grids and buildings on the console: laid out and named."""

from typing import Any

from flask import Response

from app.schemas import pages as forms_of_pages
from app.schemas import people as shapes
from app.web import audience, forms, pages
from app.web.faces import Pages
from app.web.idempotency import idempotent
from people import permissions, places
from people.actors import Staff

blueprint = Pages("staff", "places", __name__, url_prefix="/staff")


@blueprint.get("/places")
@audience.staff(permissions.SEE)
@pages.query(forms_of_pages.OfCommunity)
def find(actor: Staff, query: dict[str, Any]) -> Response:
    """A community's grids and buildings."""
    return pages.show("staff/places/find.html", outline=places.outline(actor, **query))


@blueprint.get("/places/new")
@audience.staff(permissions.BOOKS)
@pages.query(forms_of_pages.PlaceQuery)
def new(actor: Staff, query: dict[str, Any]) -> Response:
    """A grid of a community, or a building of a grid, is to be laid out."""
    return pages.show("staff/places/new.html", parent=places.get(actor, query["parent_code"]))


@blueprint.post("/places")
@audience.staff(permissions.BOOKS)
@idempotent
@forms.takes(shapes.PlaceBody, again="new")
def create(actor: Staff, body: dict[str, Any]) -> Response:
    """Lay it out, under the next free code."""
    place = places.create(actor, **body)
    return pages.go("staff_places.find", f"已新建{place.name}", community_code=places.community_of(place))


@blueprint.get("/places/<code>")
@audience.staff(permissions.BOOKS)
def edit(actor: Staff, code: str) -> Response:
    """Its name, to be changed."""
    return pages.show("staff/places/edit.html", place=places.get(actor, code))


@blueprint.post("/places/<code>")
@audience.staff(permissions.BOOKS)
@forms.takes(shapes.PlaceChange, again="edit")
def change(actor: Staff, body: dict[str, Any], code: str) -> Response:
    """Give it another name."""
    place = places.rename(actor, code, **body)
    return pages.go("staff_places.find", f"已改名为{place.name}", community_code=places.community_of(place))
