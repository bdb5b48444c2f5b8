"""All about oneself: settings, other devices, messages, what is stored, donations, leaving."""

import json
import re
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import text

from app.resident import data_words
from kernel.database import execute
from reports import personal_data
from tests.cast import Cast
from tests.visitors import Visitor, refusal

IDS = re.compile(r"(?!openid|unionid|appid)(\w+_)?id")
PAGES = ["/me", "/me/settings", "/me/data", "/me/data.json", "/me/leave", "/me/donations", "/messages"]


@pytest.mark.parametrize("path", [*PAGES, "/me/sign-in-code"])
def test_these_pages_are_for_residents(app: Flask, cast: Cast, path: str) -> None:
    assert Visitor(app, cast.grandmother).visit(path).status_code == 200
    assert Visitor(app).visit(path).location.startswith("/enter")
    for who in (cast.reviewer, cast.barber):
        assert Visitor(app, who).visit(path).status_code == 403


def test_me_shows_the_points_and_what_is_unread(app: Flask, cast: Cast) -> None:
    cast.give(cast.grandmother, 50)
    page = Visitor(app, cast.grandmother).visit("/me").text
    assert '<p class="figure">50</p>' in page
    assert "2 条未读" in page
    assert "我的家庭" not in page
    assert "退出登录" in page


# --- settings ---------------------------------------------------------------------------------------------------------------


def test_one_says_how_ones_name_is_shown_and_where_one_lives(app: Flask, cast: Cast) -> None:
    visitor = Visitor(app, cast.grandmother)
    assert visitor.send("/me/settings", name_shown="full", address="1 号楼 <b>502</b>").location == "/me/settings"
    page = visitor.visit("/me/settings").text
    assert 'value="full" checked' in page
    assert "1 号楼 &lt;b&gt;502&lt;/b&gt;" in page
    visitor.send("/me/settings", name_shown="masked", address="")
    assert 'name="address" type="text" value=""' in visitor.visit("/me/settings").text


def test_an_address_that_is_too_long_is_refused_and_stays_in_the_form(app: Flask, cast: Cast) -> None:
    answer = Visitor(app, cast.grandmother).send("/me/settings", name_shown="full", address="长" * 101)
    assert (answer.status_code, refusal(answer)) == (422, "validation_failed")
    assert "长" * 101 in answer.text
    assert cast.grandmother.get("/me").json["name_shown"] == "masked"


def test_the_size_of_the_text_is_chosen(app: Flask, cast: Cast) -> None:
    visitor = Visitor(app, cast.grandmother)
    visitor.send("/look", care=["false", "true"], font="27", back="/me/settings")
    page = visitor.visit("/me/settings").text
    assert 'class="care font-27"' in page
    assert 'value="27" checked' in page


# --- other devices ----------------------------------------------------------------------------------------------------------


def test_a_code_is_shown_in_groups_with_how_long_it_is_good_and_signs_in_elsewhere(app: Flask, cast: Cast) -> None:
    visitor, elsewhere = Visitor(app, cast.grandmother), Visitor(app)
    page = visitor.send("/me/sign-in-code").text
    code = re.findall(r"\d{3} \d{3} \d{4}", page)[0]
    assert re.search(r"\d\d:\d\d 以前有效", page)
    elsewhere.send("/enter/code", sign_in_code=code)
    assert "李秀英" in elsewhere.visit("/").text
    assert code not in visitor.visit("/me/sign-in-code").text


# --- messages ---------------------------------------------------------------------------------------------------------------


def test_opening_a_message_reads_it_and_leads_to_what_it_is_about(app: Flask, cast: Cast) -> None:
    visitor = Visitor(app, cast.grandmother)
    page = visitor.visit("/messages").text
    assert "欢迎加入融城社区" in page
    assert "未读</span>" in page
    (message,) = re.findall(r'name="ids" value="([^"]+)"', page)
    assert visitor.send("/messages/read", ids=message, back="/").location == "/"
    page = visitor.visit("/messages").text
    assert "欢迎加入融城社区" in page
    assert "未读</span>" not in page
    assert "没有未读的消息" in visitor.visit("/messages?unread=true").text


