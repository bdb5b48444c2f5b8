"""Items: what residents choose from, and what staff keep on the shelf."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from kernel import clock
from tests.answers import contents, refused, refused_fields
from tests.cast import NEXT_COMMUNITY, TOWN, Caller, Cast, photo

pytestmark = pytest.mark.usefixtures("verified")
KEYS = {"id", "kind", "name", "description", "price", "stock", "merchant", "limits", "image_url", "available"}


def names(caller: Caller, path: str = "/items", **query: Any) -> list[str]:
    answer = caller.get(path, query_string=query)
    assert answer.status_code == 200, answer.text
    return [item["name"] for item in answer.json["items"]]


def new(cast: Cast, **given: Any) -> dict[str, Any]:
    return {"kind": "goods", "name": "酱油", "price": 20, "merchant_id": str(cast.till.merchant_id), **given}


def moves(superuser: Any, item_id: str) -> list[tuple[str, int, str | None]]:
    return list(superuser.execute("SELECT kind, delta, reason FROM stock_moves WHERE item_id = %s ORDER BY id", (item_id,)))


def test_a_new_item_is_on_the_shelf_at_once(cast: Cast) -> None:
    said = new(cast, stock=10, description="一瓶", limits={"per_person": 2, "per_days": 30})
    made = cast.admin.post("/staff/items", said)
    assert made.status_code == 201
    assert made.json.keys() >= KEYS
    assert {name: made.json[name] for name in KEYS - {"id"}} == {
        "kind": "goods",
        "name": "酱油",
        "description": "一瓶",
        "price": 20,
        "stock": 10,
        "merchant": {"id": str(cast.till.merchant_id), "name": "融城超市", "address": "融城路 12 号"},
        "limits": {"per_person": 2, "per_days": 30},
        "image_url": None,
        "available": True,
    }
    shown = cast.grandmother.get(f"/items/{made.json['id']}")
    assert (shown.status_code, shown.json.keys()) == (200, KEYS)
    assert shown.json == {name: made.json[name] for name in KEYS}
    assert cast.grandmother.get("/items").json == {"items": [shown.json], "next": None}


def test_a_service_without_stock_never_runs_out_and_goods_have_a_stock(cast: Cast) -> None:
    service = cast.admin.post("/staff/items", new(cast, kind="service")).json
    empty = cast.admin.post("/staff/items", new(cast, stock=None)).json
    some = cast.admin.post("/staff/items", new(cast, kind="service", stock=3)).json
    assert [(item["stock"], item["available"]) for item in (service, empty, some)] == [(None, True), (0, False), (3, True)]
    refused(cast.admin.post(f"/staff/items/{service['id']}/stock", {"delta": 5, "reason": "入库"}), 409, "stock_not_kept")


def test_the_shop_is_filtered_by_kind_words_merchant_and_what_one_can_afford(cast: Cast) -> None:
    cast.item(cast.barber, name="剪发", price=30)
    cast.item(cast.barber, name="烫发", price=300, description="包括洗发")
    cast.item(cast.till, kind="goods", name="酱油", price=20, stock=5)
    cast.item(cast.till, kind="goods", name="洗发水 50%", price=31, stock=5)
    cast.give(cast.grandmother, 30)
    shopper = cast.grandmother
    assert names(shopper) == ["洗发水 50%", "酱油", "烫发", "剪发"]
    assert names(shopper, kind="goods") == ["洗发水 50%", "酱油"]
    assert names(shopper, kind="service") == ["烫发", "剪发"]
    assert names(shopper, q="洗发") == ["洗发水 50%", "烫发"]
    assert names(shopper, q="0%") == ["洗发水 50%"]
    assert names(shopper, q="_") == []
    assert names(shopper, merchant_id=str(cast.barber.merchant_id)) == ["烫发", "剪发"]
    assert names(shopper, merchant_id=str(uuid4())) == []
    assert names(shopper, affordable="true") == ["酱油", "剪发"]
    assert names(shopper, affordable="false") == names(shopper)
    assert names(shopper, affordable="true", kind="goods", q="酱") == ["酱油"]
    assert names(cast.volunteer, affordable="true") == []
    for field, value in (("kind", "food"), ("affordable", "maybe"), ("q", "长" * 51)):
        refused_fields(shopper.get("/items", query_string={field: value}), field)


def test_points_that_are_held_can_not_be_afforded_again(cast: Cast) -> None:
    cast.give(cast.grandmother, 50)
    item = cast.item(price=30)
    assert names(cast.grandmother, affordable="true") == ["剪发一次"]
    cast.order(cast.grandmother, item)
    assert names(cast.grandmother, affordable="true") == []


def test_what_is_off_the_shelf_does_not_exist_for_residents_and_does_for_staff(cast: Cast) -> None:
    now = clock.now()
    before = cast.item(name="还没上架", on_shelf_from=now + timedelta(days=1))
    after = cast.item(name="已经下架", on_shelf_to=now - timedelta(days=1))
    cast.item(name="正在架上", on_shelf_from=now - timedelta(days=1), on_shelf_to=now + timedelta(days=1))
    assert names(cast.grandmother) == ["正在架上"]
    nowhere = refused(cast.grandmother.get(f"/items/{uuid4()}"), 404, "not_found")
    for item in (before, after):
        assert refused(cast.grandmother.get(f"/items/{item}"), 404, "not_found") == nowhere
    assert names(cast.admin, "/staff/items") == ["正在架上", "已经下架", "还没上架"]
    listed = {item["name"]: item for item in cast.admin.get("/staff/items").json["items"]}
    assert [listed[name]["available"] for name in ("还没上架", "已经下架", "正在架上")] == [False, False, True]


def test_what_is_out_of_stock_is_listed_and_not_available(cast: Cast) -> None:
    cast.give(cast.grandmother, 100)
    item = cast.item(kind="goods", stock=1, price=10)
    cast.order(cast.grandmother, item)
    for caller, path in ((cast.grandmother, "/items"), (cast.admin, "/staff/items")):
        listed = caller.get(path).json["items"]
        assert [(item["stock"], item["available"]) for item in listed] == [(0, False)]


def test_the_shop_of_a_community_is_its_own(cast: Cast) -> None:
    item = cast.item()
    assert names(cast.neighbour) == []
    assert names(cast.neighbour_staff, "/staff/items") == []
    nowhere = refused(cast.neighbour.get(f"/items/{uuid4()}"), 404, "not_found")
    assert refused(cast.neighbour.get(f"/items/{item}"), 404, "not_found") == nowhere
    assert refused(cast.neighbour_staff.patch(f"/staff/items/{item}", {"price": 1}), 404, "not_found") == nowhere
    stock = cast.neighbour_staff.post(f"/staff/items/{item}/stock", {"delta": 1, "reason": "x"})
    assert refused(stock, 404, "not_found") == nowhere
    assert names(cast.official, "/staff/items") == ["剪发一次"]


def test_staff_above_a_community_say_which_one_an_item_is_for(cast: Cast) -> None:
    above = cast.staff("admin", TOWN)
    refused_fields(above.post("/staff/items", new(cast)), "community_code")
    made = above.post("/staff/items", new(cast, community_code=NEXT_COMMUNITY))
    assert (made.status_code, made.json["community_code"]) == (201, NEXT_COMMUNITY)
    refused(cast.admin.post("/staff/items", new(cast, community_code=NEXT_COMMUNITY)), 404, "not_found")


def test_a_merchant_or_a_picture_that_is_not_ones_own_does_not_exist(cast: Cast) -> None:
    foreign = str(cast.merchant("隔壁超市", NEXT_COMMUNITY).merchant_id)
    picture = cast.grandmother.post("/uploads", data={"file": (photo(), "x.jpg")}).json["id"]
    for given in ({"merchant_id": foreign}, {"merchant_id": str(uuid4())}, {"upload_id": picture}, {"upload_id": str(uuid4())}):
        refused(cast.admin.post("/staff/items", new(cast, **given)), 404, "not_found")
    assert names(cast.admin, "/staff/items") == []


def test_an_item_shows_its_picture_under_a_signed_address(cast: Cast) -> None:
    picture = cast.admin.post("/uploads", data={"file": (photo(), "x.jpg")}).json["id"]
    item = cast.admin.post("/staff/items", new(cast, upload_id=picture)).json
    url = cast.grandmother.get(f"/items/{item['id']}").json["image_url"]
    assert cast.nobody.get(url).content_type == "image/jpeg"


def test_an_item_that_makes_no_sense_is_refused(cast: Cast, superuser: Any) -> None:
    wrong: dict[str, list[object]] = {
        "kind": ["food", None, 1],
        "name": ["", None, "名" * 61],
        "price": [0, -1, 1.5, "20", True, 2**63, 1_000_001],
        "merchant_id": [None, 5],
        "stock": [-1, 1.5, "5", True, 2**63],
        "description": [None, 5, "长" * 1001],
        "limits": [5, []],
        "on_shelf_from": ["tomorrow", 5, "2026-11-21T08:00:00", "0001-01-01", "9999-12-31T00:00:00Z"],
        "on_shelf_to": ["9999-12-31", "2026-02-30"],
        "available": [True],
    }
    caller, body = cast.admin, new(cast)
    before = contents(superuser)
    for field, values in wrong.items():
        for value in values:
            refused_fields(caller.post("/staff/items", {**body, field: value}), field)
    refused_fields(caller.post("/staff/items", {**body, "limits": {"per_person": 0}}), "limits.per_person")
    backwards = {"on_shelf_from": "2026-11-22T08:00:00+08:00", "on_shelf_to": "2026-11-21T08:00:00+08:00"}
    refused_fields(caller.post("/staff/items", {**body, **backwards}), "on_shelf_to")
    assert contents(superuser) == before


def test_changes_hold_at_once_and_leave_placed_orders_their_price(cast: Cast) -> None:
    cast.give(cast.grandmother, 100)
    item = cast.item(price=30)
    order = cast.order(cast.grandmother, item)
    changed = cast.admin.patch(f"/staff/items/{item}", {"price": 45, "name": "精剪", "limits": {"per_person": 5}})
    assert (changed.status_code, changed.json["price"], changed.json["name"]) == (200, 45, "精剪")
    shown = cast.grandmother.get(f"/items/{item}").json
    assert (shown["price"], shown["name"], shown["limits"]) == (45, "精剪", {"per_person": 5})
    assert cast.grandmother.get(f"/orders/{order}").json["points"] == 30
    assert cast.admin.patch(f"/staff/items/{item}", {"limits": {}}).json["limits"] == {}
    assert cast.admin.patch(f"/staff/items/{item}", {}).json["price"] == 45
    cast.admin.patch(f"/staff/items/{item}", {"on_shelf_to": "2020-01-01"})
    assert names(cast.grandmother) == []
    cast.admin.patch(f"/staff/items/{item}", {"on_shelf_to": None})
    assert names(cast.grandmother) == ["精剪"]


def test_what_moves_stock_or_owner_cannot_be_changed_as_a_field(cast: Cast) -> None:
    item = cast.item()
    for field, value in (("stock", 5), ("merchant_id", str(uuid4())), ("kind", "goods"), ("community_code", NEXT_COMMUNITY)):
        refused_fields(cast.admin.patch(f"/staff/items/{item}", {field: value}), field)


def test_an_item_taken_off_on_a_day_is_there_until_the_end_of_that_day(cast: Cast) -> None:
    shopper, item = cast.grandmother, cast.admin.post("/staff/items", new(cast, on_shelf_to="2025-03-03", stock=1)).json
    with clock.stopped_at(clock.start_of(clock.today().replace(2025, 3, 3)) + timedelta(hours=23, minutes=59)):
        assert shopper.get(f"/items/{item['id']}").status_code == 200
    with clock.stopped_at(clock.start_of(clock.today().replace(2025, 3, 4))):
        refused(shopper.get(f"/items/{item['id']}"), 404, "not_found")


def test_every_change_of_stock_is_on_record(cast: Cast, superuser: Any) -> None:
    cast.give(cast.grandmother, 100)
    item = cast.admin.post("/staff/items", new(cast, stock=10)).json["id"]
    path = f"/staff/items/{item}/stock"
    assert cast.admin.post(path, {"delta": 20, "reason": "超市送货"}).json["stock"] == 30
    assert cast.admin.post(path, {"delta": -4, "reason": "过期报损"}).json["stock"] == 26
    order = cast.order(cast.grandmother, item, quantity=2)
    assert cast.grandmother.get(f"/items/{item}").json["stock"] == 24
    cast.grandmother.post(f"/orders/{order}/cancel")
    assert cast.grandmother.get(f"/items/{item}").json["stock"] == 26
    assert moves(superuser, item) == [
        ("opening", 10, None),
        ("received", 20, "超市送货"),
        ("written_off", -4, "过期报损"),
        ("reserved", -2, None),
        ("released", 2, None),
    ]


def test_more_than_there_is_cannot_be_written_off(cast: Cast, superuser: Any) -> None:
    cast.give(cast.grandmother, 100)
    item = cast.admin.post("/staff/items", new(cast, stock=3)).json["id"]
    cast.order(cast.grandmother, item)  # one of the three is reserved
    before = contents(superuser)
    refused(cast.admin.post(f"/staff/items/{item}/stock", {"delta": -3, "reason": "报损"}), 409, "out_of_stock")
    assert contents(superuser) == before
    assert cast.admin.post(f"/staff/items/{item}/stock", {"delta": -2, "reason": "报损"}).json["stock"] == 0


def test_a_change_of_stock_that_makes_no_sense_is_refused(cast: Cast) -> None:
    path = f"/staff/items/{cast.item(kind='goods', stock=5)}/stock"
    for delta in (0, 1.5, "5", True, None, 2**63, -(2**63)):
        refused_fields(cast.admin.post(path, {"delta": delta, "reason": "入库"}), "delta")
    refused_fields(cast.admin.post(path, {"delta": 5}), "reason")
    refused_fields(cast.admin.post(path, {}), "delta", "reason")


def test_a_delivery_sent_again_with_its_key_is_counted_once(cast: Cast) -> None:
    path = f"/staff/items/{cast.item(kind='goods', stock=5)}/stock"
    answers = [cast.admin.post(path, {"delta": 5, "reason": "入库"}, key="delivery") for _ in range(2)]
    assert [answer.json["stock"] for answer in answers] == [10, 10]
    assert answers[1].headers["Idempotent-Replayed"] == "true"


def test_only_admins_keep_the_shop(cast: Cast) -> None:
    item, body = cast.item(kind="goods", stock=5), new(cast)
    for caller in (cast.reviewer, cast.auditor, cast.staff("grid_worker", TOWN), cast.grandmother, cast.till):
        refused(caller.post("/staff/items", body), 403, "wrong_role")
        refused(caller.patch(f"/staff/items/{item}", {"price": 1}), 403, "wrong_role")
        refused(caller.post(f"/staff/items/{item}/stock", {"delta": 1, "reason": "x"}), 403, "wrong_role")
    assert len(names(cast.reviewer, "/staff/items")) == 1
    refused(cast.grandmother.get("/staff/items"), 403, "wrong_role")
    refused(cast.admin.get("/items"), 403, "wrong_role")
