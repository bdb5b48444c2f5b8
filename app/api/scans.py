"""The merchant's scans, and what he is owed for them."""

from datetime import date
from typing import Any

from app.schemas import points, redeem
from app.schemas.lists import page_example, page_of, window
from app.web import audience
from app.web.idempotency import idempotent
from app.web.openapi import refuses
from app.web.parsing import Api
from kernel import clock
from kernel.codes import CodeExpired, CodeInvalid
from kernel.paging import Page
from people.actors import Merchant
from redeem import scans
from redeem.orders import OrderNotOpen
from redeem.scans import CodeAlreadyRedeemed, CodeOtherMerchant, NotEnoughPieces, Scanned
from reports import statements
from reports.statements import Statement

blueprint = Api("scans", __name__)


@blueprint.post("/merchant/scans")
@audience.merchant
@idempotent
@refuses(CodeInvalid, CodeOtherMerchant, CodeAlreadyRedeemed, OrderNotOpen, CodeExpired, NotEnoughPieces)
@blueprint.arguments(redeem.ScanBody, example={"token": redeem.CODE["token"]})
@blueprint.response(200, redeem.ScanShape, example=redeem.SCAN)
def scan(actor: Merchant, body: dict[str, Any]) -> Scanned:
    """Scan an order's code, once."""
    return scans.redeem(actor, **body)


@blueprint.get("/merchant/scans")
@audience.merchant
@blueprint.arguments(redeem.ScanQuery, location="query")
@blueprint.response(200, page_of(redeem.ScanShape), example=page_example(redeem.SCAN))
def find(actor: Merchant, query: dict[str, Any]) -> Page[Scanned]:
    """What was scanned, newest first."""
    return scans.find(actor, window(query), query["start"] or clock.EVER[0], query["until"] or clock.EVER[1])


@blueprint.get("/merchant/statement")
@audience.merchant
@blueprint.arguments(points.MonthQuery, location="query")
@blueprint.response(200, redeem.StatementShape, example=redeem.STATEMENT)
def statement(actor: Merchant, query: dict[str, date | None]) -> Statement:
    """What the merchant took in a month, in points."""
    return statements.of_month(actor, query["month"] or clock.today())
