"""Residents on the console: found, entered, shown masked to auditors, changed, confirmed, linked, and left for."""

import re
from typing import Any

import psycopg
import pytest
from flask import Flask

from people.privacy import VERSION
from tests.api.test_residents import entered, place
from tests.cast import COMMUNITY, Cast
from tests.visitors import Visitor, refusal

SCRIPT = "<script>alert(1)</script>"


def names(page: Any) -> list[str]:
    """The people in a list, by name."""
    return re.findall(r'<td class="tight"><a href="/staff/residents/[^"]+">([^<]+)</a>', page.text)


@pytest.fixture
def wang(cast: Cast) -> str:
    """王大福, whom staff entered, in the first grid; his id."""
    return entered(
        cast.admin, name="王大福", phone="13983000017", address="融城路 8 号", place_code=place(cast), born_on="1950-03-12"
    )


@pytest.mark.parametrize("q", ["王大", "wangdafu", "wdf", "13983000017", "0017", "融城路", "第一网格"])
def test_people_are_found_by_whatever_is_known_of_them(app: Flask, cast: Cast, wang: str, q: str) -> None:
    entered(cast.admin, name="曾国强", phone="13983000099", address="长江路 1 号")
    assert names(Visitor(app, cast.reviewer).visit(f"/staff/residents?q={q}")) == ["王大福"]


def test_a_list_is_narrowed_down_by_place_and_state_and_goes_on(app: Flask, cast: Cast, wang: str) -> None:
    visitor = Visitor(app, cast.reviewer)
    for number in range(3):
        entered(cast.admin, name=f"张{number}")
    grid = cast.admin.get(f"/staff/residents/{wang}").json["place"]["code"]
    assert names(visitor.visit(f"/staff/residents?place_code={grid}&q=&confirmed=true")) == ["王大福"]
    assert "没有找到" in visitor.visit("/staff/residents?confirmed=false").text
    first = visitor.visit("/staff/residents?limit=2")
    more = re.findall(r'href="([^"]+)" rel="next"', first.text)[0].replace("&amp;", "&")
    assert names(first) + names(visitor.visit(more)) == ["张2", "张1", "张0", "王大福"]


def test_staff_see_only_their_part_of_the_tree_and_others_nothing(app: Flask, cast: Cast, wang: str) -> None:
    elsewhere = entered(cast.admin, name="曾国强")
    grid = cast.admin.get(f"/staff/residents/{wang}").json["place"]["code"]
    worker = Visitor(app, cast.staff("grid_worker", grid))
    assert names(worker.visit("/staff/residents")) == ["王大福"]
    assert worker.visit(f"/staff/residents/{wang}").status_code == 200
    neighbour = Visitor(app, cast.neighbour_staff)
    for visitor, person in ((worker, elsewhere), (neighbour, wang)):
        for page in ("", "/edit", "/phone", "/link"):
            assert visitor.visit(f"/staff/residents/{person}{page}").status_code == 404
        for action in ("", "/look", "/confirm", "/card"):
            assert visitor.send(f"/staff/residents/{person}{action}").status_code == 404
    assert names(neighbour.visit("/staff/residents")) == []
    assert Visitor(app, cast.grandmother).visit("/staff/residents").status_code == 403
    assert Visitor(app).visit("/staff/residents").status_code == 303


def test_a_phone_number_is_shown_only_when_asked_for_which_is_on_record(
    app: Flask, cast: Cast, wang: str, superuser: psycopg.Connection
) -> None:
    looks = "SELECT count(*) FROM audit_log WHERE action = 'resident.look'"
    visitor = Visitor(app, cast.reviewer)
    shown = visitor.visit(f"/staff/residents/{wang}").text
    assert ("139****0017" in shown, "13983000017" in shown) == (True, False)
    assert "13983000017" not in visitor.visit(f"/staff/residents/{wang}/edit").text
    assert superuser.execute(looks).fetchone() == (0,)
    assert "13983000017" in visitor.send(f"/staff/residents/{wang}/look").text
    assert superuser.execute(looks).fetchone() == (1,)


def test_an_auditor_sees_people_masked_and_may_export_but_not_write(app: Flask, cast: Cast, wang: str) -> None:
    auditor = Visitor(app, cast.auditor)
    shown = auditor.visit(f"/staff/residents/{wang}").text
    assert "王**" in shown
    for hidden in ("王大福", "融城路", "1950", "13983000017"):
        assert hidden not in shown
        assert hidden not in auditor.send(f"/staff/residents/{wang}/look").text
    assert auditor.visit("/staff/residents/new").status_code == 403
    assert auditor.send(f"/staff/residents/{wang}", name="别人").status_code == 403
    table = auditor.visit("/staff/exports/residents.csv")
    assert (table.mimetype, "王**" in table.text, "王大福" in table.text) == ("text/csv", True, False)
    assert auditor.visit("/staff/exports/residents.xlsx").status_code == 200
    assert Visitor(app, cast.reviewer).visit("/staff/exports/residents.csv").status_code == 403


