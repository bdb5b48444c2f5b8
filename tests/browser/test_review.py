"""A reviewer's Monday in a real browser: deed after deed by keyboard, two at once, a lost network; signing in safely."""

import re
from datetime import timedelta

import psycopg
import pyotp
from flask import Flask
from playwright.sync_api import Page, expect

from kernel import clock
from tests.browser.conftest import DESK, Open
from tests.cast import PASSWORD, Cast, as_file, scene


def status(cast: Cast, deed: str) -> str:
    return str(cast.reviewer.get(f"/staff/deeds/{deed}").json["status"])


def note(cast: Cast, deed: str) -> str | None:
    """The reason that the last step gives."""
    return cast.reviewer.get(f"/staff/deeds/{deed}").json["steps"][-1]["note"]


def laid_open(page: Page, deed: str) -> None:
    """Wait until a deed is the one that is laid open."""
    expect(page.locator("#deed")).to_have_attribute("data-id", deed)


def test_a_session_by_keyboard_decides_what_it_shows(cast: Cast, open_page: Open) -> None:
    deeds = [cast.deed(cast.grandmother, description=f"巡逻第 {n} 次") for n in range(7)]
    page = open_page(cast.reviewer, "/staff/deeds", size=DESK)
    laid_open(page, deeds[0])
    page.keyboard.press("a")
    laid_open(page, deeds[1])
    expect(page.locator("#said")).to_contain_text("已通过")
    page.keyboard.press("r")
    page.keyboard.press("1")
    laid_open(page, deeds[2])
    page.keyboard.press("x")
    page.keyboard.press("0")
    page.keyboard.type("不在积分清单之内，谢谢您")
    page.keyboard.press("Enter")
    laid_open(page, deeds[3])
    assert [status(cast, deed) for deed in deeds[:4]] == ["approved", "returned", "rejected", "pending"]
    assert (note(cast, deeds[1]), note(cast, deeds[2])) == ("请补一张现场照片", "不在积分清单之内，谢谢您")
    page.keyboard.press("k")
    laid_open(page, deeds[2])
    expect(page.locator("#deed")).to_have_attribute("data-status", "rejected")
    page.go_back()
    laid_open(page, deeds[3])
    page.on("dialog", lambda dialog: dialog.accept())
    page.keyboard.press("Space")
    page.keyboard.press("j")
    laid_open(page, deeds[4])
    page.keyboard.press("Space")
    page.keyboard.press("Shift+A")
    expect(page.locator("p.notice").first).to_contain_text("通过了 2 件")
    assert [status(cast, deed) for deed in deeds[3:]] == ["approved", "approved", "pending", "pending"]
    page.keyboard.press("a")
    laid_open(page, deeds[6])
    page.keyboard.press("a")
    expect(page.get_by_text("都审核完了")).to_be_visible()
    assert cast.balance(cast.grandmother) == 50 * 5


def test_what_a_colleague_decided_first_is_said_and_counted_once(cast: Cast, open_page: Open) -> None:
    first, second = (cast.deed(cast.grandmother) for _ in range(2))
    page = open_page(cast.reviewer, "/staff/deeds", size=DESK, expected=("409",))
    colleague = cast.staff("reviewer", "500104101009", name="小王")
    assert colleague.post(f"/staff/deeds/{first}/approve").status_code == 200
    page.keyboard.press("a")
    laid_open(page, second)
    expect(page.locator("#wrong")).to_contain_text("小王")
    assert cast.balance(cast.grandmother) == 50


def test_a_decision_that_the_network_lost_says_so_stays_and_counts_once(cast: Cast, open_page: Open) -> None:
    first, second = (cast.deed(cast.grandmother) for _ in range(2))
    page = open_page(cast.reviewer, "/staff/deeds", size=DESK, expected=("ERR_FAILED",))

    def lose_the_answer(route: object) -> None:
        route.fetch()  # type: ignore[attr-defined]
        route.abort()  # type: ignore[attr-defined]

    page.route(re.compile("/approve"), lose_the_answer, times=1)
    page.keyboard.press("a")
    expect(page.locator("#wrong")).to_contain_text("没有连上服务器")
    laid_open(page, first)
    page.keyboard.press("a")
    laid_open(page, second)
    expect(page.locator("#wrong")).to_be_hidden()
    assert (status(cast, first), cast.balance(cast.grandmother)) == ("approved", 50)


