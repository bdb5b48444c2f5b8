"""The resident's points: what there is, and where each one came from and went."""

from collections.abc import Callable
from itertools import groupby
from typing import Any
from uuid import UUID

from flask import Response, current_app

from app.schemas.lists import ListQuery, window
from app.web import audience, pages
from app.web.faces import Pages
from kernel import clock
from kernel.errors import NotFound
from people.actors import Resident
from points import deeds, wallets
from points.wallets import Entry
from redeem import orders

blueprint = Pages("resident", "points", __name__, url_prefix="/points")
# What has a page of its own: how it is looked up, the page, and what the page calls its id.
SOURCES: dict[str, tuple[Callable[[Resident, UUID], Any], str, str]] = {
    "deed": (deeds.get, "resident_deeds.show", "deed_id"),
    "order": (orders.get, "resident_orders.show", "order_id"),
}


@blueprint.get("")
@audience.resident
@pages.query(ListQuery)
def find(actor: Resident, query: dict[str, Any]) -> Response:
    """The wallet, and every transfer into it and out of it, newest first."""
    page = wallets.history(actor, window(query))
    by_day = [(on, list(entries)) for on, entries in groupby(page.items, lambda entry: clock.day_of(entry.created_at))]
    return pages.show("resident/points.html", wallet=wallets.of(actor), page=page, by_day=by_day)


@blueprint.get("/<id:transfer_id>")
@audience.resident
def show(actor: Resident, transfer_id: UUID) -> Response:
    """On to what a transfer comes from; the transfer itself where that has no page, or is another's of the household."""
    entry = wallets.one(actor, transfer_id)
    return _source(actor, entry) or pages.show("resident/transfer.html", entry=entry)


def _source(actor: Resident, entry: Entry) -> Response | None:
    find_one, endpoint, name = SOURCES.get(entry.source["type"], (None, "", ""))
    if find_one is None or endpoint not in current_app.view_functions:
        return None
    source_id = UUID(entry.source["id"])
    try:
        find_one(actor, source_id)
    except NotFound:
        return None
    which: dict[str, Any] = {name: source_id}
    return pages.go(endpoint, None, **which)
