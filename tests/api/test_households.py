"""Households: members share a wallet, who earned what stays known, and no point is lost on the way from one to another."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from flask import Flask

from app import jobs
from kernel import clock
from people import sessions
from points import ledger
from redeem import orders
from tests.answers import contents, refused, refused_fields
from tests.cast import COMMUNITY, NEXT_COMMUNITY, TOWN, VILLAGE, Caller, Cast
from tests.conftest import findings

pytestmark = pytest.mark.usefixtures("verified")
WHY = {"reason": "户口本核对"}


def home(resident: Caller) -> dict[str, Any]:
    answer = resident.get("/households/mine")
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json
    return found


def home_id(resident: Caller) -> str:
    return str(resident.get("/me").json["household"]["id"])


def earned(resident: Caller) -> dict[str, tuple[int, bool]]:
    """Who earned how much for the resident's household, and whether he is still in it."""
    return {member["name"]: (member["earned"], member["present"]) for member in home(resident)["members"]}


def invite(head: Caller, resident: Caller, **more: Any) -> Any:
    return head.post("/households/mine/members", {"resident_id": resident.id}, **more)


def told(superuser: psycopg.Connection, resident: Caller) -> list[str]:
    rows = superuser.execute("SELECT kind FROM messages WHERE resident_id = %s ORDER BY id", (resident.id,))
    return [row[0] for row in rows if row[0].startswith("household.")]


def moves(superuser: psycopg.Connection, resident: Caller) -> list[tuple[str, str | None]]:
    return superuser.execute(
        "SELECT kind, reason FROM household_moves WHERE resident_id = %s ORDER BY id", (resident.id,)
    ).fetchall()


def on_record(superuser: psycopg.Connection, action: str) -> list[dict[str, Any]]:
    return [row[0] for row in superuser.execute("SELECT details FROM audit_log WHERE action = %s ORDER BY id", (action,))]


def order(resident: Caller, item: str) -> str:
    answer = resident.post("/orders", {"item_id": item, "quantity": 1})
    assert answer.status_code == 201
    return str(answer.json["id"])


# --- alone --------------------------------------------------------------------------------------------------------------


def test_a_newcomer_of_a_village_that_counts_by_household_gets_one_of_his_own(cast: Cast) -> None:
    villager = cast.villager
    card = villager.get("/me").json["household"]
    assert card.keys() == {"id", "number", "name", "head_id", "members"}
    assert (card["name"], card["head_id"], card["members"]) == ("王大福", villager.id, 1)
    shown = home(villager)
    assert (shown["id"], shown["community_code"]) == (card["id"], VILLAGE)
    assert shown["members"] == [{"id": villager.id, "name": "王大福", "earned": 0, "present": True, "is_head": True}]
    assert shown["wallet"]["balance"] == 0


def test_where_the_community_counts_by_person_there_are_no_households(cast: Cast) -> None:
    assert cast.grandmother.get("/me").json["household"] is None
    refused(cast.grandmother.get("/households/mine"), 404, "not_found")
    refused(cast.grandmother.patch("/households/mine", {"name": "李家"}), 404, "not_found")
    refused(invite(cast.grandmother, cast.volunteer), 404, "not_found")
    refused(cast.grandmother.post("/households/mine/leave"), 404, "not_found")
    assert cast.admin.get("/staff/households").json["items"] == []


# --- joining ------------------------------------------------------------------------------------------------------------


def test_whoever_is_taken_in_brings_his_points_and_earns_and_pays_with_the_others(
    cast: Cast, superuser: psycopg.Connection
) -> None:
    cast.settings(counts_by="household")
    cast.give(cast.grandmother, 75)
    cast.give(cast.volunteer, 50)
    answer = invite(cast.grandmother, cast.volunteer)
    assert answer.status_code == 201
    assert answer.json["wallet"]["balance"] == 125
    assert cast.balance(cast.grandmother) == cast.balance(cast.volunteer) == 125
    cast.give(cast.volunteer, 20)
    assert cast.volunteer.post("/checkins").json["balance"] == 146
    order(cast.volunteer, cast.item(price=140))
    assert cast.balance(cast.grandmother) == 6
    assert cast.grandmother.get("/me/wallet").json["held"] == 140
    assert earned(cast.grandmother) == {"李秀英": (75, True), "陈晨": (71, True)}
    assert [m["is_head"] for m in home(cast.volunteer)["members"]] == [True, False]
    assert told(superuser, cast.volunteer) == told(superuser, cast.grandmother) == ["household.joined"]
    assert moves(superuser, cast.volunteer) == [("founded", None), ("joined", None)]


