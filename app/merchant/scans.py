"""What was scanned: by the day, and each scan for itself."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from flask import Response

from app.schemas.lists import window
from app.schemas.pages import ScanDayQuery
from app.web import audience, pages
from app.web.faces import Pages
from kernel import clock
from kernel.paging import Window
from people.actors import Merchant
from redeem import scans

blueprint = Pages("merchant", "scans", __name__, url_prefix="/merchant")
LATEST = 8
NEW_FOR = timedelta(minutes=3)  # as long as a customer stands there, waiting for what was scanned


@blueprint.get("/today")
@audience.merchant
@pages.query(ScanDayQuery)
def find(actor: Merchant, query: dict[str, Any]) -> Response:
    """The scans of a day, newest first, and what they come to."""
    day = query["day"] or clock.today()
    page, taken = scans.find(actor, window(query), *_of(day)), scans.taken(actor, *_of(day))
    return pages.show("merchant/scans.html", on=day, page=page, taken=taken, before=day - timedelta(1), after=day + timedelta(1))


@blueprint.get("/scans/<id:scan_id>")
@audience.merchant
def show(actor: Merchant, scan_id: UUID) -> Response:
    """One scan. A new one says what is to be handed over."""
    scan = scans.get(actor, scan_id)
    return pages.show("merchant/scan.html", scan=scan, new=clock.now() - scan.redeemed_at < NEW_FOR, **latest(actor))


def latest(actor: Merchant) -> dict[str, Any]:
    """The last scans of today, and what today comes to, for the templates."""
    today = _of(clock.today())
    return {"latest": scans.find(actor, Window(LATEST, None), *today).items, "taken": scans.taken(actor, *today)}


def _of(day: date) -> tuple[datetime, datetime]:
    return clock.start_of(day), clock.start_of(day + timedelta(1))
