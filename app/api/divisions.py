"""The organisation tree, open without sign-in."""

from typing import Any

from app.schemas import people
from app.schemas.lists import page_example, page_of, window
from app.web import audience
from app.web.parsing import Api
from kernel.paging import Page
from people import divisions
from people.divisions import Division

blueprint = Api("divisions", __name__)


@blueprint.get("/communities")
@audience.anyone
@blueprint.arguments(people.DivisionQuery, location="query")
@blueprint.response(200, page_of(people.DivisionShape), example=page_example(people.DIVISION))
def find(query: dict[str, Any]) -> Page[Division]:
    """The organisation tree by official division code."""
    return divisions.find(window=window(query), **query)
