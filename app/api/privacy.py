"""The privacy statement."""

from flask import url_for

from app.schemas import people
from app.web import audience
from app.web.parsing import Api
from people import privacy

blueprint = Api("privacy", __name__)


@blueprint.get("/privacy")
@audience.anyone
@blueprint.response(200, people.PrivacyShape, example=people.PRIVACY)
def current() -> dict[str, str]:
    """The current privacy statement."""
    return {"version": privacy.VERSION, "title": privacy.TITLE, "url": url_for("docs.privacy")}
