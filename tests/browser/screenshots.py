"""`python -m tests.browser.screenshots [name …]`: pictures of the main pages, on the demo, into docs/pictures/.

It serves the demo on a free port with its data in a folder of its own. Each picture is a line of `PICTURES`.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from app.demo.basics import PASSWORD
from app.settings import ROOT
from tests.browser.conftest import DESK, PHONE, launch

FOLDER = ROOT / "docs" / "pictures"
ORDER = "/orders > /orders/"  # one that waits to be fetched
# Name, who is signed in there, path, care mode. `A > B` opens A and follows the first link on it that begins with B.
PICTURES: tuple[tuple[str, str, str, bool], ...] = (
    ("items", "admin", "/staff/items", False),
    ("donation", "admin", "/staff/donations/new", False),
    ("rules", "admin", "/staff/rules", False),
    ("rule", "admin", "/staff/rules/new", False),
    ("units", "admin", "/staff/units", False),
    ("item-new", "admin", "/staff/items/new", False),
    ("feed-desk", "admin", "/staff/feed", False),
    ("rule-lists", "admin", "/staff/rule-lists/new", False),
    ("donations", "admin", "/staff/donations", False),
    ("tariffs", "admin", "/staff/donation-tariffs", False),
    ("merchants", "admin", "/staff/merchants", False),
    ("enter", "nobody", "/enter", False),
    ("home", "grandmother", "/", False),
    ("home-care", "grandmother", "/", True),
    ("household", "village1", "/household", False),
    ("sign-in", "nobody", "/sign-in", False),
    ("shop", "grandmother", "/shop", False),
    ("shop-care", "grandmother", "/shop", True),
    ("code", "grandmother", f"{ORDER} > /orders/", False),
    ("points", "grandmother", "/points", False),
    ("till-done", "till", "/merchant", False),
    ("statement", "barber", "/merchant/statement", False),
    ("declare", "grandmother", "/declare", False),
    ("declare-care", "grandmother", "/declare", True),
    ("deeds", "grandmother", "/deeds", False),
    ("start", "reviewer", "/staff", False),
    ("residents", "reviewer", "/staff/residents", False),
    ("entry", "reviewer", "/staff/entries/new?q=王", False),
    ("households", "village_admin", "/staff/households", False),
    ("resident", "village_admin", "/staff/residents?q=王", False),
    ("imports-new", "admin", "/staff/imports/new", False),
    ("places", "admin", "/staff/places", False),
    ("cards", "admin", "/staff/cards", False),
    ("review", "reviewer", "/staff/deeds", False),
    ("figures", "admin", "/staff/figures", False),
    ("report", "reviewer", "/staff/figures/report", False),
    ("settings", "admin", "/staff/settings", False),
    ("accounts", "admin", "/staff/accounts", False),
    ("audits", "auditor", "/staff/audits", False),
)
STAFF = ("reviewer", "admin", "auditor", "official", "village_admin", "village_grid")
MERCHANTS = ("barber", "till")


def main(names: list[str]) -> None:
    """Serve the demo, take the pictures that are named, or all, end what was started."""
    FOLDER.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="defen-pictures-"))
    folder.chmod(0o755)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "DATA_DIR": str(folder), "BIND": f"127.0.0.1:{port}", "FLASK_APP": "wsgi"}
    server = subprocess.Popen([sys.executable, "-m", "flask", "serve"], cwd=ROOT, env=environment)
    try:
        address = f"http://127.0.0.1:{port}"
        _wait_for(f"{address}/readyz")
        with sync_playwright() as playwright:
            browser = launch(playwright)
            for picture in PICTURES:
                if not names or picture[0] in names:
                    _take(browser, address, *picture)
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(60)
        shutil.rmtree(folder, ignore_errors=True)


def _take(browser: Browser, address: str, name: str, who: str, path: str, care: bool) -> None:
    desk = who in STAFF
    context = browser.new_context(viewport=DESK if desk else PHONE, base_url=address, locale="zh-CN", device_scale_factor=1)
    page = context.new_page()
    _sign_in(page, who)
    if care:
        page.goto("/enter")
        page.get_by_role("button", name="长辈版").click()
    _open(page, path)
    if name == "till-done":
        _scan(page, _code(browser, address))
    page.wait_for_timeout(400)
    page.screenshot(path=FOLDER / f"{name}.png", full_page=False)
    context.close()


def _open(page: Page, path: str) -> None:
    first, *links = path.split(" > ")
    page.goto(first)
    for link in links:
        page.goto(page.locator(f'main a[href^="{link}"]').first.get_attribute("href") or link)


def _code(browser: Browser, address: str) -> str:
    """The code of the grandmother's order."""
    page = browser.new_context(viewport=PHONE, base_url=address, locale="zh-CN").new_page()
    _sign_in(page, "grandmother")
    _open(page, f"{ORDER} > /orders/")
    digits = "".join((page.locator("#digits").text_content() or "").split())
    page.context.close()
    return digits


def _scan(page: Page, token: str) -> None:
    """As a USB scanner does, and the answer is waited for."""
    page.keyboard.type(token)
    page.keyboard.press("Enter")
    page.locator("#result.over").wait_for()


def _sign_in(page: Page, who: str) -> None:
    if who in STAFF or who in MERCHANTS:
        page.goto("/sign-in")
        page.fill("[name=username]", who)
        page.fill("[name=password]", PASSWORD)
        page.get_by_role("button", name="登录").click()
    elif who != "nobody":
        page.goto("/enter")
        page.locator(f"button[name=code][value={who}]").click()
    page.wait_for_load_state()


def _wait_for(address: str) -> None:
    for _ in range(240):
        try:
            urllib.request.urlopen(address, timeout=2)
        except OSError:
            time.sleep(0.5)
        else:
            return
    raise SystemExit("the demo did not get ready")


if __name__ == "__main__":
    main(sys.argv[1:])
