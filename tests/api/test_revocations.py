"""Revoking an approval: what the wallet has is taken back, the rest is owed, and whatever comes in pays that first."""

from typing import Any

import psycopg
import pytest

from kernel import clock
from tests.answers import MONDAY, after, contents, refused, refused_fields
from tests.cast import COMMUNITY, Caller, Cast

pytestmark = pytest.mark.usefixtures("verified")
WHY = {"reason": "照片是去年的"}


def revoke(cast: Cast, deed: str, **more: Any) -> Any:
    return cast.reviewer.post(f"/staff/deeds/{deed}/revoke", WHY, **more)


def purse(resident: Caller) -> tuple[int, int, int]:
    """What a wallet has, holds and owes."""
    wallet = resident.get("/me/wallet").json
    return wallet["balance"], wallet["held"], wallet["owed"]


def lines(resident: Caller) -> list[tuple[str, int, int]]:
    """The lines of a wallet's account, newest first."""
    return [(e["kind"], e["points"], e["balance_after"]) for e in resident.get("/me/transfers").json["items"]]


def spend(cast: Cast, resident: Caller, points: int) -> str:
    """An order that holds these points; its id."""
    answer = resident.post("/orders", {"item_id": cast.item(price=points), "quantity": 1})
    assert answer.status_code == 201
    return str(answer.json["id"])


def credit_of(resident: Caller, deed: str) -> str:
    """The id of the transfer that credited a deed."""
    items = resident.get("/me/transfers").json["items"]
    return next(str(e["id"]) for e in items if e["kind"] == "deed" and e["source"]["id"] == deed)


def in_feed(superuser: psycopg.Connection, deed: str) -> bool:
    return superuser.execute("SELECT FROM feed_entries WHERE id = %s AND off_at IS NULL", (deed,)).fetchone() is not None


def test_a_revoked_deed_gives_its_points_back_and_everybody_is_told(cast: Cast, superuser: psycopg.Connection) -> None:
    deed = cast.give(cast.grandmother, 50)
    cast.give(cast.grandmother, 30)
    assert in_feed(superuser, deed)
    answer = revoke(cast, deed, key="revoke")
    assert (answer.status_code, answer.json["status"], answer.json["points"]) == (200, "revoked", 50)
    assert revoke(cast, deed, key="revoke").json == answer.json
    step = answer.json["steps"][-1]
    assert (step["action"], step["by"], step["note"]) == ("revoked", "小林", WHY["reason"])
    assert cast.grandmother.get(f"/deeds/{deed}").json["status"] == "revoked"
    assert purse(cast.grandmother) == (30, 0, 0)
    assert lines(cast.grandmother)[0] == ("revocation", -50, 30)
    assert cast.grandmother.get("/me/wallet").json["earned"] == 30
    assert not in_feed(superuser, deed)
    row = superuser.execute("SELECT body FROM messages WHERE kind = 'deed.revoked' AND source_id = %s", (deed,)).fetchone()
    assert row is not None
    assert "50 分" in row[0]
    assert WHY["reason"] in row[0]
    assert "扣除" not in row[0]
    (details,) = superuser.execute("SELECT details FROM audit_log WHERE action = 'deed.revoked'").fetchone() or ()
    assert (details["points"], details["owed"]) == (50, 0)


def test_what_was_spent_is_owed_and_shown_and_the_next_credits_pay_it_first(cast: Cast, superuser: psycopg.Connection) -> None:
    deed = cast.give(cast.grandmother, 50)
    spend(cast, cast.grandmother, 40)
    assert revoke(cast, deed).status_code == 200
    assert purse(cast.grandmother) == (0, 40, 40)
    row = superuser.execute("SELECT body FROM messages WHERE kind = 'deed.revoked'").fetchone()
    assert row is not None
    assert "10 分" in row[0]
    assert "40 分" in row[0]
    assert cast.grandmother.post("/checkins").json["balance"] == 0
    assert purse(cast.grandmother) == (0, 40, 39)
    cast.give(cast.grandmother, 50)
    assert purse(cast.grandmother) == (11, 40, 0)
    assert lines(cast.grandmother)[:4] == [("repayment", -39, 11), ("deed", 50, 50), ("repayment", -1, 0), ("checkin", 1, 1)]


