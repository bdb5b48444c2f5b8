"""Who lives with whom, put right by staff: into a household, two made one, one made two."""

from typing import Any
from uuid import UUID

from flask import Response

from app.schemas import households as shapes
from app.schemas import pages as forms_of_pages
from app.web import audience, forms, pages
from app.web.faces import Pages
from app.web.idempotency import idempotent
from kernel.paging import Window
from people import permissions, searches
from people.actors import Staff
from points import households

blueprint = Pages("staff", "household_moves", __name__, url_prefix="/staff")
FOUND = 20  # to choose from


@blueprint.get("/households/<id:household_id>/members/new")
@audience.staff(permissions.ENTER)
@pages.query(forms_of_pages.MemberQuery)
def new_member(actor: Staff, query: dict[str, Any], household_id: UUID) -> Response:
    """Who is to join it."""
    home, found = households.show(actor, household_id), searches.find(actor, Window(FOUND), **query)
    return pages.show("staff/households/new_member.html", home=home, found=found, query=query)


@blueprint.post("/households/<id:household_id>/members")
@audience.staff(permissions.ENTER)
@idempotent
@forms.takes(shapes.StaffMemberBody, again="new_member")
def put_into(actor: Staff, body: dict[str, Any], household_id: UUID) -> Response:
    """Put somebody into it; who lived alone brings his points along."""
    home = households.put_into(actor, household_id, **body)
    return pages.go("staff_households.show", f"已加入{home.name}户", household_id=household_id)


@blueprint.get("/households/<id:household_id>/merge")
@audience.staff(permissions.BOOKS)
@pages.query(forms_of_pages.MemberQuery)
def new_merge(actor: Staff, query: dict[str, Any], household_id: UUID) -> Response:
    """Into which other one it is to go."""
    home, found = households.show(actor, household_id), households.find(actor, Window(FOUND), **query)
    return pages.show("staff/households/merge.html", home=home, found=found, query=query)


@blueprint.post("/households/<id:household_id>/merge")
@audience.staff(permissions.BOOKS)
@idempotent
@forms.takes(shapes.MergeBody, again="new_merge")
def merge(actor: Staff, body: dict[str, Any], household_id: UUID) -> Response:
    """Merge it into the other one, points and all."""
    home = households.merge(actor, household_id, **body)
    return pages.go("staff_households.show", f"两户已经合并为{home.name}户", household_id=home.id)


@blueprint.get("/households/<id:household_id>/split")
@audience.staff(permissions.BOOKS)
def new_split(actor: Staff, household_id: UUID) -> Response:
    """Who is to go, and with how many points."""
    return pages.show("staff/households/split.html", home=households.show(actor, household_id))


@blueprint.post("/households/<id:household_id>/split")
@audience.staff(permissions.BOOKS)
@idempotent
@forms.takes(shapes.SplitBody, again="new_split")
def split(actor: Staff, body: dict[str, Any], household_id: UUID) -> Response:
    """Have some members found a household of their own."""
    home = households.split(actor, household_id, **body)
    return pages.go("staff_households.show", f"已分户，这是分出来的新家庭，带走 {body['points']} 分", household_id=home.id)
