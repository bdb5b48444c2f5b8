"""The resident's deeds in pages: chosen, declared with photos, followed, withdrawn, completed; and the positive list."""

import html
import io
import re
from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from flask import Flask
from werkzeug.test import TestResponse

from kernel import clock
from tests.cast import Cast, photo
from tests.visitors import Visitor, refusal

NOT_A_PHOTO = b"a text that was renamed"


def declare(visitor: Visitor, rule_id: str, **fields: Any) -> TestResponse:
    given = {"day": str(clock.today()), "occurred_on": "", "description": "晚上七点到九点巡逻", **fields}
    return visitor.send(f"/declare/{rule_id}", **given)


def pictures(*colors: str) -> dict[str, Any]:
    return {"photos": [(photo(color), f"{color}.jpg") for color in colors]}


def kept(page: TestResponse) -> list[str]:
    """The photos that a form names."""
    return re.findall(r'name="upload_ids" value="([^"]+)"', page.text)


@pytest.fixture
def visitor(app: Flask, cast: Cast) -> Visitor:
    return Visitor(app, cast.grandmother)


# --- what may be declared ------------------------------------------------------------------------------------------------------


def test_the_rules_of_the_community_are_listed_by_category_with_points_and_limits(cast: Cast, visitor: Visitor) -> None:
    cast.rule(title="清理小广告", category="社区建设", points=15, limits={"per_day": 2}, evidence_required=True)
    cast.rule(title="垃圾分类督导", category="社区建设", points=10, unit="每小时", per_unit=True)
    cast.rule("500104101010", title="隔壁的事", category="隔壁")
    for page in (visitor.visit("/declare").text, visitor.visit("/rules").text):
        assert page.index("社区建设") < page.index("清理小广告")
        assert "15 分" in page
        assert "每天最多 2 次" in page
        assert "需要照片" in page or "<dd>需要</dd>" in page
        assert "每小时</span> 10 分" in page
        assert "隔壁" not in page


def test_what_one_declared_last_stands_first_then_what_others_do(cast: Cast, visitor: Visitor) -> None:
    cast.rule(title="没人做的事")
    own, common = cast.rule(title="自己常做的事"), cast.rule(title="大家常做的事")
    cast.deed(cast.grandmother, rule_id=own)
    done = cast.deed(cast.volunteer, rule_id=common)
    cast.reviewer.post(f"/staff/deeds/{done}/approve")
    usual = visitor.visit("/declare").text.split("常用的")[1].split("</section>")[0]
    assert usual.index("自己常做的事") < usual.index("大家常做的事")
    assert "没人做的事" not in usual


def test_a_search_finds_by_title_and_code_and_says_where_nothing_is_found(cast: Cast, visitor: Visitor) -> None:
    cast.rule(title="参加巡逻", code="B-77")
    cast.rule(title="清洁楼道")
    for path in ("/declare", "/rules"):
        assert "清洁楼道" not in visitor.visit(f"{path}?q=巡逻").text
        assert "参加巡逻" in visitor.visit(f"{path}?q=B-77").text
        assert "没有找到这样的事项" in visitor.visit(f"{path}?q=滑雪").text
        assert "<script>alert" not in visitor.visit(f"{path}?q=<script>alert(1)</script>").text


def test_in_care_mode_one_chooses_a_category_first(cast: Cast, visitor: Visitor) -> None:
    cast.rule(title="清洁楼道", category="社区建设")
    cast.rule(title="照顾老人", category="家庭邻里")
    visitor.send("/look", care="true", font="22", back="/declare")
    first = visitor.visit("/declare").text
    assert "清洁楼道" not in first
    assert "清洁楼道" in visitor.visit("/declare?category=社区建设").text


# --- declaring -----------------------------------------------------------------------------------------------------------------


def test_a_deed_is_declared_with_photos_that_come_with_the_form(cast: Cast, visitor: Visitor) -> None:
    answer = declare(visitor, cast.patrol, files=pictures("green", "blue"))
    assert answer.status_code == 303
    (deed,) = cast.grandmother.get("/deeds").json["items"]
    assert answer.location == f"/deeds/{deed['id']}"
    assert (deed["status"], deed["channel"], len(deed["photos"])) == ("pending", "self", 2)
    assert (deed["description"], deed["occurred_on"]) == ("晚上七点到九点巡逻", str(clock.today()))
    assert "已提交" in visitor.visit(answer.location).text


