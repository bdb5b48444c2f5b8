"""The settings of a community as a page."""

import pytest
from flask import Flask

from people.settings import NAMES
from tests.cast import COMMUNITY, NEXT_COMMUNITY, Cast
from tests.visitors import Visitor, refusal

ALL = {
    "counts_by": "person",
    "registration_confirmed": ["false", "true"],
    "checkin_points": "2",
    "make_up_cards": "1",
    "same_rule_once_a_day": "false",
    "cap_per_day": "",
    "cap_per_week": "100",
    "cap_per_month": "",
    "notice_days": "3",
    "budget_per_month": "5000",
    "order_lapses_after_days": "10",
    "second_factor_required": "false",
}


def test_every_setting_has_its_field(app: Flask, cast: Cast) -> None:
    page = Visitor(app, cast.admin).visit("/staff/settings").text
    assert [name for name in NAMES if f'name="{name}' not in page] == []


def test_what_is_saved_is_what_the_api_says_with_bonuses_as_rows(app: Flask, cast: Cast) -> None:
    rows = {"streak_bonuses__0__streak": "7", "streak_bonuses__0__points": "5", "streak_bonuses__2__streak": "30"}
    answer = Visitor(app, cast.admin).send(
        "/staff/settings",
        **ALL,
        **rows,
        streak_bonuses__2__points="20",
        streak_bonuses__1__streak="",
        streak_bonuses__1__points="",
    )
    assert answer.status_code == 303
    found = cast.admin.get("/staff/settings").json
    assert found == {
        "community_code": COMMUNITY,
        "counts_by": "person",
        "registration_confirmed": True,
        "checkin_points": 2,
        "streak_bonuses": [{"streak": 7, "points": 5}, {"streak": 30, "points": 20}],
        "make_up_cards": 1,
        "same_rule_once_a_day": False,
        "cap_per_day": None,
        "cap_per_week": 100,
        "cap_per_month": None,
        "notice_days": 3,
        "budget_per_month": 5000,
        "order_lapses_after_days": 10,
        "second_factor_required": False,
    }
    page = Visitor(app, cast.admin).visit("/staff/settings").text
    assert 'name="streak_bonuses.4.streak"' in page  # two rows and three spare ones


def test_rows_that_are_blanked_are_gone(app: Flask, cast: Cast) -> None:
    cast.settings(streak_bonuses=[{"streak": 7, "points": 5}])
    visitor = Visitor(app, cast.admin)
    visitor.send("/staff/settings", **ALL, streak_bonuses__0__streak="", streak_bonuses__0__points="")
    assert cast.admin.get("/staff/settings").json["streak_bonuses"] == []


def test_a_refusal_is_said_at_the_field_and_at_the_row(app: Flask, cast: Cast) -> None:
    answer = Visitor(app, cast.admin).send(
        "/staff/settings", **{**ALL, "notice_days": "99"}, streak_bonuses__0__streak="1", streak_bonuses__0__points="5"
    )
    assert (answer.status_code, refusal(answer)) == (422, "validation_failed")
    assert "请填写 0 至 60 之间的整数" in answer.text
    assert "请填写 2 至 3650 之间的整数" in answer.text
    assert 'value="99"' in answer.text
    assert cast.admin.get("/staff/settings").json["notice_days"] == 0


def test_a_row_that_is_wrong_is_told_where_it_stands_though_rows_above_are_blank(app: Flask, cast: Cast) -> None:
    answer = Visitor(app, cast.admin).send("/staff/settings", **ALL, streak_bonuses__2__streak="1", streak_bonuses__2__points="5")
    assert "is-invalid" in answer.text.split('id="streak-2"')[0].rsplit("<input", 1)[1]


def test_counting_by_household_cannot_be_taken_back_once_households_are_shared(app: Flask, cast: Cast) -> None:
    cast.family("李秀英", "李小明")
    answer = Visitor(app, cast.admin).send("/staff/settings", **ALL)
    assert (answer.status_code, refusal(answer)) == (409, "households_shared")
    assert cast.admin.get("/staff/settings").json["counts_by"] == "household"


def test_others_look_and_only_admins_change(app: Flask, cast: Cast) -> None:
    visitor = Visitor(app, cast.reviewer)
    page = visitor.visit("/staff/settings").text
    assert "disabled" in page
    assert "保存设置" not in page
    assert visitor.send("/staff/settings", **ALL).status_code == 403


def test_staff_above_the_communities_choose_one(app: Flask, cast: Cast) -> None:
    visitor = Visitor(app, cast.official)
    assert "先在上面选一个社区" in visitor.visit("/staff/settings").text
    assert visitor.visit(f"/staff/settings?community_code={NEXT_COMMUNITY}").status_code == 200
    town = Visitor(app, cast.staff("admin", "500104101"))
    assert town.send("/staff/settings", **ALL, community_code=NEXT_COMMUNITY).status_code == 303
    assert cast.neighbour_staff.get("/staff/settings").json["checkin_points"] == 2


@pytest.mark.parametrize("code", [NEXT_COMMUNITY, "500104101999"])
def test_settings_of_elsewhere_do_not_exist(app: Flask, cast: Cast, code: str) -> None:
    visitor = Visitor(app, cast.admin)
    assert visitor.visit(f"/staff/settings?community_code={code}").status_code == 404
    assert visitor.send("/staff/settings", **ALL, community_code=code).status_code == 404
