"""The review of deeds on pages: who sees it, what a decision does and where it leads on, what a refusal says."""

from datetime import timedelta

import pytest
from flask import Flask

from kernel import clock
from tests.cast import COMMUNITY, Caller, Cast, as_file, scene
from tests.visitors import Visitor, refusal


def deed(cast: Cast, deed_id: str) -> dict[str, object]:
    return dict(cast.reviewer.get(f"/staff/deeds/{deed_id}").json)


def with_photo(cast: Cast, seed: int, resident: Caller | None = None, **upload: int) -> str:
    """A deed that shows a scene, of the grandmother's unless said; its id."""
    resident = resident or cast.grandmother
    photo = resident.upload(as_file(scene(seed), **upload))
    body = {"rule_id": cast.patrol, "occurred_on": str(clock.today()), "description": "晚上巡逻", "upload_ids": [photo]}
    return str(resident.post("/deeds", body).json["id"])


def test_the_queue_lays_the_oldest_deed_open(app: Flask, cast: Cast) -> None:
    first = cast.deed(cast.grandmother, description="晚上巡逻两小时")
    cast.deed(cast.volunteer, description="给老人读报")
    page = Visitor(app, cast.reviewer).visit("/staff/deeds")
    assert page.status_code == 200
    assert f'id="deed" data-id="{first}"' in page.text
    assert "晚上巡逻两小时" in page.text
    assert page.text.count("<li data-id=") == 2


def test_an_empty_queue_says_that_all_is_done(app: Flask, cast: Cast) -> None:
    assert "都审核完了" in Visitor(app, cast.reviewer).visit("/staff/deeds").text
    assert "没有符合条件的申报" in Visitor(app, cast.reviewer).visit("/staff/deeds?q=没有这回事").text


def test_what_a_resident_wrote_is_shown_as_text(app: Flask, cast: Cast) -> None:
    cast.deed(cast.grandmother, description="<script>alert(1)</script>")
    page = Visitor(app, cast.reviewer).visit("/staff/deeds").text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


def test_staff_of_the_next_community_see_nothing_of_it(app: Flask, cast: Cast) -> None:
    one = cast.deed(cast.grandmother)
    visitor = Visitor(app, cast.neighbour_staff)
    assert one not in visitor.visit("/staff/deeds").text
    for path in (f"/staff/deeds/{one}", f"/staff/deeds?deed={one}"):
        assert visitor.visit(path).status_code == 404
    for action, said in (("approve", {}), ("return", {"reason": "不行"}), ("reject", {"reason": "不行"})):
        assert visitor.send(f"/staff/deeds/{one}/{action}", **said).status_code == 404
    assert deed(cast, one)["status"] == "pending"


def test_residents_and_merchants_have_no_console(app: Flask, cast: Cast) -> None:
    one = cast.deed(cast.grandmother)
    for caller in (cast.grandmother, cast.barber):
        for path in ("/staff/deeds", f"/staff/deeds/{one}", "/staff/reasons", "/staff/account", "/staff/second-factor", "/staff"):
            assert Visitor(app, caller).visit(path).status_code == 403, path


def test_who_only_looks_is_given_nothing_to_decide_with(app: Flask, cast: Cast) -> None:
    one = cast.deed(cast.grandmother)
    visitor = Visitor(app, cast.auditor)
    page = visitor.visit("/staff/deeds").text
    assert 'class="decide"' not in page
    assert "李秀英" not in page
    answer = visitor.send(f"/staff/deeds/{one}/approve")
    assert (answer.status_code, deed(cast, one)["status"]) == (403, "pending")


def test_a_deed_is_approved_with_other_points_and_a_note(app: Flask, cast: Cast) -> None:
    one, other = (cast.deed(cast.grandmother) for _ in range(2))
    to = f"/staff/deeds?deed={other}"
    visitor = Visitor(app, cast.reviewer)
    answer = visitor.send(f"/staff/deeds/{one}/approve?to={to}", points="30", note="只做了一半")
    assert (answer.status_code, answer.location) == (303, to)
    assert (deed(cast, one)["status"], deed(cast, one)["points"], cast.balance(cast.grandmother)) == ("approved", 30, 30)
    page = visitor.visit(to).text
    assert "已通过：李秀英" in page
    assert f'id="deed" data-id="{other}"' in page