def test_all_messages_of_a_page_are_read_at_once(app: Flask, cast: Cast) -> None:
    cast.give(cast.grandmother, 50)
    visitor = Visitor(app, cast.grandmother)
    page = visitor.visit("/messages").text
    form = page[: page.index("这些都看过了")]
    visitor.send("/messages/read", ids=re.findall(r'name="ids" value="([^"]+)"', form))
    assert cast.grandmother.get("/me").json["unread"] == 0


def test_nobody_reads_the_messages_of_another(app: Flask, cast: Cast) -> None:
    message = cast.grandmother.get("/me/messages").json["items"][0]["id"]
    refused = Visitor(app, cast.volunteer).send("/messages/read", ids=message)
    assert (refused.status_code, refusal(refused)) == (404, "not_found")
    assert cast.grandmother.get("/me").json["unread"] == 1


# --- donations --------------------------------------------------------------------------------------------------------------


def test_one_sees_what_one_gave_and_nobody_else_does(app: Flask, cast: Cast) -> None:
    cast.donate(cast.grandmother, note="<i>给老人</i>")
    page = Visitor(app, cast.grandmother).visit("/me/donations").text
    assert "旧书" in page
    assert "+6" in page
    assert "&lt;i&gt;给老人" in page
    assert "还没有捐赠" in Visitor(app, cast.volunteer).visit("/me/donations").text


# --- what is stored ---------------------------------------------------------------------------------------------------------


def test_what_is_stored_can_be_read_in_words_and_taken_along_as_a_file(app: Flask, cast: Cast) -> None:
    cast.give(cast.grandmother, 50)
    cast.order(cast.grandmother)
    visitor = Visitor(app, cast.grandmother)
    page = visitor.visit("/me/data").text
    for words in ("李秀英", "13800000001", "参加治安巡逻", "已通过", "剪发一次", "待领取", "可用积分"):
        assert words in page
    assert "<dd>approved</dd>" not in page
    file = visitor.visit("/me/data.json")
    assert "attachment" in file.headers["Content-Disposition"]
    assert json.loads(file.text)["resident"][0]["name"] == "李秀英"
    assert file.json.keys() == cast.grandmother.get("/me/data").json.keys()


def test_every_section_of_what_is_stored_has_its_words(app: Flask, cast: Cast) -> None:
    """A new section of the export is read by people too, and so is every column that is no id."""
    assert data_words.SECTIONS.keys() == personal_data.SECTIONS.keys()
    anybody = {"id": UUID(cast.grandmother.id), "wallet": cast.grandmother.id}
    for name, section in personal_data.SECTIONS.items():
        found = cast.in_app(lambda query=section.query: set(execute(text(query), **anybody).keys()))  # type: ignore[misc]
        readable = {{"phone_sealed": "phone", "upload_id": "photo"}.get(column, column) for column in found}
        assert data_words.SECTIONS[name][1].keys() == {column for column in readable if not IDS.fullmatch(column)}, name


# --- leaving ----------------------------------------------------------------------------------------------------------------


def test_leaving_says_what_will_be_lost_and_wants_an_explicit_yes(app: Flask, cast: Cast) -> None:
    cast.give(cast.grandmother, 50)
    cast.order(cast.grandmother)
    cast.deed(cast.grandmother)
    visitor = Visitor(app, cast.grandmother)
    page = visitor.visit("/me/leave").text
    for words in ("50 分", "1 个", "1 件", "不能恢复"):
        assert words in page
    refused = visitor.send("/me/leave", confirm="false")
    assert (refused.status_code, refusal(refused)) == (422, "validation_failed")
    assert "请确认退出" in refused.text
    assert cast.grandmother.get("/me").status_code == 200


def test_who_left_is_out_and_is_told_so(app: Flask, cast: Cast) -> None:
    visitor = Visitor(app, cast.grandmother)
    visitor.send("/look", care="true", font="27")
    answer = visitor.send("/me/leave", confirm=["false", "true"])
    assert (answer.status_code, answer.location) == (303, "/enter")
    page = visitor.visit("/enter").text
    assert "您已退出社区" in page
    assert 'class="care font-27"' in page
    assert visitor.visit("/me").status_code == 303
    assert cast.grandmother.get("/me").status_code == 401
