"""Households on the console: found, looked at, corrected, joined, merged and split; one's own not."""

import re
from typing import Any

import psycopg
import pytest
from flask import Flask

from tests.api.test_residents import entered, place
from tests.cast import COMMUNITY, Caller, Cast
from tests.visitors import Visitor, refusal


def home_of(person: Caller) -> str:
    return str(person.get("/me").json["household"]["id"])


@pytest.fixture
def wangs(cast: Cast) -> list[Caller]:
    """王大福 and 王小军, who share a household of 90 points."""
    family = cast.family("王大福", "王小军")
    cast.give(family[0], 60)
    cast.give(family[1], 30)
    return family


def text_of(page: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.text))


def test_households_are_found_and_show_who_earned_what_and_who_came(app: Flask, cast: Cast, wangs: list[Caller]) -> None:
    visitor = Visitor(app, cast.reviewer)
    found = text_of(visitor.visit("/staff/households?q=王大"))
    assert "王大福户" in found
    assert " 90 " in found
    assert "没有找到" in visitor.visit("/staff/households?q=曾").text
    shown = text_of(visitor.visit(f"/staff/households/{home_of(wangs[0])}"))
    for said in ("王大福 户主 60", "王小军 30", "90 分", "立户", "加入"):
        assert said in shown


def test_where_nobody_lives_in_households_the_page_says_why(app: Flask, cast: Cast) -> None:
    assert "按家庭计分" in Visitor(app, cast.admin).visit("/staff/households").text


def test_somebody_is_put_into_a_household_with_a_reason(app: Flask, cast: Cast, wangs: list[Caller]) -> None:
    home, newcomer = home_of(wangs[0]), entered(cast.admin, name="王小妹")
    visitor = Visitor(app, cast.reviewer)
    page = f"/staff/households/{home}/members"
    assert newcomer in visitor.visit(f"{page}/new?q=wxm").text
    nobody = visitor.send(page, reason="户口本核对")
    assert (nobody.status_code, "请选一位" in nobody.text, 'value="户口本核对"' in nobody.text) == (422, True, True)
    assert visitor.send(page, resident_id=newcomer, reason="户口本核对").status_code == 303
    assert "王小妹" in text_of(visitor.visit(f"/staff/households/{home}"))
    again = visitor.send(page, resident_id=newcomer, reason="户口本核对")
    assert (again.status_code, refusal(again)) == (409, "already_in_household")


def test_name_address_and_head_are_corrected(app: Flask, cast: Cast, wangs: list[Caller]) -> None:
    home = home_of(wangs[0])
    visitor = Visitor(app, cast.reviewer)
    answer = visitor.send(f"/staff/households/{home}", name="<b>王家</b>", address="3 组 12 号", head_id=wangs[1].id)
    assert answer.status_code == 303
    shown = visitor.visit(answer.location).text
    assert "<b>王家</b>" not in shown
    assert "3 组 12 号" in shown
    assert wangs[1].get("/households/mine").json["members"][0]["id"] == wangs[1].id


def test_two_households_become_one_with_the_points_of_both(app: Flask, cast: Cast, wangs: list[Caller], verified: None) -> None:
    other = cast.resident("曾国强")
    cast.give(other, 10)
    page = f"/staff/households/{home_of(other)}/merge"
    admin = Visitor(app, cast.admin)
    assert "10 分" in admin.visit(page).text
    merged = admin.send(page, into_id=home_of(wangs[0]), reason="两户合并居住")
    assert (merged.status_code, merged.location) == (303, f"/staff/households/{home_of(wangs[0])}")
    assert cast.balance(other) == 100
    assert Visitor(app, cast.reviewer).visit(page).status_code == 403


def test_one_household_becomes_two_and_points_go_along(app: Flask, cast: Cast, wangs: list[Caller], verified: None) -> None:
    page = f"/staff/households/{home_of(wangs[0])}/split"
    admin = Visitor(app, cast.admin)
    too_many = admin.send(page, resident_ids=[wangs[1].id], points="91", reason="分户")
    assert (too_many.status_code, refusal(too_many)) == (409, "insufficient_points")
    assert 'value="91"' in too_many.text
    assert f'value="{wangs[1].id}" checked' in too_many.text
    everybody = admin.send(page, resident_ids=[one.id for one in wangs], points="0", reason="分户")
    assert (everybody.status_code, "至少要有一名成员留在" in everybody.text) == (422, True)
    assert admin.send(page, resident_ids=[wangs[1].id], points="40", reason="儿子成家分户").status_code == 303
    assert (cast.balance(wangs[0]), cast.balance(wangs[1])) == (50, 40)


def test_ones_own_household_is_for_a_colleague(app: Flask, cast: Cast, wangs: list[Caller]) -> None:
    himself = Visitor(app, cast.staff("admin", COMMUNITY, resident=wangs[0]))
    page = f"/staff/households/{home_of(wangs[0])}"
    tries = {
        "members": {"resident_id": entered(cast.admin, name="王小妹")},
        "merge": {"into_id": home_of(cast.resident("曾国强"))},
        "split": {"resident_ids": [wangs[1].id], "points": "90"},
    }
    for action, fields in tries.items():
        refused = himself.send(f"{page}/{action}", reason="自己家", **fields)
        assert (refused.status_code, refusal(refused)) == (403, "own_household")
    assert cast.balance(wangs[1]) == 90


def test_staff_see_the_households_of_their_part_and_auditors_masked(
    app: Flask, cast: Cast, wangs: list[Caller], superuser: psycopg.Connection
) -> None:
    home = home_of(wangs[0])
    grid = place(cast)
    worker, neighbour = Visitor(app, cast.staff("grid_worker", grid)), Visitor(app, cast.neighbour_staff)
    for stranger in (worker, neighbour):
        for page in ("", "/edit", "/members/new"):
            assert stranger.visit(f"/staff/households/{home}{page}").status_code == 404
        assert stranger.send(f"/staff/households/{home}", name="别人").status_code == 404
        assert "王大福" not in stranger.visit("/staff/households").text
    superuser.execute("UPDATE residents SET place_code = %s WHERE id = %s", (grid, wangs[0].id))
    assert worker.visit(f"/staff/households/{home}").status_code == 200
    auditor = Visitor(app, cast.auditor)
    assert "王大福" not in auditor.visit(f"/staff/households/{home}").text
    assert "王大福" not in auditor.visit("/staff/exports/households.csv").text
    assert auditor.visit("/staff/exports/households.xlsx").status_code == 200
    assert auditor.send(f"/staff/households/{home}", name="别人").status_code == 403
    assert Visitor(app, cast.reviewer).visit("/staff/exports/households.csv").status_code == 403
