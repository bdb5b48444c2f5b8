"""Check-ins: once a day, each morning, with streaks."""

from datetime import UTC, datetime

import pytest

from kernel import clock
from tests.answers import MONDAY, SHANGHAI, after, refused, refused_fields
from tests.cast import Cast

pytestmark = pytest.mark.usefixtures("verified", "signed_in")


@pytest.fixture
def signed_in(cast: Cast) -> None:
    """Whoever is named while the clock stands in the past would get tokens of that time."""
    assert all((cast.grandmother,))


def test_the_first_check_in_of_a_day_earns_a_point_and_the_second_says_the_same_again(cast: Cast) -> None:
    with clock.stopped_at(MONDAY):
        first = cast.grandmother.post("/checkins")
        again = cast.grandmother.post("/checkins")
    assert (first.status_code, first.json) == (201, {"date": "2025-03-03", "points": 1, "streak": 1, "balance": 1})
    assert (again.status_code, again.json) == (200, first.json)
    assert cast.balance(cast.grandmother) == 1


def test_the_streak_grows_day_by_day_and_a_missed_day_begins_it_anew(cast: Cast) -> None:
    streaks = []
    for day in (0, 1, 2, 4, 5):
        with clock.stopped_at(after(days=day)):
            streaks.append(cast.grandmother.post("/checkins").json["streak"])
    assert streaks == [1, 2, 3, 1, 2]


def test_the_streak_of_yesterday_still_stands_today_and_is_over_tomorrow(cast: Cast) -> None:
    for day in (0, 1):
        with clock.stopped_at(after(days=day)):
            cast.grandmother.post("/checkins")
    shown = []
    for day in (1, 2, 3):
        with clock.stopped_at(after(days=day)):
            shown.append(cast.grandmother.get("/me").json["streak"])
    assert shown == [2, 2, 0]


def test_a_day_begins_at_midnight_in_shanghai_and_not_in_greenwich(cast: Cast) -> None:
    answers = []
    for moment in (
        datetime(2025, 3, 3, 15, 59, 59, tzinfo=UTC),  # 23:59:59 in Shanghai
        datetime(2025, 3, 3, 16, 0, tzinfo=UTC),  # midnight there
        datetime(2025, 3, 4, 0, 0, tzinfo=UTC),  # midnight in Greenwich
    ):
        with clock.stopped_at(moment):
            answer = cast.grandmother.post("/checkins")
            answers.append((answer.status_code, answer.json["date"], answer.json["streak"]))
    assert answers == [(201, "2025-03-03", 1), (201, "2025-03-04", 2), (200, "2025-03-04", 2)]


def test_a_month_lists_its_days_newest_first_and_no_others(cast: Cast) -> None:
    for month, day in ((2, 28), (3, 1), (3, 31), (4, 1)):
        with clock.stopped_at(datetime(2025, month, day, tzinfo=SHANGHAI)):
            cast.grandmother.post("/checkins")
    cast.volunteer.post("/checkins")
    march = cast.grandmother.get("/checkins?month=2025-03")
    assert march.status_code == 200
    assert march.json == {
        "days": [
            {"date": "2025-03-31", "points": 1, "streak": 1, "made_up": False},
            {"date": "2025-03-01", "points": 1, "streak": 2, "made_up": False},
        ],
        "make_up_cards_left": 0,
    }
    assert [day["date"] for day in cast.grandmother.get("/checkins?month=2025-04").json["days"]] == ["2025-04-01"]
    assert cast.grandmother.get("/checkins?month=2025-05").json == {"days": [], "make_up_cards_left": 0}


def test_without_a_month_the_present_one_is_listed(cast: Cast) -> None:
    with clock.stopped_at(MONDAY):
        cast.grandmother.post("/checkins")
        assert [day["date"] for day in cast.grandmother.get("/checkins").json["days"]] == ["2025-03-03"]
    with clock.stopped_at(after(days=60)):
        assert cast.grandmother.get("/checkins").json == {"days": [], "make_up_cards_left": 0}


def test_what_is_no_month_is_refused(cast: Cast) -> None:
    for month in ("2025-13", "2025-00", "2025-3", "2025", "2025-03-01", "1999-12", "10000-01", "三月", "2025-0３"):
        refused_fields(cast.grandmother.get("/checkins", query_string={"month": month}), "month")


def test_a_check_in_sent_again_with_its_key_gets_its_first_answer(cast: Cast) -> None:
    with clock.stopped_at(MONDAY):
        first = cast.grandmother.post("/checkins", key="morning")
        again = cast.grandmother.post("/checkins", key="morning")
        without = cast.grandmother.post("/checkins")
    assert (again.status_code, again.json, again.headers["Idempotent-Replayed"]) == (201, first.json, "true")
    assert (without.status_code, "Idempotent-Replayed" in without.headers) == (200, False)
    assert cast.balance(cast.grandmother) == 1


def test_only_residents_check_in(cast: Cast) -> None:
    refused(cast.nobody.post("/checkins"), 401, "unauthenticated")
    refused(cast.newcomer.post("/checkins"), 403, "not_registered")
    refused(cast.reviewer.post("/checkins"), 403, "wrong_role")
    refused(cast.barber.post("/checkins"), 403, "wrong_role")


def test_points_that_a_caller_sends_with_a_check_in_are_refused(cast: Cast) -> None:
    refused_fields(cast.grandmother.post("/checkins", {"points": 100}), "points")
    assert cast.balance(cast.grandmother) == 0


def test_the_second_says_the_same_even_when_points_were_spent_meanwhile(cast: Cast) -> None:
    cast.give(cast.grandmother, 30)
    first = cast.grandmother.post("/checkins")
    cast.order(cast.grandmother)
    again = cast.grandmother.post("/checkins")
    assert (first.status_code, again.status_code, again.json) == (201, 200, first.json)
