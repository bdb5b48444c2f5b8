"""How residents come in: as one of the demo's people, by WeChat's own browser, from the mini-program's web-view."""

import html
import re
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import parse_qs, urlsplit

import pytest
import responses
from flask import Flask

from app.demo.visitors import VISITORS
from app.outside.wechat import WebHTTP, WeChatHTTP, WeChatRejected, WeChatUnavailable
from kernel.errors import Refusal
from tests.cast import COMMUNITY, Cast
from tests.visitors import Visitor, refusal
from tests.wechat_server import WeChatServer

IN_WECHAT = {"User-Agent": "Mozilla/5.0 (Linux; Android 13) MicroMessenger/8.0.50"}
IN_WEB_VIEW = {"User-Agent": IN_WECHAT["User-Agent"] + " miniProgram/wx123"}
TOKEN = "https://api.weixin.qq.com/sns/oauth2/access_token"


@contextmanager
def apps(app: Flask, web: WeChatServer | None, mini: WeChatServer | None = None) -> Iterator[None]:
    """The app with a service account, and with WeChat itself instead of the demo's stand-in."""
    before = app.extensions["defen-wechat"], app.extensions["defen-wechat-web"]
    mini_app = WeChatHTTP(mini.base, mini.appid, mini.secret) if mini else WeChatHTTP("http://127.0.0.1:9", "wx-mini", "s")
    web_app = WebHTTP(web.base, "https://open.weixin.qq.com", web.appid, web.secret) if web else None
    app.extensions |= {"defen-wechat": mini_app, "defen-wechat-web": web_app}
    yield
    app.extensions |= {"defen-wechat": before[0], "defen-wechat-web": before[1]}


def state_of(visitor: Visitor, path: str = "/enter/wechat/start") -> str:
    """Let a browser be sent to WeChat; the state that it carries."""
    sent = visitor.visit(path)
    assert sent.status_code == 303
    return parse_qs(urlsplit(sent.location).query)["state"][0]


# --- the demo ---------------------------------------------------------------------------------------------------------------


def test_the_demo_offers_people_by_name_and_everybody_of_them_is_one_of_its_residents(app: Flask) -> None:
    page = Visitor(app).visit("/enter").text
    for visitor in VISITORS:
        assert visitor.name in page
    assert "我是新来的" in page
    from app.demo import town, village

    known = {code: facts[0] for code, facts in town.RESIDENTS.items()}
    known |= {code: name for _, members in village.HOUSEHOLDS for name, code, *_ in members if code}
    assert {visitor.code: visitor.name for visitor in VISITORS}.items() <= known.items()


def test_a_newcomer_of_the_demo_is_led_to_joining(app: Flask) -> None:
    visitor = Visitor(app)
    code = re.findall(r'name="code" value="(new-\w+)"', visitor.visit("/enter").text)[0]
    visitor.send("/enter", code=code)
    assert visitor.visit("/").location == "/join"


# --- production -------------------------------------------------------------------------------------------------------------


def test_outside_wechat_one_is_told_how_to_come_in_and_nobody_is_offered(app: Flask, clean: None) -> None:
    with WeChatServer() as web, apps(app, web):
        page = Visitor(app).visit("/enter").text
        assert "请从微信小程序进入" in page
        assert "登录码" in page
        assert VISITORS[0].name not in page
        assert "/enter/wechat/start" not in page


def test_in_wechats_browser_there_is_a_way_by_wechat_and_in_the_mini_programs_web_view_there_is_none(
    app: Flask, clean: None
) -> None:
    with WeChatServer() as web, apps(app, web):
        assert "/enter/wechat/start" in Visitor(app).visit("/enter", headers=IN_WECHAT).text
        assert "/enter/wechat/start" not in Visitor(app).visit("/enter", headers=IN_WEB_VIEW).text


def test_without_a_service_account_there_is_no_way_by_wechat(app: Flask, clean: None) -> None:
    with apps(app, None):
        assert "/enter/wechat/start" not in Visitor(app).visit("/enter", headers=IN_WECHAT).text
        assert Visitor(app).visit("/enter/wechat/start").status_code == 404


def test_wechat_is_asked_as_it_wants_to_be_asked(app: Flask, clean: None) -> None:
    with WeChatServer() as web, apps(app, web):
        address = Visitor(app).visit("/enter/wechat/start").location
    assert address.startswith("https://open.weixin.qq.com/connect/oauth2/authorize?appid=wx-tests&redirect_uri=")
    assert address.endswith("#wechat_redirect")
    asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    assert list(asked) == ["appid", "redirect_uri", "response_type", "scope", "state"]
    assert asked["redirect_uri"] == "http://localhost/enter/wechat"
    assert (asked["response_type"], asked["scope"]) == ("code", "snsapi_base")


