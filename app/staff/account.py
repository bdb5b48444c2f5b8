"""One's own account: who one is here, and one's password."""

from typing import Any

from flask import Response

from app.schemas.pages import PasswordChangeForm
from app.web import audience, forms, pages
from app.web.faces import Pages
from people import divisions, logins, permissions
from people.actors import Merchant, Staff

blueprint = Pages("staff", "account", __name__, url_prefix="/staff")


@blueprint.get("/account")
@audience.staff(permissions.SEE)
def show(actor: Staff) -> Response:
    """Who one is, which part of the tree is one's own, and how safe the account is."""
    return pages.show("staff/account/show.html", own=logins.own(actor), place=divisions.get(actor.scope_code))


@blueprint.post("/account/password")
@audience.password_holder
@forms.takes(PasswordChangeForm, again="show")
def change_password(actor: Staff | Merchant, body: dict[str, Any]) -> Response:
    """Take a new password; all other sign-ins of the login end."""
    body.pop("repeated")
    logins.change_password(actor, **body)
    return pages.go("staff_account.show", "密码已经改好，别处的登录都已退出")
