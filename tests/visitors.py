"""Visitors: the cast in front of the pages, as a browser sends and shows them, without a browser."""

from __future__ import annotations

import html
import re
from typing import Any
from uuid import uuid4

from flask import Flask
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from kernel.database import db, transaction
from people import sessions
from tests.cast import Caller

_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')
_CODE = re.compile(r'data-code="(\w+)"')


class Visitor:
    """A browser in which one of the cast, or nobody, is signed in: `visit("/shop")`, `send("/orders", item_id=…)`."""

    def __init__(self, app: Flask, caller: Caller | None = None) -> None:
        self.app = app
        self.client = app.test_client()
        self.sign_in(caller)

    def sign_in(self, caller: Caller | None) -> None:
        """Let somebody sit down at this browser."""
        if caller is None or caller.access_token is None:
            return
        with self.client.session_transaction() as cookie:
            cookie["session_id"] = page_session(self.app, caller)

    @property
    def cookie(self) -> str:
        """What the browser's cookie holds, to be put into a real browser."""
        found = self.client.get_cookie("defen")
        assert found is not None
        return str(found.value)

    def visit(self, path: str, **request: Any) -> TestResponse:
        """Open a page."""
        return self.client.get(path, headers={"Accept": "text/html", **request.pop("headers", {})}, **request)

    def send(self, path: str, key: str | None = None, files: dict[str, Any] | None = None, **fields: Any) -> TestResponse:
        """Send a form, with a token of this browser's session and a key; lists are fields that come several times.

        A name with a dot in it is given with two underscores: `limits__per_day=1`.
        """
        data: MultiDict[str, Any] = MultiDict({"csrf_token": self.token(), "_key": key or uuid4().hex})
        for name, value in fields.items():
            data.setlist(name.replace("__", "."), list(value) if isinstance(value, list | tuple) else [value])
        return self.client.post(path, data={**data.to_dict(flat=False), **(files or {})}, headers={"Accept": "text/html"})

    def token(self) -> str:
        """A token for forms, as the sign-in page gives it to this browser."""
        found = _TOKEN.search(self.client.get("/sign-in").text)
        assert found is not None
        return html.unescape(found.group(1))


def page_session(app: Flask, caller: Caller) -> str:
    """A session of a browser for one of the cast; its id."""
    with app.app_context(), transaction():
        actor = sessions.actor_of(caller.access_token or "")
        row = db.session.get_one(sessions.Session, actor.session_id)
        return str(sessions.open_page(wechat_account_id=row.wechat_account_id, login_id=row.login_id))


def refusal(response: TestResponse) -> str | None:
    """The code of the refusal that a page shows, None where it shows none."""
    found = _CODE.search(response.text)
    return found.group(1) if found else None
