"""Figures of any part of the tree, and the rows behind them."""

from typing import Any

from app.schemas import figures as shapes
from app.schemas.lists import page_example, page_of, window
from app.web import audience
from app.web.openapi import refuses
from app.web.parsing import Api
from kernel.errors import NotFound
from kernel.paging import Page
from people import permissions
from people.actors import Staff
from reports import figure_rows, figures

blueprint = Api("figures", __name__)


@blueprint.get("/staff/stats")
@audience.staff(permissions.SEE)
@refuses(NotFound)
@blueprint.arguments(shapes.StatsQuery, location="query")
@blueprint.response(200, shapes.StatsShape, example=shapes.STATS)
def of(actor: Staff, query: dict[str, Any]) -> dict[str, Any]:
    """Who takes part, what is earned and what it is spent on, in a part of the tree over some days."""
    return figures.of(actor, **query)


@blueprint.get("/staff/stats/rows")
@audience.staff(permissions.SEE)
@refuses(NotFound)
@blueprint.arguments(shapes.RowsQuery, location="query")
@blueprint.response(200, page_of(shapes.RowShape), example=page_example(shapes.ROW))
def rows(actor: Staff, query: dict[str, Any]) -> Page[dict[str, Any]]:
    """The rows behind a figure; they add up to it."""
    return figure_rows.of(actor, window(query), **query)