def test_who_comes_back_from_wechat_is_signed_in_and_led_to_the_page_he_asked_for(app: Flask, cast: Cast) -> None:
    with WeChatServer(codes={"c1": "openid-1"}) as web, apps(app, web):
        visitor = Visitor(app)
        state = state_of(visitor, "/enter/wechat/start?next=/feed")
        page = visitor.visit(f"/enter/wechat?code=c1&state={state}").text
        assert 'value="c1"' in page
        action = html.unescape(re.findall(r'action="(/enter/wechat[^"]*)"', page)[0])
        answer = visitor.send(action, code="c1", state=state)
        assert (answer.status_code, answer.location) == (303, "/feed")
        assert visitor.visit("/").location == "/join"


def test_opening_the_address_alone_signs_nobody_in(app: Flask, cast: Cast) -> None:
    with WeChatServer(codes={"c1": "openid-1"}) as web, apps(app, web):
        visitor = Visitor(app)
        visitor.visit(f"/enter/wechat?code=c1&state={state_of(visitor)}")
        assert web.asked == []
        assert visitor.visit("/").location.startswith("/enter")


@pytest.mark.parametrize("forged", ["", "another"])
def test_a_code_with_a_state_that_is_not_this_browsers_is_refused(app: Flask, cast: Cast, forged: str) -> None:
    """Else somebody could have another browser signed in to his own account."""
    with WeChatServer(codes={"c1": "openid-1"}) as web, apps(app, web):
        visitor, fresh = Visitor(app), Visitor(app)
        state_of(visitor)
        for browser in (visitor, fresh):
            answer = browser.send("/enter/wechat", code="c1", state=forged or "x")
            assert (answer.status_code, refusal(answer)) == (401, "wechat_rejected")
        assert web.asked == []


def test_a_state_is_good_once(app: Flask, cast: Cast) -> None:
    with WeChatServer(codes={"c1": "openid-1", "c2": "openid-2"}) as web, apps(app, web):
        visitor = Visitor(app)
        state = state_of(visitor)
        assert visitor.send("/enter/wechat", code="c1", state=state).status_code == 303
        assert visitor.send("/enter/wechat", code="c2", state=state).status_code == 401


# --- one person, two apps ---------------------------------------------------------------------------------------------------


def test_the_same_person_over_mini_program_and_web_is_one_resident(app: Flask, cast: Cast) -> None:
    with (
        WeChatServer(codes={"m1": "mini-openid"}, appid="wx-mini") as mini,
        WeChatServer(codes={"w1": "web-openid", "w2": "stranger"}, appid="wx-web") as web,
        apps(app, web, mini),
    ):
        mini.unionids["mini-openid"] = web.unionids["web-openid"] = "union-1"
        phone = Visitor(app)
        phone.send("/enter", code="m1")
        join(phone)
        browser, other = Visitor(app), Visitor(app)
        browser.send("/enter/wechat", code="w1", state=state_of(browser))
        assert "李秀英" in browser.visit("/").text
        accounts = browser.visit("/me/data.json").json["wechat"]
        assert [(account["appid"], account["openid"]) for account in accounts] == [
            ("wx-mini", "mini-openid"),
            ("wx-web", "web-openid"),
        ]
        other.send("/enter/wechat", code="w2", state=state_of(other))
        assert other.visit("/").location == "/join"


def test_who_has_joined_meanwhile_by_the_other_app_does_not_join_twice(app: Flask, cast: Cast) -> None:
    with (
        WeChatServer(codes={"m1": "mini-openid"}, appid="wx-mini") as mini,
        WeChatServer(codes={"w1": "web-openid"}, appid="wx-web") as web,
        apps(app, web, mini),
    ):
        mini.unionids["mini-openid"] = web.unionids["web-openid"] = "union-1"
        phone, browser = Visitor(app), Visitor(app)
        phone.send("/enter", code="m1")
        browser.send("/enter/wechat", code="w1", state=state_of(browser))
        join(phone)
        refused = join(browser)
        assert (refused.status_code, refusal(refused)) == (409, "already_registered")


def test_who_left_today_does_not_join_again_by_the_other_app(app: Flask, cast: Cast) -> None:
    with (
        WeChatServer(codes={"m1": "mini-openid"}, appid="wx-mini") as mini,
        WeChatServer(codes={"w1": "web-openid"}, appid="wx-web") as web,
        apps(app, web, mini),
    ):
        mini.unionids["mini-openid"] = web.unionids["web-openid"] = "union-1"
        phone, browser = Visitor(app), Visitor(app)
        phone.send("/enter", code="m1")
        join(phone)
        assert phone.send("/me/leave", confirm="true").status_code == 303
        browser.send("/enter/wechat", code="w1", state=state_of(browser))
        refused = join(browser)
        assert (refused.status_code, refusal(refused)) == (409, "left_today")


