"""A walk through the demo: whoever follows the links of the pages finds each page there, at once, and no page is linked from
nowhere."""

import html
import re
import time
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest
from flask import Flask
from werkzeug.exceptions import HTTPException

from app import demo
from app.web.faces import Pages
from kernel.database import transaction
from tests.cast import Caller, Cast
from tests.conftest import DIVISIONS
from tests.visitors import Visitor

HREF = re.compile(r'\shref="([^"]+)"')
QUICK_S = 0.15  # of the server's time, the database's with it
OF_EACH_KIND = 2  # pages of one endpoint with the same names in their query
RESIDENTS = ("grandmother", "village1", "somebody-new")
OTHERS = {
    "admin": "/staff",
    "reviewer": "/staff",
    "auditor": "/staff",
    "official": "/staff",
    "barber": "/merchant",
    "village_admin": "/staff",
}
# Pages that nothing links to, each with its reason.
UNLINKED: dict[str, str] = {
    "open_enter.show": "where people arrive",
    "open_enter.from_app": "opened by the mini-program",
    "open_enter_wechat.start": "shown in WeChat's own browser, where a service account is set",
    "open_enter_wechat.show": "where WeChat sends the browser back to",
    "staff_imports.show": "the demo imports nothing",
    "staff_imports.export_refused": "the demo imports nothing",
    "resident_orders.ahead": "asked by the script of the code page",
    "resident_orders.state": "asked by the script of the code page",
    "resident_codes.ahead": "asked by the script of the code page",
    "open_photos.show": "a picture in a form that was begun earlier, which its script asks for",
}


@dataclass(frozen=True)
class Seen:
    """A page that somebody came to."""

    who: str
    path: str
    endpoint: str
    status: int
    took_s: float


@pytest.fixture(scope="module")
def walked(app: Flask, superuser: object) -> list[Seen]:
    """All pages that some of the demo's people come to by following links."""
    from tests.conftest import empty

    empty(app, superuser)  # type: ignore[arg-type]
    with app.app_context(), transaction():
        demo.load(DIVISIONS)
    nobody = Cast(app).nobody
    seen: list[Seen] = []
    for who in RESIDENTS:
        token = nobody.post("/auth/wechat", {"code": who}).json["access_token"]
        seen += walk(app, who, Visitor(app, Caller(app, token)), "/")
    for who, start in OTHERS.items():
        answer = nobody.post("/auth/password", {"username": who, "password": demo.PASSWORD})
        assert answer.status_code == 200, f"the demo has no {who}"
        seen += walk(app, who, Visitor(app, Caller(app, answer.json["access_token"])), start)
    return seen + list(walk(app, "nobody", Visitor(app), "/enter"))


def walk(app: Flask, who: str, visitor: Visitor, start: str) -> Iterator[Seen]:
    """Follow every link from a page on, a few of each kind."""
    waiting, known = deque([start]), {start}
    kinds: Counter[tuple[str, tuple[str, ...]]] = Counter()
    while waiting:
        path = waiting.popleft()
        endpoint = endpoint_of(app, path)
        kind = (endpoint, tuple(sorted(re.findall(r"[?&]([^=&]+)=", path))))
        kinds[kind] += 1
        if kinds[kind] > OF_EACH_KIND:
            continue
        answer, took_s = None, 1.0
        for _ in range(8):  # the best of some: other work on this machine must not count
            began = time.perf_counter()
            answer = visitor.visit(path)
            took_s = min(took_s, time.perf_counter() - began)
            if took_s < QUICK_S:
                break
            time.sleep(0.1)
        assert answer is not None
        yield Seen(who, path, endpoint, answer.status_code, took_s)
        links = [answer.location] if answer.status_code == 303 else HREF.findall(answer.text) if "html" in answer.mimetype else []
        for link in map(html.unescape, links):
            parts = urlsplit(link)
            if not parts.netloc and not parts.scheme and parts.path.startswith("/") and not parts.path.startswith("/static"):
                address = parts.path + (f"?{parts.query}" if parts.query else "")
                if address not in known:
                    known.add(address)
                    waiting.append(address)


def endpoint_of(app: Flask, path: str) -> str:
    try:
        return str(app.url_map.bind("localhost").match(urlsplit(path).path, "GET")[0])
    except HTTPException:
        return f"no route: {path}"


def test_every_link_leads_to_a_page(walked: list[Seen]) -> None:
    assert [(page.who, page.path, page.status) for page in walked if page.status >= 400] == []


def test_every_page_is_there_at_once(walked: list[Seen]) -> None:
    assert [(page.who, page.path, round(page.took_s, 3)) for page in walked if page.took_s >= QUICK_S] == []


def test_every_page_is_linked_from_somewhere(app: Flask, walked: list[Seen]) -> None:
    pages = {name for name, blueprint in app.blueprints.items() if isinstance(blueprint, Pages)}
    all_of_them = {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if "GET" in (rule.methods or ()) and rule.endpoint.split(".")[0] in pages
    }
    assert all_of_them - {page.endpoint for page in walked} - UNLINKED.keys() == set()