def test_points_that_were_reversed_no_longer_count_as_earned(cast: Cast) -> None:
    cast.settings(counts_by="household")
    cast.give(cast.grandmother, 75)
    cast.give(cast.grandmother, 50)
    transfer = cast.grandmother.get("/me/transfers").json["items"][0]["id"]
    assert earned(cast.grandmother) == {"李秀英": (125, True)}
    assert cast.admin.post(f"/staff/transfers/{transfer}/reverse", {"reason": "记错了人"}).status_code == 201
    assert earned(cast.grandmother) == {"李秀英": (75, True)}


def test_an_invitation_sent_again_with_its_key_is_answered_again(cast: Cast) -> None:
    cast.settings(counts_by="household")
    cast.give(cast.volunteer, 50)
    first, again = (invite(cast.grandmother, cast.volunteer, key="take in") for _ in range(2))
    assert (again.status_code, again.json) == (201, first.json)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert cast.balance(cast.grandmother) == 50


def test_only_the_head_takes_somebody_in(cast: Cast, superuser: psycopg.Connection) -> None:
    _, son = cast.family("王大福", "王小军")
    guest = cast.resident("王婶")
    before = contents(superuser)
    refused(invite(son, guest), 403, "not_head")
    refused(son.patch("/households/mine", {"name": "小军家"}), 403, "not_head")
    assert contents(superuser) == before


def test_whoever_shares_a_household_already_is_not_taken_in(cast: Cast, superuser: psycopg.Connection) -> None:
    head, son = cast.family("王大福", "王小军")
    other_head, other_son = cast.family("赵大爷", "赵小明")
    before = contents(superuser)
    for taken in (other_son, other_head, son, head):
        refused(invite(head, taken), 409, "already_in_household")
    assert contents(superuser) == before


def test_nobody_of_another_community_is_taken_in(cast: Cast, superuser: psycopg.Connection) -> None:
    cast.settings(counts_by="household")
    head, strangers = cast.grandmother, [cast.neighbour, cast.villager]
    nowhere = refused(head.post("/households/mine/members", {"resident_id": str(uuid4())}), 404, "not_found")
    before = contents(superuser)
    for stranger in strangers:
        assert refused(invite(head, stranger), 404, "not_found") == nowhere
    assert head.post("/households/mine/members", {}).status_code == 422
    assert contents(superuser) == before


def test_the_head_names_the_household_and_hands_it_over(cast: Cast) -> None:
    head, son = cast.family("王大福", "王小军")
    assert head.patch("/households/mine", {"name": "王家"}).json["name"] == "王家"
    refused(head.patch("/households/mine", {"head_id": cast.volunteer.id}), 404, "not_found")
    assert head.patch("/households/mine", {"head_id": son.id}).status_code == 200
    assert [member["name"] for member in home(head)["members"] if member["is_head"]] == ["王小军"]
    refused(head.patch("/households/mine", {"name": "老王家"}), 403, "not_head")
    assert invite(son, cast.volunteer).status_code == 201


# --- leaving ------------------------------------------------------------------------------------------------------------


def test_whoever_leaves_leaves_the_points_and_begins_from_zero(cast: Cast, superuser: psycopg.Connection) -> None:
    head, son = cast.family("王大福", "王小军")
    cast.give(head, 40)
    cast.give(son, 60)
    left = son.post("/households/mine/leave", key="leave")
    assert (left.status_code, left.json["wallet"]["balance"]) == (200, 0)
    assert son.post("/households/mine/leave", key="leave").json == left.json
    assert (cast.balance(head), cast.balance(son)) == (100, 0)
    assert earned(head) == {"王大福": (40, True), "王小军": (60, False)}
    assert earned(son) == {"王小军": (0, True)}
    assert told(superuser, son)[-1] == told(superuser, head)[-1] == "household.left"
    cast.give(son, 7)
    assert (cast.balance(head), cast.balance(son)) == (100, 7)


