"""The organisation tree, open without sign-in; and the grids and buildings that staff lay out."""

from typing import Any

from app.schemas import people
from app.schemas.lists import page_example, page_of, window
from app.web import audience
from app.web.idempotency import idempotent
from app.web.openapi import refuses
from app.web.parsing import Api
from kernel.errors import NotFound
from kernel.paging import Page
from people import divisions, permissions, places
from people.actors import Staff
from people.divisions import Division
from people.places import NoCodeLeft

blueprint = Api("divisions", __name__)


@blueprint.get("/communities")
@audience.anyone
@blueprint.arguments(people.DivisionQuery, location="query")
@blueprint.response(200, page_of(people.DivisionShape), example=page_example(people.DIVISION))
def find(query: dict[str, Any]) -> Page[Division]:
    """The organisation tree by official division code."""
    return divisions.find(window=window(query), **query)


@blueprint.get("/staff/divisions")
@audience.staff(permissions.SEE)
@blueprint.arguments(people.DivisionQuery, location="query")
@blueprint.response(200, page_of(people.DivisionShape), example=page_example(people.DIVISION))
def find_own(actor: Staff, query: dict[str, Any]) -> Page[Division]:
    """The divisions in this part of the tree; for staff below a community all of that community."""
    return places.find(actor, window(query), **query)


@blueprint.post("/staff/divisions")
@audience.staff(permissions.BOOKS)
@idempotent
@refuses(NotFound, NoCodeLeft)
@blueprint.arguments(people.PlaceBody, example={"parent_code": "500104101009", "name": "第一网格", "level": "grid"})
@blueprint.response(201, people.DivisionShape, example=people.PLACE)
def create(actor: Staff, body: dict[str, str]) -> Division:
    """A new grid or building, under the next free code."""
    return places.create(actor, **body)


@blueprint.patch("/staff/divisions/<code>")
@audience.staff(permissions.BOOKS)
@blueprint.arguments(people.PlaceChange, example={"name": "第一网格"})
@blueprint.response(200, people.DivisionShape, example=people.PLACE)
def rename(actor: Staff, body: dict[str, str], code: str) -> Division:
    """Another name for a grid or a building."""
    return places.rename(actor, code, **body)
