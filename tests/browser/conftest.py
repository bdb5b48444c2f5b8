"""A real browser in front of the app: Debian's Chromium, at phone and desk size. An error in the console fails the test."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, sync_playwright
from werkzeug.serving import make_server

from tests.cast import Caller
from tests.visitors import Visitor

PHONE = {"width": 390, "height": 844}
DESK = {"width": 1366, "height": 820}
ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
]


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    browser = launch(playwright)
    yield browser
    browser.close()


def launch(playwright: Playwright, camera: Path | None = None) -> Browser:
    """Chromium; with a film, held before its camera."""
    film = [f"--use-file-for-fake-video-capture={camera}"] if camera else []
    return playwright.chromium.launch(executable_path=shutil.which("chromium"), headless=True, args=[*ARGS, *film])


@pytest.fixture(scope="session")
def address(app: Flask) -> Iterator[str]:
    """Where the app is served."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()


Open = Callable[..., Page]


@pytest.fixture
def open_page(app: Flask, browser: Browser, address: str) -> Iterator[Open]:
    """Open a page as one of the cast: `open_page(cast.grandmother, "/")`; `care` in care mode, `js=False` without scripts.

    `expected` holds parts of console messages that belong to the test, such as the answer 409 to a refused request.
    """
    contexts: list[BrowserContext] = []
    wrong: list[str] = []

    def open_as(
        caller: Caller | None,
        path: str = "/",
        *,
        size: dict[str, int] = PHONE,
        care: bool = False,
        font: int = 22,
        js: bool = True,
        within: Browser | None = None,
        expected: tuple[str, ...] = (),
    ) -> Page:
        context = (within or browser).new_context(
            viewport=size, base_url=address, locale="zh-CN", timezone_id="Asia/Shanghai", java_script_enabled=js
        )
        context.set_default_timeout(10_000)
        contexts.append(context)
        sign_in(app, context, address, caller, care=care, font=font)
        page = context.new_page()
        watch(page, wrong, expected)
        page.goto(path)
        return page

    yield open_as
    for context in contexts:
        context.close()
    assert wrong == []


def sign_in(
    app: Flask, context: BrowserContext, address: str, caller: Caller | None, *, care: bool = False, font: int = 22
) -> None:
    """Let one of the cast be signed in in a browser, without the sign-in page."""
    visitor = Visitor(app, caller)
    with visitor.client.session_transaction() as cookie:
        cookie["care"], cookie["font"] = care, font
    context.add_cookies([{"name": "defen", "value": visitor.cookie, "url": address}])


def watch(page: Page, wrong: list[str], expected: tuple[str, ...] = ()) -> None:
    """Write down every error of the page's scripts and of its console."""
    page.on("pageerror", lambda error: wrong.append(f"{page.url}: {error}"))

    def say(message: object) -> None:
        kind, text = message.type, message.text  # type: ignore[attr-defined]
        if kind in ("error", "warning") and not any(part in text for part in expected):
            wrong.append(f"{page.url}: {kind}: {text}")

    page.on("console", say)
