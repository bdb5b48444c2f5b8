"""Orders on a phone and the code that is shown: cancelling, codes for ten minutes, and what is said once it was scanned."""

import html
import json
import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask

from app.web import pictures
from kernel import clock, codes
from tests.answers import MONDAY
from tests.cast import Cast
from tests.visitors import Visitor, refusal

pytestmark = pytest.mark.usefixtures("verified")


@pytest.fixture
def visitor(app: Flask, cast: Cast) -> Visitor:
    """The grandmother's phone; she has 100 points."""
    cast.give(cast.grandmother, 100)
    return Visitor(app, cast.grandmother)


def ahead(page: str) -> dict[str, Any]:
    """The codes that a page brought along for its script."""
    found = re.search(r'<script type="application/json" id="ahead">(.*?)</script>', page)
    assert found is not None
    data: dict[str, Any] = json.loads(html.unescape(found[1]))
    return data


def test_an_order_is_cancelled_and_its_points_are_back(visitor: Visitor, cast: Cast) -> None:
    order = cast.order(cast.grandmother)
    assert "确定取消" in visitor.visit(f"/orders/{order}").text
    answer = visitor.send(f"/orders/{order}/cancel")
    assert answer.location == f"/orders/{order}"
    page = visitor.visit(answer.location).text
    assert "已取消" in page
    assert "出示取货码" not in page
    assert cast.balance(cast.grandmother) == 100
    again = visitor.send(f"/orders/{order}/cancel")
    assert (again.status_code, refusal(again)) == (409, "order_not_open")


def test_the_code_page_brings_codes_for_ten_minutes_and_each_is_good_at_its_time(visitor: Visitor, cast: Cast) -> None:
    order = cast.order(cast.grandmother, quantity=2)
    with clock.stopped_at(MONDAY):
        page = visitor.visit(f"/orders/{order}/code")
        assert page.headers["Cache-Control"] == "no-store"
        data = ahead(page.text)
    assert data["now"] == MONDAY.isoformat()
    assert len({code["token"] for code in data["codes"]}) == 20
    assert [datetime.fromisoformat(code["valid_from"]) for code in data["codes"][:2]] == [
        MONDAY,
        MONDAY + timedelta(seconds=30),
    ]
    with clock.stopped_at(MONDAY + timedelta(minutes=9, seconds=50)):
        assert cast.barber.post("/merchant/scans", {"token": data["codes"][19]["token"], "pieces": 1}).status_code == 200
    with clock.stopped_at(MONDAY + timedelta(minutes=10, seconds=50)):
        assert cast.barber.post("/merchant/scans", {"token": data["codes"][19]["token"], "pieces": 1}).status_code == 200


def test_without_scripts_the_present_code_stands_in_the_page_which_loads_itself_anew(visitor: Visitor, cast: Cast) -> None:
    order = cast.order(cast.grandmother)
    page = visitor.visit(f"/orders/{order}/code").text
    token = ahead(page)["codes"][0]["token"]
    assert f'd="{pictures.path(token)}"' in page
    assert 'aria-label="87 ' in page
    assert '<noscript><meta http-equiv="refresh"' in page


def test_a_code_that_was_scanned_leads_to_its_order_which_says_so(visitor: Visitor, cast: Cast) -> None:
    order = cast.order(cast.grandmother)
    assert visitor.visit(f"/orders/{order}/state").json["status"] == "reserved"
    assert cast.barber.post("/merchant/scans", {"token": cast.token(cast.grandmother, order)}).status_code == 200
    state = visitor.visit(f"/orders/{order}/state").json
    assert (state["status"], state["pieces_left"]) == ("redeemed", 0)
    assert visitor.visit(f"/orders/{order}/code").location == f"/orders/{order}"
    assert "已领取" in visitor.visit(f"/orders/{order}").text
    assert visitor.visit(f"/orders/{order}/codes").status_code == 409


def test_the_identity_code_says_who_one_is(visitor: Visitor, cast: Cast) -> None:
    page = visitor.visit("/code").text
    assert "李秀英" in page
    token = ahead(page)["codes"][0]["token"]
    assert codes.read("identity", token) is not None
    assert len(visitor.visit("/code/codes").json["codes"]) == 20


def test_the_squares_for_scripts_are_those_of_the_picture() -> None:
    token = "870000012345678901"
    rows = pictures.modules(token)
    assert (len(rows), rows[0] >> 14) == (21, 0b1111111)
    assert pictures.path(token).count("M") == sum(row.bit_count() for row in rows)
