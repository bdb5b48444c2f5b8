"""The figures in a browser: the charts are drawn, and the report prints on paper without the console's frame."""

from tests.browser.conftest import DESK, Open
from tests.cast import Cast


def test_the_charts_are_drawn_and_their_numbers_can_be_opened(cast: Cast, open_page: Open) -> None:
    cast.give(cast.grandmother, 50)
    order = cast.order(cast.grandmother)
    cast.barber.post("/merchant/scans", {"token": cast.token(cast.grandmother, order)})
    page = open_page(cast.reviewer, "/staff/figures", size=DESK)
    page.wait_for_selector("[data-chart] canvas")
    painted = page.evaluate(
        """[...document.querySelectorAll("[data-chart]")].map((place) => {
          const canvas = place.querySelector("canvas");
          const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
          return [place.dataset.chart, canvas.width > 300 && canvas.height > 200 && pixels.some((value) => value > 0)];
        })"""
    )
    assert painted == [["by-day", True], ["rules", True], ["items", True], ["ages", True], ["reviewers", True]]
    page.locator("summary").nth(1).click()
    assert page.get_by_role("cell", name="参加治安巡逻").or_(page.get_by_role("rowheader", name="参加治安巡逻")).is_visible()
    page.mouse.move(700, 620)  # a tooltip is drawn without a word in the console about styles


def test_the_report_is_printed_without_the_frame(cast: Cast, open_page: Open) -> None:
    page = open_page(cast.reviewer, "/staff/figures/report", size=DESK)
    assert page.get_by_role("button", name="打印").is_visible()
    page.fill("#remarks", "下周组织清洁活动")
    page.emulate_media(media="print")
    assert not page.locator(".side").is_visible()
    assert not page.locator(".filters").is_visible()
    assert page.locator(".sheet").is_visible()
