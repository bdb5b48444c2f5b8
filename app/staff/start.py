"""The first page of the console: what is waiting, and what is late."""

from flask import Response

from app.web import audience, pages
from app.web.faces import Pages
from people import permissions
from people.actors import Staff

blueprint = Pages("staff", "start", __name__, url_prefix="/staff")


@blueprint.get("")
@audience.staff(permissions.SEE)
def show(actor: Staff) -> Response:
    """What is waiting."""
    return pages.show("staff/start.html")