def test_accounts_without_a_unionid_are_different_people(app: Flask, cast: Cast) -> None:
    with (
        WeChatServer(codes={"m1": "openid"}, appid="wx-mini") as mini,
        WeChatServer(codes={"w1": "openid"}, appid="wx-web") as web,
        apps(app, web, mini),
    ):
        phone, browser = Visitor(app), Visitor(app)
        phone.send("/enter", code="m1")
        join(phone)
        browser.send("/enter/wechat", code="w1", state=state_of(browser))
        assert browser.visit("/").location == "/join"


def join(visitor: Visitor):  # type: ignore[no-untyped-def]
    """Join the cast's community by the page."""
    from people.privacy import VERSION

    person = {"name": "李秀英", "phone": "13800000001", "community_code": COMMUNITY, "consent_version": VERSION}
    return visitor.send("/join", agreed="true", **person)


# --- what WeChat may answer -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "refused"),
    [
        ({"json": {"errcode": 40029, "errmsg": "invalid code"}}, WeChatRejected),
        ({"json": {"openid": "made-up", "is_snapshotuser": 1}}, WeChatRejected),
        ({"json": {"access_token": "without an openid"}}, WeChatRejected),
        ({"json": {"errcode": -1}}, WeChatUnavailable),
        ({"body": "<html>"}, WeChatUnavailable),
        ({"status": 502}, WeChatUnavailable),
        ({"body": ConnectionError()}, WeChatUnavailable),
    ],
)
def test_whatever_wechat_answers_is_a_refusal_that_people_understand(answer: dict[str, object], refused: type[Refusal]) -> None:
    with responses.RequestsMock() as wechat:
        if isinstance(answer.get("body"), Exception):
            import requests

            answer = {"body": requests.ConnectionError()}
        wechat.get(TOKEN, **answer)
        with pytest.raises(refused):
            WebHTTP("https://api.weixin.qq.com", "https://open.weixin.qq.com", "wx", "secret").identify("code")


def test_wechat_says_who_it_is_and_which_person() -> None:
    asked = responses.matchers.query_param_matcher(
        {"appid": "wx", "secret": "s", "code": "c", "grant_type": "authorization_code"}
    )
    with responses.RequestsMock() as wechat:
        wechat.get(TOKEN, json={"openid": "o", "unionid": "u", "scope": "snsapi_base"}, match=[asked])
        who = WebHTTP("https://api.weixin.qq.com", "https://open.weixin.qq.com", "wx", "s").identify("c")
    assert (who.appid, who.openid, who.unionid) == ("wx", "o", "u")


# --- the mini-program's web-view --------------------------------------------------------------------------------------------


def test_the_web_view_passes_its_code_on_and_is_signed_in(app: Flask, cast: Cast) -> None:
    code = cast.grandmother.post("/me/sign-in-codes").json["code"]
    visitor = Visitor(app)
    page = visitor.visit(f"/enter/app?code={code}&font=16&next=/feed").text
    assert "data-goes-on" in page
    fields = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page))
    action = html.unescape(re.findall(r'action="(/enter/code[^"]*)"', page)[0])
    answer = visitor.send(action, sign_in_code=fields["sign_in_code"], font=fields["font"])
    assert answer.location == "/feed"
    assert 'class="care' not in visitor.visit("/").text


@pytest.mark.parametrize(("font", "size"), [(20, 20), (23, 22), (26, 27), (40, 30)])
def test_who_reads_large_in_wechat_reads_large_here(app: Flask, cast: Cast, font: int, size: int) -> None:
    code = cast.grandmother.post("/me/sign-in-codes").json["code"]
    visitor = Visitor(app)
    visitor.send("/enter/code", sign_in_code=code, font=str(font))
    assert f'class="care font-{size}"' in visitor.visit("/").text


def test_what_the_address_says_cannot_become_script(app: Flask, clean: None) -> None:
    page = Visitor(app).visit('/enter/app?code="><script>alert(1)</script>&font="><b>').text
    assert "<script>alert" not in page
    assert "<b>" not in page
    assert "evil" not in Visitor(app).visit("/enter?next=//evil.example").text.replace("next=//evil.example", "")


def test_care_mode_is_turned_on_and_off_by_a_button_on_the_page(app: Flask, clean: None) -> None:
    visitor = Visitor(app)
    assert "长辈版" in visitor.visit("/enter").text
    assert visitor.send("/look", care="true", back="/enter").location == "/enter"
    page = visitor.visit("/enter").text
    assert 'class="care font-20"' in page
    assert "普通版" in page
