"""Households on the console: found, looked at, corrected."""

from typing import Any
from uuid import UUID

from flask import Response

from app.schemas import households as shapes
from app.schemas.lists import window
from app.web import audience, forms, pages
from app.web.faces import Pages
from people import permissions
from people.actors import Staff
from points import household_moves, households

blueprint = Pages("staff", "households", __name__, url_prefix="/staff")


@blueprint.get("/households")
@audience.staff(permissions.SEE)
@pages.query(shapes.HouseholdQuery)
def find(actor: Staff, query: dict[str, Any]) -> Response:
    """The households in this part of the tree, newest first."""
    return pages.show("staff/households/find.html", found=households.find(actor, window(query), **query), query=query)


@blueprint.get("/households/<id:household_id>")
@audience.staff(permissions.SEE)
def show(actor: Staff, household_id: UUID) -> Response:
    """One household: its members, its wallet, who earned what, who came and went."""
    home, moves = households.show(actor, household_id), household_moves.of(actor, household_id)
    return pages.show("staff/households/show.html", home=home, moves=moves)


@blueprint.get("/households/<id:household_id>/edit")
@audience.staff(permissions.ENTER)
def edit(actor: Staff, household_id: UUID) -> Response:
    """Its name, address and head, to be corrected."""
    return pages.show("staff/households/edit.html", home=households.show(actor, household_id))


@blueprint.post("/households/<id:household_id>")
@audience.staff(permissions.ENTER)
@forms.takes(shapes.StaffHouseholdChange, again="edit")
def change(actor: Staff, body: dict[str, Any], household_id: UUID) -> Response:
    """Correct it."""
    home = households.change_by_staff(actor, household_id, **body)
    return pages.go("staff_households.show", f"已保存{home.name}户的资料", household_id=household_id)
