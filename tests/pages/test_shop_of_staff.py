"""The shop, the merchants and the donations on the console."""

import io

import pytest
from flask import Flask

from kernel import clock
from tests.cast import Cast, photo
from tests.visitors import Visitor, refusal


@pytest.fixture
def admin(app: Flask, cast: Cast) -> Visitor:
    return Visitor(app, cast.admin)


def test_a_new_item_with_a_picture_stands_in_the_residents_shop(app: Flask, cast: Cast, admin: Visitor) -> None:
    answer = admin.send(
        "/staff/items",
        files={"photos": (photo(), "rice.jpg")},
        kind="goods",
        name="大米",
        price="40",
        merchant_id=str(cast.till.merchant_id),
        stock="3",
        description="五公斤",
        limits__per_person="2",
        limits__per_days="",
        on_shelf_from="",
        on_shelf_to="",
    )
    assert answer.status_code == 303, refusal(answer)
    (item,) = cast.grandmother.get("/items").json["items"]
    assert (item["name"], item["price"], item["stock"], item["limits"]) == ("大米", 40, 3, {"per_person": 2})
    assert item["image_url"]
    page = admin.visit(answer.location)
    assert "photos/" in page.text
    assert "期初" in page.text


def test_what_is_wrong_with_an_item_is_said_at_its_field_and_the_rest_stays(cast: Cast, admin: Visitor) -> None:
    answer = admin.send(
        "/staff/items",
        kind="service",
        name="剪发",
        price="很便宜",
        merchant_id=str(cast.barber.merchant_id),
        on_shelf_from="2026-12-01",
        on_shelf_to="2026-11-01",
    )
    assert (answer.status_code, refusal(answer)) == (422, "validation_failed")
    assert "请填写整数" in answer.text
    assert 'value="剪发"' in answer.text
    assert cast.admin.get("/staff/items").json["items"] == []


def test_an_item_is_changed_and_its_picture_taken_away_again(cast: Cast, admin: Visitor) -> None:
    item = cast.item(cast.till, stock=5)
    path = f"/staff/items/{item}"
    same = {"name": "新大米", "price": "41", "description": "", "on_shelf_to": "2099-01-01"}
    assert admin.send(path, files={"photos": (photo(), "a.jpg")}, **same).status_code == 303
    shown = cast.admin.get("/staff/items").json["items"][0]
    assert (shown["name"], shown["price"]) == ("新大米", 41)
    assert shown["on_shelf_to"].startswith("2099-01-02T00:00")
    assert 'value="2099-01-01"' in admin.visit(f"{path}/edit").text
    assert shown["image_url"]
    admin.send(path, no_picture="true", **same)
    assert cast.admin.get("/staff/items").json["items"][0]["image_url"] is None


def test_stock_is_received_and_written_off_and_never_below_what_is_there(cast: Cast, admin: Visitor) -> None:
    item = cast.item(cast.till, stock=5)
    path = f"/staff/items/{item}/stock"
    assert admin.send(path, delta="20", reason="超市送货").status_code == 303
    assert admin.send(path, delta="-3", reason="过期报损").status_code == 303
    refused = admin.send(path, delta="-100", reason="全部报损")
    assert (refused.status_code, refusal(refused)) == (409, "out_of_stock")
    assert "全部报损" in refused.text
    page = admin.visit(f"/staff/items/{item}").text
    assert "22 件" in page
    assert "超市送货" in page


def test_a_merchant_is_added_with_a_login_and_switched_off(cast: Cast, admin: Visitor) -> None:
    made = admin.send(
        "/staff/merchants", name="邻里水果", address="融城路 3 号", username="fruit", password="a long password for fruit"
    )
    assert made.status_code == 303
    assert cast.nobody.post("/auth/password", {"username": "fruit", "password": "a long password for fruit"}).status_code == 200
    assert admin.send(made.location, name="邻里水果", address="", active="false").status_code == 303
    (merchant,) = cast.admin.get("/staff/merchants?q=邻里").json["items"]
    assert (merchant["address"], merchant["active"]) == (None, False)
    taken = admin.send("/staff/merchants", name="别家", username="fruit", password="another long password")
    assert (taken.status_code, refusal(taken)) == (409, "username_taken")
    assert "another long password" not in taken.text