def test_when_the_head_leaves_another_is_head(cast: Cast) -> None:
    head, son, _ = cast.family("王大福", "王小军", "王小妹")
    assert head.post("/households/mine/leave").status_code == 200
    assert [member["name"] for member in home(son)["members"] if member["is_head"]] == ["王小军"]
    assert [member["is_head"] for member in home(head)["members"]] == [True]
    assert invite(son, head).status_code == 201


def test_who_founded_a_household_and_left_it_is_not_told_what_happens_there(cast: Cast, superuser: psycopg.Connection) -> None:
    head, son = cast.family("王大福", "王小军")
    assert home_id(head) == head.id
    assert head.post("/households/mine/leave").status_code == 200
    before = told(superuser, head)
    assert invite(son, cast.volunteer).status_code == 201
    assert told(superuser, head) == before
    assert told(superuser, son)[-1] == "household.joined"


def test_who_left_in_the_middle_of_an_order_does_not_pay_from_the_household(cast: Cast) -> None:
    """His call had begun before he left."""
    head, son = cast.family("王大福", "王小军")
    cast.give(head, 50)
    actor = cast.in_app(lambda: sessions.actor_of(son.access_token))
    item = UUID(cast.item(price=10))
    assert son.post("/households/mine/leave").status_code == 200
    with pytest.raises(ledger.InsufficientPoints):
        cast.in_app(lambda: orders.place(actor, item_id=item, quantity=1))
    assert cast.balance(head) == 50


def test_whoever_is_alone_cannot_leave(cast: Cast, superuser: psycopg.Connection) -> None:
    villager = cast.villager
    before = contents(superuser)
    refused(villager.post("/households/mine/leave"), 409, "alone_in_household")
    assert contents(superuser) == before


def test_an_order_of_somebody_who_left_is_the_households(cast: Cast) -> None:
    head, son = cast.family("王大福", "王小军")
    cast.give(head, 70)
    cancelled, redeemed = order(son, cast.item(price=30)), order(son, cast.item(price=40))
    son.post("/households/mine/leave")
    assert son.post(f"/orders/{cancelled}/cancel").status_code == 200
    assert (cast.balance(head), cast.balance(son)) == (30, 0)
    assert cast.barber.post("/merchant/scans", {"token": cast.token(son, redeemed)}).status_code == 200


@pytest.mark.parametrize("how", ["lapses", "is cancelled"])
def test_what_comes_back_to_a_household_of_which_nobody_is_left_expires_with_a_story(
    cast: Cast, app: Flask, superuser: psycopg.Connection, how: str
) -> None:
    head, son = cast.family("王大福", "王小军")
    cast.give(head, 70)
    placed = order(son, cast.item(price=30))
    household_id = home_id(head)
    son.post("/households/mine/leave")
    assert head.post("/me/leave", {"confirm": True}).json["points_expired"] == 40
    if how == "lapses":
        with clock.stopped_at(clock.now() + timedelta(days=8)), app.app_context():
            assert jobs.lapse_orders() == 1
        assert "失效" in son.get("/me/messages").json["items"][0]["body"]
    else:
        assert son.post(f"/orders/{placed}/cancel").status_code == 200
    balances = superuser.execute("SELECT kind, balance FROM accounts WHERE owner = %s ORDER BY kind", (household_id,)).fetchall()
    assert balances == [("held", 0), ("wallet", 0)]
    expired = "SELECT amount, title FROM transfers WHERE kind = 'expiry' AND source_id = %s"
    ((amount, title),) = superuser.execute(expired, (placed,)).fetchall()
    assert (amount, "剪发一次" in title) == (30, True)
    assert cast.balance(son) == 0
    assert findings(app) == []


# --- by staff -----------------------------------------------------------------------------------------------------------


