"""The code on a phone's screen: read from the picture, good for ten minutes without network, and it says when it was scanned."""

import io
from datetime import datetime, timedelta

import zxingcpp
from PIL import Image
from playwright.sync_api import Page, expect

from kernel import clock
from tests.browser.conftest import PHONE, Open
from tests.cast import Cast

OFFLINE = ("ERR_INTERNET_DISCONNECTED",)
JUMPS = """new Promise(done => { let sum = 0;
    const watch = new PerformanceObserver(list => list.getEntries().forEach(e => { sum += e.value }));
    watch.observe({type: 'layout-shift', buffered: true});
    setTimeout(() => done(sum), 50) })"""


def read(page: Page) -> str:
    """What a real decoder reads on the screen; the digits below must say the same."""
    (found,) = zxingcpp.read_barcodes(Image.open(io.BytesIO(page.screenshot())))
    digits = page.locator("#digits").inner_text()
    assert "".join(digits.split()) == found.text
    return str(found.text)


def move_on(page: Page, moment: datetime) -> None:
    """Let the phone's clock stand at a moment, and the page look at it."""
    page.clock.set_fixed_time(moment)
    page.wait_for_timeout(1200)


def scan(cast: Cast, token: str, moment: datetime, pieces: int = 1) -> int:
    with clock.stopped_at(moment):
        return cast.barber.post("/merchant/scans", {"token": token, "pieces": pieces}).status_code


def test_without_network_the_code_goes_on_changing_for_ten_minutes_and_is_good(cast: Cast, open_page: Open) -> None:
    cast.give(cast.grandmother, 100)
    order, start = cast.order(cast.grandmother, quantity=3), clock.now()
    page = open_page(cast.grandmother, f"/orders/{order}/code", expected=OFFLINE)
    first = read(page)
    box = page.locator("#squares").bounding_box()
    assert box is not None
    assert box["width"] >= 0.6 * PHONE["width"]
    page.evaluate("document.getElementById('squares').dataset.first = 'yes'")
    assert scan(cast, first, start) == 200

    page.context.set_offline(True)
    move_on(page, start + timedelta(minutes=2, seconds=10))
    second = read(page)
    assert second != first
    assert scan(cast, second, start + timedelta(minutes=2, seconds=12)) == 200
    expect(page.locator("#note")).to_contain_text("网络断开，码还能用 8 分钟")
    move_on(page, start + timedelta(minutes=10))
    assert scan(cast, read(page), start + timedelta(minutes=10)) == 200
    assert page.locator("#squares").get_attribute("data-first") == "yes", "the same element, drawn anew"
    assert page.evaluate(JUMPS) == 0

    move_on(page, start + timedelta(minutes=12))
    expect(page.locator("#over")).to_contain_text("码已用完")
    page.context.set_offline(False)


def test_a_phone_whose_clock_is_wrong_shows_the_code_of_the_servers_time(cast: Cast, open_page: Open) -> None:
    page = open_page(cast.grandmother, "/code")
    page.clock.set_fixed_time(clock.now() - timedelta(hours=7))
    page.reload()
    near = cast.grandmother.get("/me/code?ahead=2").json["codes"]
    page.wait_for_timeout(1200)
    assert read(page) in [code["token"] for code in near]
    expect(page.locator("#over")).to_be_hidden()


def test_an_order_that_was_scanned_says_so_on_the_phone(cast: Cast, open_page: Open) -> None:
    cast.give(cast.grandmother, 100)
    order = cast.order(cast.grandmother, quantity=2)
    page = open_page(cast.grandmother, f"/orders/{order}/code")
    assert scan(cast, read(page), clock.now()) == 200
    expect(page.locator("#pieces")).to_have_text("还有 1 次没有领")
    assert scan(cast, read(page), clock.now()) == 200
    expect(page.locator("#over")).to_contain_text("已领取")
    page.get_by_role("link", name="看订单").click()
    expect(page.get_by_role("main")).to_contain_text("已经领取")


def test_without_scripts_the_code_on_the_screen_is_good(cast: Cast, open_page: Open) -> None:
    cast.give(cast.grandmother, 100)
    order = cast.order(cast.grandmother)
    page = open_page(cast.grandmother, f"/orders/{order}/code", js=False)
    assert scan(cast, read(page), clock.now()) == 200


def test_a_resident_orders_and_cancels_by_touch_alone(cast: Cast, open_page: Open) -> None:
    cast.give(cast.grandmother, 100)
    cast.item()
    page = open_page(cast.grandmother, "/shop", js=False)
    page.get_by_role("link", name="剪发一次").click()
    page.get_by_label("换几次").select_option("2")
    page.get_by_role("button", name="立即兑换").click()
    expect(page.get_by_role("status")).to_contain_text("预留 60 分")
    page.get_by_text("不想要了").click()
    page.get_by_role("button", name="确定取消").click()
    expect(page.get_by_role("status")).to_contain_text("已取消")
    assert cast.balance(cast.grandmother) == 100