def test_goods_are_taken_in_by_tariff_item_and_name_and_credited_once(cast: Cast, admin: Visitor) -> None:
    item = cast.item(cast.till, stock=1)
    made = admin.send("/staff/donation-tariffs", name="旧衣服", unit="件", points="2", item_id="")
    assert made.status_code == 303
    (tariff,) = cast.admin.get("/staff/donation-tariffs").json["items"]
    lines = {
        "lines__0__tariff_id": tariff["id"],
        "lines__0__quantity": "3",
        "lines__1__item_id": item,
        "lines__1__quantity": "2",
        "lines__1__points": "10",
        "lines__3__name": "儿童书",
        "lines__3__quantity": "1",
        "lines__3__points": "5",
    }
    nobody = admin.send("/staff/donations", **lines)
    assert (nobody.status_code, refusal(nobody)) == (422, "validation_failed")
    assert "儿童书" in nobody.text
    answers = [
        admin.send("/staff/donations", key="one", resident_id=cast.grandmother.id, thanks="true", **lines) for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [303, 303]
    assert cast.grandmother.get("/me/wallet").json["balance"] == 21
    assert cast.grandmother.get(f"/items/{item}").json["stock"] == 3
    page = admin.visit(answers[0].location)
    assert "儿童书" in page.text
    assert admin.visit(f"/staff/donations?from={clock.today()}&to={clock.today()}").text.count("李秀英") == 1


def test_a_tariff_is_changed_and_closed(cast: Cast, admin: Visitor) -> None:
    admin.send("/staff/donation-tariffs", name="旧衣服", unit="件", points="2")
    (tariff,) = cast.admin.get("/staff/donation-tariffs").json["items"]
    assert admin.send(f"/staff/donation-tariffs/{tariff['id']}", name="旧衣服", unit="件", points="3").status_code == 303
    newest = cast.admin.get("/staff/donation-tariffs?active=true").json["items"][0]
    assert newest["points"] == 3
    assert admin.send(f"/staff/donation-tariffs/{newest['id']}", active="false").status_code == 303
    again = admin.send(f"/staff/donation-tariffs/{newest['id']}", name="旧衣服", unit="件", points="4")
    assert (again.status_code, refusal(again)) == (409, "tariff_closed")


def test_a_credit_is_taken_back_with_a_reason_once(cast: Cast, admin: Visitor) -> None:
    cast.give(cast.grandmother, 50)
    transfer = cast.grandmother.get("/me/transfers").json["items"][0]["id"]
    page = admin.visit(f"/staff/transfers/{transfer}")
    assert "收回这笔积分" in page.text
    assert admin.send(f"/staff/transfers/{transfer}/reverse", reason="重复入账").status_code == 303
    assert cast.grandmother.get("/me/wallet").json["balance"] == 0
    assert "已收回" in admin.visit(f"/staff/transfers/{transfer}").text
    again = admin.send(f"/staff/transfers/{transfer}/reverse", reason="重复入账")
    assert (again.status_code, refusal(again)) == (409, "already_reversed")


@pytest.mark.parametrize("role", ["reviewer", "auditor", "grid_worker"])
def test_who_may_only_look_sees_no_buttons_and_cannot_write(app: Flask, cast: Cast, role: str) -> None:
    item = cast.item(cast.till, stock=5)
    visitor = Visitor(app, cast.staff(role, "500104101009"))
    for path in ("/staff/items", "/staff/merchants", "/staff/donations", "/staff/rules", "/staff/units", f"/staff/items/{item}"):
        page = visitor.visit(path)
        assert page.status_code == 200, path
        assert "btn-primary" not in page.text, path
    refused = visitor.send(f"/staff/items/{item}/stock", delta="1", reason="送货")
    assert (refused.status_code, refusal(refused)) == (403, "wrong_role")
    assert visitor.visit("/staff/items/new").status_code == 403


def test_the_next_communitys_staff_find_none_of_it(app: Flask, cast: Cast) -> None:
    item, merchant = cast.item(cast.till, stock=5), cast.till.merchant_id
    cast.give(cast.grandmother, 50)
    transfer = cast.grandmother.get("/me/transfers").json["items"][0]["id"]
    stranger = Visitor(app, cast.neighbour_staff)
    for path in (
        f"/staff/items/{item}",
        f"/staff/merchants/{merchant}",
        f"/staff/transfers/{transfer}",
        f"/staff/items/{item}/edit",
    ):
        assert stranger.visit(path).status_code == 404, path
    assert stranger.send(f"/staff/items/{item}/stock", delta="1", reason="送货").status_code == 404
    assert "融城超市" not in stranger.visit("/staff/merchants").text


def test_a_file_that_is_no_picture_is_refused_at_its_field(cast: Cast, admin: Visitor) -> None:
    fields = {"kind": "goods", "name": "大米", "price": "40", "merchant_id": str(cast.till.merchant_id)}
    answer = admin.send("/staff/items", files={"photos": (io.BytesIO(b"no picture"), "a.jpg")}, **fields)
    assert answer.status_code == 422
    assert "没有收下" in answer.text
    assert 'value="大米"' in answer.text
