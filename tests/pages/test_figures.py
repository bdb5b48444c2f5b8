"""Figures as pages: who sees which, that each opens its rows, the weekly report, the exports."""

import html
import json
import re
from datetime import date

import pytest
from flask import Flask

from app.staff import ranges
from kernel import clock
from tests.cast import COMMUNITY, DISTRICT, NEXT_COMMUNITY, Cast
from tests.visitors import Visitor


@pytest.fixture
def busy(cast: Cast) -> Cast:
    """A community where points were earned and spent."""
    cast.give(cast.grandmother, 50)
    cast.grandmother.post("/checkins")
    order = cast.order(cast.grandmother)
    cast.barber.post("/merchant/scans", {"token": cast.token(cast.grandmother, order)})
    return cast


def cards(page: str) -> dict[str, int]:
    """The figures on the cards that open their rows, by name."""
    found = re.findall(r'href="/staff/figures/(\w+)\?[^"]*"><div.*?<div class="figure">([\d,]+)</div>', page, re.S)
    return {name: int(number.replace(",", "")) for name, number in found}


def test_the_cards_say_what_the_api_says(app: Flask, busy: Cast) -> None:
    said = busy.reviewer.get("/staff/stats").json
    shown = cards(Visitor(app, busy.reviewer).visit("/staff/figures").text)
    assert shown == {name: said[name] for name in shown}
    assert {name: shown[name] for name in ("issued", "redeemed", "outstanding", "deeds", "participants")} == {
        "issued": 51,
        "redeemed": 30,
        "outstanding": 21,
        "deeds": 1,
        "participants": 1,
    }


def test_each_figure_opens_its_rows_which_add_up_to_it(app: Flask, busy: Cast) -> None:
    visitor = Visitor(app, busy.reviewer)
    shown = cards(visitor.visit("/staff/figures").text)
    assert len(shown) == 8
    for name, number in shown.items():
        page = visitor.visit(f"/staff/figures/{name}").text
        rows = re.findall(r"<tr>\s*<td class=\"tight\">.*?</tr>", page, re.S)
        points = [int(found[1]) for row in rows if (found := re.search(r'class="number">(-?\d+)<', row))]
        summed = name in ("issued", "redeemed", "expired", "outstanding")
        assert (sum(points) if summed else len(rows)) == number, name


def test_the_rows_come_in_pages(app: Flask, cast: Cast) -> None:
    for number in range(25):
        cast.resident(f"居民{number}")
    visitor = Visitor(app, cast.reviewer)
    page = visitor.visit("/staff/figures/residents").text
    following = re.findall(r'href="([^"]+)" rel="next"', page)
    assert page.count("<tr>") == 21
    rest = visitor.visit(html.unescape(following[0])).text
    assert rest.count("<tr>") == 6


def test_an_auditor_sees_names_masked_in_rows(app: Flask, busy: Cast) -> None:
    assert "李秀英" in Visitor(app, busy.reviewer).visit("/staff/figures/issued").text
    page = Visitor(app, busy.auditor).visit("/staff/figures/issued").text
    assert "李秀英" not in page
    assert "李**" in page


@pytest.mark.parametrize("path", ["/staff/figures", "/staff/figures/issued", "/staff/figures/report"])
def test_figures_of_elsewhere_do_not_exist(app: Flask, cast: Cast, path: str) -> None:
    visitor = Visitor(app, cast.reviewer)
    for code in (NEXT_COMMUNITY, DISTRICT, "500104101999"):
        assert visitor.visit(f"{path}?division_code={code}").status_code == 404
    assert visitor.visit("/staff/figures/salaries").status_code == 404


def test_an_official_chooses_a_part_of_his_district(app: Flask, busy: Cast) -> None:
    visitor = Visitor(app, busy.official)
    whole = visitor.visit("/staff/figures").text
    assert "八桥镇" in whole
    part = visitor.visit(f"/staff/figures?division_code={COMMUNITY}").text
    assert f'value="{COMMUNITY}" selected' in part
    assert cards(part)["issued"] == 51


def test_what_the_charts_are_drawn_from_stands_in_the_page_as_data_and_as_tables(app: Flask, busy: Cast) -> None:
    page = Visitor(app, busy.reviewer).visit("/staff/figures").text
    data = json.loads(re.findall(r'<script type="application/json" id="charts">(.*?)</script>', page)[0])
    issued = dict(data["by-day"]["series"])["发放积分"]
    assert (len(issued), sum(issued)) == (30, 51)
    assert dict(data["items"]["series"]) == {"件数": [1]}
    assert set(re.findall(r'data-chart="([\w-]+)"', page)) == data.keys()
    assert page.count("<summary>看数字</summary>") == len(data)


