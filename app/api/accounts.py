"""Accounts of staff, as admins keep them, and the table of roles."""

from typing import Any
from uuid import UUID

from app.schemas import people as shapes
from app.schemas.lists import page_example, page_of, window
from app.web import audience
from app.web.idempotency import idempotent
from app.web.openapi import refuses
from app.web.parsing import Api
from kernel.errors import NotFound
from kernel.paging import Page
from people import permissions, staff
from people.actors import Staff
from people.logins import UsernameTaken
from people.staff import OwnAccount, StaffMember

blueprint = Api("accounts", __name__)


@blueprint.get("/staff/roles")
@audience.staff(permissions.SEE)
@blueprint.response(200, shapes.RolesShape, example={"roles": [shapes.ROLE]})
def roles(actor: Staff) -> dict[str, Any]:
    """What each role may do: the one table of permissions."""
    return {"roles": permissions.table()}


@blueprint.get("/staff/accounts")
@audience.staff(permissions.BOOKS)
@blueprint.arguments(shapes.AccountQuery, location="query")
@blueprint.response(200, page_of(shapes.AccountShape), example=page_example(shapes.ACCOUNT))
def find(actor: Staff, query: dict[str, Any]) -> Page[StaffMember]:
    """The accounts in this part of the tree."""
    return staff.find(actor, window(query), **query)


@blueprint.post("/staff/accounts")
@audience.staff(permissions.BOOKS)
@idempotent
@refuses(NotFound, UsernameTaken)
@blueprint.arguments(
    shapes.AccountBody,
    example={"username": "xiaolin", "password": "…", "name": "小林", "role": "reviewer", "scope_code": "500104101009"},
)
@blueprint.response(201, shapes.AccountShape, example=shapes.ACCOUNT)
def create(actor: Staff, body: dict[str, Any]) -> StaffMember:
    """A new account for a part of the actor's own part of the tree."""
    return staff.create(actor, **body)


@blueprint.get("/staff/accounts/<id:staff_id>")
@audience.staff(permissions.BOOKS)
@blueprint.response(200, shapes.AccountShape, example=shapes.ACCOUNT)
def show(actor: Staff, staff_id: UUID) -> StaffMember:
    """One account."""
    return staff.get(actor, staff_id)


@blueprint.patch("/staff/accounts/<id:staff_id>")
@audience.staff(permissions.BOOKS)
@refuses(OwnAccount)
@blueprint.arguments(shapes.AccountChange, required=False, example={"role": "grid_worker"})
@blueprint.response(200, shapes.AccountShape, example={**shapes.ACCOUNT, "role": "grid_worker"})
def change(actor: Staff, body: dict[str, Any], staff_id: UUID) -> StaffMember:
    """Change an account, close it or open it again, give it a new password, or take its lost second factor away."""
    return staff.change(actor, staff_id, **body)