def test_staff_put_somebody_into_a_household_with_a_reason(cast: Cast, superuser: psycopg.Connection) -> None:
    cast.settings(counts_by="household")
    cast.give(cast.volunteer, 50)
    path, worker = f"/staff/households/{home_id(cast.grandmother)}/members", cast.staff("grid_worker", COMMUNITY)
    refused_fields(worker.post(path, {"resident_id": cast.volunteer.id}), "reason")
    answer = worker.post(path, {"resident_id": cast.volunteer.id, **WHY})
    assert (answer.status_code, answer.json["wallet"]["balance"]) == (201, 50)
    assert moves(superuser, cast.volunteer)[-1] == ("joined", WHY["reason"])
    assert on_record(superuser, "household.join")[-1]["reason"] == WHY["reason"]
    refused(worker.post(path, {"resident_id": cast.volunteer.id, **WHY}), 409, "already_in_household")


def test_a_merged_household_brings_members_points_and_debts_along(cast: Cast, superuser: psycopg.Connection) -> None:
    old_head, old_son = cast.family("王大福", "王小军")
    head, _ = cast.family("赵大爷", "赵小明")
    cast.give(old_son, 80)
    cast.give(head, 20)
    old, into = home_id(old_head), home_id(head)
    answer = cast.admin.post(f"/staff/households/{old}/merge", {"into_id": into, **WHY})
    assert (answer.status_code, answer.json["id"], answer.json["wallet"]["balance"]) == (200, into, 100)
    assert earned(old_head) == {"赵大爷": (20, True), "赵小明": (0, True), "王大福": (0, True), "王小军": (80, True)}
    assert moves(superuser, old_son)[-1] == ("merged", WHY["reason"])
    (merged,) = on_record(superuser, "household.merge")
    assert (merged["merged"], merged["points"], merged["reason"]) == (old, 80, WHY["reason"])
    assert told(superuser, old_son)[-1] == told(superuser, head)[-1] == "household.merged"
    refused(cast.admin.post(f"/staff/households/{old}/merge", {"into_id": into, **WHY}), 404, "not_found")
    refused(cast.admin.post(f"/staff/households/{into}/merge", {"into_id": old, **WHY}), 404, "not_found")
    refused(cast.admin.post(f"/staff/households/{into}/merge", {"into_id": into, **WHY}), 404, "not_found")
    assert [listed["id"] for listed in cast.admin.get("/staff/households").json["items"]] == [into]


def test_open_orders_of_a_merged_household_give_their_points_to_the_new_one(cast: Cast, app: Any) -> None:
    head, son = cast.family("王大福", "王小军")
    middle, last = cast.resident("赵大爷"), cast.resident("钱大妈")
    cast.give(son, 100)
    item = cast.item(price=20)
    cancelled, lapsed, redeemed = (order(son, item) for _ in range(3))
    first_id, middle_id, last_id = home_id(head), home_id(middle), home_id(last)
    for old, into in ((first_id, middle_id), (middle_id, last_id)):
        assert cast.admin.post(f"/staff/households/{old}/merge", {"into_id": into, **WHY}).status_code == 200
    assert cast.balance(last) == cast.balance(son) == 40
    assert son.post(f"/orders/{cancelled}/cancel").status_code == 200
    assert cast.balance(last) == 60
    assert cast.barber.post("/merchant/scans", {"token": cast.token(son, redeemed)}).status_code == 200
    with clock.stopped_at(clock.now() + timedelta(days=8)), app.app_context():
        assert jobs.lapse_orders() == 1
    assert son.get(f"/orders/{lapsed}").json["status"] == "lapsed"
    assert cast.balance(last) == cast.balance(head) == 80


def test_a_split_gives_a_new_household_its_part_of_the_points(cast: Cast, superuser: psycopg.Connection) -> None:
    head, son, wife = cast.family("王大福", "王小军", "小军媳妇")
    cast.give(head, 100)
    path = f"/staff/households/{home_id(head)}/split"
    answer = cast.admin.post(path, {"resident_ids": [son.id, wife.id, son.id], "points": 40, **WHY})
    assert (answer.status_code, answer.json["wallet"]["balance"]) == (201, 40)
    assert (cast.balance(head), cast.balance(son), cast.balance(wife)) == (60, 40, 40)
    assert [(member["name"], member["is_head"]) for member in home(wife)["members"]] == [("王小军", True), ("小军媳妇", False)]
    for one in (son, wife):
        assert [move for move in moves(superuser, one) if move[0] == "split"] == [("split", WHY["reason"])]
    assert on_record(superuser, "household.split")[0]["points"] == 40
    assert told(superuser, head)[-1] == told(superuser, son)[-1] == "household.split"