def test_a_check_in_that_paid_a_debt_says_the_same_when_sent_again(cast: Cast) -> None:
    deed = cast.give(cast.grandmother, 50)
    spend(cast, cast.grandmother, 50)
    revoke(cast, deed)
    first = cast.grandmother.post("/checkins")
    cast.give(cast.grandmother, 100)
    assert (first.json["points"], first.json["balance"]) == (1, 0)
    assert cast.grandmother.post("/checkins").json == first.json


def test_the_points_of_a_cancelled_order_pay_what_is_owed(cast: Cast) -> None:
    deed = cast.give(cast.grandmother, 50)
    order = spend(cast, cast.grandmother, 45)
    revoke(cast, deed)
    assert purse(cast.grandmother) == (0, 45, 45)
    assert cast.grandmother.post(f"/orders/{order}/cancel").status_code == 200
    assert purse(cast.grandmother) == (0, 0, 0)
    assert lines(cast.grandmother)[:2] == [("repayment", -45, 0), ("release", 45, 45)]


def test_goods_brought_to_the_shop_pay_what_is_owed(cast: Cast) -> None:
    deed = cast.give(cast.grandmother, 50)
    spend(cast, cast.grandmother, 50)
    revoke(cast, deed)
    cast.donate(cast.grandmother, {"name": "大米", "quantity": 10, "points": 60})
    assert purse(cast.grandmother) == (10, 50, 0)


def test_with_nothing_left_all_is_owed_and_no_transfer_made(cast: Cast) -> None:
    deed = cast.give(cast.grandmother, 50)
    spend(cast, cast.grandmother, 50)
    before = lines(cast.grandmother)
    assert revoke(cast, deed).status_code == 200
    assert purse(cast.grandmother) == (0, 50, 50)
    assert lines(cast.grandmother) == before
    credit = credit_of(cast.grandmother, deed)
    refused(cast.admin.post(f"/staff/transfers/{credit}/reverse", WHY), 409, "already_reversed")


def test_debts_of_several_deeds_add_up(cast: Cast) -> None:
    deeds = [cast.give(cast.grandmother, 50) for _ in range(2)]
    spend(cast, cast.grandmother, 70)
    for deed in deeds:
        assert revoke(cast, deed).status_code == 200
    assert purse(cast.grandmother) == (0, 70, 70)


def test_only_what_is_approved_is_revoked_and_once(cast: Cast, superuser: psycopg.Connection) -> None:
    pending, rejected, withdrawn = (cast.deed(cast.grandmother) for _ in range(3))
    cast.reviewer.post(f"/staff/deeds/{rejected}/reject", WHY)
    cast.grandmother.post(f"/deeds/{withdrawn}/withdraw")
    revoked = cast.give(cast.grandmother, 50)
    revoke(cast, revoked)
    before = contents(superuser)
    for deed in (pending, rejected, withdrawn, revoked):
        refused(revoke(cast, deed), 409, "already_reviewed")
    refused(cast.reviewer.post(f"/staff/deeds/{revoked}/approve"), 409, "already_reviewed")
    refused_fields(cast.reviewer.post(f"/staff/deeds/{revoked}/revoke"), "reason")
    assert contents(superuser) == before


def test_nobody_revokes_or_approves_what_credits_himself_or_his_household(cast: Cast, superuser: psycopg.Connection) -> None:
    head, son = cast.family("王大福", "王小军")
    approved, pending = cast.give(head, 50), cast.deed(head)
    staff = [cast.staff("admin", COMMUNITY, resident=resident) for resident in (head, son)]
    others, before = [cast.neighbour_staff, cast.auditor], contents(superuser)
    for own in staff:
        refused(own.post(f"/staff/deeds/{approved}/revoke", WHY), 403, "own_deed")
        refused(own.post(f"/staff/deeds/{pending}/approve"), 403, "own_deed")
    refused(others[0].post(f"/staff/deeds/{approved}/revoke", WHY), 404, "not_found")
    refused(others[1].post(f"/staff/deeds/{approved}/revoke", WHY), 403, "wrong_role")
    assert contents(superuser) == before
    son.post("/households/mine/leave")
    assert staff[1].post(f"/staff/deeds/{pending}/approve").status_code == 200


