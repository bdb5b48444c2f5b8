"""Photos under signed addresses that live an hour: whoever was given the address may look, nobody can guess one."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from flask import Blueprint, Response, request, send_file, url_for

from app.web import audience
from kernel import clock, signing, uploads
from kernel.errors import NotFound

LIVES = timedelta(hours=1)
_GRAIN_S = 900  # addresses given within a quarter of an hour are the same, so that browsers can cache

blueprint = Blueprint("photos", __name__)


def url(upload_id: UUID, *, small: bool = False) -> str:
    """A fresh address for a photo, or for the small one that lists show."""
    expires = int((clock.now() + LIVES).timestamp()) // _GRAIN_S * _GRAIN_S + _GRAIN_S
    size = "small" if small else None
    return url_for("photos.show", upload_id=upload_id, expires=expires, signature=_signature(upload_id, expires), size=size)


@blueprint.get("/photos/<uuid:upload_id>.jpg")
@audience.anyone
def show(upload_id: UUID) -> Response:
    """The photo, where the address is signed and still good; always as a picture and never as anything else."""
    expires, signature = request.args.get("expires", ""), request.args.get("signature", "")
    if not (expires.isascii() and expires.isdigit() and len(expires) < 12):
        raise NotFound()
    if not signing.same(signature.encode("utf-8", "replace"), _signature(upload_id, int(expires)).encode()):
        raise NotFound()
    if datetime.fromtimestamp(int(expires), UTC) <= clock.now() or not uploads.path_of(upload_id).exists():
        raise NotFound()
    path = uploads.path_of(upload_id, small=request.args.get("size") == "small")
    response = send_file(path if path.exists() else uploads.path_of(upload_id), mimetype="image/jpeg", max_age=_GRAIN_S)
    response.headers["Cache-Control"] = f"private, max-age={_GRAIN_S}"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


def _signature(upload_id: UUID, expires: int) -> str:
    return signing.mac("photo-url", upload_id, expires).hex()[:32]
