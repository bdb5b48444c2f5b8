"""Uploaded photos."""

from typing import Any

from app.schemas import points
from app.web import audience
from app.web.openapi import refuses
from app.web.parsing import Api
from app.web.unit_of_work import takes_up_to
from kernel import uploads
from kernel.database import let_go
from kernel.uploads import NotAnImage, Upload
from people.actors import Resident, Staff

blueprint = Api("uploads", __name__)
AROUND_BYTES = 64 * 1024  # what multipart puts around the file


@blueprint.post("/uploads")
@audience.resident_or_staff
@takes_up_to(uploads.MAX_BYTES + AROUND_BYTES)
@refuses(NotAnImage)
@blueprint.arguments(points.UploadForm, location="files", example={"file": "the bytes of the photo"})
@blueprint.response(201, points.UploadShape, example=points.UPLOAD)
def store(actor: Resident | Staff, form: dict[str, Any]) -> Upload:
    """Upload a photo: JPEG, PNG, WebP or HEIC, at most 12 MiB and 50 million pixels."""
    let_go()
    form["file"].stream.seek(0)  # this may be the second try of the request
    return uploads.store(actor.id, form["file"].stream)
