"""How many SQL statements the money paths take: authentication, idempotency and audit included."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event

from kernel.database import db
from tests.cast import Cast

pytestmark = pytest.mark.usefixtures("verified")


@contextmanager
def counted(app: Flask) -> Iterator[list[str]]:
    """The statements that are sent meanwhile."""
    sent: list[str] = []

    def send(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        sent.append(statement)

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", send)
    try:
        yield sent
    finally:
        event.remove(engine, "before_cursor_execute", send)


def has(sent: list[str], *words: str) -> bool:
    return all(any(word in statement for statement in sent) for word in words)


def test_a_scan_takes_at_most_six_statements(cast: Cast) -> None:
    cast.give(cast.grandmother, 100)
    item = cast.item(kind="goods", stock=5)
    order = cast.order(cast.grandmother, item, quantity=2)
    token = cast.token(cast.grandmother, order)
    with counted(cast.app) as sent:
        assert cast.barber.post("/merchant/scans", {"token": token, "pieces": 1}, key="k").status_code == 200
    assert len(sent) <= 6, sent
    assert has(sent, "sessions", "idempotency_keys", "scans", "transfers", "audit_log")


def test_an_order_with_stock_and_a_limit_takes_at_most_eight_statements(cast: Cast) -> None:
    cast.give(cast.grandmother, 100)
    item = cast.item(kind="goods", stock=5, limits={"per_person": 3, "per_days": 30})
    body = {"item_id": item, "quantity": 2}
    with counted(cast.app) as sent:
        assert cast.grandmother.post("/orders", body, key="k").status_code == 201
    assert len(sent) <= 8, sent
    assert has(sent, "sessions", "idempotency_keys", "orders", "transfers", "stocks", "audit_log")


def test_a_check_in_takes_at_most_six_statements(cast: Cast) -> None:
    caller = cast.grandmother
    with counted(cast.app) as sent:
        assert caller.post("/checkins", key="k").status_code == 201
    assert len(sent) <= 6, sent
    assert has(sent, "sessions", "idempotency_keys", "checkins", "transfers", "audit_log")


def test_a_replayed_request_takes_at_most_three_statements(cast: Cast) -> None:
    caller = cast.grandmother
    caller.post("/checkins", key="k")
    with counted(cast.app) as sent:
        assert caller.post("/checkins", key="k").headers["Idempotent-Replayed"] == "true"
    assert len(sent) <= 3, sent


@pytest.mark.parametrize(
    "path", ["/staff/deeds?status=pending", "/deeds", "/orders", "/items", "/staff/items", "/rules", "/feed", "/staff/feed"]
)
def test_a_long_list_takes_as_many_statements_as_a_short_one(cast: Cast, path: str) -> None:
    caller = cast.reviewer if path.startswith("/staff") else cast.grandmother
    cast.give(cast.grandmother, 100)

    def one_more() -> None:
        cast.deed(cast.grandmother)
        cast.give(cast.volunteer, 1)
        cast.order(cast.grandmother, cast.item(price=1))
        cast.rule()

    def asked() -> int:
        with counted(cast.app) as sent:
            assert caller.get(path).status_code == 200
        return len(sent)

    one_more()
    short = asked()
    for _ in range(4):
        one_more()
    assert asked() == short
