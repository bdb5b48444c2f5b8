"""The deeds of a resident: declared in three taps, followed through the review, completed where they were returned."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from flask import Response

from app.schemas.lists import window
from app.schemas.pages import DeedChangeForm, DeedForm, RuleChoice
from app.schemas.points import DeedQuery, Empty
from app.web import audience, form_photos, forms, pages
from app.web.faces import Pages
from app.web.idempotency import idempotent
from kernel import clock
from people.actors import Resident
from points import choices, deeds, resubmissions
from points.deeds import MAX_PHOTOS, MAX_QUANTITY, OLDEST_DAYS

blueprint = Pages("resident", "deeds", __name__)


@blueprint.get("/declare")
@audience.resident
@pages.query(RuleChoice)
def choose(actor: Resident, query: dict[str, Any]) -> Response:
    """The first tap: what was done."""
    return pages.show("resident/choose.html", choices=choices.of(actor, **query), **query)


@blueprint.get("/declare/<id:rule_id>")
@audience.resident
def new(actor: Resident, rule_id: UUID) -> Response:
    """The second tap: photos, the day, a few words."""
    choice = choices.one(actor, rule_id)
    return pages.show("resident/declare.html", choice=choice, photos=form_photos.shown(actor), **_bounds())


@blueprint.post("/declare/<id:rule_id>")
@audience.resident
@form_photos.with_photos
@idempotent
@forms.takes(DeedForm, again="new")
def declare(actor: Resident, body: dict[str, Any], rule_id: UUID) -> Response:
    """The third tap: it waits for review."""
    deed = deeds.declare(actor, rule_id=rule_id, **body)
    return pages.go("resident_deeds.show", "已提交。社区审核通过后，积分会自动到账。", deed_id=deed.id)


@blueprint.get("/deeds")
@audience.resident
@pages.query(DeedQuery)
def find(actor: Resident, query: dict[str, Any]) -> Response:
    """His own deeds, newest first, with the state of each."""
    return pages.show("resident/deeds.html", page=deeds.find(actor, window(query), **query), status=query["status"])


@blueprint.get("/deeds/<id:deed_id>")
@audience.resident
def show(actor: Resident, deed_id: UUID) -> Response:
    """One of them: its photos, what became of it and why."""
    return pages.show("resident/deed.html", deed=deeds.get(actor, deed_id))


@blueprint.post("/deeds/<id:deed_id>/withdraw")
@audience.resident
@idempotent
@forms.takes(Empty, again="show")
def withdraw(actor: Resident, body: dict[str, Any], deed_id: UUID) -> Response:
    """Take a deed back before it is decided."""
    deeds.withdraw(actor, deed_id)
    return pages.go("resident_deeds.show", "已撤回，这件事不再审核。", deed_id=deed_id)


@blueprint.get("/deeds/<id:deed_id>/edit")
@audience.resident
def edit(actor: Resident, deed_id: UUID) -> Response:
    """A deed to be completed, as it was sent or as it stands."""
    deed = deeds.get(actor, deed_id)
    return pages.show("resident/complete.html", deed=deed, photos=form_photos.shown(actor, deed.photos), **_bounds())


@blueprint.post("/deeds/<id:deed_id>/edit")
@audience.resident
@form_photos.with_photos
@idempotent
@forms.takes(DeedChangeForm, again="edit")
def change(actor: Resident, body: dict[str, Any], deed_id: UUID) -> Response:
    """Hand a returned deed in again."""
    resubmissions.resubmit(actor, deed_id, **body)
    return pages.go("resident_deeds.show", "已重新提交，请等社区审核。", deed_id=deed_id)


def _bounds() -> dict[str, Any]:
    """What a form may hold: the days that can be tapped, the earliest one, how many photos and units."""
    today = clock.today()
    return {
        "near": (today, today - timedelta(days=1)),
        "earliest": today - timedelta(days=OLDEST_DAYS),
        "most_photos": MAX_PHOTOS,
        "most_units": MAX_QUANTITY,
    }
