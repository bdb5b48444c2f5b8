"""What a merchant looks up: the scans of a day, the statement of a month and its files, his account."""

import csv
import io
from datetime import timedelta

import pytest
from flask import Flask
from openpyxl import load_workbook

from kernel import clock
from tests.answers import MONDAY
from tests.cast import PASSWORD, Cast
from tests.visitors import Visitor, refusal

pytestmark = pytest.mark.usefixtures("verified")


@pytest.fixture
def barber(app: Flask, cast: Cast) -> Visitor:
    """The barber's browser."""
    return Visitor(app, cast.barber)


def scanned(cast: Cast, *days_ago: int, **item: object) -> None:
    """The grandmother's orders at the barber's, each scanned that many days ago."""
    cast.give(cast.grandmother, 500)
    item_id = cast.item(**item)
    now = clock.now()
    for days in days_ago:
        with clock.stopped_at(now - timedelta(days=days)):
            token = cast.token(cast.grandmother, cast.order(cast.grandmother, item_id))
            assert cast.barber.post("/merchant/scans", {"token": token}).status_code == 200


def test_a_day_shows_its_scans_and_what_they_come_to(cast: Cast, barber: Visitor) -> None:
    scanned(cast, 1, 0, 0, name="剪发<b>")
    today = barber.visit("/merchant/today").text
    assert today.count("剪发&lt;b&gt; 1 份") == 2
    assert '<p class="figure">60</p>' in today
    yesterday = barber.visit(f"/merchant/today?day={clock.today() - timedelta(1)}").text
    assert yesterday.count("剪发&lt;b&gt; 1 份") == 1
    assert "没有扫过码" in barber.visit("/merchant/today?day=2020-01-01").text
    assert barber.visit("/merchant/today?day=tomorrow").status_code == 422


def test_a_long_day_is_shown_in_parts(cast: Cast, barber: Visitor) -> None:
    scanned(cast, 0, 0, 0)
    first = barber.visit("/merchant/today?limit=2").text
    assert first.count("剪发一次 1 份") == 2
    assert '<p class="figure">90</p>' in first
    assert "看更多" in first


def test_the_statement_adds_up_and_its_files_have_the_same_sums(cast: Cast, barber: Visitor) -> None:
    assert cast.barber
    with clock.stopped_at(MONDAY):
        scanned(cast, 31, 5, 4, 4)  # one in January, three in February
    with clock.stopped_at(MONDAY):
        page = barber.visit("/merchant/statement?month=2025-02").text
        owed = cast.barber.get("/merchant/statement?month=2025-02").json
    sheet = load_workbook(io.BytesIO(barber.visit("/merchant/statement.xlsx?month=2025-02").data)).active
    rows = [tuple(row) for row in sheet.iter_rows(values_only=True)]
    sums = {row[0]: row[3] for row in rows}
    lines = [row for row in rows[1:] if row[1]]
    assert rows[0] == ("时间", "项目", "件数", "积分")
    assert (sums["月初结存"], sums["本月收分"], sums["月末结存"]) == (owed["opening"], owed["taken"], owed["closing"])
    assert (len(lines), sums["月初结存"], sums["月末结存"]) == (3, 30, 120)
    assert sum(line[3] for line in lines) == owed["taken"]
    assert sum(row[3] for row in rows[1:-1]) - sums["本月收分"] == owed["closing"]
    written = csv.reader(io.StringIO(barber.visit("/merchant/statement.csv?month=2025-02").data.decode("utf-8-sig")))
    assert [row[3] for row in written][1:] == [str(row[3]) for row in rows[1:]]
    assert f'<p class="figure">{owed["closing"]}<span' in page
    assert page.count("剪发一次 1 份") == len(lines)


def test_a_statement_shows_nothing_of_another_merchant(app: Flask, cast: Cast) -> None:
    scanned(cast, 0)
    other = Visitor(app, cast.till)
    assert "这个月还没有收分" in other.visit("/merchant/statement").text
    assert "剪发" not in other.visit("/merchant/statement.csv").text
    for path in ("/merchant/statement.xlsx", "/merchant/statement", "/merchant/today", "/merchant/account"):
        assert Visitor(app, cast.admin).visit(path).status_code == 403


def test_the_account_says_whose_it_is_and_takes_a_new_password(app: Flask, cast: Cast, barber: Visitor) -> None:
    page = barber.visit("/merchant/account").text
    assert "老周理发店" in page
    assert cast.barber.username in page
    wrong = barber.send("/merchant/account/password", old_password="not this one", new_password="a new one for tests")
    assert (wrong.status_code, refusal(wrong)) == (401, "bad_credentials")
    weak = barber.send("/merchant/account/password", old_password=PASSWORD, new_password="short")
    assert weak.status_code == 422
    assert "密码至少" in weak.text
    done = barber.send("/merchant/account/password", old_password=PASSWORD, new_password="a new one for tests")
    assert (done.status_code, done.location) == (303, "/merchant/account")
    again = Visitor(app).send("/sign-in", username=cast.barber.username, password="a new one for tests")
    assert again.location == "/merchant"