def test_a_decision_made_after_the_session_ended_is_kept_over_signing_in(
    cast: Cast, open_page: Open, superuser: psycopg.Connection
) -> None:
    one = cast.deed(cast.grandmother)
    page = open_page(cast.reviewer, "/staff/deeds", size=DESK, expected=("401",))
    superuser.execute("UPDATE sessions SET ended_at = now() WHERE seen_at IS NOT NULL")
    page.keyboard.press("r")
    page.keyboard.press("2")
    page.get_by_label("用户名").fill(cast.reviewer.username)
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录", exact=True).click()
    page.get_by_role("button", name="接着提交").click()
    page.wait_for_url("**/staff/deeds*")
    assert (status(cast, one), note(cast, one)) == ("returned", "照片不清楚，请重新拍一张")


def test_photos_fill_the_screen_and_are_turned_by_the_arrow_keys(cast: Cast, open_page: Open) -> None:
    photos = [cast.grandmother.upload(as_file(scene(seed, (1200, 900)))) for seed in (1, 2)]
    cast.grandmother.post(
        "/deeds",
        {"rule_id": cast.patrol, "occurred_on": str(clock.today()), "description": "巡逻", "upload_ids": photos},
    )
    page = open_page(cast.reviewer, "/staff/deeds", size=DESK)
    shown = page.locator(".shot img").first.bounding_box()
    assert shown is not None
    assert shown["height"] > 300
    page.keyboard.press("Enter")
    large = page.locator("#large")
    expect(large).to_be_visible()
    assert photos[0] in (page.locator("#large img").get_attribute("src") or "")
    page.keyboard.press("ArrowRight")
    assert photos[1] in (page.locator("#large img").get_attribute("src") or "")
    page.keyboard.press("Escape")
    expect(large).to_be_hidden()


def test_without_scripts_a_deed_is_decided_by_plain_forms(cast: Cast, open_page: Open) -> None:
    first, second = (cast.deed(cast.grandmother) for _ in range(2))
    page = open_page(cast.reviewer, "/staff/deeds", size=DESK, js=False)
    page.get_by_text("退回补充", exact=False).and_(page.locator("summary")).click()
    page.get_by_role("button", name="请补一张现场照片").click()
    laid_open(page, second)
    assert status(cast, first) == "returned"


def test_staff_who_must_enrol_do_so_and_sign_in_with_a_code(app: Flask, cast: Cast, open_page: Open) -> None:
    cast.settings(second_factor_required=True)
    page = open_page(None, "/sign-in", size=DESK, expected=("401",))

    def sign_in() -> None:
        page.get_by_label("用户名").fill(cast.reviewer.username)
        page.get_by_label("密码").fill(PASSWORD)
        page.get_by_role("button", name="登录", exact=True).click()

    sign_in()
    page.get_by_role("button", name="开始绑定").click()
    page.goto("/staff/deeds")  # which leads back
    page.get_by_text("扫不了").click()
    secret = re.sub(r"\s", "", page.locator(".secret").inner_text())
    page.get_by_label("六位动态验证码").fill(pyotp.TOTP(secret).at(clock.now()))
    page.get_by_role("button", name="确认绑定").click()
    codes = page.locator(".codes li").all_inner_texts()
    assert len(codes) == 8
    page.get_by_role("link", name="记好了，去工作台").click()
    expect(page.get_by_role("heading", name="等着处理")).to_be_visible()
    page.get_by_role("button", name="退出登录").click()
    sign_in()
    code = page.get_by_label("六位动态验证码")
    expect(code).to_be_focused()
    assert PASSWORD not in page.content()
    code.fill("000000")
    page.get_by_role("button", name="登录", exact=True).click()
    page.get_by_label("六位动态验证码").fill(pyotp.TOTP(secret).at(clock.now() + timedelta(seconds=30)))
    page.get_by_role("button", name="登录", exact=True).click()
    expect(page.get_by_role("heading", name="等着处理")).to_be_visible()
