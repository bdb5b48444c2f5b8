"""Joining a community on the pages: choosing it, saying who one is, consenting; and the code for those whom staff entered."""

import re

from flask import Flask

from people.privacy import VERSION
from tests.api.test_residents import entered
from tests.cast import COMMUNITY, VILLAGE, Cast
from tests.visitors import Visitor, refusal

PERSON = {"name": "王新来", "phone": "13800000077", "community_code": COMMUNITY, "consent_version": VERSION, "agreed": "true"}


def test_a_newcomer_finds_his_community_by_a_part_of_its_name(app: Flask, cast: Cast) -> None:
    page = Visitor(app, cast.newcomer).visit("/join?q=放牛坪").text
    assert "渝北区/茨竹镇/放牛坪村" in page
    assert f"community_code={VILLAGE}" in page


def test_or_from_its_district_down_without_typing(app: Flask, cast: Cast) -> None:
    visitor = Visitor(app, cast.newcomer)
    for code in ("500104", "500104101"):
        page = visitor.visit("/join" if code == "500104" else "/join?parent=500104").text
        assert f"parent={code}" in page
    assert f"community_code={COMMUNITY}" in visitor.visit("/join?parent=500104101").text


def test_a_name_that_is_nowhere_says_what_to_do(app: Flask, cast: Cast) -> None:
    assert "换一个字试试" in Visitor(app, cast.newcomer).visit("/join?q=月亮").text


def test_joining_makes_a_resident_who_consented_to_the_present_statement(app: Flask, cast: Cast) -> None:
    visitor = Visitor(app, cast.newcomer)
    form = visitor.visit(f"/join?community_code={COMMUNITY}").text
    assert f'name="consent_version" value="{VERSION}"' in form
    answer = visitor.send(f"/join?community_code={COMMUNITY}", address="1 号楼", **PERSON)
    assert (answer.status_code, answer.location) == (303, "/")
    me = cast.newcomer.get("/me").json
    assert (me["name"], me["phone_masked"], me["community"]["code"]) == ("王新来", "138****0077", COMMUNITY)
    assert cast.newcomer.get("/me/data").json["consents"][0]["version"] == VERSION
    assert "欢迎您，王新来" in visitor.visit("/").text


def test_what_is_wrong_is_said_at_its_field_and_what_was_written_stays(app: Flask, cast: Cast) -> None:
    visitor = Visitor(app, cast.newcomer)
    wrong = {**PERSON, "phone": "12", "name": "王<b>新来</b>"}
    answer = visitor.send(f"/join?community_code={COMMUNITY}", **wrong)
    assert (answer.status_code, refusal(answer)) == (422, "validation_failed")
    assert "请填写 11 位手机号码" in answer.text
    assert 'value="王&lt;b&gt;新来&lt;/b&gt;"' in answer.text
    assert cast.newcomer.get("/me").status_code == 403


def test_without_consent_nobody_joins(app: Flask, cast: Cast) -> None:
    visitor = Visitor(app, cast.newcomer)
    answer = visitor.send(f"/join?community_code={COMMUNITY}", **{**PERSON, "agreed": "false"})
    assert (answer.status_code, "请先阅读隐私政策" in answer.text) == (422, True)
    answer = visitor.send(f"/join?community_code={COMMUNITY}", **{**PERSON, "consent_version": "2020-01"})
    assert (answer.status_code, "隐私政策已更新" in answer.text) == (422, True)
    assert cast.newcomer.get("/me").status_code == 403


def test_where_the_community_confirms_first_it_says_so_before_and_after(app: Flask, cast: Cast) -> None:
    cast.settings(registration_confirmed=True)
    visitor = Visitor(app, cast.newcomer)
    assert "要由工作人员先确认" in visitor.visit(f"/join?community_code={COMMUNITY}").text
    visitor.send(f"/join?community_code={COMMUNITY}", **PERSON)
    page = visitor.visit("/").text
    assert "社区正在核对您的登记" in page
    assert "现在就可以" in page
    assert re.search(r'class="check-in"[^>]*disabled', page)
    refused = visitor.send("/checkins")
    assert (refused.status_code, refusal(refused)) == (403, "not_confirmed")
    assert visitor.send("/me/settings", name_shown="full").status_code == 303


def test_a_newcomer_shows_the_code_by_which_staff_link_him(app: Flask, cast: Cast) -> None:
    person, visitor = entered(cast.admin), Visitor(app, cast.newcomer)
    page = visitor.visit("/join/link").text
    digits = re.findall(r'class="digits">([\d ]+)<', page)[0]
    assert "<svg" in page
    body = {"code": digits.replace(" ", ""), "consent_version": VERSION}
    assert cast.admin.post(f"/staff/residents/{person}/link", body).status_code == 200
    assert visitor.visit("/join/link").location == "/"
    assert visitor.visit("/").status_code == 200


def test_residents_need_not_join_and_nobody_else_may(app: Flask, cast: Cast) -> None:
    assert Visitor(app, cast.grandmother).visit("/join").location == "/"
    refused = Visitor(app, cast.grandmother).send(f"/join?community_code={COMMUNITY}", **PERSON)
    assert (refused.status_code, refusal(refused)) == (409, "already_registered")
    assert Visitor(app, cast.reviewer).visit("/join").status_code == 403
    assert Visitor(app).visit("/join").location.startswith("/enter")
