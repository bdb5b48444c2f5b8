"""What is stored about the resident: to read, and to take along as a file; and leaving, which deletes it."""

import json
from typing import Any

from flask import Response

from app.resident import data_words
from app.schemas.people import LeaveBody
from app.web import audience, faces, forms, pages, photos
from app.web.faces import Pages
from app.web.idempotency import idempotent
from kernel import clock
from people.actors import Resident
from redeem import departures
from reports import personal_data

blueprint = Pages("resident", "data", __name__, url_prefix="/me")


@blueprint.get("/data")
@audience.resident
def show(actor: Resident) -> Response:
    """All that is stored, in plain words."""
    return pages.show("resident/data.html", sections=data_words.readable(personal_data.of(actor, photos.url)))


@blueprint.get("/data.json")
@audience.resident
def download(actor: Resident) -> Response:
    """All that is stored, as a file."""
    text = json.dumps(personal_data.of(actor, photos.url), ensure_ascii=False, indent=1)
    response = Response(text, mimetype="application/json")
    response.headers["Content-Disposition"] = f'attachment; filename="defen-{clock.today()}.json"'
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.get("/leave")
@audience.resident
def prospect(actor: Resident) -> Response:
    """What leaving the community would cost."""
    return pages.show("resident/leave.html", prospect=departures.prospect(actor))


@blueprint.post("/leave")
@audience.resident
@idempotent
@forms.takes(LeaveBody, again="prospect")
def leave(actor: Resident, body: dict[str, Any]) -> Response:
    """Leave the community, for good."""
    departures.leave(actor, actor.id)
    faces.forget()
    return pages.go("open_enter.show", "您已退出社区，个人信息已经删除。谢谢您做过的每一件好事。")
