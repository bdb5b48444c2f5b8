"""Declaring a deed in a real browser: three taps with photos, what is kept, without scripts, in care mode."""

from pathlib import Path

import psycopg
import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import Open
from tests.browser.test_pages import NARROW, faults
from tests.cast import Cast, as_file, scene

REFUSED = ("status of 4",)


@pytest.fixture
def camera(tmp_path: Path) -> list[Path]:
    """Two photos as a camera makes them: the first is wider than what is kept."""
    made = []
    for number, size in enumerate([(3000, 2000), (640, 480)]):
        file = tmp_path / f"photo{number}.jpg"
        file.write_bytes(as_file(scene(number, size), quality=90).read())
        made.append(file)
    return made


def take(page: Page, files: list[Path]) -> None:
    """Take photos, and see them arrive."""
    before = page.locator("[data-picked] li").count()
    page.locator("input[capture]").set_input_files(files)
    expect(page.locator("[data-picked] input[name=upload_ids]")).to_have_count(before + len(files))


def test_three_taps_declare_a_deed_with_photos_which_are_sent_smaller(cast: Cast, open_page: Open, camera: list[Path]) -> None:
    cast.rule(title="清洁楼道")
    assert cast.patrol
    page = open_page(cast.grandmother, "/declare")
    page.get_by_label("查找").fill("巡逻")
    expect(page.get_by_role("link", name="清洁楼道")).to_be_hidden()
    page.get_by_role("link", name="参加治安巡逻").first.click()
    take(page, camera)
    page.get_by_role("button", name="晚上").click()
    page.get_by_role("button", name="提交申报").dblclick()
    expect(page.get_by_text("已提交")).to_be_visible()
    (deed,) = cast.grandmother.get("/deeds").json["items"]
    assert deed["description"] == "参加治安巡逻，晚上"
    assert [(photo["width"], photo["height"]) for photo in deed["photos"]] == [(2048, 1365), (640, 480)]
    page.locator("a[data-large]").first.click()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.get_by_role("button", name="下一张").click()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_what_was_filled_in_survives_a_reload_and_a_refusal_and_is_forgotten_when_it_was_sent(
    cast: Cast, open_page: Open, camera: list[Path], tmp_path: Path
) -> None:
    rule = cast.rule(title="清洁楼道", limits={"per_day": 1})
    cast.deed(cast.grandmother, rule_id=rule)
    page = open_page(cast.grandmother, f"/declare/{rule}", expected=REFUSED)
    page.get_by_label("做了什么").fill("扫了三楼")
    take(page, camera[1:])
    page.reload()
    expect(page.get_by_text("上次没提交的内容还在")).to_be_visible()
    expect(page.get_by_label("做了什么")).to_have_value("扫了三楼")
    expect(page.locator("[data-picked] input[name=upload_ids]")).to_have_count(1)
    page.get_by_role("button", name="提交申报").click()
    expect(page.locator("[data-code=limit_reached]")).to_be_visible()
    expect(page.get_by_label("做了什么")).to_have_value("扫了三楼")
    page.get_by_text("昨天", exact=True).click()
    page.get_by_role("button", name="提交申报").click()
    expect(page.get_by_text("已提交")).to_be_visible()
    assert len(cast.grandmother.get("/deeds").json["items"][0]["photos"]) == 1
    page.goto(f"/declare/{rule}")
    expect(page.get_by_label("做了什么")).to_have_value("清洁楼道")


