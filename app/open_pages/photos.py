"""Photos that a page's script sends as soon as they are chosen, for the form that will name them."""

from typing import Any

from flask import Response, jsonify, redirect

from app.schemas.points import UploadForm
from app.web import audience, forms, pages
from app.web import photos as signed
from app.web.faces import Pages
from app.web.unit_of_work import takes_up_to
from kernel import uploads
from kernel.database import let_go
from people.actors import Resident, Staff

blueprint = Pages("open", "photos", __name__)
AROUND_BYTES = 64 * 1024  # what multipart puts around the file


@blueprint.post("/photos-of-mine")
@audience.resident_or_staff
@takes_up_to(uploads.MAX_BYTES + AROUND_BYTES)
@forms.takes(UploadForm)
def store(actor: Resident | Staff, body: dict[str, Any]) -> Response:
    """Store one photo; its id, as JSON."""
    let_go()
    body["file"].stream.seek(0)  # this may be the second try of the request
    photo = uploads.store(actor.id, body["file"].stream)
    response = jsonify(id=str(photo.id), width=photo.width, height=photo.height)
    response.status_code = 201
    return response


@blueprint.get("/photos-of-mine/<id:upload_id>")
@audience.resident_or_staff
def show(actor: Resident | Staff, upload_id: Any) -> Response:
    """A small picture of a photo of one's own, for a form that was begun earlier."""
    (photo,) = uploads.owned(actor.id, [upload_id])
    return pages.as_response(redirect(signed.url(photo.id, small=True)))
