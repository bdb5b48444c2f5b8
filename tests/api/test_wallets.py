"""The wallet and the story of every point."""

from typing import Any

import pytest

from kernel import clock
from tests.answers import MONDAY, after, refused, refused_fields
from tests.cast import Caller, Cast

pytestmark = pytest.mark.usefixtures("verified", "signed_in")


@pytest.fixture
def signed_in(cast: Cast) -> None:
    """Whoever is named while the clock stands in the past would get tokens of that time."""
    assert all((cast.grandmother, cast.reviewer, cast.admin, cast.barber))


def test_a_new_wallet_is_empty(cast: Cast) -> None:
    assert cast.grandmother.get("/me/wallet").json == {
        "balance": 0,
        "held": 0,
        "earned": 0,
        "spent": 0,
        "expired": 0,
        "expiring": [],
        "owed": 0,
    }


def test_the_wallet_tells_apart_what_can_be_spent_what_is_held_and_what_was_spent(cast: Cast) -> None:
    cast.give(cast.grandmother, 200)
    scanned, _ = cast.order(cast.grandmother), cast.order(cast.grandmother, quantity=2)
    cancelled = cast.order(cast.grandmother)
    cast.barber.post("/merchant/scans", {"token": cast.token(cast.grandmother, scanned)})
    cast.grandmother.post(f"/orders/{cancelled}/cancel")
    wallet = {"balance": 110, "held": 60, "earned": 200, "spent": 30, "expired": 0, "expiring": [], "owed": 0}
    assert cast.grandmother.get("/me/wallet").json == wallet
    assert cast.grandmother.get("/me").json["wallet"] == {"balance": 110, "held": 60}


def test_a_point_taken_back_was_not_earned(cast: Cast) -> None:
    cast.give(cast.grandmother, 50)
    transfer = cast.grandmother.get("/me/transfers").json["items"][0]["id"]
    cast.admin.post(f"/staff/transfers/{transfer}/reverse", {"reason": "重复入账"})
    wallet = cast.grandmother.get("/me/wallet").json
    assert (wallet["balance"], wallet["earned"]) == (0, 0)


def test_each_transfer_is_signed_and_says_what_was_left_and_where_it_came_from(cast: Cast) -> None:
    with clock.stopped_at(MONDAY):
        cast.grandmother.post("/checkins")
        deed = cast.give(cast.grandmother, 50)
        order = cast.order(cast.grandmother)
        cast.grandmother.post(f"/orders/{order}/cancel")
    story = cast.grandmother.get("/me/transfers")
    assert story.status_code == 200
    assert story.json["next"] is None
    newest = story.json["items"][0]
    assert newest.keys() == {"id", "kind", "points", "balance_after", "title", "created_at", "source"}
    assert newest["created_at"] == "2025-03-03T10:00:00+08:00"
    assert newest["source"] == {"type": "order", "id": order}
    assert [(t["kind"], t["points"], t["balance_after"]) for t in story.json["items"]] == [
        ("release", 30, 51),
        ("hold", -30, 21),
        ("deed", 50, 51),
        ("checkin", 1, 1),
    ]
    assert story.json["items"][2]["source"] == {"type": "deed", "id": deed}
    assert story.json["items"][2]["title"] == "参加治安巡逻"


def test_a_scan_moves_held_points_and_so_leaves_the_story_of_the_wallet_as_it_is(cast: Cast) -> None:
    cast.give(cast.grandmother, 50)
    order = cast.order(cast.grandmother)
    before = cast.grandmother.get("/me/transfers").json
    cast.barber.post("/merchant/scans", {"token": cast.token(cast.grandmother, order)})
    assert cast.grandmother.get("/me/transfers").json == before


def test_pages_follow_one_another_without_gap_or_repetition_while_new_points_arrive(cast: Cast) -> None:
    for day in range(7):
        with clock.stopped_at(after(days=day)):
            cast.grandmother.post("/checkins")
    found: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    sizes = []
    for _ in range(3):
        page = cast.grandmother.get("/me/transfers", query_string={"limit": 3, **cursor}).json
        assert page.keys() == {"items", "next"}
        found += page["items"]
        sizes.append(len(page["items"]))
        cursor = {"cursor": page["next"]}
        cast.give(cast.grandmother, 5)  # newer than all that is still to come
    assert cursor == {"cursor": None}
    assert sizes == [3, 3, 1]
    assert [t["balance_after"] for t in found] == [7, 6, 5, 4, 3, 2, 1]


def test_a_page_that_ends_exactly_at_the_end_has_no_next_one(cast: Cast) -> None:
    for day in range(2):
        with clock.stopped_at(after(days=day)):
            cast.grandmother.post("/checkins")
    assert cast.grandmother.get("/me/transfers?limit=2").json["next"] is None


def test_a_page_has_twenty_entries_unless_said(cast: Cast) -> None:
    for day in range(21):
        with clock.stopped_at(after(days=day)):
            cast.grandmother.post("/checkins")
    page = cast.grandmother.get("/me/transfers").json
    assert (len(page["items"]), page["next"] is None) == (20, False)
    assert len(cast.grandmother.get("/me/transfers?limit=100").json["items"]) == 21


LISTS = ["/me/transfers", "/rules", "/deeds", "/items", "/orders", "/communities"]


@pytest.mark.parametrize("path", LISTS)
def test_a_limit_outside_1_to_100_is_refused(cast: Cast, path: str) -> None:
    for limit in ("0", "101", "-1", "x", "1.5", "99999999999999999999", "1" * 5000):
        refused_fields(cast.grandmother.get(path, query_string={"limit": limit}), "limit")
    for limit in ("1", "100"):
        assert cast.grandmother.get(path, query_string={"limit": limit}).status_code == 200


@pytest.mark.parametrize("path", LISTS)
def test_a_cursor_that_is_none_of_ours_is_refused(cast: Cast, path: str) -> None:
    for cursor in ("x", "!!!!", "AAAA", "5L2g5aW9", "é", "a" * 201, "MDk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5"):
        refused_fields(cast.grandmother.get(path, query_string={"cursor": cursor}), "cursor")


def test_nobody_sees_anothers_points(cast: Cast) -> None:
    cast.give(cast.grandmother, 50)
    assert cast.volunteer.get("/me/transfers").json == {"items": [], "next": None}
    for caller in (cast.admin, cast.barber):
        refused(caller.get("/me/wallet"), 403, "wrong_role")
        refused(caller.get("/me/transfers"), 403, "wrong_role")
    refused(Caller(cast.app, "forged").get("/me/wallet"), 401, "unauthenticated")
