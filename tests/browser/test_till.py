"""The till in a real browser: four ways to scan, answers that fill the screen, and scans that are lost on their way."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import pytest
import qrcode
from PIL import Image
from playwright.sync_api import Page, Playwright, Route, expect

from tests.browser.conftest import PHONE, Open, launch
from tests.browser.test_pages import NARROW, faults
from tests.cast import PASSWORD, Cast

pytestmark = pytest.mark.usefixtures("verified")
TILL_PC = {"width": 1366, "height": 768}
SCANS = "**/merchant/scans"
REFUSED = ("the server responded with a status of",)
LOST = ("Failed to load resource", "net::ERR_FAILED")


@pytest.fixture(autouse=True)
def present(cast: Cast) -> None:
    """The grandmother has 500 points."""
    cast.give(cast.grandmother, 500)


def code(cast: Cast, quantity: int = 1, **item: Any) -> str:
    """The present code of a new order."""
    return cast.token(cast.grandmother, cast.order(cast.grandmother, cast.item(**item), quantity))


def scans(cast: Cast) -> list[dict[str, Any]]:
    return list(cast.barber.get("/merchant/scans").json["items"])


def picture(token: str) -> Image.Image:
    """A phone with a code on it, held a little askew before a grey wall."""
    held = qrcode.make(token, border=4).get_image().convert("L").resize((360, 360)).rotate(8, expand=True, fillcolor=128)
    scene = Image.new("L", (1280, 720), 128)
    scene.paste(held, (460, 150))
    return scene.convert("RGB")


def film(folder: Path, token: str) -> Path:
    """The same as a film of two seconds for the browser's camera: JPEGs one after the other."""
    frame = io.BytesIO()
    picture(token).save(frame, "JPEG", quality=90, subsampling=2)
    path = folder / "camera.mjpeg"
    path.write_bytes(frame.getvalue() * 20)
    return path


def scan_by_gun(page: Page, token: str) -> None:
    """What a USB scanner does: all digits at once, wherever the focus is, and Enter."""
    page.keyboard.type(token)
    page.keyboard.press("Enter")


def says(page: Page, kind: str, *words: str) -> None:
    """The answer lies over all of the screen, is of this kind, and says these words."""
    answer = page.locator("#result.over")
    expect(answer).to_have_attribute("data-kind", kind)
    for said in words:
        expect(answer).to_contain_text(said)
    size = page.viewport_size
    assert size is not None
    assert answer.bounding_box() == {"x": 0, "y": 0, **size}


def test_a_code_held_before_the_camera_is_scanned_once(
    cast: Cast, open_page: Open, playwright: Playwright, tmp_path: Path
) -> None:
    browser = launch(playwright, film(tmp_path, code(cast)))
    try:
        page = open_page(cast.barber, "/merchant", within=browser)
        says(page, "success", "请交付：剪发一次 1 份", "李** · 30 分")
        page.keyboard.press("Enter")
        # The code is still being held there: it is let alone, and that is said.
        expect(page.locator("#hint")).to_contain_text("没有重复收分")
        expect(page.locator("#result")).to_have_count(0)
        expect(page.locator("#latest")).to_contain_text("1 笔 · 30 分")
        assert len(scans(cast)) == 1
        page.context.close()
    finally:
        browser.close()


def test_a_usb_scanner_types_anywhere_and_the_next_code_closes_the_answer_before(cast: Cast, open_page: Open) -> None:
    page = open_page(cast.barber, "/merchant", size=TILL_PC, expected=REFUSED)
    expect(page.locator("#token")).to_be_focused()
    one, two = code(cast), code(cast, name="洗头", price=10)
    page.locator("#pieces").focus()
    scan_by_gun(page, one)
    says(page, "success", "剪发一次 1 份")
    expect(page.locator("#pieces")).to_have_value("")
    scan_by_gun(page, two)
    says(page, "success", "洗头 1 份")
    scan_by_gun(page, "6901234567892")
    says(page, "refused", "不是有效的兑换码", "请不要交付")
    page.keyboard.press("Enter")
    expect(page.locator("#result")).to_have_count(0)
    scan_by_gun(page, two)
    says(page, "refused", "已经用过了")
    assert [scan["points"] for scan in scans(cast)] == [10, 30]


def test_the_same_code_scanned_twice_by_a_hasty_hand_is_sent_once(cast: Cast, open_page: Open) -> None:
    page = open_page(cast.barber, "/merchant", size=TILL_PC)
    token = code(cast)
    scan_by_gun(page, token)
    says(page, "success")
    scan_by_gun(page, token)
    says(page, "success", "请交付", "没有重复收分")


def test_digits_typed_by_hand_are_grouped_and_fewer_pieces_are_handed_over(cast: Cast, open_page: Open) -> None:
    page = open_page(cast.barber, "/merchant", size=TILL_PC)
    token = code(cast, quantity=3)
    page.locator("#token").press_sequentially(token, delay=70)
    grouped = " ".join([token[:2], *re.findall("....", token[2:])])
    expect(page.locator("#token")).to_have_value(grouped)
    page.get_by_role("button", name="多一件").click()
    page.get_by_role("button", name="确认收分").click()
    says(page, "success", "剪发一次 1 份", "还有 2 份没有领")
    page.get_by_role("link", name="继续扫码").click()
    expect(page.locator("#token")).to_be_focused()
    expect(page.locator("#token")).to_have_value("")
    expect(page.locator("#pieces")).to_have_value("")


