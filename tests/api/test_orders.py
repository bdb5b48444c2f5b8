"""Orders: points are held and pieces reserved until the order is scanned, cancelled or lapses."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from werkzeug.test import TestResponse

from app import jobs
from kernel import clock
from redeem import orders
from tests.answers import MONDAY, after, contents, refused, refused_fields
from tests.cast import Caller, Cast

pytestmark = pytest.mark.usefixtures("verified", "present")
KEYS = {"id", "status", "item", "quantity", "pieces_left", "points", "expires_at", "slot"}


@pytest.fixture
def present(cast: Cast) -> None:
    """The grandmother has 200 points; all are signed in today, wherever the clock is put later."""
    cast.give(cast.grandmother, 200)
    assert cast.admin
    assert cast.barber


def place(caller: Caller, item: str, quantity: int = 1, **request: Any) -> TestResponse:
    return caller.post("/orders", {"item_id": item, "quantity": quantity}, **request)


def run_due(cast: Cast) -> dict[str, int]:
    with cast.app.app_context():
        return jobs.run_due()


def wallet(caller: Caller) -> tuple[int, int]:
    shown = caller.get("/me/wallet").json
    return shown["balance"], shown["held"]


def stock(caller: Caller, item: str) -> int:
    return int(caller.get(f"/items/{item}").json["stock"])


def test_an_order_holds_its_points_and_reserves_its_pieces_for_seven_days(cast: Cast) -> None:
    item = cast.item(kind="goods", name="酱油", stock=5, price=20)
    with clock.stopped_at(MONDAY):
        made = place(cast.grandmother, item, 3)
    assert made.status_code == 201
    assert made.json.keys() >= KEYS
    assert {name: made.json[name] for name in KEYS - {"id"}} == {
        "status": "reserved",
        "item": {"id": item, "kind": "goods", "name": "酱油"},
        "quantity": 3,
        "pieces_left": 3,
        "points": 60,
        "expires_at": "2025-03-10T10:00:00+08:00",
        "slot": None,
    }
    assert (wallet(cast.grandmother), stock(cast.grandmother, item)) == ((140, 60), 2)
    assert cast.grandmother.get(f"/orders/{made.json['id']}").json == made.json
    assert cast.grandmother.get("/orders").json == {"items": [made.json], "next": None}


def test_an_order_that_costs_more_than_there_is_is_refused(cast: Cast, superuser: Any) -> None:
    item = cast.item(kind="goods", price=101, stock=5)
    before = contents(superuser)
    refused(place(cast.grandmother, item, 2), 409, "insufficient_points")
    assert contents(superuser) == before
    assert place(cast.grandmother, item).status_code == 201
    refused(place(cast.grandmother, item), 409, "insufficient_points")  # held points cannot be held twice


def test_an_order_of_more_pieces_than_there_are_is_refused(cast: Cast, superuser: Any) -> None:
    item = cast.item(kind="goods", price=10, stock=3)
    before = contents(superuser)
    refused(place(cast.grandmother, item, 4), 409, "out_of_stock")
    assert contents(superuser) == before
    assert place(cast.grandmother, item, 3).status_code == 201
    refused(place(cast.grandmother, item), 409, "out_of_stock")


def test_what_is_off_the_shelf_or_of_a_closed_merchant_cannot_be_ordered(cast: Cast, superuser: Any) -> None:
    ended = cast.item(on_shelf_to=clock.now())
    closed = cast.item(cast.till)
    cast.admin.patch(f"/staff/merchants/{cast.till.merchant_id}", {"active": False})
    before = contents(superuser)
    for item in (ended, closed):
        refused(place(cast.grandmother, item), 409, "item_unavailable")
    assert contents(superuser) == before


def test_an_item_of_another_community_does_not_exist(cast: Cast, superuser: Any) -> None:
    item, neighbour = cast.item(), cast.neighbour
    before = contents(superuser)
    foreign, nowhere = place(neighbour, item), place(neighbour, str(uuid4()))
    assert refused(foreign, 404, "not_found") == refused(nowhere, 404, "not_found")
    assert refused(place(neighbour, "no-id"), 404, "not_found") == refused(nowhere, 404, "not_found")
    assert contents(superuser) == before


def test_a_person_may_have_no_more_pieces_than_the_items_limit_within_its_days(cast: Cast, superuser: Any) -> None:
    item, resident = cast.item(limits={"per_person": 2, "per_days": 7}, price=10), cast.grandmother
    with clock.stopped_at(MONDAY):
        refused(place(resident, item, 3), 409, "limit_reached")
        assert place(resident, item).status_code == 201
    with clock.stopped_at(after(days=3)):
        before = contents(superuser)
        refused(place(resident, item, 2), 409, "limit_reached")
        assert contents(superuser) == before
        assert place(resident, item).status_code == 201
        refused(place(resident, item), 409, "limit_reached")
    with clock.stopped_at(after(days=7, seconds=1)):  # Monday's counts no more, Thursday's still does
        refused(place(resident, item, 2), 409, "limit_reached")
        assert place(resident, item).status_code == 201


def test_a_limit_without_days_counts_for_ever_and_each_person_for_himself(cast: Cast) -> None:
    item, resident = cast.item(limits={"per_person": 1}, price=10), cast.grandmother
    with clock.stopped_at(MONDAY):
        place(resident, item)
    refused(place(resident, item), 409, "limit_reached")
    cast.give(cast.volunteer, 10)
    assert place(cast.volunteer, item).status_code == 201


def test_cancelled_pieces_do_not_count_towards_a_limit_and_redeemed_ones_do(cast: Cast) -> None:
    item = cast.item(limits={"per_person": 1}, price=10)
    first = place(cast.grandmother, item).json["id"]
    cast.grandmother.post(f"/orders/{first}/cancel")
    second = place(cast.grandmother, item).json["id"]
    cast.barber.post("/merchant/scans", {"token": cast.token(cast.grandmother, second)})
    refused(place(cast.grandmother, item), 409, "limit_reached")


def test_a_quantity_is_a_whole_number_from_1_to_99(cast: Cast, superuser: Any) -> None:
    item = cast.item(price=1)
    before = contents(superuser)
    for quantity in (0, -1, 100, 1.5, "1", True, None, [], {}, 2**63, 10**300):
        refused_fields(cast.grandmother.post("/orders", {"item_id": item, "quantity": quantity}), "quantity")
    refused_fields(cast.grandmother.post("/orders", {"item_id": item}), "quantity")
    refused_fields(cast.grandmother.post("/orders", {"quantity": 1}), "item_id")
    for field, value in (
        ("price", 1),
        ("points", 1),
        ("status", "redeemed"),
        ("resident_id", cast.volunteer.id),
        ("slot_id", "x"),
    ):
        refused_fields(cast.grandmother.post("/orders", {"item_id": item, "quantity": 1, field: value}), field)
    assert contents(superuser, *PEOPLE) == {name: value for name, value in before.items() if name not in PEOPLE}
    assert place(cast.grandmother, item, 99).status_code == 201


PEOPLE = ("residents", "wechat_accounts", "sessions", "refresh_tokens", "accounts", "audit_log", "consents", "messages", "outbox")


def test_a_cancelled_order_gives_back_its_points_and_its_pieces(cast: Cast) -> None:
    item = cast.item(kind="goods", price=20, stock=5)
    order = place(cast.grandmother, item, 3).json["id"]
    cancelled = cast.grandmother.post(f"/orders/{order}/cancel")
    assert cancelled.status_code == 200
    assert cancelled.json.keys() >= KEYS
    assert (cancelled.json["status"], cancelled.json["pieces_left"], cancelled.json["points"]) == ("cancelled", 0, 60)
    assert (wallet(cast.grandmother), stock(cast.grandmother, item)) == ((200, 0), 5)
    refused(cast.grandmother.post(f"/orders/{order}/cancel", {}), 409, "order_not_open")
    refused(cast.grandmother.get(f"/orders/{order}/code"), 409, "order_not_open")
    assert (wallet(cast.grandmother), stock(cast.grandmother, item)) == ((200, 0), 5)


def test_what_is_left_of_a_partly_scanned_order_can_be_cancelled(cast: Cast) -> None:
    item = cast.item(kind="goods", price=20, stock=5)
    order = place(cast.grandmother, item, 3).json["id"]
    cast.barber.post("/merchant/scans", {"token": cast.token(cast.grandmother, order), "pieces": 1})
    assert cast.grandmother.get(f"/orders/{order}").json["pieces_left"] == 2
    assert cast.grandmother.post(f"/orders/{order}/cancel").json["status"] == "cancelled"
    assert (wallet(cast.grandmother), stock(cast.grandmother, item)) == ((180, 0), 4)


def test_a_redeemed_order_cannot_be_cancelled(cast: Cast, superuser: Any) -> None:
    order = place(cast.grandmother, cast.item()).json["id"]
    cast.barber.post("/merchant/scans", {"token": cast.token(cast.grandmother, order)})
    before = contents(superuser)
    refused(cast.grandmother.post(f"/orders/{order}/cancel"), 409, "order_not_open")
    assert contents(superuser) == before
    assert cast.grandmother.get(f"/orders/{order}").json["status"] == "redeemed"


def test_an_order_lapses_after_seven_days_and_gives_back_what_it_held(cast: Cast) -> None:
    item, resident = cast.item(kind="goods", price=20, stock=5), cast.grandmother
    with clock.stopped_at(MONDAY):
        order = place(resident, item, 2).json["id"]
        kept = place(resident, item).json["id"]
        resident.post(f"/orders/{kept}/cancel")
    with clock.stopped_at(after(days=7, seconds=-1)):
        assert run_due(cast)["orders_lapsed"] == 0
        assert resident.get(f"/orders/{order}").json["status"] == "reserved"
    with clock.stopped_at(after(days=7)):
        assert run_due(cast)["orders_lapsed"] == 1
        lapsed = resident.get(f"/orders/{order}").json
        assert (lapsed["status"], lapsed["pieces_left"]) == ("lapsed", 0)
        assert resident.get(f"/orders/{kept}").json["status"] == "cancelled"
        assert (wallet(resident), stock(resident, item)) == ((200, 0), 5)
        refused(resident.post(f"/orders/{order}/cancel"), 409, "order_not_open")


def test_running_what_is_due_twice_changes_nothing(cast: Cast, superuser: Any) -> None:
    item, resident = cast.item(kind="goods", price=20, stock=5), cast.grandmother
    with clock.stopped_at(MONDAY):
        order = place(resident, item, 2).json["id"]
    with clock.stopped_at(after(days=8)):
        assert run_due(cast)["orders_lapsed"] == 1
        before = contents(superuser)
        assert run_due(cast)["orders_lapsed"] == 0
        assert cast.in_app(lambda: orders.lapse(UUID(order))) is False
        assert contents(superuser) == before


def test_an_order_whose_time_is_over_has_no_code_before_the_worker_comes_and_can_be_cancelled(cast: Cast) -> None:
    item, resident = cast.item(), cast.grandmother
    with clock.stopped_at(MONDAY):
        order = place(resident, item).json["id"]
    with clock.stopped_at(after(days=7)):
        refused(resident.get(f"/orders/{order}/code"), 409, "order_not_open")
        assert resident.post(f"/orders/{order}/cancel").json["status"] == "cancelled"
        assert run_due(cast)["orders_lapsed"] == 0


def test_orders_are_listed_newest_first_in_pages(cast: Cast) -> None:
    item = cast.item(price=1)
    made = [place(cast.grandmother, item).json["id"] for _ in range(5)]
    first = cast.grandmother.get("/orders?limit=3").json
    rest = cast.grandmother.get("/orders", query_string={"limit": 3, "cursor": first["next"]}).json
    assert [order["id"] for order in first["items"] + rest["items"]] == made[::-1]
    assert rest["next"] is None


def test_anothers_order_looks_like_one_that_does_not_exist(cast: Cast, superuser: Any) -> None:
    order = place(cast.grandmother, cast.item()).json["id"]
    nowhere = refused(cast.volunteer.get(f"/orders/{uuid4()}"), 404, "not_found")
    before = contents(superuser)
    for caller in (cast.volunteer, cast.neighbour):
        for path in ("", "/code", "/code.svg", "/code.png"):
            assert refused(caller.get(f"/orders/{order}{path}"), 404, "not_found") == nowhere
        assert refused(caller.post(f"/orders/{order}/cancel"), 404, "not_found") == nowhere
        assert caller.get("/orders").json["items"] == []
    assert contents(superuser, *PEOPLE) == {name: value for name, value in before.items() if name not in PEOPLE}


def test_an_order_or_a_cancellation_sent_again_with_its_key_happens_once(cast: Cast) -> None:
    item = cast.item()
    first, again = (place(cast.grandmother, item, key="order") for _ in range(2))
    assert (again.status_code, again.json, again.headers["Idempotent-Replayed"]) == (201, first.json, "true")
    assert wallet(cast.grandmother) == (170, 30)
    path = f"/orders/{first.json['id']}/cancel"
    cancelled, replayed = cast.grandmother.post(path, key="cancel"), cast.grandmother.post(path, {}, key="cancel")
    assert (replayed.status_code, replayed.json) == (200, cancelled.json)
    assert wallet(cast.grandmother) == (200, 0)


def test_only_residents_order(cast: Cast) -> None:
    item = cast.item()
    refused(place(cast.nobody, item), 401, "unauthenticated")
    refused(place(cast.newcomer, item), 403, "not_registered")
    for caller in (cast.admin, cast.barber):
        refused(place(caller, item), 403, "wrong_role")
        refused(caller.get("/orders"), 403, "wrong_role")


def test_an_order_that_cannot_lapse_does_not_hold_up_the_others(cast: Cast, superuser: Any) -> None:
    with clock.stopped_at(MONDAY):
        broken = place(cast.grandmother, cast.item()).json["id"]
        cast.give(cast.volunteer, 30)
        sound = place(cast.volunteer, cast.item()).json["id"]
    # What the broken order held is gone from its account, as after damage to the database.
    held = "UPDATE accounts SET balance = %s WHERE kind = 'held' AND owner = %s"
    superuser.execute(held, (0, cast.grandmother.id))
    with clock.stopped_at(after(days=8)):
        assert run_due(cast)["orders_lapsed"] == 1
        states = dict(superuser.execute("SELECT id::text, status FROM orders").fetchall())
        assert states == {broken: "reserved", sound: "lapsed"}
        superuser.execute(held, (30, cast.grandmother.id))
        assert run_due(cast)["orders_lapsed"] == 1
