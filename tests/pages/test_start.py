"""The start page and the reasons: what waits is counted for whoever looks, and each figure opens its rows."""

import re
from datetime import timedelta

from flask import Flask

from kernel import clock
from tests.cast import COMMUNITY, Cast
from tests.visitors import Visitor, refusal


def tiles(page: str) -> dict[str, int]:
    """The figures by their labels."""
    found = re.findall(r'<div class="quiet">([^<]+)</div><div class="figure[^"]*">(\d+)</div>', page)
    return {label: int(count) for label, count in found}


def test_what_waits_is_counted_and_what_is_late_stands_out(app: Flask, cast: Cast) -> None:
    _ = cast.grandmother, cast.reviewer, cast.patrol
    with clock.stopped_at(clock.now() - timedelta(days=4)):
        cast.deed(cast.grandmother)
    cast.deed(cast.grandmother)
    cast.returned(cast.grandmother)
    cast.item(kind="goods", name="大米", stock=3)
    cast.item(kind="service", on_shelf_to=clock.now() + timedelta(days=2))
    figures = tiles(Visitor(app, cast.reviewer).visit("/staff").text)
    assert (figures["待审核的申报"], figures["超过三天没审核"], figures["退回、等居民补充"]) == (2, 1, 1)
    assert (figures["快没货的商品"], figures["七天内下架的商品"]) == (1, 1)


def test_residents_who_wait_and_points_on_notice_are_counted(app: Flask, cast: Cast) -> None:
    one = cast.deed(cast.grandmother)
    cast.settings(notice_days=3, registration_confirmed=True)
    cast.reviewer.post(f"/staff/deeds/{one}/approve")
    newcomer = cast.resident("钱新来")
    assert newcomer.actor.confirmed is False
    figures = tiles(Visitor(app, cast.reviewer).visit("/staff").text)
    assert (figures["等待确认的居民"], figures["公示中的积分"]) == (1, 1)


def test_staff_of_the_next_community_have_nothing_waiting_from_here(app: Flask, cast: Cast) -> None:
    cast.deed(cast.grandmother)
    cast.returned(cast.grandmother)
    figures = tiles(Visitor(app, cast.neighbour_staff).visit("/staff").text)
    assert set(figures.values()) == {0}


def test_the_figures_of_a_figure_open_its_rows(app: Flask, cast: Cast) -> None:
    cast.deed(cast.grandmother)
    visitor = Visitor(app, cast.reviewer)
    page = visitor.visit("/staff").text
    links = {link.replace("&amp;", "&") for link in re.findall(r'<a class="card tile[^"]*" href="([^"]+)"', page)}
    assert links
    assert {visitor.visit(link).status_code for link in links} == {200}


def test_what_one_did_oneself_is_listed_and_what_others_did_is_not(app: Flask, cast: Cast) -> None:
    mine, others = cast.deed(cast.grandmother), cast.deed(cast.grandmother)
    cast.reviewer.post(f"/staff/deeds/{mine}/approve")
    cast.staff("reviewer", COMMUNITY).post(f"/staff/deeds/{others}/approve")
    page = Visitor(app, cast.reviewer).visit("/staff").text
    assert f"/staff/deeds/{mine}" in page
    assert f"/staff/deeds/{others}" not in page


def test_the_reviewers_figures_say_who_decided_how_many(app: Flask, cast: Cast) -> None:
    cast.reviewer.post(f"/staff/deeds/{cast.deed(cast.grandmother)}/approve")
    assert "小林" in Visitor(app, cast.auditor).visit("/staff/reviews/figures").text


def test_a_reason_is_added_offered_to_reviewers_and_forgotten(app: Flask, cast: Cast) -> None:
    visitor = Visitor(app, cast.admin)
    assert visitor.send("/staff/reasons", action="return", text="请写上楼栋号").status_code == 303
    assert "请写上楼栋号" in visitor.visit("/staff/reasons").text
    cast.deed(cast.grandmother)
    assert 'value="请写上楼栋号"' in Visitor(app, cast.reviewer).visit("/staff/deeds").text
    twice = visitor.send("/staff/reasons", action="return", text="请写上楼栋号")
    assert (twice.status_code, refusal(twice)) == (409, "reason_exists")
    assert 'value="请写上楼栋号"' in twice.text
    reason = cast.admin.get("/staff/reasons?action=return").json["items"][0]["id"]
    assert visitor.send(f"/staff/reasons/{reason}/forget").status_code == 303
    assert "请写上楼栋号" not in visitor.visit("/staff/reasons").text.split("已删掉")[-1]


def test_reviewers_read_the_reasons_and_do_not_keep_them(app: Flask, cast: Cast) -> None:
    visitor = Visitor(app, cast.reviewer)
    page = visitor.visit("/staff/reasons")
    assert page.status_code == 200
    assert "添加一条" not in page.text
    assert visitor.send("/staff/reasons", action="return", text="请写上楼栋号").status_code == 403
    assert Visitor(app, cast.auditor).visit("/staff/reasons").status_code == 403