def test_a_title_with_a_script_in_it_stays_text(app: Flask, cast: Cast) -> None:
    rule = cast.rule(title="</script><script>alert(1)</script>")
    cast.deed(cast.grandmother, rule_id=rule)
    Visitor(app, cast.reviewer)
    deed = cast.deed(cast.volunteer, rule_id=rule)
    assert cast.reviewer.post(f"/staff/deeds/{deed}/approve", {}).status_code == 200
    for path in ("/staff/figures", "/staff/figures/deeds", "/staff/figures/report?from=2026-01-01&to=2099-01-01"):
        page = Visitor(app, cast.reviewer).visit(path).text
        assert "alert(1)" in page
        assert "<script>alert" not in page


def test_the_report_sets_a_week_beside_the_one_before(app: Flask, busy: Cast) -> None:
    today = clock.today()
    page = Visitor(app, busy.reviewer).visit(f"/staff/figures/report?from={today}&to={today}").text
    assert "审核通过善行 1 件，发放积分 51 分；居民兑换 30 分" in page
    assert "+51" in page
    assert "剪发一次" in page


@pytest.mark.parametrize("path", ["/staff/figures", "/staff/figures/report"])
def test_a_range_that_ends_before_it_begins_is_refused_in_words(app: Flask, cast: Cast, path: str) -> None:
    answer = Visitor(app, cast.reviewer).visit(f"{path}?from=2026-03-02&to=2026-03-01")
    assert answer.status_code == 422
    assert "结束日期不能早于开始日期" in answer.text


def test_named_ranges_are_those_that_people_mean() -> None:
    found = {one.name: (str(one.first), str(one.last)) for one in ranges.named(date(2026, 1, 7))}
    assert found == {
        "最近 30 天": ("2025-12-09", "2026-01-07"),
        "本周": ("2026-01-05", "2026-01-07"),
        "上周": ("2025-12-29", "2026-01-04"),
        "本月": ("2026-01-01", "2026-01-07"),
        "上月": ("2025-12-01", "2025-12-31"),
        "本季": ("2026-01-01", "2026-01-07"),
        "今年": ("2026-01-01", "2026-01-07"),
    }


def test_residents_and_merchants_see_no_figures(app: Flask, cast: Cast) -> None:
    assert Visitor(app).visit("/staff/figures").status_code == 303
    for caller in (cast.grandmother, cast.barber):
        assert Visitor(app, caller).visit("/staff/figures").status_code == 403


# --- exports ------------------------------------------------------------------------------------------------------------------


def test_every_export_there_is_can_be_taken_from_one_page(app: Flask, cast: Cast) -> None:
    cast.settings(counts_by="household")
    cast.rule()
    name = cast.resident("赵六").actor.name
    visitor = Visitor(app, cast.admin)
    links = [html.unescape(link) for link in re.findall(r'href="([^"]+)" download', visitor.visit("/staff/exports").text)]
    of_the_api = {
        rule.rule.rsplit("/")[-1] for rule in app.url_map.iter_rules() if re.search(r"/staff/\w+\.(csv|xlsx)$", rule.rule)
    }
    assert {link.split("?")[0].rsplit("/")[-1] for link in links} == of_the_api
    for link in links:
        answer = visitor.visit(link)
        assert answer.status_code == 200
        assert "attachment" in answer.headers["Content-Disposition"]
        assert (
            answer.data[:2] == b"PK" if ".xlsx" in link else name in answer.text or "户号" in answer.text or "编号" in answer.text
        )


def test_exports_are_for_those_with_the_right_and_of_their_own_community(app: Flask, cast: Cast) -> None:
    assert Visitor(app, cast.reviewer).visit("/staff/exports/residents.csv").status_code == 403
    assert Visitor(app, cast.admin).visit(f"/staff/exports/residents.csv?community_code={NEXT_COMMUNITY}").status_code == 404
    cast.resident("赵六六")
    assert "赵六六" not in Visitor(app, cast.auditor).visit("/staff/exports/residents.csv").text


def test_an_official_chooses_a_community_before_he_exports(app: Flask, cast: Cast) -> None:
    visitor = Visitor(app, cast.official)
    assert "先选一个社区" in visitor.visit("/staff/exports").text
    assert "residents.csv" in visitor.visit(f"/staff/exports?community_code={COMMUNITY}").text