def test_photos_that_were_sent_one_by_one_are_named_by_the_form(cast: Cast, visitor: Visitor) -> None:
    sent = visitor.send("/photos-of-mine", files={"file": (photo(), "photo.jpg")})
    assert sent.status_code == 201
    assert visitor.visit(f"/photos-of-mine/{sent.json['id']}").status_code == 302
    declare(visitor, cast.patrol, upload_ids=[sent.json["id"]])
    (deed,) = cast.grandmother.get("/deeds").json["items"]
    assert [shown["id"] for shown in deed["photos"]] == [sent.json["id"]]


def test_a_refused_form_keeps_its_words_and_its_photos(cast: Cast, visitor: Visitor) -> None:
    rule = cast.rule(unit="每小时", per_unit=True)
    refused = declare(visitor, rule, quantity="0", description="<b>扫地</b>", files=pictures("green", "red"))
    assert (refused.status_code, refusal(refused)) == (422, "validation_failed")
    assert 'id="quantity-wrong"' in refused.text
    assert "&lt;b&gt;扫地&lt;/b&gt;" in refused.text
    assert len(kept(refused)) == 2
    answer = declare(visitor, rule, quantity="3", upload_ids=kept(refused))
    (deed,) = cast.grandmother.get("/deeds").json["items"]
    assert (answer.status_code, deed["quantity"], [p["id"] for p in deed["photos"]]) == (303, 3, kept(refused))


def test_a_file_that_is_no_photo_is_named_at_the_field_and_the_rest_stays(cast: Cast, visitor: Visitor) -> None:
    files = {"photos": [(photo(), "yard.jpg"), (io.BytesIO(NOT_A_PHOTO), "notes.jpg")]}
    refused = declare(visitor, cast.patrol, description="打扫院子", files=files)
    assert refused.status_code == 422
    assert "“notes.jpg”没有收下" in refused.text
    assert "打扫院子" in refused.text
    assert len(kept(refused)) == 1
    assert cast.grandmother.get("/deeds").json["items"] == []


def test_more_photos_than_a_deed_may_have_are_left_out_and_that_is_said(cast: Cast, visitor: Visitor) -> None:
    refused = declare(visitor, cast.patrol, files=pictures(*["green"] * 11))
    assert refused.status_code == 422
    assert "最多 9 张照片" in refused.text
    assert len(kept(refused)) == 9
    assert declare(visitor, cast.patrol, upload_ids=kept(refused)).status_code == 303


def test_a_rule_that_wants_a_photo_says_so_at_the_field(cast: Cast, visitor: Visitor) -> None:
    rule = cast.rule(evidence_required=True)
    refused = declare(visitor, rule, description="清洁")
    assert (refused.status_code, refused.text.count("这一项需要上传照片")) == (422, 2)
    assert declare(visitor, rule, upload_ids=kept(refused), files=pictures("green")).status_code == 303


def test_nobody_is_shown_anothers_photo_by_naming_it_in_a_form_that_is_refused(cast: Cast, visitor: Visitor) -> None:
    foreign = cast.volunteer.upload()
    refused = declare(visitor, cast.patrol, description="", upload_ids=[foreign, "nonsense"])
    assert refused.status_code in (404, 422)
    assert foreign not in refused.text
    assert visitor.visit(f"/photos-of-mine/{foreign}").status_code == 404


def test_the_day_is_tapped_or_picked(cast: Cast, visitor: Visitor) -> None:
    yesterday, before = (str(clock.today() - timedelta(days=days)) for days in (1, 3))
    declare(visitor, cast.patrol, day=yesterday, occurred_on=before)
    declare(visitor, cast.patrol, day="other", occurred_on=before)
    assert [deed["occurred_on"] for deed in cast.grandmother.get("/deeds").json["items"]] == [before, yesterday]
    for day, picked in (("other", ""), ("other", str(clock.today() + timedelta(days=1))), ("nonsense", "")):
        refused = declare(visitor, cast.patrol, day=day, occurred_on=picked)
        assert refused.status_code == 422
        assert 'id="occurred_on-wrong"' in refused.text


def test_a_form_sent_twice_declares_once_also_with_its_photos(cast: Cast, visitor: Visitor) -> None:
    for again in (False, True):
        answer = declare(visitor, cast.patrol, key="the same", files=pictures("green", "blue"))
        assert (answer.status_code, "Idempotent-Replayed" in answer.headers) == (303, again)
    other = declare(visitor, cast.patrol, key="the same", files=pictures("green", "red"))
    assert refusal(other) == "idempotency_mismatch"
    assert len(cast.grandmother.get("/deeds").json["items"]) == 1


