"""Who reviewed how many, and how fast; and what waits."""

from datetime import timedelta
from typing import Any

import pytest

from kernel import clock
from tests.answers import MONDAY, after, refused, refused_fields
from tests.cast import COMMUNITY, TOWN, Caller, Cast

pytestmark = pytest.mark.usefixtures("verified")
PATH = "/staff/reviews/figures"
NONE_WAIT = {"count": 0, "oldest_since": None, "late": 0}


def decide(cast: Cast, reviewer: Caller, action: str, minutes: float, deed: str | None = None) -> str:
    """Have a deed declared that Monday decided so many minutes later."""
    if deed is None:
        with clock.stopped_at(MONDAY):
            deed = cast.deed(cast.grandmother)
    with clock.stopped_at(after(minutes=minutes)):
        body = None if action == "approve" else {"reason": "请补照片"}
        assert reviewer.post(f"/staff/deeds/{deed}/{action}", body).status_code == 200
    return deed


def figures(caller: Caller, start: str = "2025-03-01", end: str = "2025-03-31") -> dict[str, Any]:
    return dict(caller.get(PATH, query_string={"from": start, "to": end}).json)


@pytest.fixture(autouse=True)
def people(cast: Cast) -> None:
    """Those who act are there before the clock is set."""
    _ = cast.grandmother, cast.reviewer, cast.admin, cast.patrol, cast.auditor


def test_each_reviewer_is_shown_with_what_he_decided_and_how_fast(cast: Cast) -> None:
    other = cast.staff("admin", COMMUNITY, name="周书记")
    for minutes in (10, 20, 30, 40, 100):
        decide(cast, cast.reviewer, "approve", minutes)
    decide(cast, other, "reject", 60)
    decide(cast, other, "return", 90)
    assert figures(cast.auditor) == {
        "from": "2025-03-01",
        "to": "2025-03-31",
        "reviewers": [
            {
                "id": cast.reviewer.id,
                "name": "小林",
                "approved": 5,
                "rejected": 0,
                "returned": 0,
                "median_minutes": 30,
                "p90_minutes": 76,
            },
            {
                "id": other.id,
                "name": "周书记",
                "approved": 0,
                "rejected": 1,
                "returned": 1,
                "median_minutes": 75,
                "p90_minutes": 87,
            },
        ],
        "waiting": NONE_WAIT,
    }


def test_the_time_counts_from_the_last_handing_in_and_not_while_the_resident_had_it_back(cast: Cast) -> None:
    deed = decide(cast, cast.reviewer, "return", 10)
    with clock.stopped_at(after(days=2)):
        cast.grandmother.patch(f"/deeds/{deed}", {})
    decide(cast, cast.admin, "approve", 2 * 24 * 60 + 30, deed)
    assert {row["id"]: row["median_minutes"] for row in figures(cast.admin)["reviewers"]} == {
        cast.reviewer.id: 10,
        cast.admin.id: 30,
    }


def test_days_are_the_communitys_and_both_included(cast: Cast) -> None:
    decide(cast, cast.reviewer, "approve", 14 * 60 - 1)  # a minute to midnight
    decide(cast, cast.reviewer, "approve", 14 * 60)
    for start, end, approved in (("03", "03", 1), ("04", "04", 1), ("03", "04", 2), ("01", "02", 0)):
        rows = figures(cast.reviewer, f"2025-03-{start}", f"2025-03-{end}")["reviewers"]
        assert sum(row["approved"] for row in rows) == approved


def test_what_waits_is_counted_with_the_oldest_and_the_late(cast: Cast) -> None:
    with clock.stopped_at(MONDAY):
        cast.deed(cast.grandmother)
        returned = cast.returned(cast.grandmother)
        cast.returned(cast.grandmother)  # waits for the resident, not for a reviewer
    with clock.stopped_at(after(days=1)):
        cast.deed(cast.grandmother)
        cast.grandmother.patch(f"/deeds/{returned}", {})
    for passed, late in ((timedelta(days=3), 0), (timedelta(days=3, seconds=1), 1), (timedelta(days=4, seconds=1), 3)):
        with clock.stopped_at(MONDAY + passed):
            waiting = cast.reviewer.get(PATH).json["waiting"]
        assert waiting == {"count": 3, "oldest_since": "2025-03-03T10:00:00+08:00", "late": late}


def test_the_last_thirty_days_are_shown_unless_said(cast: Cast) -> None:
    shown = cast.reviewer.get(PATH).json
    assert (shown["from"], shown["to"]) == (str(clock.today() - timedelta(days=29)), str(clock.today()))
    refused_fields(cast.reviewer.get(PATH + "?from=2025-03-02&to=2025-03-01"), "to")
    refused_fields(cast.reviewer.get(PATH + "?from=yesterday"), "from")
    refused(cast.grandmother.get(PATH), 403, "wrong_role")


def test_figures_are_those_of_ones_own_part_of_the_tree(cast: Cast) -> None:
    decide(cast, cast.reviewer, "approve", 10)
    cast.deed(cast.neighbour)
    assert figures(cast.neighbour_staff)["reviewers"] == []
    assert figures(cast.neighbour_staff)["waiting"]["count"] == 1
    assert figures(cast.reviewer)["waiting"]["count"] == 0
    above = figures(cast.staff("auditor", TOWN))
    assert (len(above["reviewers"]), above["waiting"]["count"]) == (1, 1)