def test_a_split_without_points_leaves_them_all_and_the_head_may_be_among_those_who_go(cast: Cast) -> None:
    head, son = cast.family("王大福", "王小军")
    cast.give(head, 100)
    assert cast.admin.post(f"/staff/households/{home_id(head)}/split", {"resident_ids": [head.id], **WHY}).status_code == 201
    assert (cast.balance(head), cast.balance(son)) == (0, 100)
    assert [member["is_head"] for member in home(son)["members"] if member["name"] == "王小军"] == [True]


def test_a_split_that_cannot_be_is_refused(cast: Cast, superuser: psycopg.Connection) -> None:
    head, son = cast.family("王大福", "王小军")
    cast.give(head, 100)
    path = f"/staff/households/{home_id(head)}/split"
    guest = cast.resident("王婶")
    before = contents(superuser)
    refused_fields(cast.admin.post(path, {"resident_ids": [guest.id], **WHY}), "resident_ids")
    refused_fields(cast.admin.post(path, {"resident_ids": [head.id, son.id], **WHY}), "resident_ids")
    refused_fields(cast.admin.post(path, {"resident_ids": [], **WHY}), "resident_ids")
    refused_fields(cast.admin.post(path, {"resident_ids": [son.id], "points": -1, **WHY}), "points")
    refused_fields(cast.admin.post(path, {"resident_ids": [son.id]}), "reason")
    refused(cast.admin.post(path, {"resident_ids": [son.id], "points": 101, **WHY}), 409, "insufficient_points")
    assert contents(superuser) == before


def test_only_those_with_the_right_and_the_scope_touch_a_household(cast: Cast, superuser: psycopg.Connection) -> None:
    head, son = cast.family("王大福", "王小军")
    other, here = home_id(cast.grandmother), home_id(head)
    calls: list[tuple[str, dict[str, Any]]] = [
        (f"/staff/households/{here}/members", {"resident_id": cast.grandmother.id, **WHY}),
        (f"/staff/households/{here}/merge", {"into_id": other, **WHY}),
        (f"/staff/households/{here}/split", {"resident_ids": [son.id], **WHY}),
    ]
    strangers, reviewer, auditor = [cast.neighbour_staff], cast.reviewer, cast.auditor
    before = contents(superuser)
    for path, body in calls:
        for stranger in strangers:
            refused(stranger.post(path, body), 404, "not_found")
        refused(auditor.post(path, body), 403, "wrong_role")
        refused(head.post(path, body), 403, "wrong_role")
    for path, body in calls[1:]:
        refused(reviewer.post(path, body), 403, "wrong_role")
    refused(strangers[0].get(f"/staff/households/{here}"), 404, "not_found")
    assert strangers[0].get("/staff/households").json["items"] == []
    assert contents(superuser) == before


def test_staff_do_not_move_people_or_points_in_or_out_of_their_own_household(cast: Cast, superuser: psycopg.Connection) -> None:
    head, son = cast.family("王大福", "王小军")
    alone = cast.resident("李奶奶")
    cast.give(alone, 80)
    cast.give(head, 10)
    admin = cast.staff("admin", COMMUNITY, resident=son)
    own, other = f"/staff/households/{home_id(son)}", f"/staff/households/{home_id(alone)}"
    before = contents(superuser)
    for path, body in (
        (f"{own}/members", {"resident_id": alone.id}),
        (f"{other}/members", {"resident_id": son.id}),
        (f"{other}/merge", {"into_id": home_id(son)}),
        (f"{own}/merge", {"into_id": home_id(alone)}),
        (f"{own}/split", {"resident_ids": [son.id], "points": 10}),
    ):
        refused(admin.post(path, {**body, **WHY}), 403, "own_household")
    refused(admin.post("/staff/residents", {"name": "王小妹", "household_id": home_id(son)}), 403, "own_household")
    assert contents(superuser) == before
    assert cast.admin.post(f"{own}/members", {"resident_id": alone.id, **WHY}).status_code == 201
    assert cast.balance(son) == 90