def test_a_limit_is_said_at_the_form_which_stays_filled_in(cast: Cast, visitor: Visitor) -> None:
    rule = cast.rule(limits={"per_day": 1})
    declare(visitor, rule)
    refused = declare(visitor, rule, description="第二次")
    assert (refused.status_code, refusal(refused)) == (409, "limit_reached")
    assert "第二次" in refused.text


def test_photos_already_sent_are_still_named_after_the_session_ended_and_one_signed_in_again(
    app: Flask, cast: Cast, visitor: Visitor
) -> None:
    sent = visitor.send("/photos-of-mine", files={"file": (photo(), "photo.jpg")}).json["id"]
    fields = {"csrf_token": visitor.token(), "_key": "1", "day": str(clock.today()), "description": "巡逻", "upload_ids": sent}
    with clock.stopped_at(clock.now() + timedelta(days=31)):
        late = visitor.client.post(f"/declare/{cast.patrol}", data=fields)
        assert late.status_code == 401
        found = re.findall(r'name="kept" value="([^"]+)"', late.text)
        page = visitor.send("/enter", code="grandmother-again", kept=html.unescape(found[0])).text
    assert f'action="/declare/{cast.patrol}"' in page
    assert f'name="upload_ids" value="{sent}"' in page


def test_a_rule_of_the_next_community_or_of_another_time_is_no_page(cast: Cast, visitor: Visitor) -> None:
    foreign, over = cast.rule("500104101010"), cast.rule(in_force_to=clock.today() - timedelta(days=1))
    assert visitor.visit(f"/declare/{foreign}").status_code == 404
    assert declare(visitor, foreign).status_code == 404
    assert refusal(visitor.visit(f"/declare/{over}")) == "rule_not_in_force"


def test_a_photo_too_large_for_any_form_is_refused_before_it_is_looked_at(cast: Cast, visitor: Visitor) -> None:
    answer = visitor.send("/photos-of-mine", files={"file": (io.BytesIO(b"x" * (13 * 1024 * 1024)), "large.jpg")})
    assert (answer.status_code, refusal(answer)) == (413, "too_large")
    answer = visitor.send("/photos-of-mine", files={"file": (io.BytesIO(NOT_A_PHOTO), "notes.jpg")})
    assert (answer.status_code, refusal(answer)) == (415, "not_an_image")


# --- following -----------------------------------------------------------------------------------------------------------------


def test_ones_own_deeds_are_listed_with_their_state_and_filtered_by_it(app: Flask, cast: Cast, visitor: Visitor) -> None:
    waiting = cast.deed(cast.grandmother, description="等着审核")
    approved = cast.give(cast.grandmother, 7)
    page = visitor.visit("/deeds").text
    assert waiting in page
    assert "待审核" in page
    assert "+7" in page
    assert waiting not in visitor.visit("/deeds?status=approved").text
    assert approved in visitor.visit("/deeds?status=approved").text
    assert "没有退回补充的申报" in visitor.visit("/deeds?status=returned").text
    assert "您还没有申报过" in Visitor(app, cast.volunteer).visit("/deeds").text


def test_a_deeds_page_says_what_became_of_it_and_why(cast: Cast, visitor: Visitor) -> None:
    deed = cast.returned(cast.grandmother, description="<i>扫地</i>")
    page = visitor.visit(f"/deeds/{deed}").text
    for said in ("退回补充", "请补照片", "&lt;i&gt;扫地", "本人", "撤回这次申报"):
        assert said in page
    rejected = cast.deed(cast.grandmother)
    cast.reviewer.post(f"/staff/deeds/{rejected}/reject", {"reason": "那天没有巡逻"})
    page = visitor.visit(f"/deeds/{rejected}").text
    assert "那天没有巡逻" in page
    assert "撤回这次申报" not in page
    cast.settings(notice_days=3)
    noticed = cast.deed(cast.grandmother)
    cast.reviewer.post(f"/staff/deeds/{noticed}/approve")
    assert "公示结束后积分自动到账" in visitor.visit(f"/deeds/{noticed}").text


def test_what_staff_entered_is_shown_as_theirs(cast: Cast, visitor: Visitor) -> None:
    assert "代为申报" in visitor.visit(f"/deeds/{cast.entered(cast.grandmother)}").text


