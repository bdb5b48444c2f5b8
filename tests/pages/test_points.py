"""The story of points on a phone: what there is, what is owed, and where each point came from."""

import re

import pytest
from flask import Flask

from tests.cast import Cast
from tests.visitors import Visitor

pytestmark = pytest.mark.usefixtures("verified")


@pytest.fixture
def visitor(app: Flask, cast: Cast) -> Visitor:
    """The grandmother's phone; she has 100 points."""
    cast.give(cast.grandmother, 100)
    return Visitor(app, cast.grandmother)


def test_every_point_leads_to_where_it_came_from(visitor: Visitor, cast: Cast) -> None:
    visitor.send("/checkins")
    order = cast.order(cast.grandmother)
    page = visitor.visit("/points").text
    for said in ("今天", "+100", "+1", "−30", "余 71 分", "30 分留给订单"):
        assert said in page, said
    links = re.findall(r'href="(/points/[^"]+)"', page)
    to_order, to_checkin, _ = (visitor.visit(link) for link in links)
    assert to_order.location == f"/orders/{order}"
    assert "每天签到" in to_checkin.text


def test_what_is_owed_is_explained(visitor: Visitor, cast: Cast) -> None:
    deed = cast.grandmother.get("/deeds").json["items"][0]["id"]
    cast.order(cast.grandmother)
    assert cast.admin.post(f"/staff/deeds/{deed}/revoke", {"reason": "核实后不符"}).status_code == 200
    assert "还欠 30 分" in visitor.visit("/points").text


def test_in_a_household_the_transfers_of_all_are_shown_and_told(app: Flask, cast: Cast) -> None:
    head, son = cast.family("王大福", "王小军")
    cast.give(head, 50)
    order = cast.order(head)
    page = Visitor(app, son).visit("/points").text
    assert "全家共用" in page
    link = re.findall(r'href="(/points/[^"]+)"', page)[0]
    told = Visitor(app, son).visit(link)
    assert told.status_code == 200, "the order is the father's, the points are of both"
    assert "由家里人" in told.text
    assert Visitor(app, head).visit(link).location == f"/orders/{order}"
