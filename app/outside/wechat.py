"""WeChat: who is behind a login code, and which phone number behind a phone code. Asked over HTTP, every wait bounded.

The stand-in of the demo takes any word for a login code and any number for a phone code; it cannot be on in production,
because the settings then demand an app id.
"""

import logging
import re
import time
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlencode, urlsplit

import requests
from flask import Flask, current_app

from app.settings import Settings
from kernel.errors import NotSignedIn, Outage, ValidationFailed

TIMEOUT_S = (3, 5)  # to connect, to read
BUSY = -1
TOKEN_TROUBLE = (40001, 41001, 42001)
STAND_IN_APPID = "stand-in"
log = logging.getLogger("defen")


class WeChatRejected(NotSignedIn):
    title = "微信登录没有成功，请退出后重新打开再试"
    code = "wechat_rejected"


class WeChatUnavailable(Outage):
    title = "暂时连不上微信，请稍后再试"
    code = "wechat_unavailable"


@dataclass(frozen=True)
class Identity:
    """Whom WeChat vouches for."""

    appid: str
    openid: str
    unionid: str | None = None


class WeChat(Protocol):
    """What we ask of WeChat."""

    def identify(self, code: str) -> Identity:
        """Who is behind a code of wx.login. Raises WeChatRejected, WeChatUnavailable."""

    def phone(self, code: str, openid: str) -> str:
        """The phone number behind a code of getPhoneNumber. Raises ValidationFailed, WeChatUnavailable."""


def install(app: Flask, settings: Settings) -> None:
    """WeChat itself where an app id is set, else the demo's stand-in."""
    if settings.wechat_app_id:
        assert settings.wechat_app_secret
        app.extensions["defen-wechat"] = WeChatHTTP(settings.wechat_api_base, settings.wechat_app_id, settings.wechat_app_secret)
    else:
        app.extensions["defen-wechat"] = StandIn()
    web = settings.wechat_web_app_id, settings.wechat_web_app_secret
    app.extensions["defen-wechat-web"] = None
    if web[0] and web[1]:
        app.extensions["defen-wechat-web"] = WebHTTP(settings.wechat_api_base, settings.wechat_open_base, web[0], web[1])


def is_stand_in() -> bool:
    """Whether this app has the demo's stand-in for WeChat."""
    return isinstance(gateway(), StandIn)


def web() -> "WebHTTP | None":
    """The service account by which people sign in to pages, where there is one."""
    found: WebHTTP | None = current_app.extensions["defen-wechat-web"]
    return found


def gateway() -> WeChat:
    """The WeChat of this app."""
    wechat: WeChat = current_app.extensions["defen-wechat"]
    return wechat


class WeChatHTTP:
    """WeChat's server API."""

    def __init__(self, base: str, appid: str, secret: str) -> None:
        self._base, self._appid, self._secret = base, appid, secret
        self._token, self._token_good_until = "", 0.0

    def identify(self, code: str) -> Identity:
        query = {"appid": self._appid, "secret": self._secret, "js_code": code, "grant_type": "authorization_code"}
        answer = self._ask("GET", "/sns/jscode2session", params=query)
        return _identity(self._appid, answer)

    def phone(self, code: str, openid: str) -> str:
        answer: dict[str, Any] = {}
        for _ in range(2):
            body = {"code": code, "openid": openid}
            answer = self._ask(
                "POST", "/wxa/business/getuserphonenumber", params={"access_token": self._access_token()}, json=body
            )
            if answer.get("errcode") not in TOKEN_TROUBLE:
                break
            self._token_good_until = 0.0
        info = answer.get("phone_info")
        number = info.get("purePhoneNumber") if isinstance(info, dict) else None
        if answer.get("errcode") or not isinstance(number, str):
            log.warning("wechat rejected a phone code", extra={"errcode": answer.get("errcode")})
            raise ValidationFailed({"phone_code": ["没有取到手机号码，请重新授权或直接填写号码"]})
        return number

    def _access_token(self) -> str:
        if time.monotonic() >= self._token_good_until:
            body = {"grant_type": "client_credential", "appid": self._appid, "secret": self._secret}
            answer = self._ask("POST", "/cgi-bin/stable_token", json=body)
            if not isinstance(answer.get("access_token"), str):
                log.error("wechat gave no access token", extra={"errcode": answer.get("errcode")})
                raise WeChatUnavailable()
            # WeChat renews five minutes before the end; old and new are both good meanwhile.
            self._token = answer["access_token"]
            lives_s = answer.get("expires_in")
            self._token_good_until = time.monotonic() + (lives_s if isinstance(lives_s, int) else 0) - 300
        return self._token

    def _ask(self, method: str, path: str, **request: Any) -> dict[str, Any]:
        return _ask(method, self._base + path, **request)


class WebHTTP:
    """A service account of WeChat's: its web authorisation tells us who looks at a page in WeChat's browser."""

    def __init__(self, base: str, open_base: str, appid: str, secret: str) -> None:
        self._base, self._open_base, self._appid, self._secret = base, open_base, appid, secret

    def address(self, back: str, state: str) -> str:
        """Where to send the browser; WeChat asks the person nothing and sends it `back` with a code and the state."""
        # WeChat wants the parameters in just this order.
        query = {"appid": self._appid, "redirect_uri": back, "response_type": "code", "scope": "snsapi_base", "state": state}
        return f"{self._open_base}/connect/oauth2/authorize?{urlencode(query)}#wechat_redirect"

    def identify(self, code: str) -> Identity:
        """Who is behind a code that a browser came back with. Raises WeChatRejected, WeChatUnavailable."""
        query = {"appid": self._appid, "secret": self._secret, "code": code, "grant_type": "authorization_code"}
        answer = _ask("GET", f"{self._base}/sns/oauth2/access_token", params=query)
        # Behind a page that WeChat shows as a mere snapshot stands a made-up account, which is nobody.
        if answer.get("is_snapshotuser") == 1:
            raise WeChatRejected()
        return _identity(self._appid, answer)


def _identity(appid: str, answer: dict[str, Any]) -> Identity:
    if answer.get("errcode") or not isinstance(answer.get("openid"), str):
        log.warning("wechat rejected a login code", extra={"errcode": answer.get("errcode")})
        raise WeChatRejected()
    unionid = answer.get("unionid")
    return Identity(appid, answer["openid"], unionid if isinstance(unionid, str) and unionid else None)


def _ask(method: str, address: str, **request: Any) -> dict[str, Any]:
    try:
        answer = requests.request(method, address, timeout=TIMEOUT_S, allow_redirects=False, **request)
        found = answer.json() if answer.status_code == 200 else None
    except (requests.RequestException, ValueError):
        found = None
    if not isinstance(found, dict) or found.get("errcode") == BUSY:
        log.warning("wechat unavailable", extra={"call": urlsplit(address).path})
        raise WeChatUnavailable()
    return found


class StandIn:
    """WeChat for the demo: the login code is the person's name there, the phone code the number itself."""

    def identify(self, code: str) -> Identity:
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", code):
            raise WeChatRejected()
        return Identity(STAND_IN_APPID, code)

    def phone(self, code: str, openid: str) -> str:
        return code
