"""Check-ins."""

from datetime import date
from typing import Any

from app.schemas import points
from app.web import audience
from app.web.idempotency import idempotent
from app.web.parsing import Api
from kernel import clock
from people.actors import Resident
from points import checkins
from points.checkins import CheckedIn

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
    """The days of a month on which the resident checked in."""
    return {"days": checkins.of_month(actor, query["month"] or clock.today())}
