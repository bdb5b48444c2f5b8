"""The resident's first page, the feed with its likes, and the calendar of check-ins."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest
from flask import Flask

from kernel import clock
from points import reviews
from tests.cast import Caller, Cast
from tests.visitors import Visitor, refusal

MIDMONTH = datetime(2026, 11, 16, 9, 0, tzinfo=clock.zone())


def shown(cast: Cast, resident: Caller, **given: object) -> str:
    """A deed that was approved and is in the feed; its id."""
    deed = cast.deed(resident, **given)
    cast.in_app(lambda: reviews.approve(cast.reviewer.actor, UUID(deed)))
    return deed


def test_home_greets_by_name_and_community_and_tells_what_there_is(app: Flask, cast: Cast) -> None:
    cast.give(cast.grandmother, 50)
    visitor, tomorrow = Visitor(app, cast.grandmother), clock.start_of(clock.today() + timedelta(days=1))
    for hour, greeting in ((3, "夜深了"), (7, "早上好"), (20, "晚上好")):
        with clock.stopped_at(tomorrow + timedelta(hours=hour)):
            page = visitor.visit("/").text
        assert f"{greeting}，李秀英" in page
    assert "融城社区" in page
    assert "<strong>50</strong>" in page
    assert "<strong>0 天</strong>" in page


@pytest.mark.parametrize(("hour", "said"), [(7, "早上好"), (12, "中午好"), (15, "下午好"), (20, "晚上好"), (2, "夜深了")])
def test_the_greeting_goes_with_the_time_of_day(app: Flask, cast: Cast, hour: int, said: str) -> None:
    with clock.stopped_at(MIDMONTH.replace(hour=hour)):
        assert said in Visitor(app, cast.grandmother).visit("/").text


def test_checking_in_is_celebrated_once_and_home_says_that_today_is_done(app: Flask, cast: Cast) -> None:
    visitor = Visitor(app, cast.grandmother)
    assert 'class="check-in" type="submit"' in visitor.visit("/").text
    visitor.send("/checkins")
    first, second = visitor.visit("/").text, visitor.visit("/").text
    assert "签到成功，得 1 分" in first
    assert "celebrate" in first
    assert "celebrate" not in second
    assert "今天已签到" in second
    assert "<strong>1 天</strong>" in second


def test_home_shows_few_things_in_care_mode(app: Flask, cast: Cast) -> None:
    for number in range(4):
        shown(cast, cast.volunteer, description=f"第{number}件")
    visitor = Visitor(app, cast.grandmother)
    assert visitor.visit("/").text.count("<article") == 4
    visitor.send("/look", care="true")
    assert visitor.visit("/").text.count("<article") == 2


def test_what_others_wrote_is_shown_as_they_wrote_it_and_never_run(app: Flask, cast: Cast) -> None:
    shown(cast, cast.volunteer, description="<script>alert(1)</script>")
    visitor = Visitor(app, cast.grandmother)
    for path in ("/", "/feed"):
        page = visitor.visit(path).text
        assert "&lt;script&gt;alert(1)" in page
        assert "<script>alert" not in page


def test_a_photo_has_its_size_so_that_nothing_jumps_and_waits_until_it_is_seen(app: Flask, cast: Cast) -> None:
    shown(cast, cast.volunteer, upload_ids=[UUID(cast.volunteer.upload())])
    page = Visitor(app, cast.grandmother).visit("/").text
    assert 'width="320" height="240" loading="lazy"' in page
    assert "size=small" in page


def test_a_like_counts_once_and_leads_back_to_the_entry(app: Flask, cast: Cast) -> None:
    entry = shown(cast, cast.volunteer)
    visitor = Visitor(app, cast.grandmother)
    for _ in range(2):
        answer = visitor.send(f"/feed/{entry}/like", back="/feed?kind=deed")
        assert (answer.status_code, answer.location) == (303, f"/feed?kind=deed#entry-{entry}")
    page = visitor.visit("/feed").text
    assert 'aria-pressed="true"' in page
    assert "1 个赞" in page
    visitor.send(f"/feed/{entry}/unlike", back="//evil.example")
    assert "0 个赞" in visitor.visit("/feed").text


def test_nobody_likes_what_is_shown_in_another_community(app: Flask, cast: Cast) -> None:
    entry = shown(cast, cast.volunteer)
    answer = Visitor(app, cast.neighbour).send(f"/feed/{entry}/like")
    assert (answer.status_code, refusal(answer)) == (404, "not_found")
    assert cast.grandmother.get("/feed").json["items"][0]["likes"] == 0
    assert "还没有好事" in Visitor(app, cast.neighbour).visit("/feed").text


def test_the_feed_is_read_in_pages_and_by_kind(app: Flask, cast: Cast) -> None:
    for _ in range(3):
        shown(cast, cast.volunteer)
    cast.donate(cast.volunteer, thanks=True)
    visitor = Visitor(app, cast.grandmother)
    first = visitor.visit("/feed?limit=2").text
    assert first.count("<article") == 2
    assert "看更多" in first
    assert visitor.visit("/feed?kind=donation").text.count("<article") == 1
    assert visitor.visit("/feed?category=社区治理").text.count("<article") == 3
    assert visitor.visit("/feed?kind=other").status_code == 422


# --- the calendar -----------------------------------------------------------------------------------------------------------


def test_the_calendar_shows_the_month_and_no_month_to_come(app: Flask, cast: Cast) -> None:
    with clock.stopped_at(MIDMONTH):
        visitor = Visitor(app, cast.grandmother)
        visitor.send("/checkins")
        page = visitor.visit("/checkins").text
        assert "2026年11月" in page
        assert 'class="in today"' in page
        assert "month=2026-10" in page
        assert "month=2026-12" not in page
        assert "2026年10月" in visitor.visit("/checkins?month=2026-10").text


def test_a_missed_day_is_made_up_for_with_a_card(app: Flask, cast: Cast) -> None:
    cast.settings(make_up_cards=1)
    with clock.stopped_at(MIDMONTH):
        visitor = Visitor(app, cast.grandmother)  # she joins
    with clock.stopped_at(MIDMONTH + timedelta(days=2)):
        newcomer = Visitor(app, cast.resident("张三"))
        assert "补哪一天" not in newcomer.visit("/checkins").text  # he joined today
        page = visitor.visit("/checkins").text
        assert page.count("<option") == 2
        answer = visitor.send("/checkins/make-up", date="2026-11-17")
        assert (answer.status_code, answer.location) == (303, "/checkins")
        page = visitor.visit("/checkins").text
        assert "补签成功：11月17日" in page
        assert 'class="up"' in page
        assert "补哪一天" not in page  # the card is used up
        refused = visitor.send("/checkins/make-up", date="2026-11-16")
        assert (refused.status_code, refusal(refused)) == (409, "no_make_up_card")


def test_a_day_before_one_joined_cannot_be_made_up_for(app: Flask, cast: Cast) -> None:
    cast.settings(make_up_cards=1)
    with clock.stopped_at(MIDMONTH):
        refused = Visitor(app, cast.grandmother).send("/checkins/make-up", date="2026-11-15")
        assert (refused.status_code, refusal(refused)) == (422, "validation_failed")


@pytest.mark.parametrize("path", ["/", "/feed", "/checkins"])
def test_these_pages_are_for_residents(app: Flask, cast: Cast, path: str) -> None:
    assert Visitor(app).visit(path).location.startswith("/enter")
    assert Visitor(app, cast.newcomer).visit(path).location == "/join"
    for who in (cast.reviewer, cast.barber):
        assert Visitor(app, who).visit(path).status_code == 403
