"""Check-ins."""

from datetime import date
from typing import Any

from app.schemas import points
from app.web import audience
from app.web.idempotency import idempotent
from app.web.openapi import refuses
from app.web.parsing import Api
from kernel import clock
from people.actors import Resident
from points import checkins
from points.checkins import CheckedIn, NoMakeUpCard, NotMissed

blueprint = Api("checkins", __name__)


@blueprint.post("/checkins")
@audience.resident
@idempotent
@blueprint.arguments(points.Empty, required=False, example={})
@blueprint.response(201, points.CheckInShape, example=points.CHECKIN)
@blueprint.alt_response(200, schema=points.CheckInShape, example=points.CHECKIN, description="checked in before on this day")
def check_in(actor: Resident, body: dict[str, Any]) -> tuple[CheckedIn, int]:
    """Check in for today."""
    done = checkins.check_in(actor)
    return done, 201 if done.first else 200


@blueprint.get("/checkins")
@audience.resident
@blueprint.arguments(points.MonthQuery, location="query")
@blueprint.response(200, points.CheckInMonth, example=points.CHECKIN_MONTH)
def of_month(actor: Resident, query: dict[str, date | None]) -> dict[str, Any]:
    """The days of a month on which the resident checked in, and how many missed ones he may still make up for."""
    month = query["month"] or clock.today()
    return {"days": checkins.of_month(actor, month), "make_up_cards_left": checkins.cards_left(actor, month)}


@blueprint.post("/checkins/make-up")
@audience.resident
@idempotent
@refuses(NoMakeUpCard, NotMissed)
@blueprint.arguments(points.MakeUpBody, example={"date": "2026-11-20"})
@blueprint.response(201, points.CheckInDay, example={**points.CHECKIN_DAY, "points": 0, "made_up": True})
def make_up(actor: Resident, body: dict[str, Any]) -> dict[str, Any]:
    """Make up for a missed day of this month with a card: it pays nothing, and the streak runs through it."""
    made = checkins.make_up(actor, body["date"])
    return {"date": made.day, "points": made.points, "streak": made.streak, "made_up": made.made_up}
