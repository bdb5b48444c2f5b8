"""Transfers on the console: where a point came from, where it went, and how a credit is taken back."""

import pytest
from flask import Flask

from kernel import ids
from people import places
from tests.cast import COMMUNITY, Caller, Cast
from tests.visitors import Visitor, refusal


@pytest.fixture
def admin(app: Flask, cast: Cast) -> Visitor:
    return Visitor(app, cast.admin)


def newest(resident: Caller) -> str:
    return str(resident.get("/me/transfers?limit=1").json["items"][0]["id"])


def test_a_residents_page_leads_to_every_transfer_of_his_wallet(cast: Cast, admin: Visitor) -> None:
    cast.give(cast.grandmother, 50)
    cast.order(cast.grandmother)
    page = f"/staff/residents/{cast.grandmother.id}/transfers"
    assert page in admin.visit(f"/staff/residents/{cast.grandmother.id}").text
    listed = admin.visit(page).text
    assert all(said in listed for said in ("好人好事", "兑换预留", "+50", "−30"))
    assert f"/staff/transfers/{newest(cast.grandmother)}" in listed


def test_a_household_is_named_where_its_members_share_the_wallet(cast: Cast, admin: Visitor) -> None:
    head, son = cast.family("王大福", "王小军")
    cast.give(head, 50)
    assert "王大福户" in admin.visit(f"/staff/residents/{son.id}/transfers").text
    assert "王大福户" in admin.visit(f"/staff/transfers/{newest(head)}").text


def test_a_credit_is_taken_back_and_both_transfers_lead_to_each_other(cast: Cast, admin: Visitor) -> None:
    cast.give(cast.grandmother, 50)
    credit = newest(cast.grandmother)
    before = admin.visit(f"/staff/transfers/{credit}").text
    assert all(said in before for said in ("李秀英", "社区发放", "收回 50 分"))
    done = admin.send(f"/staff/transfers/{credit}/reverse", reason="重复入账")
    assert (done.status_code, done.location) == (303, f"/staff/transfers/{credit}")
    assert cast.balance(cast.grandmother) == 0
    after = admin.visit(f"/staff/transfers/{credit}").text
    assert "已收回" in after
    assert f"/staff/transfers/{credit}/reverse" not in after
    taken = newest(cast.grandmother)
    assert f"/staff/transfers/{taken}" in after
    assert f"/staff/transfers/{credit}" in admin.visit(f"/staff/transfers/{taken}").text


def test_a_refused_reversal_is_said_at_the_form_and_the_reason_stays(cast: Cast, admin: Visitor) -> None:
    cast.give(cast.grandmother, 50)
    credit = newest(cast.grandmother)
    empty = admin.send(f"/staff/transfers/{credit}/reverse", reason=" ")
    assert (empty.status_code, refusal(empty)) == (422, "validation_failed")
    cast.order(cast.grandmother)
    refused = admin.send(f"/staff/transfers/{credit}/reverse", reason="<b>重复</b>")
    assert (refused.status_code, refusal(refused)) == (409, "insufficient_points")
    assert "&lt;b&gt;重复&lt;/b&gt;" in refused.text
    assert cast.balance(cast.grandmother) == 20


def test_what_an_order_holds_and_what_a_deed_lost_again_offer_no_way_back(cast: Cast, admin: Visitor) -> None:
    deed = cast.give(cast.grandmother, 50)
    credit = newest(cast.grandmother)
    cast.order(cast.grandmother)
    assert "/reverse" not in admin.visit(f"/staff/transfers/{newest(cast.grandmother)}").text
    revoked = cast.admin.post(f"/staff/deeds/{deed}/revoke", {"reason": "不是本人做的"})
    assert revoked.status_code == 200, revoked.text
    page = admin.visit(f"/staff/transfers/{credit}").text
    assert "已收回" in page
    assert "/reverse" not in page


def test_an_auditor_sees_where_a_point_went_masked_and_takes_none_back(app: Flask, cast: Cast) -> None:
    cast.give(cast.grandmother, 50)
    credit = newest(cast.grandmother)
    visitor = Visitor(app, cast.auditor)
    page = visitor.visit(f"/staff/transfers/{credit}").text
    assert "李**" in page
    assert "李秀英" not in page
    assert "/reverse" not in page
    refused = visitor.send(f"/staff/transfers/{credit}/reverse", reason="重复入账")
    assert (refused.status_code, refusal(refused)) == (403, "wrong_role")


def test_the_next_communitys_staff_and_invented_ids_find_nothing(app: Flask, cast: Cast, admin: Visitor) -> None:
    cast.give(cast.grandmother, 50)
    stranger, credit = Visitor(app, cast.neighbour_staff), newest(cast.grandmother)
    assert stranger.visit(f"/staff/transfers/{credit}").status_code == 404
    assert stranger.visit(f"/staff/residents/{cast.grandmother.id}/transfers").status_code == 404
    assert stranger.send(f"/staff/transfers/{credit}/reverse", reason="重复入账").status_code == 404
    assert admin.visit(f"/staff/transfers/{ids.new()}").status_code == 404
    assert cast.balance(cast.grandmother) == 50


def test_who_works_in_a_grid_looks_at_the_things_of_the_community_and_changes_none(app: Flask, cast: Cast) -> None:
    grid = cast.in_app(lambda: places.create(cast.admin.actor, parent_code=COMMUNITY, name="第一网格", level="grid").code)
    visitor = Visitor(app, cast.staff("admin", grid))
    item, merchant = cast.item(kind="goods", stock=2), cast.barber.merchant_id
    for path in (f"/staff/rules/{cast.patrol}", f"/staff/items/{item}", f"/staff/merchants/{merchant}"):
        assert visitor.visit(path).status_code == 200, path
    assert visitor.send(f"/staff/rules/{cast.patrol}", points="9").status_code == 404
    assert visitor.send(f"/staff/items/{item}/stock", delta="9", reason="送货").status_code == 404
    assert visitor.send(f"/staff/merchants/{merchant}", name="别的店", active="true").status_code == 404
    assert "别的店" not in visitor.visit("/staff/merchants").text