def test_households_of_two_communities_are_not_merged_and_nobody_is_put_across(cast: Cast) -> None:
    cast.settings(counts_by="household")
    cast.settings(NEXT_COMMUNITY, counts_by="household")
    here, there = home_id(cast.grandmother), home_id(cast.neighbour)
    above = cast.staff("admin", TOWN)
    refused(above.post(f"/staff/households/{here}/merge", {"into_id": there, **WHY}), 404, "not_found")
    body = {"resident_id": cast.neighbour.id, **WHY}
    refused(above.post(f"/staff/households/{here}/members", body), 404, "not_found")


def test_an_auditor_sees_households_masked(cast: Cast) -> None:
    head, _ = cast.family("王大福", "王小军")
    shown = cast.auditor.get(f"/staff/households/{home_id(head)}")
    assert [member["name"] for member in shown.json["members"]] == ["王**", "王**"]
    listed = cast.auditor.get("/staff/households")
    for answer in (shown, listed):
        assert "王大福" not in answer.text
    assert cast.auditor.get("/staff/households?q=王大福").json["items"] == []
    assert [h["members"] for h in cast.reviewer.get("/staff/households?q=王大福").json["items"]] == [2]


# --- counting another way -----------------------------------------------------------------------------------------------


def test_a_community_that_counts_by_household_from_now_on_keeps_everybodys_points(cast: Cast) -> None:
    cast.give(cast.grandmother, 75)
    held = order(cast.grandmother, cast.item(price=30))
    cast.volunteer.post("/checkins")
    assert cast.admin.patch("/staff/settings", {"counts_by": "household"}).status_code == 200
    assert (cast.balance(cast.grandmother), cast.balance(cast.volunteer)) == (45, 1)
    assert earned(cast.grandmother) == {"李秀英": (75, True)}
    assert cast.grandmother.post(f"/orders/{held}/cancel").status_code == 200
    assert cast.balance(cast.grandmother) == 75


def test_it_may_count_by_person_again_and_by_household_once_more(cast: Cast) -> None:
    cast.give(cast.grandmother, 75)
    for counts_by in ("household", "person", "household", "person"):
        assert cast.admin.patch("/staff/settings", {"counts_by": counts_by}).status_code == 200
        assert cast.balance(cast.grandmother) == 75
    refused(cast.grandmother.get("/households/mine"), 404, "not_found")


def test_it_cannot_count_by_person_again_while_people_share(cast: Cast, superuser: psycopg.Connection) -> None:
    cast.family("王大福", "王小军")
    before = contents(superuser)
    refused(cast.admin.patch("/staff/settings", {"counts_by": "person"}), 409, "households_shared")
    assert contents(superuser) == before


def test_households_that_were_given_up_can_no_longer_be_merged_or_filled(cast: Cast, superuser: psycopg.Connection) -> None:
    cast.settings(counts_by="household")
    cast.give(cast.grandmother, 75)
    here, other = home_id(cast.grandmother), home_id(cast.volunteer)
    cast.settings(counts_by="person")
    before = contents(superuser)
    refused(cast.admin.post(f"/staff/households/{here}/merge", {"into_id": other, **WHY}), 404, "not_found")
    body = {"resident_id": cast.volunteer.id, **WHY}
    refused(cast.admin.post(f"/staff/households/{here}/members", body), 404, "not_found")
    assert contents(superuser) == before
    assert cast.balance(cast.grandmother) == 75


def test_somebody_is_taken_in_by_the_code_on_his_phone(cast: Cast, verified: None) -> None:
    cast.settings(counts_by="household")
    code = cast.volunteer.get("/me/code").json["token"]
    assert cast.grandmother.post("/households/mine/members", {"code": code}).status_code == 201
    assert cast.volunteer.get("/households/mine").json["id"] == cast.grandmother.get("/households/mine").json["id"]
    refused(cast.grandmother.post("/households/mine/members", {"code": "870000000000000000"}), 400, "code_invalid")