def test_a_credit_that_was_reversed_is_not_taken_a_second_time(cast: Cast) -> None:
    deed = cast.give(cast.grandmother, 50)
    cast.give(cast.grandmother, 50)
    assert cast.admin.post(f"/staff/transfers/{credit_of(cast.grandmother, deed)}/reverse", WHY).status_code == 201
    assert revoke(cast, deed).json["status"] == "revoked"
    assert purse(cast.grandmother) == (50, 0, 0)


def test_the_credit_of_a_revoked_deed_cannot_be_reversed(cast: Cast) -> None:
    deed = cast.give(cast.grandmother, 50)
    cast.give(cast.grandmother, 50)
    revoke(cast, deed)
    credit = credit_of(cast.grandmother, deed)
    refused(cast.admin.post(f"/staff/transfers/{credit}/reverse", WHY), 409, "already_reversed")
    assert purse(cast.grandmother) == (50, 0, 0)


def test_after_a_merger_the_new_household_answers_for_what_is_revoked(cast: Cast) -> None:
    cast.settings(counts_by="household")
    deed, other = cast.give(cast.grandmother, 50), cast.give(cast.grandmother, 30)
    credit = credit_of(cast.grandmother, other)
    cast.give(cast.volunteer, 60)
    assert cast.volunteer.post("/households/mine/members", {"resident_id": cast.grandmother.id}).status_code == 201
    spend(cast, cast.grandmother, 70)
    assert revoke(cast, deed).status_code == 200
    assert purse(cast.volunteer) == (20, 70, 0)
    refused(cast.admin.post(f"/staff/transfers/{credit}/reverse", WHY), 409, "insufficient_points")
    assert revoke(cast, other).status_code == 200
    assert purse(cast.volunteer) == (0, 70, 10)


def test_whoever_joins_brings_his_debt_and_it_is_paid_from_the_shared_wallet(cast: Cast) -> None:
    cast.settings(counts_by="household")
    deed = cast.give(cast.grandmother, 50)
    spend(cast, cast.grandmother, 50)
    revoke(cast, deed)
    cast.give(cast.volunteer, 20)
    assert cast.volunteer.post("/households/mine/members", {"resident_id": cast.grandmother.id}).status_code == 201
    assert purse(cast.volunteer) == (0, 0, 30)
    cast.give(cast.volunteer, 100)
    assert purse(cast.volunteer) == (70, 0, 0)


def test_whoever_has_points_and_joins_a_household_that_owes_pays_for_it(cast: Cast) -> None:
    cast.settings(counts_by="household")
    deed = cast.give(cast.volunteer, 50)
    spend(cast, cast.volunteer, 50)
    revoke(cast, deed)
    cast.give(cast.grandmother, 80)
    assert cast.volunteer.post("/households/mine/members", {"resident_id": cast.grandmother.id}).status_code == 201
    assert purse(cast.volunteer) == (30, 50, 0)


def test_whoever_leaves_leaves_the_debt_too(cast: Cast) -> None:
    head, son = cast.family("王大福", "王小军")
    deed = cast.give(son, 50)
    spend(cast, son, 50)
    revoke(cast, deed)
    son.post("/households/mine/leave")
    assert (purse(head), purse(son)) == ((0, 50, 50), (0, 0, 0))


def test_a_deed_of_somebody_who_left_is_taken_back_from_the_household_that_got_it(cast: Cast) -> None:
    head, son = cast.family("王大福", "王小军")
    deed = cast.give(son, 50)
    son.post("/households/mine/leave")
    cast.give(son, 20)
    assert revoke(cast, deed).status_code == 200
    assert (purse(head), purse(son)) == ((0, 0, 0), (20, 0, 0))


def test_a_revoked_deed_no_longer_counts_toward_a_limit(cast: Cast) -> None:
    rule = cast.rule(limits={"per_day": 1})
    reviewer, grandmother = cast.reviewer, cast.grandmother  # signed in today, not in the past
    with clock.stopped_at(MONDAY):
        deed = cast.deed(grandmother, rule_id=rule)
        assert reviewer.post(f"/staff/deeds/{deed}/approve").status_code == 200
    with clock.stopped_at(after(hours=1)):
        assert revoke(cast, deed).status_code == 200
        body = {"rule_id": rule, "occurred_on": "2025-03-03", "description": "这次是真的"}
        assert grandmother.post("/deeds", body).status_code == 201