def test_a_photo_that_does_not_arrive_is_sent_again_and_one_that_is_none_is_removed(
    cast: Cast, open_page: Open, camera: list[Path], tmp_path: Path
) -> None:
    no_photo = tmp_path / "notes.jpg"
    no_photo.write_text("renamed")
    page = open_page(cast.grandmother, f"/declare/{cast.patrol}", expected=("status of 4", "net::ERR"))
    page.route("**/photos-of-mine", lambda route: route.abort())
    page.locator("input[capture]").set_input_files(camera[1])
    expect(page.get_by_text("网络断了，没有传上去")).to_be_visible()
    page.get_by_role("button", name="提交申报").click()
    expect(page.get_by_text("请点“重试”")).to_be_visible()
    page.unroute("**/photos-of-mine")
    page.get_by_role("button", name="重试").click()
    expect(page.locator("[data-picked] input[name=upload_ids]")).to_have_count(1)
    page.locator("input[capture]").set_input_files(no_photo)
    expect(page.get_by_text("这不是能识别的照片")).to_be_visible()
    page.locator(".failed").get_by_role("button", name="移除").click()
    page.get_by_role("button", name="提交申报").click()
    expect(page.get_by_text("已提交")).to_be_visible()
    assert len(cast.grandmother.get("/deeds").json["items"][0]["photos"]) == 1


def test_a_form_that_is_sent_while_a_photo_is_on_its_way_waits_for_it(cast: Cast, open_page: Open, camera: list[Path]) -> None:
    page = open_page(cast.grandmother, f"/declare/{cast.patrol}")
    held: list[Route] = []
    page.route("**/photos-of-mine", lambda route: held.append(route))
    page.locator("input[capture]").set_input_files(camera[1])
    page.get_by_role("button", name="提交申报").click()
    expect(page.get_by_text("传完会自动提交")).to_be_visible()
    held[0].continue_()
    expect(page.get_by_text("已提交")).to_be_visible()
    assert len(cast.grandmother.get("/deeds").json["items"][0]["photos"]) == 1


def test_who_is_signed_out_meanwhile_finds_what_he_wrote_after_signing_in_again(
    cast: Cast, open_page: Open, camera: list[Path], superuser: psycopg.Connection
) -> None:
    page = open_page(cast.grandmother, f"/declare/{cast.patrol}", expected=REFUSED)
    page.get_by_label("做了什么").fill("扫了三楼")
    take(page, camera[1:])
    superuser.execute("UPDATE sessions SET ended_at = now()")
    page.locator("input[capture]").set_input_files(camera[1])
    expect(page.get_by_text("登录已失效")).to_be_visible()
    superuser.execute("UPDATE sessions SET ended_at = NULL")
    page.get_by_role("link", name="重新登录").click()
    expect(page.get_by_label("做了什么")).to_have_value("扫了三楼")
    expect(page.locator("[data-picked] input[name=upload_ids]")).to_have_count(1)


def test_without_scripts_a_deed_is_declared_with_its_photos_also_after_a_refusal(
    cast: Cast, open_page: Open, camera: list[Path]
) -> None:
    rule = cast.rule(title="清洁楼道", evidence_required=True)
    page = open_page(cast.grandmother, "/declare", js=False, expected=REFUSED)
    page.get_by_role("link", name="清洁楼道").first.click()
    page.get_by_label("从相册选").set_input_files(camera)
    page.get_by_label("其他日子").first.check()
    page.get_by_label("做了什么").fill("扫了三楼")
    page.get_by_role("button", name="提交申报").click()
    expect(page.get_by_text("请填写这一项")).to_be_visible()
    expect(page.get_by_label("保留")).to_have_count(2)
    page.get_by_label("保留").first.uncheck()
    page.get_by_label("今天").check()
    page.get_by_role("button", name="提交申报").click()
    expect(page.get_by_text("已提交")).to_be_visible()
    (deed,) = cast.grandmother.get("/deeds").json["items"]
    assert (deed["rule"]["id"], deed["description"], len(deed["photos"])) == (rule, "扫了三楼", 1)


def test_in_care_mode_a_form_with_photos_is_in_order_on_a_narrow_phone(cast: Cast, open_page: Open, camera: list[Path]) -> None:
    page = open_page(cast.grandmother, f"/declare/{cast.patrol}", size=NARROW, care=True, font=30)
    take(page, camera)
    targets = page.locator("main button:visible, main a:visible, main .choice:visible, main .shoot label:visible").all()
    heights = {target.inner_text(): (target.bounding_box() or {})["height"] for target in targets}
    assert {name: height for name, height in heights.items() if height < 60} == {}
    page.evaluate("window.scrollTo(0, 0)")
    assert faults(page) == []
