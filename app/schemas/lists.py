"""Lists: how a page is asked for, and how it is given."""

from functools import cache
from typing import Any

from marshmallow import Schema, fields

from app.schemas.fields import Shape, Text, Whole
from kernel.paging import Window


class ListQuery(Shape):
    """Which page of a list: at most `limit` entries after `cursor`."""

    limit = Whole(1, 100, strict=False, load_default=20, metadata={"description": "how many at most"})
    cursor = Text(most=200, load_default=None, metadata={"description": "`next` of the page before"})


def window(query: dict[str, Any]) -> Window:
    """Take the window out of a query; the filters stay."""
    return Window(query.pop("limit"), query.pop("cursor"))


@cache
def page_of(shape: type[Schema]) -> type[Schema]:
    """The schema of a page of a list."""
    name = shape.__name__ + "List"
    body = {"items": fields.List(fields.Nested(shape)), "next": fields.String(allow_none=True)}
    return type(name, (Shape,), {**body, "__doc__": "A page of a list; `next` is the cursor of the page after it, or null."})


def page_example(example: dict[str, Any]) -> dict[str, Any]:
    """An example of a page."""
    return {"items": [example], "next": None}
