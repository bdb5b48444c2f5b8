"""Uploaded photos."""

from typing import Any

from app.schemas import points
from app.web import audience
from app.web.openapi import refuses
from app.web.parsing import Api
from kernel import uploads
from kernel.uploads import NotAnImage, Upload
from people.actors import Resident, Staff

blueprint = Api("uploads", __name__)


@blueprint.post("/uploads")
@audience.resident_or_staff
@refuses(NotAnImage)
@blueprint.arguments(points.UploadForm, location="files")
@blueprint.response(201, points.UploadShape, example=points.UPLOAD)
def store(actor: Resident | Staff, form: dict[str, Any]) -> Upload:
    """Upload a photo: JPEG, PNG, WebP or HEIC, at most 12 MiB and 50 million pixels."""
    return uploads.store(actor.id, form["file"].stream)
