"""The shop on a phone: what there is, what one can have, the order and its refusals."""

import html
import re
from typing import Any
from uuid import UUID

import psycopg
import pytest
from flask import Flask

from tests.cast import Caller, Cast, as_file, scene
from tests.visitors import Visitor, refusal

pytestmark = pytest.mark.usefixtures("verified")
SCRIPT = "<script>alert(1)</script>"


@pytest.fixture
def visitor(app: Flask, cast: Cast) -> Visitor:
    """The grandmother's phone; she has 100 points."""
    cast.give(cast.grandmother, 100)
    return Visitor(app, cast.grandmother)


def orders_of(caller: Caller) -> list[dict[str, Any]]:
    return list(caller.get("/orders").json["items"])


# --- the shelf ------------------------------------------------------------------------------------------------------------------


def test_the_shop_shows_what_is_on_the_shelf_with_price_stock_and_what_one_has(visitor: Visitor, cast: Cast) -> None:
    picture = UUID(cast.admin.upload(as_file(scene(1))))
    cast.item(cast.till, kind="goods", name="大米 5 公斤", price=60, stock=3, upload_id=picture)
    cast.item(cast.till, kind="goods", name="保温杯", price=50, stock=0)
    cast.item()
    page = visitor.visit("/shop").text
    for said in ("100</strong> 分", "大米 5 公斤", "还剩 3 件", "融城超市", "已换完", "剪发一次", "随时可换"):
        assert said in page, said
    assert f"/photos/{picture}.jpg" in page
    assert "size=small" in page


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("", {"大米", "剪发", "电视机"}),
        ("?kind=goods", {"大米", "电视机"}),
        ("?kind=service&q=", {"剪发"}),
        ("?q=米", {"大米"}),
        ("?affordable=true", {"大米", "剪发"}),
        ("?affordable=true&kind=service", {"剪发"}),
        ("?q=没有的", set()),
    ],
)
def test_filters_and_search_leave_what_was_asked_for(visitor: Visitor, cast: Cast, query: str, shown: set[str]) -> None:
    cast.item(name="剪发")
    cast.item(cast.till, kind="goods", name="大米", price=60, stock=3)
    cast.item(cast.till, kind="goods", name="电视机", price=9000, stock=1)
    page = visitor.visit(f"/shop{query}").text
    assert {name for name in ("大米", "剪发", "电视机") if f"<strong>{name}</strong>" in page} == shown


def test_an_empty_shop_and_empty_lists_say_what_to_do(app: Flask, cast: Cast) -> None:
    visitor = Visitor(app, cast.grandmother)
    assert "还没有上架" in visitor.visit("/shop").text
    assert "去商店看看" in visitor.visit("/orders").text
    assert "去签到" in visitor.visit("/points").text


def test_a_long_shelf_is_shown_in_parts(visitor: Visitor, cast: Cast) -> None:
    for number in range(21):
        cast.item(name=f"第 {number} 件")
    first = visitor.visit("/shop?kind=service").text
    following = html.unescape(re.findall(r'href="([^"]+)" rel="next"', first)[0])
    assert "第 0 件" not in first
    assert "kind=service" in following
    assert "第 0 件" in visitor.visit(following).text


def test_what_staff_wrote_is_text_and_no_script(visitor: Visitor, cast: Cast) -> None:
    item = cast.item(name=SCRIPT, description=SCRIPT)
    order = cast.order(cast.grandmother, item)
    for path in (
        "/shop",
        f"/shop/{item}",
        f"/shop?q={SCRIPT}",
        "/orders",
        f"/orders/{order}",
        f"/orders/{order}/code",
        "/points",
    ):
        assert SCRIPT not in visitor.visit(path).text, path


# --- an item and its order ------------------------------------------------------------------------------------------------------


def test_an_item_says_where_it_is_how_many_one_may_have_and_how_many_points_are_missing(visitor: Visitor, cast: Cast) -> None:
    item = cast.item(price=112, limits={"per_person": 2, "per_days": 30}, description="洗剪吹一次")
    page = visitor.visit(f"/shop/{item}").text
    for said in ("洗剪吹一次", "老周理发店", "融城路 12 号", "每人 30 天内最多 2 次", "还差 12 分"):
        assert said in page, said