def test_anothers_deed_is_no_page(app: Flask, cast: Cast) -> None:
    deed = cast.returned(cast.grandmother)
    for caller in (cast.volunteer, cast.neighbour):
        other = Visitor(app, caller)
        for path in (f"/deeds/{deed}", f"/deeds/{deed}/edit"):
            assert other.visit(path).status_code == 404
        assert other.send(f"/deeds/{deed}/withdraw").status_code == 404
        assert other.send(f"/deeds/{deed}/edit", day=str(clock.today()), description="别人的").status_code == 404
    assert Visitor(app, cast.reviewer).visit(f"/deeds/{deed}").status_code == 403
    assert cast.grandmother.get(f"/deeds/{deed}").json["status"] == "returned"


def test_a_deed_is_withdrawn_once(cast: Cast, visitor: Visitor) -> None:
    deed = cast.deed(cast.grandmother)
    assert visitor.send(f"/deeds/{deed}/withdraw").location == f"/deeds/{deed}"
    assert cast.grandmother.get(f"/deeds/{deed}").json["status"] == "withdrawn"
    again = visitor.send(f"/deeds/{deed}/withdraw")
    assert (again.status_code, refusal(again)) == (409, "already_reviewed")


# --- completing ----------------------------------------------------------------------------------------------------------------


def test_a_returned_deed_is_completed_photos_kept_removed_and_added(cast: Cast, visitor: Visitor) -> None:
    first, second = cast.grandmother.upload(), cast.grandmother.upload(photo("red"))
    deed = cast.returned(cast.grandmother, upload_ids=[UUID(first), UUID(second)])
    form = visitor.visit(f"/deeds/{deed}/edit")
    assert kept(form) == [first, second]
    assert "请补照片" in form.text
    fields = {"day": str(clock.today()), "description": "补充了照片", "upload_ids": [second]}
    assert visitor.send(f"/deeds/{deed}/edit", files=pictures("blue"), **fields).status_code == 303
    now = cast.grandmother.get(f"/deeds/{deed}").json
    assert (now["status"], now["description"], len(now["photos"])) == ("pending", "补充了照片", 2)
    assert now["photos"][0]["id"] == second
    late = visitor.send(f"/deeds/{deed}/edit", **fields)
    assert (late.status_code, refusal(late)) == (409, "already_reviewed")


def test_all_photos_of_a_returned_deed_can_be_removed(cast: Cast, visitor: Visitor) -> None:
    deed = cast.returned(cast.grandmother, upload_ids=[UUID(cast.grandmother.upload())])
    visitor.send(f"/deeds/{deed}/edit", day=str(clock.today()), description="不用照片")
    assert cast.grandmother.get(f"/deeds/{deed}").json["photos"] == []


def test_a_refused_completion_keeps_the_photos_that_staff_had_added(cast: Cast, visitor: Visitor) -> None:
    added = cast.reviewer.upload()
    deed = cast.entered(cast.grandmother, upload_ids=[added])
    cast.reviewer.post(f"/staff/deeds/{deed}/return", {"reason": "请说清楚"})
    refused = visitor.send(f"/deeds/{deed}/edit", day=str(clock.today()), description=" ", upload_ids=[added])
    assert (refused.status_code, kept(refused)) == (422, [added])


def test_who_waits_for_confirmation_reads_and_is_told_why_he_may_not_declare(
    app: Flask, cast: Cast, superuser: psycopg.Connection
) -> None:
    cast.settings(registration_confirmed=True)
    visitor = Visitor(app, cast.grandmother)
    assert visitor.visit("/declare").status_code == 200
    refused = declare(visitor, cast.patrol, files=pictures("green"))
    assert (refused.status_code, refusal(refused)) == (403, "not_confirmed")
    assert superuser.execute("SELECT FROM uploads").rowcount == 0


def test_what_is_used_up_for_today_is_said_before_one_takes_photos(cast: Cast, visitor: Visitor) -> None:
    once, weekly, free = cast.rule(limits={"per_day": 1}), cast.rule(limits={"per_week": 2}), cast.rule()
    for rule in (once, weekly, free):
        assert "报满" not in visitor.visit(f"/declare/{rule}").text
        cast.deed(cast.grandmother, rule_id=rule)
    assert ["报满" in visitor.visit(f"/declare/{rule}").text for rule in (once, weekly, free)] == [True, False, False]
    assert visitor.visit("/declare").text.count("今天已报满") == 2  # among the usual, and in its category
    cast.settings(same_rule_once_a_day=True)
    assert "报满" in visitor.visit(f"/declare/{free}").text
