"""Figures of a part of the tree, the rows that each was counted from, and the weekly report."""

from typing import Any

from flask import Response

from app.schemas.figures import StatsQuery
from app.schemas.lists import ListQuery, window
from app.staff import charts, ranges
from app.web import audience, pages
from app.web.faces import Pages
from kernel import clock
from people import divisions, permissions
from people.actors import Staff
from reports import figure_rows, figures, reviewers

blueprint = Pages("staff", "figures", __name__, url_prefix="/staff/figures")


class FigureRowsQuery(ListQuery, StatsQuery):
    """The rows of a figure over which days, of which part of the tree."""


@blueprint.get("")
@audience.staff(permissions.SEE)
@pages.query(StatsQuery)
def show(actor: Staff, query: dict[str, Any]) -> Response:
    """Who takes part, what is earned and what it is spent on."""
    found = figures.of(actor, **query)
    reviewed = reviewers.figures(actor, found["from"], found["to"])
    return pages.show(
        "staff/figures.html",
        found=found,
        reviewed=reviewed,
        charts=charts.of(found, reviewed),
        places=divisions.around(actor, found["division_code"]),
        ranges=ranges.named(clock.today()),
    )


@blueprint.get(f"/<any({','.join(figure_rows.FIGURES)}):figure>")
@audience.staff(permissions.SEE)
@pages.query(FigureRowsQuery)
def rows(actor: Staff, query: dict[str, Any], figure: str) -> Response:
    """The rows behind a figure; they add up to it."""
    days = figures.range_of(query["since"], query["until"])
    place = divisions.get(query["division_code"] or actor.scope_code)
    page = figure_rows.of(actor, window(query), figure=figure, **query)
    return pages.show("staff/figure_rows.html", figure=figure, page=page, days=days, place=place)


@blueprint.get("/report")
@audience.staff(permissions.SEE)
@pages.query(StatsQuery)
def report(actor: Staff, query: dict[str, Any]) -> Response:
    """The report of a week, last week's unless said, to be printed: what happened, beside the week before."""
    week = ranges.week_before(clock.today())
    first, last, code = query["since"] or week[0], query["until"] or week[1], query["division_code"]
    found = figures.of(actor, since=first, until=last, division_code=code)
    before_first, before_last = ranges.stretch_before(first, last)
    return pages.show(
        "staff/figure_report.html",
        found=found,
        before=figures.of(actor, since=before_first, until=before_last, division_code=code),
        place=divisions.get(found["division_code"]),
        reviewed=reviewers.figures(actor, first, last),
        ranges=ranges.named(clock.today()),
    )
