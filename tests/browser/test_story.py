"""The main job through the three faces, in real browsers: a newcomer joins, does good, is reviewed, orders, is served once."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import Page, Playwright, expect

from tests.browser.conftest import DESK, Open, launch
from tests.browser.test_till import REFUSED, film, scan_by_gun
from tests.cast import PASSWORD, Caller, Cast

pytestmark = pytest.mark.usefixtures("verified")


def sign_in(page: Page, who: Caller) -> None:
    page.get_by_label("用户名").fill(who.username)
    page.locator("[name=password]").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()


def code_on(page: Page) -> str:
    """The digits in the code that the screen shows."""
    picture = Image.open(io.BytesIO(page.screenshot()))
    (read,) = zxingcpp.read_barcodes(picture)
    return str(read.text)


def test_a_newcomer_joins_earns_points_and_has_his_hair_cut_once(
    cast: Cast, open_page: Open, playwright: Playwright, tmp_path: Path
) -> None:
    assert cast.patrol
    cast.item(price=30)

    resident = open_page(None, "/")
    resident.get_by_role("button", name="我是新来的").click()
    resident.get_by_label("社区或村的名字").fill("融城")
    resident.get_by_role("button", name="找一找").click()
    resident.get_by_role("link", name="融城社区").click()
    resident.get_by_label("姓名").fill("钱多多")
    resident.get_by_label("手机号码").fill("13900000000")
    resident.get_by_label("我已阅读并同意隐私政策").check()
    resident.get_by_role("button", name="加入社区").click()
    resident.get_by_role("button", name="签到").click()
    expect(resident.get_by_text("签到成功").first).to_be_visible()

    resident.get_by_role("link", name="申报").first.click()
    resident.get_by_role("link", name="参加治安巡逻").first.click()
    resident.locator("#description").fill("晚上七点到九点在小区巡逻")
    resident.get_by_role("button", name="提交申报").click()
    expect(resident.get_by_text("待审核").first).to_be_visible()

    staff = open_page(None, "/sign-in", size=DESK)
    sign_in(staff, cast.reviewer)
    staff.get_by_role("link", name="审核申报").click()
    expect(staff.get_by_text("晚上七点到九点在小区巡逻").first).to_be_visible()
    staff.keyboard.press("a")
    expect(staff.get_by_text("都审核完了").first).to_be_visible()

    resident.goto("/points")
    expect(resident.get_by_text("+50").first).to_be_visible()
    resident.get_by_role("link", name="商店").click()
    resident.get_by_role("link", name="剪发一次").first.click()
    resident.get_by_role("button", name="立即兑换").click()
    resident.get_by_role("link", name="出示取货码").click()
    token = code_on(resident)

    browser = launch(playwright, film(tmp_path, token))
    try:
        till = open_page(None, "/sign-in", within=browser, expected=REFUSED)
        sign_in(till, cast.barber)
        answer = till.locator("#result.over")
        expect(answer).to_contain_text("请交付：剪发一次 1 份")
        expect(answer).to_contain_text("钱** · 30 分")
        till.keyboard.press("Enter")
        expect(till.locator("#result")).to_have_count(0)
        scan_by_gun(till, token)
        expect(answer).to_contain_text("已经用过了")
        till.goto("/merchant/statement")
        expect(till.get_by_text("剪发一次")).to_be_visible()
        till.context.close()
    finally:
        browser.close()

    expect(resident.get_by_text("已领取").first).to_be_visible()
    resident.goto("/")
    expect(resident.locator(".tile").first).to_contain_text("21")
