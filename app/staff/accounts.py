"""Accounts of staff, as admins keep them, and what each role may do."""

from typing import Any
from uuid import UUID

from flask import Response

from app.schemas import people as shapes
from app.schemas.lists import window
from app.web import audience, forms, pages
from app.web.faces import Pages
from app.web.idempotency import idempotent
from people import divisions, permissions, staff
from people.actors import Staff

blueprint = Pages("staff", "accounts", __name__, url_prefix="/staff/accounts")


@blueprint.get("")
@audience.staff(permissions.BOOKS)
@pages.query(shapes.AccountQuery)
def find(actor: Staff, query: dict[str, Any]) -> Response:
    """The accounts in this part of the tree."""
    page = staff.find(actor, window(query), **query)
    return pages.show("staff/accounts.html", page=page, query=query)


@blueprint.get("/roles")
@audience.staff(permissions.SEE)
def roles(actor: Staff) -> Response:
    """What each role may do."""
    return pages.show("staff/roles.html", roles=permissions.table())


@blueprint.get("/new")
@audience.staff(permissions.BOOKS)
def new(actor: Staff) -> Response:
    """A form for a new account."""
    return pages.show("staff/account_new.html", scopes=_scopes(actor))


@blueprint.post("")
@audience.staff(permissions.BOOKS)
@idempotent
@forms.takes(shapes.AccountBody, again="new")
def create(actor: Staff, body: dict[str, Any]) -> Response:
    """A new account for a part of the actor's own part of the tree."""
    made = staff.create(actor, **body)
    return pages.go("staff_accounts.show", f"账号 {made.username} 已建好，可以登录了", staff_id=made.id)


@blueprint.get("/<id:staff_id>")
@audience.staff(permissions.BOOKS)
def show(actor: Staff, staff_id: UUID) -> Response:
    """One account, with all that can be changed of it."""
    return pages.show("staff/account.html", account=staff.get(actor, staff_id), scopes=_scopes(actor))


@blueprint.post("/<id:staff_id>")
@audience.staff(permissions.BOOKS)
@forms.takes(shapes.AccountChange, again="show")
def change(actor: Staff, body: dict[str, Any], staff_id: UUID) -> Response:
    """Change an account, close it or open it again, give it a new password, or take its lost second factor away."""
    changed = staff.change(actor, staff_id, **body)
    return pages.go("staff_accounts.show", f"{changed.name}的账号已修改", staff_id=staff_id)


def _scopes(actor: Staff) -> list[tuple[str, str]]:
    return [(place.code, place.path) for place in divisions.scopes(actor)]
