"""Corrections: a credit is taken back once, by a transfer that names it; nothing is ever erased."""

from typing import Any
from uuid import uuid4

import pytest

from tests.answers import contents, refused, refused_fields
from tests.cast import COMMUNITY, Caller, Cast

pytestmark = pytest.mark.usefixtures("verified")
WHY = {"reason": "重复入账"}


def newest(resident: Caller) -> str:
    return str(resident.get("/me/transfers?limit=1").json["items"][0]["id"])


def path(transfer: object) -> str:
    return f"/staff/transfers/{transfer}/reverse"


def test_a_credit_is_taken_back_by_a_transfer_that_names_it(cast: Cast) -> None:
    cast.give(cast.grandmother, 50)
    cast.grandmother.post("/checkins")
    credit = cast.grandmother.get("/me/transfers").json["items"][1]
    made = cast.admin.post(path(credit["id"]), WHY)
    assert made.status_code == 201
    assert made.json.keys() == {"id", "kind", "points", "balance_after", "title", "created_at", "source"}
    assert (made.json["kind"], made.json["points"], made.json["balance_after"]) == ("reversal", -50, 1)
    assert made.json["source"] == {"type": "transfer", "id": credit["id"]}
    story = cast.grandmother.get("/me/transfers").json["items"]
    assert [t["points"] for t in story] == [-50, 1, 50]
    assert (story[0], story[2]) == (made.json, credit)


def test_a_check_in_can_be_taken_back_too(cast: Cast) -> None:
    cast.grandmother.post("/checkins")
    assert cast.admin.post(path(newest(cast.grandmother)), WHY).json["points"] == -1
    assert cast.grandmother.post("/checkins").status_code == 200
    assert cast.balance(cast.grandmother) == 0


def test_a_credit_is_taken_back_once(cast: Cast, superuser: Any) -> None:
    cast.give(cast.grandmother, 50)
    credit = newest(cast.grandmother)
    cast.give(cast.grandmother, 50)
    cast.admin.post(path(credit), WHY)
    before = contents(superuser)
    refused(cast.admin.post(path(credit), WHY), 409, "already_reversed")
    assert contents(superuser) == before
    assert cast.balance(cast.grandmother) == 50


def test_points_that_are_spent_or_held_cannot_be_taken_back(cast: Cast, superuser: Any) -> None:
    cast.give(cast.grandmother, 50)
    credit = newest(cast.grandmother)
    order = cast.order(cast.grandmother)
    before = contents(superuser)
    refused(cast.admin.post(path(credit), WHY), 409, "insufficient_points")
    assert contents(superuser) == before
    cast.grandmother.post(f"/orders/{order}/cancel")
    assert cast.admin.post(path(credit), WHY).status_code == 201


def test_a_transfer_that_was_taken_back_says_so_even_where_the_wallet_is_empty(cast: Cast) -> None:
    cast.give(cast.grandmother, 50)
    credit = newest(cast.grandmother)
    cast.admin.post(path(credit), WHY)
    refused(cast.admin.post(path(credit), WHY), 409, "already_reversed")


def test_what_is_no_credit_cannot_be_reversed(cast: Cast, superuser: Any) -> None:
    cast.give(cast.grandmother, 100)
    order = cast.order(cast.grandmother)
    cast.barber.post("/merchant/scans", {"token": cast.token(cast.grandmother, order)})
    reversal = cast.admin.post(path(_credit_of(superuser, cast.give(cast.grandmother, 5))), WHY).json["id"]
    others = superuser.execute("SELECT id FROM transfers WHERE kind IN ('hold', 'spend')").fetchall()
    assert len(others) == 2
    before = contents(superuser)
    for transfer in [*(row[0] for row in others), reversal]:
        refused(cast.admin.post(path(transfer), WHY), 409, "not_reversible")
    assert contents(superuser) == before


def _credit_of(superuser: Any, deed: str) -> object:
    return superuser.execute("SELECT id FROM transfers WHERE source_id = %s", (deed,)).fetchone()[0]


def test_a_transfer_of_another_community_does_not_exist(cast: Cast, superuser: Any) -> None:
    cast.give(cast.grandmother, 50)
    staff, credit = cast.neighbour_staff, newest(cast.grandmother)
    before = contents(superuser)
    nowhere = refused(staff.post(path(uuid4()), WHY), 404, "not_found")
    assert refused(staff.post(path(credit), WHY), 404, "not_found") == nowhere
    assert refused(staff.post(path("no-id"), WHY), 404, "not_found") == nowhere
    assert contents(superuser) == before


def test_a_correction_needs_a_reason_and_is_on_record(cast: Cast, superuser: Any) -> None:
    cast.give(cast.grandmother, 50)
    credit = newest(cast.grandmother)
    for body in ({}, {"reason": ""}, {"reason": None}, {"reason": "长" * 201}):
        refused_fields(cast.admin.post(path(credit), body), "reason")
    refused_fields(cast.admin.post(path(credit)), "reason")
    refused_fields(cast.admin.post(path(credit), {**WHY, "points": 10}), "points")
    made = cast.admin.post(path(credit), WHY).json["id"]
    row = superuser.execute(
        "SELECT actor_id::text, community_code, details FROM audit_log WHERE subject_id = %s AND action = 'transfer.reverse'",
        (made,),
    ).fetchone()
    assert row == (cast.admin.id, COMMUNITY, {"reverses": credit, "reason": "重复入账"})


def test_a_correction_sent_again_with_its_key_happens_once(cast: Cast) -> None:
    cast.give(cast.grandmother, 50)
    credit = newest(cast.grandmother)
    first, again = (cast.admin.post(path(credit), WHY, key="reverse") for _ in range(2))
    assert (again.status_code, again.json) == (201, first.json)
    assert again.headers["Idempotent-Replayed"] == "true"


def test_only_admins_correct_the_books(cast: Cast) -> None:
    cast.give(cast.grandmother, 50)
    credit = newest(cast.grandmother)
    for caller in (cast.reviewer, cast.auditor, cast.staff("grid_worker", COMMUNITY), cast.barber, cast.grandmother):
        refused(caller.post(path(credit), WHY), 403, "wrong_role")
    assert cast.balance(cast.grandmother) == 50
