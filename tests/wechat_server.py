"""A stand-in for WeChat's server API, asked over real HTTP: codes are good once, access tokens run out, and it can be ill.

with WeChatServer(codes={"code-1": "openid-1"}) as wechat:
    gateway = WeChatHTTP(wechat.base, wechat.appid, wechat.secret)
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

OK: dict[str, Any] = {}
BUSY = {"errcode": -1, "errmsg": "system error"}
BAD_TOKEN = {"errcode": 40001, "errmsg": "invalid credential, access_token is invalid or not latest"}
BAD_APPID = {"errcode": 40013, "errmsg": "invalid appid"}
BAD_CODE = {"errcode": 40029, "errmsg": "invalid code"}
BAD_SECRET = {"errcode": 40125, "errmsg": "invalid appsecret"}
USED_CODE = {"errcode": 40163, "errmsg": "code been used"}


class WeChatServer:
    """WeChat for one mini-program or service account.

    `codes` are openids by login code, `phones` numbers by phone code; both may grow at any time.

    `trouble` says how it is ill: "busy" (-1), "error" (HTTP 500), "html" (no JSON), "list" (JSON, but no object), "silent"
    (no answer until the server ends). `says` puts an answer of the test's own under a path. `asked` is what it was asked:
    the path, and query and body as one dictionary.
    """

    def __init__(
        self,
        codes: Mapping[str, str] = OK,
        phones: Mapping[str, str] = OK,
        *,
        appid: str = "wx-tests",
        secret: str = "a secret of wechat",
    ) -> None:
        self.codes, self.phones = dict(codes), dict(phones)
        self.appid, self.secret = appid, secret
        self.unionids: dict[str, str] = {}
        self.trouble: str | None = None
        self.says: dict[str, dict[str, Any]] = {}
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self._used: set[str] = set()
        self._tokens_given = 0
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True

    @property
    def base(self) -> str:
        """The address to ask instead of https://api.weixin.qq.com."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> WeChatServer:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._server.shutdown()
        self._server.server_close()

    def paths_asked(self) -> list[str]:
        """The paths of all questions, in order."""
        return [path for path, _ in self.asked]

    def expire_access_token(self) -> None:
        """The access token that was given last is good no more."""
        with self._lock:
            self._tokens_given += 1

    # --- what it answers -----------------------------------------------------------------------------------------------------

    def answer(self, method: str, path: str, given: dict[str, Any]) -> dict[str, Any]:
        """What WeChat says to one question."""
        with self._lock:
            self.asked.append((path, given))
            if path in self.says:
                return self.says[path]
            match method, path:
                case "GET", "/sns/jscode2session":
                    return self._stranger(given) or self._session(given)
                case "GET", "/sns/oauth2/access_token":
                    return self._stranger(given) or self._web_token(given)
                case "POST", "/cgi-bin/stable_token":
                    return self._stranger(given) or self._access_token()
                case "POST", "/wxa/business/getuserphonenumber":
                    return self._phone(given)
        return {"errcode": 40066, "errmsg": "invalid url"}

    def _stranger(self, given: dict[str, Any]) -> dict[str, Any] | None:
        if given.get("appid") != self.appid:
            return BAD_APPID
        return None if given.get("secret") == self.secret else BAD_SECRET

    def _once(self, code: Any, known: Mapping[str, str]) -> dict[str, Any] | None:
        if code in self._used:
            return USED_CODE
        if code not in known:
            return BAD_CODE
        self._used.add(code)
        return None

    def _session(self, given: dict[str, Any]) -> dict[str, Any]:
        if given.get("grant_type") != "authorization_code":
            return {"errcode": 40002, "errmsg": "invalid grant_type"}
        refused = self._once(given.get("js_code"), self.codes)
        if refused:
            return refused
        openid = self.codes[given["js_code"]]
        more = {"unionid": self.unionids[openid]} if openid in self.unionids else {}
        return {"openid": openid, "session_key": "tiihtNczf5v6AKRyjwEUhQ==", **more}

    def _web_token(self, given: dict[str, Any]) -> dict[str, Any]:
        if given.get("grant_type") != "authorization_code":
            return {"errcode": 40002, "errmsg": "invalid grant_type"}
        refused = self._once(given.get("code"), self.codes)
        if refused:
            return refused
        openid = self.codes[given["code"]]
        more = {"unionid": self.unionids[openid]} if openid in self.unionids else {}
        return {
            "access_token": "web",
            "expires_in": 7200,
            "refresh_token": "web",
            "openid": openid,
            "scope": "snsapi_base",
            **more,
        }

    def _access_token(self) -> dict[str, Any]:
        return {"access_token": f"token-{self._tokens_given}", "expires_in": 7200}

    def _phone(self, given: dict[str, Any]) -> dict[str, Any]:
        if given.get("access_token") != f"token-{self._tokens_given}":
            return BAD_TOKEN
        refused = self._once(given.get("code"), self.phones)
        if refused:
            return refused
        number = self.phones[given["code"]]
        watermark = {"timestamp": 1795230900, "appid": self.appid}
        info = {"phoneNumber": number, "purePhoneNumber": number, "countryCode": 86, "watermark": watermark}
        return {"errcode": 0, "errmsg": "ok", "phone_info": info}

    # --- how it is asked -----------------------------------------------------------------------------------------------------

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        wechat = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._reply("GET")

            def do_POST(self) -> None:
                self._reply("POST")

            def log_message(self, *_: object) -> None:
                """The tests' output stays their own."""

            def _reply(self, method: str) -> None:
                address = urlsplit(self.path)
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                given = dict(parse_qsl(address.query)) | (json.loads(body) if body else {})
                match wechat.trouble:
                    case "silent":
                        wechat._ended.wait(30)
                    case "error":
                        self._send(500, b"Internal Server Error", "text/plain")
                    case "html":
                        self._send(200, b"<html>upstream timed out</html>", "text/html")
                    case "list":
                        self._send(200, b"[]", "application/json")
                    case "busy":
                        self._send(200, json.dumps(BUSY).encode(), "application/json")
                    case _:
                        self._send(200, json.dumps(wechat.answer(method, address.path, given)).encode(), "application/json")

            def _send(self, status: int, data: bytes, kind: str) -> None:
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

        return Handler
