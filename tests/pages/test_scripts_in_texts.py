"""Texts that would like to be more than text: wherever somebody may write, and on every page on which anybody reads it."""

import html
import io
import re
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask

from kernel import clock, tables
from tests.abuse import pages
from tests.abuse.pages import Page
from tests.abuse.worlds import World
from tests.cast import COMMUNITY, Caller, Cast
from tests.visitors import Visitor

# What is written into every field: a script, an attribute that ends early, a template's braces.
EVIL = "</script><script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{7*7}}${7*7}"
SHORT = "<b onclick=x>{{7*7}}"  # where little fits
# A tag or an attribute of ours never looks so.
RAW = re.compile(r"<script>alert|<img src=x|<b onclick|\"'><img|&amp;lt;script|(?<!\{)\b49\$")


class EvilWorld(World):
    """A community in which every name and every word is one of those."""

    def __post_init__(self) -> None:
        self.name = SHORT
        super().__post_init__()


def write_everywhere(cast: Cast) -> EvilWorld:
    """Put such texts into all that people may write, by the API; those fields that take none are left out."""
    cast.settings(COMMUNITY, counts_by="household")
    grandmother, admin = cast.grandmother, cast.admin
    world = EvilWorld("", cast, COMMUNITY, grandmother, admin)
    assert admin.patch(f"/staff/residents/{grandmother.id}", {"address": EVIL[:100]}).status_code == 200
    home = grandmother.get("/households/mine").json["id"]
    wrote = [
        grandmother.patch("/households/mine", {"name": SHORT}),
        admin.patch(f"/staff/households/{home}", {"address": EVIL[:100]}),
        admin.post("/staff/reasons", {"action": "reject", "text": EVIL}),
        admin.patch(f"/staff/merchants/{world.merchant}", {"name": SHORT, "address": EVIL[:100]}),
        admin.patch(f"/staff/items/{world.ids['item']}", {"name": SHORT, "description": EVIL}),
        admin.patch(f"/staff/rules/{world.rule}", {"title": EVIL[:60], "category": SHORT, "unit": "<i>"}),
        admin.post(f"/staff/units/{world.ids['unit']}/records", {"kind": "did", "day": str(clock.today()), "what": EVIL}),
        admin.patch(f"/staff/accounts/{world.ids['account']}", {"name": SHORT}),
        admin.post(f"/staff/deeds/{deed(world, EVIL)}/reject", {"reason": EVIL}),
        admin.post(f"/staff/deeds/{deed(world, EVIL)}/return", {"reason": EVIL}),
        admin.post(f"/staff/deeds/{deed(world, EVIL)}/approve", {"note": EVIL}),
        admin.post(f"/staff/items/{goods(world)}/stock", {"delta": 3, "reason": EVIL}),
        admin.call(
            "POST", "/staff/imports", data={"file": (io.BytesIO(tables.to_csv(["姓名", "电话"], [["", EVIL]])), f"{SHORT}.csv")}
        ),
    ]
    refused = [(answer.request.path, answer.json) for answer in wrote if answer.status_code >= 500 or answer.status_code == 404]
    assert refused == []
    assert sum(answer.status_code < 300 for answer in wrote) >= len(wrote) - 3
    return world


def deed(world: World, description: str) -> str:
    given = {"rule_id": world.rule, "occurred_on": str(clock.today()), "description": description}
    return str(world.resident.post("/deeds", given).json["id"])


def goods(world: World) -> str:
    body = {"kind": "goods", "name": SHORT, "price": 5, "stock": 9, "merchant_id": world.merchant, "description": EVIL}
    return str(world.admin.post("/staff/items", body).json["id"])


READERS = ("grandmother", "volunteer", "barber", "admin", "reviewer", "auditor", "official", "newcomer", "nobody")


@pytest.fixture
def evil(app: Flask, cast: Cast) -> EvilWorld:
    world = write_everywhere(cast)
    world.ids.update(pages.more_of(world))
    return world


def addresses(app: Flask, page: Page, ids: dict[str, str]) -> list[str]:
    """Where a page is found, and with a query that wants to be more than text too."""
    path, rest = page.request(ids)
    query = "".join(f"&{name}={value}" for name, value in rest.get("query_string", {}).items())
    return [f"{path}?q=&limit=100{query}", f"{path}?q={SHORT}&next=javascript:alert(1){query}"]


def test_texts_are_shown_as_text_on_every_page_to_everybody(app: Flask, evil: EvilWorld) -> None:
    wrong, seen, cast = [], 0, evil.cast
    for name in READERS:
        visitor = Visitor(app, getattr(cast, name))
        for page in pages.all_of(app):
            if page.method != "GET":
                continue
            for address in addresses(app, page, evil.ids):
                app.extensions["defen-limiter"].storage.reset()
                answer = visitor.visit(address)
                if answer.mimetype != "text/html":
                    continue
                seen += "&lt;script&gt;alert(1)" in answer.text or "&lt;b onclick" in answer.text
                wrong += [f"{name} {address}: {found[0]}" for found in [RAW.search(answer.text)] if found]
                wrong += [f"{name} {address}: {answer.status_code}"] if answer.status_code >= 500 else []
    assert not wrong, "\n".join(wrong[:20])
    assert seen > 20


def test_a_refused_form_shows_what_was_written_as_text(app: Flask, evil: EvilWorld) -> None:
    wrong, cast = [], evil.cast
    for name in ("grandmother", "barber", "admin", "nobody"):
        visitor = Visitor(app, getattr(cast, name))
        token = visitor.token()
        for page in pages.all_of(app):
            if page.method != "POST" or "sign-out" in page.name or page.name == "POST /me/leave":
                continue
            app.extensions["defen-limiter"].storage.reset()
            path, rest = page.request(evil.ids)
            body: dict[str, Any] = {field: EVIL if isinstance(given, list) else given for field, given in rest["data"].items()}
            answer = visitor.client.post(
                path,
                data={**body, "csrf_token": token, "_key": uuid4().hex, "quantity": EVIL, "kept": EVIL},
                headers={"Accept": "text/html"},
            )
            if answer.mimetype == "text/html" and (found := RAW.search(answer.text)):
                wrong.append(f"{name} {page.name}: {found[0]}")
            if answer.status_code >= 500:
                wrong.append(f"{name} {page.name}: {answer.status_code}")
    assert not wrong, "\n".join(wrong)


# Characters that turn the reading round or hide: names with them could be read as another's.
TURNING = ["\u202e英秀李", "李\u200b秀英", "李秀\u2066英", "李\x07秀英"]


@pytest.mark.parametrize("text", TURNING)
def test_what_turns_a_text_round_is_taken_nowhere(app: Flask, cast: Cast, text: str) -> None:
    callers: list[tuple[Caller, str, str, dict[str, Any]]] = [
        (cast.admin, "POST", "/staff/residents", {"name": text}),
        (cast.admin, "POST", "/staff/rules", {"code": "T-1", "title": text, "category": "治理", "points": 5}),
        (cast.admin, "POST", "/staff/merchants", {"name": text}),
        (cast.admin, "PATCH", f"/staff/accounts/{cast.reviewer.id}", {"name": text}),
        (cast.grandmother, "POST", "/deeds", {"rule_id": cast.patrol, "occurred_on": str(clock.today()), "description": text}),
    ]
    for caller, method, path, body in callers:
        assert caller.call(method, path, json=body).status_code == 422, path
    answer = Visitor(app, cast.admin).send(f"/staff/accounts/{cast.reviewer.id}", name=text)
    assert answer.status_code == 422
    assert "含有不能识别的字符" in html.unescape(answer.text)
