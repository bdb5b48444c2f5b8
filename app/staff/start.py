"""The first page of the console: what is waiting, and what is late; and how the reviewers are doing."""

from typing import Any

from flask import Response

from app.schemas.reviews import FiguresQuery
from app.web import audience, pages
from app.web.faces import Pages
from kernel import clock
from people import divisions, permissions
from people.actors import Staff
from reports import figures, reviewers, worklists

blueprint = Pages("staff", "start", __name__, url_prefix="/staff")


@blueprint.get("")
@audience.staff(permissions.SEE)
def show(actor: Staff) -> Response:
    """What is waiting, what is late, what happened today, and what one did oneself."""
    today = clock.today()
    return pages.show(
        "staff/start.html",
        work=worklists.of(actor),
        today_is=figures.of(actor, since=today, until=today),
        recent=worklists.recent(actor),
        place=divisions.get(actor.scope_code),
        day=today.isoformat(),
    )


@blueprint.get("/reviews/figures")
@audience.staff(permissions.SEE)
@pages.query(FiguresQuery)
def of_reviewers(actor: Staff, query: dict[str, Any]) -> Response:
    """Who reviewed how many deeds and how fast, and what waits now."""
    return pages.show("staff/reviews/figures.html", found=reviewers.figures(actor, **query))