def test_an_order_is_placed_and_leads_to_its_page(visitor: Visitor, cast: Cast) -> None:
    item = cast.item()
    answer = visitor.send(f"/shop/{item}", quantity="2")
    (order,) = orders_of(cast.grandmother)
    assert (answer.status_code, answer.location) == (303, f"/orders/{order['id']}")
    assert (order["quantity"], order["points"], cast.balance(cast.grandmother)) == (2, 60, 40)
    page = visitor.visit(answer.location).text
    for said in ("预留 60 分", "出示取货码", "老周理发店", "剪发一次 × 2"):
        assert said in page, said


def test_an_order_sent_twice_is_placed_once(visitor: Visitor, cast: Cast) -> None:
    item = cast.item()
    one, two = (visitor.send(f"/shop/{item}", key="the same", quantity="1") for _ in range(2))
    assert one.location == two.location
    assert len(orders_of(cast.grandmother)) == 1


@pytest.mark.parametrize(
    ("given", "quantity", "status", "code"),
    [
        ({"price": 60}, "2", 409, "insufficient_points"),
        ({"kind": "goods", "price": 1, "stock": 2}, "3", 409, "out_of_stock"),
        ({"price": 1, "limits": {"per_person": 2}}, "3", 409, "limit_reached"),
        ({"price": 1}, "0", 422, "validation_failed"),
        ({"price": 1}, "many", 422, "validation_failed"),
    ],
)
def test_a_refused_order_is_said_at_the_form_with_what_was_asked_for(
    visitor: Visitor, cast: Cast, given: dict[str, Any], quantity: str, status: int, code: str
) -> None:
    item = cast.item(**given)
    answer = visitor.send(f"/shop/{item}", quantity=quantity)
    assert (answer.status_code, refusal(answer)) == (status, code)
    assert "剪发一次" in answer.text
    if quantity.isdigit() and quantity != "0":
        assert f'<option value="{quantity}" selected' in answer.text
    assert orders_of(cast.grandmother) == []
    assert cast.balance(cast.grandmother) == 100


def test_the_form_of_a_refused_order_shows_what_is_there_now(visitor: Visitor, cast: Cast) -> None:
    item = cast.item(kind="goods", price=1, stock=5)
    assert "还剩 5 件" in visitor.visit(f"/shop/{item}").text
    cast.give(cast.volunteer, 50)
    cast.order(cast.volunteer, item, 4)
    answer = visitor.send(f"/shop/{item}", quantity="2")
    assert refusal(answer) == "out_of_stock"
    assert "还剩 1 件" in answer.text


def test_an_item_whose_merchant_stopped_says_so_and_is_not_ordered(
    visitor: Visitor, cast: Cast, superuser: psycopg.Connection
) -> None:
    item = cast.item()
    superuser.execute("UPDATE merchants SET active = false")
    assert "商户暂停了兑换" in visitor.visit(f"/shop/{item}").text
    answer = visitor.send(f"/shop/{item}", quantity="1")
    assert (answer.status_code, refusal(answer)) == (409, "item_unavailable")


def test_the_shop_of_another_community_and_the_orders_of_others_are_not_found(visitor: Visitor, app: Flask, cast: Cast) -> None:
    item = cast.item()
    order = cast.order(cast.grandmother, item)
    transfer = cast.grandmother.get("/me/transfers").json["items"][0]["id"]
    stranger, friend = Visitor(app, cast.neighbour), Visitor(app, cast.volunteer)
    assert stranger.visit(f"/shop/{item}").status_code == 404
    assert stranger.send(f"/shop/{item}", quantity="1").status_code == 404
    for path in (f"/orders/{order}", f"/orders/{order}/code", f"/orders/{order}/codes", f"/orders/{order}/state"):
        assert friend.visit(path).status_code == 404, path
    assert friend.visit(f"/points/{transfer}").status_code == 404
    assert friend.send(f"/orders/{order}/cancel").status_code == 404
    assert Visitor(app).visit("/shop").location == "/enter?next=/shop"
    assert Visitor(app, cast.barber).visit("/shop").status_code == 403