def test_a_photo_of_a_code_is_scanned_and_one_without_is_not(cast: Cast, open_page: Open) -> None:
    page = open_page(cast.barber, "/merchant", size=TILL_PC)
    page.set_input_files("#photo", {"name": "wall.png", "mimeType": "image/png", "buffer": png(Image.new("RGB", (400, 300)))})
    expect(page.locator("#hint")).to_contain_text("没有找到兑换码")
    page.set_input_files("#photo", {"name": "c.png", "mimeType": "image/png", "buffer": png(picture(code(cast)))})
    says(page, "success", "请交付")


def png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def test_a_second_scan_at_another_till_is_refused_and_says_when_the_first_was(cast: Cast, open_page: Open) -> None:
    token = code(cast)
    cast.second_till(cast.barber).post("/merchant/scans", {"token": token})
    page = open_page(cast.barber, "/merchant", size=NARROW, care=True, font=30, expected=REFUSED)
    scan_by_gun(page, token)
    says(page, "refused", "已经用过了", "今天", "已经领取过了", "请不要交付")
    assert faults(page) == []


def test_a_scan_whose_answer_is_lost_is_asked_for_again_and_counts_once(cast: Cast, open_page: Open) -> None:
    page = open_page(cast.barber, "/merchant", size=TILL_PC, expected=LOST)
    lost = []

    def lose(route: Route) -> None:
        """The first request reaches the server; its answer never arrives."""
        if not lost:
            lost.append(route.fetch(max_redirects=0).status)
            route.abort()
        else:
            route.continue_()

    page.route(SCANS, lose)
    scan_by_gun(page, code(cast))
    says(page, "waiting", "正在确认，请先不要交付")
    says(page, "success", "刚才那笔已经成功", "请交付：剪发一次 1 份")
    assert lost == [303]
    assert len(scans(cast)) == 1


def test_a_scan_that_never_arrived_is_sent_again_after_the_page_was_opened_anew(cast: Cast, open_page: Open) -> None:
    page = open_page(cast.barber, "/merchant", size=TILL_PC, expected=LOST)
    page.route(SCANS, lambda route: route.abort())
    scan_by_gun(page, code(cast))
    says(page, "waiting", "正在确认，请先不要交付")
    assert scans(cast) == []
    page.reload()
    says(page, "waiting", "正在确认，请先不要交付")
    page.unroute(SCANS)
    page.get_by_role("button", name="马上再试").click()
    says(page, "success", "刚才那笔已经成功", "请交付")
    assert len(scans(cast)) == 1


def test_a_scan_that_was_lost_and_is_refused_says_that_it_did_not_work(cast: Cast, open_page: Open) -> None:
    page = open_page(cast.barber, "/merchant", size=TILL_PC, expected=(*LOST, *REFUSED))
    gateway = [502, 503]
    page.route(SCANS, lambda route: route.fulfill(status=gateway.pop()) if gateway else route.continue_())
    order = cast.order(cast.grandmother)
    token = cast.token(cast.grandmother, order)
    cast.grandmother.post(f"/orders/{order}/cancel")
    scan_by_gun(page, token)
    says(page, "waiting")
    page.get_by_role("button", name="马上再试").click()
    says(page, "refused", "刚才那笔没有成功", "这个订单不能领了", "请不要交付")


def test_a_scan_sent_when_the_session_had_ended_goes_on_after_signing_in(cast: Cast, open_page: Open) -> None:
    page = open_page(cast.barber, "/merchant", size=TILL_PC, expected=REFUSED)
    token = code(cast)
    page.context.clear_cookies()
    scan_by_gun(page, token)
    says(page, "waiting", "还没有确认，请先不要交付", "请重新登录")
    page.get_by_role("link", name="去登录").click()
    page.locator("[name=username]").fill(cast.barber.username)
    page.locator("[name=password]").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    says(page, "success", "刚才那笔已经成功", "请交付")
    assert len(scans(cast)) == 1


def test_a_scan_that_is_not_waited_for_any_more_lets_the_next_one_through(cast: Cast, open_page: Open) -> None:
    page = open_page(cast.barber, "/merchant", size=TILL_PC, expected=LOST)
    one, two = code(cast), code(cast, name="洗头", price=10)
    page.route(SCANS, lambda route: None if one in (route.request.post_data or "") else route.continue_())
    scan_by_gun(page, one)
    says(page, "waiting", "正在核对")
    scan_by_gun(page, two)
    says(page, "waiting", "上一笔还在确认")
    page.reload()
    page.get_by_role("button", name="不等了").click()
    expect(page.locator("#hint")).to_contain_text("没有确认")
    scan_by_gun(page, two)
    says(page, "success", "洗头 1 份")
    assert len(scans(cast)) == 1


def test_without_scripts_digits_are_sent_by_the_form_and_the_answer_is_a_page(cast: Cast, open_page: Open) -> None:
    page = open_page(cast.barber, "/merchant", js=False, size=PHONE, expected=REFUSED)
    expect(page.locator(".viewer")).to_be_hidden()
    token = code(cast)
    page.locator("#token").fill(token)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="请交付：剪发一次 1 份")).to_be_visible()
    page.get_by_role("link", name="继续扫码").click()
    page.locator("#token").fill(token)
    page.get_by_role("button", name="确认收分").click()
    expect(page.get_by_text("请不要交付")).to_be_visible()


def test_a_till_whose_camera_is_refused_says_what_to_do_and_remembers_the_way(cast: Cast, open_page: Open) -> None:
    page = open_page(cast.barber, "/sign-in")
    page.add_init_script("navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('no', 'NotAllowedError'))")
    page.goto("/merchant")
    expect(page.get_by_text("浏览器没有允许使用摄像头")).to_be_visible()
    page.get_by_role("button", name="输数字").click()
    page.reload()
    expect(page.locator("#token")).to_be_visible()
    expect(page.locator(".viewer")).to_be_hidden()