def test_somebody_without_a_phone_is_registered_in_one_form(app: Flask, cast: Cast) -> None:
    grid = place(cast)
    visitor = Visitor(app, cast.reviewer)
    assert f'<option value="{grid}">' in visitor.visit("/staff/residents/new").text
    answer = visitor.send(f"/staff/residents?community_code={COMMUNITY}", name=SCRIPT, phone="", address="", place_code=grid)
    assert answer.status_code == 303
    page = visitor.visit(answer.location).text
    assert SCRIPT not in page
    assert "&lt;script&gt;" in page
    assert cast.admin.get("/staff/residents").json["items"][0]["place"]["code"] == grid


def test_a_form_that_is_refused_keeps_what_was_filled_in(app: Flask, cast: Cast) -> None:
    answer = Visitor(app, cast.reviewer).send("/staff/residents", name="王大福", phone="139", address="融城路 8 号")
    assert (answer.status_code, refusal(answer)) == (422, "validation_failed")
    assert "请填写 11 位手机号码" in answer.text
    assert 'value="融城路 8 号"' in answer.text
    assert 'value="139"' in answer.text


def test_a_form_sent_twice_registers_one_person(app: Flask, cast: Cast) -> None:
    visitor = Visitor(app, cast.reviewer)
    one, two = (visitor.send("/staff/residents", key="same", name="王大福") for _ in range(2))
    assert one.location == two.location
    assert len(cast.admin.get("/staff/residents").json["items"]) == 1


def test_what_is_known_of_somebody_is_corrected_and_his_phone_on_a_page_of_its_own(app: Flask, cast: Cast, wang: str) -> None:
    visitor = Visitor(app, cast.reviewer)
    kept = {"name": "王大富", "address": "", "born_on": "1950-03-12"}
    assert visitor.send(f"/staff/residents/{wang}", **kept).status_code == 303
    seen = cast.admin.get(f"/staff/residents/{wang}").json
    assert (seen["name"], seen["address"], seen["born_on"], seen["phone"]) == ("王大富", None, "1950-03-12", "13983000017")
    assert visitor.send(f"/staff/residents/{wang}/phone", phone="12").status_code == 422
    assert visitor.send(f"/staff/residents/{wang}/phone", phone="13983000018").status_code == 303
    assert cast.admin.get(f"/staff/residents/{wang}").json["phone"] == "13983000018"
    assert visitor.send(f"/staff/residents/{wang}/phone", phone="").status_code == 303
    assert cast.admin.get(f"/staff/residents/{wang}").json["phone"] is None


def test_a_newcomer_is_confirmed_once(app: Flask, cast: Cast) -> None:
    cast.settings(registration_confirmed=True)
    visitor, person = Visitor(app, cast.reviewer), cast.resident("何小燕")
    assert "确认是本社区居民" in visitor.visit(f"/staff/residents/{person.id}").text
    assert visitor.send(f"/staff/residents/{person.id}/confirm").status_code == 303
    assert person.get("/me").json["confirmed"] is True
    again = visitor.send(f"/staff/residents/{person.id}/confirm")
    assert (again.status_code, refusal(again)) == (409, "already_confirmed")


def test_wechat_is_linked_by_the_code_on_his_phone_and_with_his_consent(app: Flask, cast: Cast, wang: str) -> None:
    visitor = Visitor(app, cast.reviewer)
    code = cast.newcomer.get("/me/link-code").json["token"]
    assert VERSION in visitor.visit(f"/staff/residents/{wang}/link").text
    without = visitor.send(f"/staff/residents/{wang}/link", code=code)
    assert (without.status_code, "打勾" in without.text, code in without.text) == (422, True, True)
    wrong = visitor.send(f"/staff/residents/{wang}/link", code="1" * 18, consent_version=VERSION)
    assert (wrong.status_code, refusal(wrong)) == (400, "code_invalid")
    assert visitor.send(f"/staff/residents/{wang}/link", code=code, consent_version=VERSION).status_code == 303
    assert cast.newcomer.get("/me").json["id"] == wang


def test_leaving_for_somebody_says_what_is_lost_and_is_for_admins(app: Flask, cast: Cast) -> None:
    cast.give(cast.grandmother, 80)
    cast.order(cast.grandmother)
    cast.deed(cast.grandmother)
    page = f"/staff/residents/{cast.grandmother.id}/leave"
    admin = Visitor(app, cast.admin)
    shown = re.sub(r"<[^>]+>", "", admin.visit(page).text)
    for said in ("清零 80 分", "取消 1 个还没领取的订单", "撤回 1 条"):
        assert said in shown
    assert Visitor(app, cast.reviewer).visit(page).status_code == 403
    assert admin.send(page, reason="").status_code == 422
    gone = admin.send(page, reason="本人到社区提出退出")
    assert (gone.status_code, gone.location) == (303, "/staff/residents")
    assert "清零 80 分" in admin.visit(gone.location).text
    assert admin.visit(f"/staff/residents/{cast.grandmother.id}").status_code == 404


def test_a_page_of_a_person_shows_what_he_has_and_what_he_declared(app: Flask, cast: Cast) -> None:
    cast.give(cast.grandmother, 80)
    shown = Visitor(app, cast.reviewer).visit(f"/staff/residents/{cast.grandmother.id}").text
    assert "80 分" in shown
    assert "参加治安巡逻" in shown
