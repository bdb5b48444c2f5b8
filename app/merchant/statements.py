"""What the merchant is owed, by the month: to read, to print, to keep as a file."""

from datetime import date, timedelta
from itertools import groupby
from typing import Any

from flask import Response

from app.schemas.points import MonthQuery
from app.web import audience, pages, sheets
from app.web.faces import Pages
from kernel import clock, tables
from people import merchants
from people.actors import Merchant
from reports import statements

blueprint = Pages("merchant", "statements", __name__, url_prefix="/merchant")


@blueprint.get("/statement")
@audience.merchant
@pages.query(MonthQuery)
def show(actor: Merchant, query: dict[str, date | None]) -> Response:
    """A month: what was owed before, what was taken, and what is owed now; below, each scan."""
    first = (query["month"] or clock.today()).replace(day=1)
    statement, (shop, _) = statements.of_month(actor, first), merchants.mine(actor)
    days = [(day, list(lines)) for day, lines in groupby(statement.lines, lambda line: clock.day_of(line.at))]
    around = {"before": first - timedelta(1), "after": clock.first_of_next_month(first), "began": clock.day_of(shop.created_at)}
    return pages.show("merchant/statement.html", statement=statement, month=first, days=days[::-1], shop=shop, **around)


@blueprint.get("/statement.xlsx")
@audience.merchant
@pages.query(MonthQuery)
def xlsx(actor: Merchant, query: dict[str, date | None]) -> Response:
    """The same as XLSX."""
    return sheets.xlsx(*_file(actor, query, tables.to_xlsx))


@blueprint.get("/statement.csv")
@audience.merchant
@pages.query(MonthQuery)
def csv(actor: Merchant, query: dict[str, date | None]) -> Response:
    """The same as CSV."""
    return sheets.csv(*_file(actor, query, tables.to_csv))


def _file(actor: Merchant, query: dict[str, date | None], write: Any) -> tuple[str, bytes]:
    statement = statements.of_month(actor, query["month"] or clock.today())
    return f"statement-{statement.month}", write(statements.COLUMNS, statements.table(statement))
