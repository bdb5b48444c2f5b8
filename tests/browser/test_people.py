"""Work with people at a desk: found as one types, deeds entered by keyboard alone, cards printed, a list mended and imported."""

import re
from pathlib import Path

import zxingcpp
from flask import Flask
from PIL import Image
from playwright.sync_api import expect

from app import jobs
from tests.api.test_cards import issued
from tests.api.test_residents import entered, place
from tests.browser.conftest import DESK, Open
from tests.cast import Cast


def test_residents_are_found_as_one_types_and_the_address_keeps_what_was_typed(cast: Cast, open_page: Open) -> None:
    for name in ("王大福", "曾国强", "李秀英"):
        entered(cast.admin, name=name)
    page = open_page(cast.reviewer, "/staff/residents", size=DESK)
    page.evaluate("window.here = 'still'")
    page.get_by_label("找人").press_sequentially("zgq")
    expect(page.locator("#list tbody tr")).to_have_count(1)
    expect(page.locator("#list")).to_contain_text("曾国强")
    assert page.evaluate("window.here") == "still"  # nothing was loaded anew
    expect(page).to_have_url(re.compile(r"[?&]q=zgq"))
    page.reload()
    expect(page.locator("#list tbody tr")).to_have_count(1)


def test_two_deeds_are_entered_one_after_the_other_without_a_mouse(cast: Cast, open_page: Open) -> None:
    people = [entered(cast.admin, name=name, address="3 组") for name in ("王大福", "王小军")]
    cast.rule(code="A-07", title="庭院整洁", category="家庭")
    rule = cast.rule(code="B-02", title="清扫河道", category="环境")
    page = open_page(cast.reviewer, "/staff/entries/new", size=DESK)
    expect(page.get_by_label("找人")).to_be_focused()
    page.keyboard.type("wang")
    expect(page.locator("#found a")).to_have_count(2)  # newest first
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("#who")).to_contain_text("王大福")
    expect(page.get_by_label("在清单里查找")).to_be_focused()
    page.keyboard.type("河道")
    page.keyboard.press("Enter")
    expect(page.get_by_label("说明")).to_be_focused()
    page.keyboard.type("上午清了两小时")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("status").first).to_contain_text("已为王大福申报")

    page.keyboard.type("wxj")
    page.keyboard.press("Enter")  # before the answer is there
    expect(page.locator("#who")).to_contain_text("王小军")
    expect(page.get_by_label("说明")).to_be_focused()  # the rule is kept
    page.keyboard.type("也清了两小时")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("status").first).to_contain_text("已为王小军申报")
    deeds = cast.reviewer.get("/staff/deeds").json["items"]
    assert [(deed["resident"]["id"], deed["rule"]["id"]) for deed in deeds] == [(person, rule) for person in people]


def test_the_cards_of_a_house_are_printed_and_every_code_is_read_from_the_sheet(
    cast: Cast, open_page: Open, tmp_path: Path
) -> None:
    grid = place(cast)
    people = [entered(cast.admin, name=f"王{number}", place_code=grid) for number in range(12)]
    tokens = [issued(cast, person)["token"] for person in people]
    page = open_page(cast.reviewer, f"/staff/cards?place_code={grid}", size=DESK)
    page.get_by_label("王0", exact=True).uncheck()
    expect(page.locator("[data-count]")).to_have_text("11")
    with page.context.expect_page() as opened:
        page.get_by_role("button", name="打开打印页").click()
    sheet = opened.value
    sheet.wait_for_load_state()
    assert sheet.url.endswith("/staff/cards/sheet")
    sheet.emulate_media(media="print")
    sheet.screenshot(path=tmp_path / "sheet.png", full_page=True)
    found = zxingcpp.read_barcodes(Image.open(tmp_path / "sheet.png"))
    assert {code.text for code in found} == set(tokens[1:])
    sheet.pdf(path=tmp_path / "sheet.pdf", prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", (tmp_path / "sheet.pdf").read_bytes())) == 2
    expect(page.get_by_role("button", name="打开打印页")).to_be_enabled()  # to print them again


def test_a_list_with_bad_lines_is_mended_and_imported_while_one_watches(
    app: Flask, cast: Cast, open_page: Open, tmp_path: Path
) -> None:
    wrong, right = tmp_path / "错的.csv", tmp_path / "对的.csv"
    wrong.write_text("姓名,电话\n王大福,139\n曾国强,13983000018\n")
    right.write_text("姓名,电话\n王大福,13983000017\n曾国强,13983000018\n")
    page = open_page(cast.reviewer, "/staff/imports/new", size=DESK)
    page.locator("[name=file]").set_input_files(wrong)
    page.get_by_role("button", name="上传并检查").click()
    expect(page.get_by_role("heading", name="有错误，什么都没有导入")).to_be_visible()
    expect(page.locator("tbody tr")).to_have_text([re.compile(r"2\s*电话\s*请填写 11 位手机号码")])
    with page.expect_download() as kept:
        page.get_by_role("link", name="下载错误清单").click()
    assert "请填写 11 位手机号码" in Path(kept.value.path()).read_text("utf-8-sig")
    page.get_by_role("link", name="重新上传").click()
    page.locator("[name=file]").set_input_files(right)
    page.get_by_role("button", name="上传并检查").click()
    page.get_by_role("button", name="导入 2 人").click()
    expect(page.get_by_role("heading", name="正在导入")).to_be_visible()
    with app.app_context():
        jobs.apply_imports()
    expect(page.get_by_role("heading", name="导入完成")).to_be_visible()  # without a reload
    assert len(cast.admin.get("/staff/residents").json["items"]) == 2
