"""The check-in of a resident."""

from flask import Response

from app.schemas.points import Empty
from app.web import audience, forms, pages
from app.web.faces import Pages
from app.web.idempotency import idempotent
from people.actors import Resident
from points import checkins

blueprint = Pages("resident", "checkins", __name__)


@blueprint.post("/checkins")
@audience.resident
@idempotent
@forms.takes(Empty)
def check_in(actor: Resident, body: dict[str, str]) -> Response:
    """Check in for today."""
    done = checkins.check_in(actor)
    said = f"签到成功，得 {done.points} 分，已连续 {done.streak} 天" if done.first else "今天已经签过到了"
    return pages.go("resident_home.show", said)
