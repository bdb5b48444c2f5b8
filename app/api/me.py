"""The resident himself: joining a community, his data, his wallet, his identity code."""

from typing import Any

from flask import Response

from app.outside import wechat
from app.outside.wechat import WeChatUnavailable
from app.schemas import people as shapes
from app.schemas import points, redeem
from app.schemas.lists import ListQuery, page_example, page_of, window
from app.web import audience, pictures
from app.web.openapi import refuses
from app.web.parsing import Api
from kernel.database import let_go
from kernel.paging import Page
from people import links, residents, sign_in_codes
from people.actors import Newcomer, Resident
from people.residents import AlreadyRegistered, LeftToday
from people.sign_in_codes import Issued
from points import registrations, wallets
from points.registrations import Me
from points.wallets import Entry, Wallet

blueprint = Api("me", __name__)


@blueprint.post("/me/registration")
@audience.newcomer
@refuses(AlreadyRegistered, LeftToday, WeChatUnavailable)
@blueprint.arguments(shapes.RegistrationBody, example=shapes.REGISTRATION)
@blueprint.response(201, shapes.MeShape, example=shapes.ME)
def register(actor: Newcomer | Resident, body: dict[str, str]) -> Me:
    """Join a community."""
    phone_code = body.pop("phone_code", None)
    if phone_code is not None:
        registrations.check(actor, community_code=body["community_code"], consent_version=body["consent_version"])
        let_go()
        body["phone"] = wechat.gateway().phone(phone_code, actor.openid)
    return registrations.register(actor, phone_verified=phone_code is not None, **body)


@blueprint.get("/me")
@audience.resident
@blueprint.response(200, shapes.MeShape, example=shapes.ME)
def show(actor: Resident) -> Me:
    """The resident with his wallet and his streak."""
    return registrations.me(actor)


@blueprint.patch("/me")
@audience.resident_even_unconfirmed
@blueprint.arguments(shapes.MeChange, required=False, example={"name_shown": "full"})
@blueprint.response(200, shapes.MeShape, example=shapes.ME)
def change(actor: Resident, body: dict[str, Any]) -> Me:
    """How the resident's name is shown to all, and where he lives."""
    return registrations.change(actor, **body)


@blueprint.get("/me/link-code")
@audience.newcomer
@refuses(AlreadyRegistered)
@blueprint.response(200, redeem.CodeShape, example=redeem.LINK_CODE)
def link_code(actor: Newcomer | Resident) -> dict[str, Any]:
    """The code by which staff link the newcomer's WeChat account to the person they had entered."""
    return redeem.code_view(links.code(actor), None)


# Not answered again under its key: a code is shown once, and kept by its digest only.
@blueprint.post("/me/sign-in-codes")
@audience.through_wechat
@blueprint.arguments(points.Empty, required=False, example={})
@blueprint.response(201, shapes.SignInCodeShape, example=shapes.SIGN_IN_CODE)
def sign_in_code(actor: Newcomer | Resident, body: dict[str, Any]) -> Issued:
    """A code to sign in with in one more browser, good once and for five minutes; the one before is dead."""
    return sign_in_codes.issue(actor)


@blueprint.get("/me/wallet")
@audience.resident
@blueprint.response(200, points.WalletShape, example=points.WALLET)
def wallet(actor: Resident) -> Wallet:
    """The wallet: what can be spent, what is held, what was earned and spent."""
    return wallets.of(actor)


@blueprint.get("/me/transfers")
@audience.resident
@blueprint.arguments(ListQuery, location="query")
@blueprint.response(200, page_of(points.TransferShape), example=page_example(points.TRANSFER))
def transfers(actor: Resident, query: dict[str, Any]) -> Page[Entry]:
    """The story of every point, newest first."""
    return wallets.history(actor, window(query))


@blueprint.get("/me/code")
@audience.resident
@blueprint.arguments(redeem.CodeQuery, location="query")
@blueprint.response(200, redeem.CodeShape, example=redeem.CODE)
def code(actor: Resident, query: dict[str, Any]) -> dict[str, Any]:
    """The resident's own identity code; with `ahead`, those after it too."""
    return redeem.code_view(residents.code(actor, query["ahead"] or 1), query["ahead"])


@blueprint.get("/me/code.svg")
@audience.resident
@blueprint.response(200, {"type": "string"}, content_type="image/svg+xml", example="<svg>…</svg>")
def code_svg(actor: Resident) -> Response:
    """The identity code as a QR picture."""
    return pictures.svg(residents.code(actor)[0].token)


@blueprint.get("/me/code.png")
@audience.resident
@blueprint.response(200, {"type": "string", "format": "binary"}, content_type="image/png", example="the bytes of the picture")
def code_png(actor: Resident) -> Response:
    """The identity code as a QR picture."""
    return pictures.png(residents.code(actor)[0].token)
