"""Entry on behalf: whoever came, phoned or wrote is found as one types, and his deed put down, one after the other."""

from typing import Any
from uuid import UUID

from flask import Response

from app.schemas import pages as forms_of_pages
from app.schemas.reviews import EntryBody
from app.web import audience, form_photos, forms, pages
from app.web.faces import Pages
from app.web.idempotency import idempotent
from kernel.paging import Page, Window
from people import permissions, searches
from people.actors import Staff
from people.entries import Seen
from points import entries, histories, rules
from points.histories import Known

blueprint = Pages("staff", "entries", __name__, url_prefix="/staff")
FOUND = 8  # people shown for what is typed
KEPT = ("channel", "occurred_on", "rule_id")  # from one entry to the next


@blueprint.get("/entries/new")
@audience.staff(permissions.ENTER)
@pages.query(forms_of_pages.EntryQuery)
def new(actor: Staff, query: dict[str, Any]) -> Response:
    """Who, which rule, when, how he told it."""
    known = _known(actor, query["resident_id"] or forms.sent_id("resident_id"))
    community = known.person.community["code"] if known else actor.community_code
    return pages.show(
        "staff/entries/new.html",
        known=known,
        found=_found(actor, query["q"]),
        rules=rules.for_entry(actor, community),
        query=query,
        photos=form_photos.shown(actor),
    )


@blueprint.post("/entries")
@audience.staff(permissions.ENTER)
@form_photos.with_photos
@idempotent
@forms.takes(EntryBody, again="new")
def create(actor: Staff, body: dict[str, Any]) -> Response:
    """Declare it for him, and on to the next one with the same rule, day and channel."""
    entered = entries.enter(actor, **body)
    said = f"已为{entered.resident['name']}申报“{entered.deed.terms.title}”，等待审核。可以接着录入下一位。"
    return pages.go("staff_entries.new", said, **{name: body[name] for name in KEPT})


def _known(actor: Staff, resident_id: UUID | None) -> Known | None:
    return histories.of_resident(actor, resident_id) if resident_id else None


def _found(actor: Staff, q: str | None) -> Page[Seen] | None:
    return searches.find(actor, Window(FOUND), q=q) if q else None
