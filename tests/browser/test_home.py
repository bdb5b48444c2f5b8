"""The resident's home in a real browser: what its first load weighs, the check-in, likes without leaving the page, coming in."""

from uuid import UUID

from PIL import Image
from playwright.sync_api import CDPSession, Page, expect

from points import reviews
from tests.browser.conftest import Open
from tests.cast import Cast, as_file, scene

FIRST_LOAD = 120 * 1024  # bytes over the wire


def with_news(cast: Cast, count: int = 5) -> list[str]:
    """Good deeds in the feed, each with three photos with something to be seen in them; their ids."""
    ids = []
    for number in range(count):
        photos = [UUID(cast.volunteer.upload(as_file(real(10 * number + at)))) for at in range(3)]
        ids.append(cast.deed(cast.volunteer, upload_ids=photos))
        cast.in_app(lambda deed=ids[-1]: reviews.approve(cast.reviewer.actor, UUID(deed)))  # type: ignore[misc]
    return ids


def real(seed: int) -> Image.Image:
    """A picture as grainy as those of phones, whose small one weighs some 25 KB."""
    grain = Image.effect_noise((400, 300), 26).resize((1600, 1200)).convert("RGB")
    return Image.blend(scene(seed, (1600, 1200)), grain, 0.18)


def weight(page: Page) -> tuple[CDPSession, dict[str, float]]:
    """What a page loads from now on, in bytes over the wire, by request."""
    seen: dict[str, float] = {}
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    session.on("Network.loadingFinished", lambda event: seen.__setitem__(event["requestId"], event["encodedDataLength"]))
    return session, seen


def test_the_first_load_of_home_is_light_with_photos_in_the_feed(cast: Cast, open_page: Open) -> None:
    with_news(cast)
    page = open_page(cast.grandmother, "/enter")
    _, seen = weight(page)
    page.goto("/", wait_until="networkidle")
    expect(page.locator("article img").first).to_be_visible()
    assert page.locator("article img").count() == 2
    assert sum(sorted(seen.values())[-3:]) > 45_000  # the styles, and two photos
    assert sum(seen.values()) < FIRST_LOAD, seen


def test_checking_in_with_and_without_scripts(cast: Cast, open_page: Open) -> None:
    for caller, js in ((cast.grandmother, True), (cast.volunteer, False)):
        page = open_page(caller, "/", js=js)
        page.get_by_role("button", name="签到").click()
        expect(page.get_by_role("status")).to_contain_text("签到成功")
        expect(page.locator(".check-in.done")).to_contain_text("今天已签到")


def test_a_like_is_given_and_taken_back_without_leaving_the_page(cast: Cast, open_page: Open) -> None:
    with_news(cast, 1)
    page = open_page(cast.grandmother, "/")
    page.evaluate("window.stayed = true")
    button = page.get_by_role("button", name="点赞")
    for pressed, likes in (("true", 1), ("false", 0), ("true", 1)):
        button.click()
        expect(button).to_have_attribute("aria-pressed", pressed)
        expect(button).to_have_attribute("aria-label", f"点赞：参加治安巡逻，{likes} 个赞")
        assert cast.grandmother.get("/feed").json["items"][0]["likes"] == likes
    assert page.evaluate("window.stayed") is True


def test_without_scripts_a_like_counts_too(cast: Cast, open_page: Open) -> None:
    with_news(cast, 1)
    page = open_page(cast.grandmother, "/", js=False)
    page.get_by_role("button", name="点赞").click()
    expect(page.get_by_role("button", name="点赞")).to_have_attribute("aria-pressed", "true")


def test_the_mini_programs_web_view_is_signed_in_by_itself_and_reads_as_large_as_wechat(cast: Cast, open_page: Open) -> None:
    code = cast.grandmother.post("/me/sign-in-codes").json["code"]
    page = open_page(cast.nobody, f"/enter/app?code={code}&font=24")
    expect(page.get_by_role("heading", level=2).first).to_contain_text("李秀英")
    assert page.evaluate("document.documentElement.className") == "care font-24"


def test_without_scripts_the_web_view_has_a_button(cast: Cast, open_page: Open) -> None:
    code = cast.grandmother.post("/me/sign-in-codes").json["code"]
    page = open_page(cast.nobody, f"/enter/app?code={code}", js=False)
    page.get_by_role("button", name="进入德分").click()
    expect(page.get_by_role("heading", level=2).first).to_contain_text("李秀英")


def test_the_sample_shows_the_size_before_it_is_saved(cast: Cast, open_page: Open) -> None:
    page = open_page(cast.grandmother, "/me/settings")
    page.get_by_label("长辈版：字大、按钮大、内容少").check()
    page.get_by_label("最大").check()
    assert page.locator("[data-sample]").evaluate("it => getComputedStyle(it).fontSize") == "30px"
    page.get_by_role("button", name="就用这个").click()
    expect(page.locator("html.care.font-30")).to_be_visible()
