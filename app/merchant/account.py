"""The merchant's own account: whose till this is, its password, its sound, how large it reads."""

from flask import Response

from app.schemas.people import PasswordChange
from app.web import audience, forms, pages
from app.web.faces import Pages
from people import logins, merchants
from people.actors import Merchant

blueprint = Pages("merchant", "account", __name__, url_prefix="/merchant/account")


@blueprint.get("")
@audience.merchant
def show(actor: Merchant) -> Response:
    """The shop, the login, and what can be set."""
    shop, username = merchants.mine(actor)
    return pages.show("merchant/account.html", shop=shop, username=username)


@blueprint.post("/password")
@audience.merchant
@forms.takes(PasswordChange, again="show")
def change_password(actor: Merchant, body: dict[str, str]) -> Response:
    """Take a new password; whoever else is signed in with the old one is out."""
    logins.change_password(actor, **body)
    return pages.go("merchant_account.show", "密码已经修改，别的设备需要用新密码重新登录")
