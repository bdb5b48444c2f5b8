"""The main job in one go: earn a point, spend a point."""

from kernel import clock
from tests.cast import Cast


def test_a_point_is_earned_by_a_deed_and_spent_at_the_barbers(cast: Cast, verified: None) -> None:
    assert cast.grandmother.post("/checkins").json["points"] == 1
    body = {"rule_id": cast.patrol, "occurred_on": str(clock.today()), "description": "晚上七点到九点在小区巡逻"}
    deed = cast.grandmother.post("/deeds", body)
    assert (deed.status_code, deed.json["status"]) == (201, "pending")
    approved = cast.reviewer.post(f"/staff/deeds/{deed.json['id']}/approve")
    assert (approved.status_code, approved.json["points"]) == (200, 50)
    order = cast.grandmother.post("/orders", {"item_id": cast.item(), "quantity": 1})
    assert order.status_code == 201
    token = cast.grandmother.get(f"/orders/{order.json['id']}/code").json["token"]
    scan = cast.barber.post("/merchant/scans", {"token": token})
    assert (scan.status_code, scan.json["resident_masked"]) == (200, "李**")
    assert cast.grandmother.get("/me/wallet").json == {
        "balance": 21,
        "held": 0,
        "earned": 51,
        "spent": 30,
        "expired": 0,
        "expiring": [],
        "owed": 0,
    }