def test_no_decision_leads_away_to_another_site(app: Flask, cast: Cast) -> None:
    one = cast.deed(cast.grandmother)
    answer = Visitor(app, cast.reviewer).send(f"/staff/deeds/{one}/approve?to=//evil.example/")
    assert answer.location == f"/staff/deeds/{one}"


def test_a_decision_sent_twice_counts_once(app: Flask, cast: Cast) -> None:
    one, visitor = cast.deed(cast.grandmother), Visitor(app, cast.reviewer)
    answers = [visitor.send(f"/staff/deeds/{one}/approve", key="the same") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [303, 303]
    assert cast.balance(cast.grandmother) == 50


@pytest.mark.parametrize(("action", "status"), [("return", "returned"), ("reject", "rejected")])
def test_a_decision_needs_a_reason_which_is_said_at_its_field(app: Flask, cast: Cast, action: str, status: str) -> None:
    one, visitor = cast.deed(cast.grandmother), Visitor(app, cast.reviewer)
    refused = visitor.send(f"/staff/deeds/{one}/{action}", reason=" ")
    assert (refused.status_code, refusal(refused), deed(cast, one)["status"]) == (422, "validation_failed", "pending")
    assert "请填写这一项" in refused.text
    assert visitor.send(f"/staff/deeds/{one}/{action}", reason="请写明地点").status_code == 303
    assert deed(cast, one)["status"] == status


def test_what_was_decided_before_says_by_whom(app: Flask, cast: Cast) -> None:
    one = cast.deed(cast.grandmother)
    other = cast.staff("reviewer", COMMUNITY, name="小王")
    other.post(f"/staff/deeds/{one}/reject", {"reason": "与事实不符"})
    answer = Visitor(app, cast.reviewer).send(f"/staff/deeds/{one}/approve")
    assert (answer.status_code, refusal(answer)) == (409, "already_reviewed")
    assert 'data-last="小王 今天' in answer.text


def test_nobody_reviews_his_own_deed_and_is_told_why(app: Flask, cast: Cast) -> None:
    one = cast.deed(cast.grandmother)
    herself = cast.staff("reviewer", COMMUNITY, resident=cast.grandmother)
    answer = Visitor(app, herself).send(f"/staff/deeds/{one}/approve")
    assert (answer.status_code, refusal(answer)) == (403, "own_deed")
    assert "请交给同事处理" in answer.text


def test_many_are_approved_at_once_and_what_was_left_is_explained(app: Flask, cast: Cast) -> None:
    herself = cast.staff("reviewer", COMMUNITY, resident=cast.grandmother)
    own, done, good = cast.deed(cast.grandmother), cast.deed(cast.volunteer), cast.deed(cast.volunteer)
    cast.reviewer.post(f"/staff/deeds/{done}/approve")
    visitor = Visitor(app, herself)
    answer = visitor.send("/staff/deeds/approve?status=pending", ids=[own, done, good])
    assert answer.status_code == 303
    page = visitor.visit(answer.location).text
    assert "通过了 1 件，2 件没有通过" in page
    assert "1 件：不能审核自己或家人的申报" in page
    assert "1 件：这件事已经处理过了" in page
    assert [deed(cast, one)["status"] for one in (own, done, good)] == ["pending", "approved", "approved"]


def test_none_ticked_is_said_on_the_queue(app: Flask, cast: Cast) -> None:
    cast.deed(cast.grandmother)
    answer = Visitor(app, cast.reviewer).send("/staff/deeds/approve")
    assert answer.status_code == 422
    assert "请先勾选要通过的申报" in answer.text


def test_an_approval_is_taken_back_with_a_reason(app: Flask, cast: Cast) -> None:
    one = cast.give(cast.grandmother, 50)
    visitor = Visitor(app, cast.reviewer)
    assert "撤销这次通过" in visitor.visit(f"/staff/deeds/{one}").text
    answer = visitor.send(f"/staff/deeds/{one}/revoke", reason="照片是去年的")
    assert (answer.status_code, answer.location) == (303, f"/staff/deeds/{one}")
    assert (deed(cast, one)["status"], cast.balance(cast.grandmother)) == ("revoked", 0)


def test_a_returned_deed_that_was_entered_is_completed_by_staff(app: Flask, cast: Cast) -> None:
    one, visitor = cast.entered(cast.grandmother), Visitor(app, cast.reviewer)
    visitor.send(f"/staff/deeds/{one}/return", reason="请写明地点")
    assert "补充后重新提交" in visitor.visit(f"/staff/deeds/{one}").text
    tomorrow = str(clock.today() + timedelta(days=1))
    refused = visitor.send(f"/staff/deeds/{one}/resubmit", occurred_on=tomorrow, description="在东门巡逻")
    assert (refused.status_code, refusal(refused)) == (422, "validation_failed")
    assert "在东门巡逻" in refused.text
    answer = visitor.send(f"/staff/deeds/{one}/resubmit", occurred_on=str(clock.today()), description="在东门巡逻")
    assert (answer.status_code, deed(cast, one)["status"]) == (303, "pending")
    assert deed(cast, one)["description"] == "在东门巡逻"


def test_what_a_resident_declared_himself_staff_do_not_complete(app: Flask, cast: Cast) -> None:
    one = cast.returned(cast.grandmother)
    visitor = Visitor(app, cast.reviewer)
    assert "补充后重新提交" not in visitor.visit(f"/staff/deeds/{one}").text
    assert refusal(visitor.send(f"/staff/deeds/{one}/resubmit", description="在东门")) == "declared_by_resident"


def test_flags_lead_to_the_deeds_they_speak_of(app: Flask, cast: Cast) -> None:
    first = with_photo(cast, 5)
    smaller, other = with_photo(cast, 5, quality=60), cast.deed(cast.volunteer)
    page = Visitor(app, cast.reviewer).visit(f"/staff/deeds/{smaller}").text
    flags = page[page.index('class="flags"') : page.index('class="shots')]
    assert "照片与别的申报相似" in flags
    assert "同一天申报过同一项" in flags
    assert f'href="/staff/deeds/{first}"' in flags
    assert other not in flags


def test_a_flag_leads_nowhere_outside_ones_own_part_of_the_tree(app: Flask, cast: Cast) -> None:
    first, smaller = with_photo(cast, 5, resident=cast.volunteer), with_photo(cast, 5, quality=60)
    code = cast.admin.post("/staff/divisions", {"parent_code": COMMUNITY, "name": "第一网格", "level": "grid"}).json["code"]
    cast.admin.patch(f"/staff/residents/{cast.grandmother.id}", {"place_code": code})
    page = Visitor(app, cast.staff("grid_worker", code)).visit(f"/staff/deeds/{smaller}").text
    assert "照片与别的申报相似" in page
    assert first not in page
    assert first in Visitor(app, cast.reviewer).visit(f"/staff/deeds/{smaller}").text


def test_the_history_of_the_person_stands_beside_the_deed(app: Flask, cast: Cast) -> None:
    cast.give(cast.grandmother, 40)
    one = cast.deed(cast.grandmother)
    page = Visitor(app, cast.reviewer).visit(f"/staff/deeds/{one}").text
    assert "<b>1</b>通过" in page
    assert "<b>40</b>得分" in page


def test_the_queue_is_narrowed_by_what_is_late_and_what_waits_for_its_credit(app: Flask, cast: Cast) -> None:
    _ = cast.grandmother, cast.reviewer, cast.patrol
    with clock.stopped_at(clock.now() - timedelta(days=4)):
        late, waiting = cast.deed(cast.grandmother), cast.deed(cast.grandmother)
    fresh = cast.deed(cast.grandmother)
    cast.settings(notice_days=3)
    cast.reviewer.post(f"/staff/deeds/{waiting}/approve")
    visitor = Visitor(app, cast.reviewer)
    page = visitor.visit("/staff/deeds?late=true").text
    assert f'<li data-id="{late}"' in page
    assert f'<li data-id="{fresh}"' not in page
    page = visitor.visit("/staff/deeds?status=all&waits_for=notice").text
    assert f'<li data-id="{waiting}"' in page
    assert f'<li data-id="{late}"' not in page


def test_a_deed_handed_in_again_today_is_not_late(app: Flask, cast: Cast) -> None:
    _ = cast.grandmother, cast.reviewer, cast.patrol
    with clock.stopped_at(clock.now() - timedelta(days=4)):
        one = cast.returned(cast.grandmother)
    cast.grandmother.patch(f"/deeds/{one}", {"description": "补充好了"})
    assert f'<li data-id="{one}"' not in Visitor(app, cast.reviewer).visit("/staff/deeds?late=true").text
    assert f'<li data-id="{one}"' in Visitor(app, cast.reviewer).visit("/staff/deeds").text
