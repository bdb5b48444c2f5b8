"""Leaving a community, and what is stored about a person: PIPL articles 15, 45 and 47."""

import json
from typing import Any
from uuid import UUID

from flask import Response

from app.schemas import people as shapes
from app.schemas.points import ReasonBody
from app.web import audience, photos
from app.web.idempotency import idempotent
from app.web.openapi import refuses
from app.web.parsing import Api
from kernel import clock
from kernel.errors import NotFound
from people import permissions
from people.actors import Resident, Staff
from redeem import departures
from redeem.departures import Departure, Prospect
from reports import personal_data

blueprint = Api("departures", __name__)


@blueprint.get("/me/data")
@audience.resident
@blueprint.response(200, {"type": "object"}, example=shapes.PERSONAL_DATA)
def data(actor: Resident) -> Response:
    """All that is stored about the resident, as a file."""
    text = json.dumps(personal_data.of(actor, photos.url), ensure_ascii=False, indent=1)
    response = Response(text, mimetype="application/json")
    response.headers["Content-Disposition"] = f'attachment; filename="defen-{clock.today()}.json"'
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.get("/me/leave")
@audience.resident
@blueprint.response(200, shapes.ProspectShape, example=shapes.PROSPECT)
def prospect(actor: Resident) -> Prospect:
    """What the resident would lose by leaving the community now."""
    return departures.prospect(actor)


@blueprint.post("/me/leave")
@audience.resident
@idempotent
@blueprint.arguments(shapes.LeaveBody, example={"confirm": True})
@blueprint.response(200, shapes.DepartureShape, example=shapes.DEPARTURE)
def leave(actor: Resident, body: dict[str, Any]) -> Departure:
    """Leave the community: personal data and points are gone for good, and every sign-in ends."""
    return departures.leave(actor, actor.id)


@blueprint.post("/staff/residents/<id:resident_id>/leave")
@audience.staff(permissions.BOOKS)
@idempotent
@refuses(NotFound)
@blueprint.arguments(ReasonBody, example={"reason": "本人到社区提出退出"})
@blueprint.response(200, shapes.DepartureShape, example=shapes.DEPARTURE)
def leave_for(actor: Staff, body: dict[str, Any], resident_id: UUID) -> Departure:
    """Leave for somebody who came to the office and asked for it."""
    return departures.leave(actor, resident_id, **body)
