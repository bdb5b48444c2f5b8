"""What the admin keeps: a rule is declared under, an item stands in the shop, goods are taken in by keyboard."""

import io

from playwright.sync_api import expect
from sqlalchemy import text

from kernel.database import execute
from tests.browser.conftest import DESK, Open
from tests.cast import Cast, as_file, scene


def picture() -> dict[str, object]:
    data: io.BytesIO = as_file(scene(3))
    return {"name": "米.jpg", "mimeType": "image/jpeg", "buffer": data.read()}


def test_a_new_rule_can_be_declared_under_at_once(cast: Cast, open_page: Open) -> None:
    page = open_page(cast.admin, "/staff/rules/new", size=DESK)
    page.get_by_label("编号").fill("C-07")
    page.get_by_label("做什么").fill("给独居老人送饭")
    page.get_by_label("类别").fill("邻里互助")
    page.get_by_label("积分", exact=True).fill("15")
    page.get_by_label("每人每天").fill("1")
    page.get_by_role("button", name="添加规则").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("C-07 给独居老人送饭")
    found = cast.grandmother.get("/rules?q=送饭").json["items"]
    assert [(rule["points"], rule["limits"]) for rule in found] == [(15, {"per_day": 1})]
    assert cast.deed(cast.grandmother, rule_id=found[0]["id"])


def test_an_item_with_a_picture_appears_in_the_shop_with_it(cast: Cast, open_page: Open) -> None:
    assert cast.till
    page = open_page(cast.admin, "/staff/items/new", size=DESK)
    page.get_by_label("由谁提供").select_option(label="融城超市")
    page.get_by_label("现有几件").fill("8")
    page.get_by_label("名称").fill("大米 5 公斤")
    page.get_by_label("每件多少积分").fill("40")
    page.locator("input[type=file]").first.set_input_files([picture()])  # type: ignore[list-item]
    expect(page.get_by_alt_text("刚选的照片")).to_be_visible()
    expect(page.locator("[name=upload_ids]")).to_have_count(1)
    page.get_by_role("button", name="上架").click()
    expect(page.get_by_alt_text("大米 5 公斤的图片")).to_be_visible()
    (item,) = cast.grandmother.get("/items").json["items"]
    assert (item["name"], item["stock"], item["available"]) == ("大米 5 公斤", 8, True)
    assert cast.nobody.get(item["image_url"]).mimetype == "image/jpeg"


def test_goods_are_taken_in_by_keyboard_alone(cast: Cast, open_page: Open) -> None:
    rice = cast.item(cast.till, kind="goods", name="大米", stock=0)
    cast.admin.post("/staff/donation-tariffs", {"name": "大米", "unit": "公斤", "points": 2, "item_id": rice})
    assert cast.grandmother
    page = open_page(cast.admin, "/staff/donations/new", size=DESK)
    page.keyboard.type("lxy")  # the field is ready; the initials of 李秀英
    expect(page.locator("#found a")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.locator("#who")).to_contain_text("李秀英")
    tariff = page.locator("[name='lines.0.tariff_id']")
    expect(tariff).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")  # what the tariff says already is passed over
    expect(page.locator("[name='lines.0.quantity']")).to_be_focused()
    page.keyboard.type("10")
    expect(page.locator("[data-total]")).to_have_text("20")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("status").first).to_contain_text("记 20 分")
    assert cast.balance(cast.grandmother) == 20
    assert cast.admin.get(f"/staff/items/{rice}/stock-moves").json["items"][0]["delta"] == 10
    assert cast.in_app(lambda: execute(text("SELECT count(*) FROM donations")).scalar_one()) == 1
