"""Printed cards on the console: given to one, taken back, printed for a whole house."""

from typing import Any
from uuid import UUID

from flask import Response, render_template

from app.schemas import pages as forms_of_pages
from app.schemas.lists import window
from app.schemas.points import Empty
from app.web import audience, forms, pages, pictures
from app.web.faces import Pages
from app.web.idempotency import idempotent
from people import cards, permissions, places, searches
from people.actors import Staff

blueprint = Pages("staff", "cards", __name__, url_prefix="/staff")


@blueprint.get("/cards")
@audience.staff(permissions.ENTER)
@pages.query(forms_of_pages.CardQuery)
def find(actor: Staff, query: dict[str, Any]) -> Response:
    """Whose cards are to be printed: of a place, a household, or found by name, all chosen until some are taken out."""
    found = searches.find(actor, window(query), **query)
    return pages.show("staff/cards/find.html", found=found, query=query, outline=places.outline(actor))


@blueprint.post("/cards")
@audience.staff(permissions.ENTER)
@idempotent
@forms.takes(forms_of_pages.ChosenForm, again="find")
def issue_missing(actor: Staff, body: dict[str, Any]) -> Response:
    """Give a card to each of those chosen who has none."""
    issued = cards.issue_missing(actor, **body)
    return pages.go("staff_cards.find", f"已发 {issued} 张新卡，可以打印了", **pages.asked())


@blueprint.post("/cards/sheet")
@audience.staff(permissions.ENTER)
@forms.takes(forms_of_pages.ChosenForm)
def sheet(actor: Staff, body: dict[str, Any]) -> Response:
    """The cards of those chosen as a page to print, ten to a sheet of A4; on record."""
    printed = cards.sheet(actor, **body)
    return pictures.page(render_template("cards.html", cards=printed, qr=pictures.inline))


@blueprint.post("/residents/<id:resident_id>/card")
@audience.staff(permissions.ENTER)
@idempotent
@forms.takes(Empty)
def issue(actor: Staff, body: dict[str, Any], resident_id: UUID) -> Response:
    """A new card for one; the old one is dead at once."""
    card = cards.issue(actor, resident_id)
    return pages.go("staff_residents.show", f"已发卡，卡号 {card.printed_number}，请打印", resident_id=resident_id)


@blueprint.post("/residents/<id:resident_id>/card/revoke")
@audience.staff(permissions.ENTER)
@forms.takes(Empty)
def revoke(actor: Staff, body: dict[str, Any], resident_id: UUID) -> Response:
    """The card is good no more."""
    cards.revoke(actor, resident_id)
    return pages.go("staff_residents.show", "这张卡已作废", resident_id=resident_id)
