"""Every page in a real browser: nothing wrong in the console, nothing serious for axe, nothing wider than the screen, nothing
that jumps while it loads, in normal and in care mode."""

import pytest
from playwright.sync_api import Page

from app.settings import ROOT
from tests.browser.conftest import DESK, PHONE, Open
from tests.cast import Cast

AXE = (ROOT / "node_modules" / "axe-core" / "axe.min.js").read_text()
NARROW = {"width": 360, "height": 740}
SMALL_DESK = {"width": 1024, "height": 768}
# Who opens which page; `{name}` is an id from `things`.
PHONE_PAGES = [
    ("nobody", "/enter"),
    ("nobody", "/sign-in"),
    ("grandmother", "/"),
    ("barber", "/merchant"),
]
DESK_PAGES = [
    ("admin", "/staff/items"),
    ("admin", "/staff/items/new"),
    ("admin", "/staff/items/{item}"),
    ("admin", "/staff/items/{item}/edit"),
    ("admin", "/staff/merchants"),
    ("admin", "/staff/merchants/new"),
    ("admin", "/staff/merchants/{merchant}"),
    ("admin", "/staff/merchants/{merchant}/edit"),
    ("admin", "/staff/donations"),
    ("admin", "/staff/donations/new"),
    ("admin", "/staff/donation-tariffs"),
    ("admin", "/staff/rules"),
    ("admin", "/staff/rules/new"),
    ("admin", "/staff/rules/{rule}"),
    ("admin", "/staff/rules/{rule}/edit"),
    ("admin", "/staff/rule-lists/new"),
    ("admin", "/staff/feed"),
    ("admin", "/staff/units"),
    ("admin", "/staff/units/new"),
    ("admin", "/staff/units/{unit}"),
    ("admin", "/staff/units/{unit}/edit"),
    ("admin", "/staff/feed/{donation}"),
    ("admin", "/staff/donations/{donation}"),
    ("admin", "/staff/donations/new?resident_id={resident}"),
    ("admin", "/staff/donation-tariffs/{tariff}/edit"),
    ("admin", "/staff/residents/{resident}/transfers"),
    ("admin", "/staff/transfers/{transfer}"),
    ("reviewer", "/staff"),
]


def faults(page: Page) -> list[str]:
    """What axe finds to be serious or worse, and what is wider than the screen or jumped."""
    page.evaluate(AXE)
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
    said = [
        f"{fault['id']} ({fault['impact']}): {[node['html'][:200] for node in fault['nodes'][:3]]}"
        for fault in found
        if fault["impact"] in ("serious", "critical")
    ]
    width = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    if width > 0:
        said.append(f"{width} pixels wider than the screen")
    shift = page.evaluate(
        """new Promise(done => { let sum = 0;
        new PerformanceObserver(list => list.getEntries().forEach(e => { if (!e.hadRecentInput) sum += e.value }))
          .observe({type: 'layout-shift', buffered: true});
        setTimeout(() => done(sum), 50) })"""
    )
    if shift > 0.02:
        said.append(f"jumps by {shift:.3f}")
    return said


@pytest.fixture
def things(cast: Cast) -> dict[str, str]:
    """The ids that pages are opened with, in a community with something in it."""
    cast.give(cast.grandmother, 50)
    unit = {"name": "八桥镇卫生院", "kind": "institution", "contact_name": "王主任", "contact_phone": "13800000009"}
    tariff = {"name": "大米", "unit": "公斤", "points": 2}
    return {
        "unit": cast.admin.post("/staff/units", unit).json["id"],
        "tariff": cast.admin.post("/staff/donation-tariffs", tariff).json["id"],
        "donation": cast.donate(cast.grandmother, thanks=True),
        "resident": cast.grandmother.id,
        "transfer": cast.grandmother.get("/me/transfers").json["items"][0]["id"],
        "item": cast.item(cast.till, stock=5),
        "merchant": str(cast.till.merchant_id),
        "rule": cast.patrol,
    }


@pytest.mark.parametrize("care", [False, True], ids=["normal", "care"])
@pytest.mark.parametrize(("who", "path"), PHONE_PAGES)
def test_a_page_for_phones_is_in_order(
    cast: Cast, open_page: Open, things: dict[str, str], who: str, path: str, care: bool
) -> None:
    page = open_page(getattr(cast, who), path.format(**things), size=NARROW if care else PHONE, care=care, font=30)
    assert faults(page) == []


@pytest.mark.parametrize("size", [SMALL_DESK, DESK], ids=["small", "desk"])
@pytest.mark.parametrize(("who", "path"), DESK_PAGES)
def test_a_page_for_desks_is_in_order(
    cast: Cast, open_page: Open, things: dict[str, str], who: str, path: str, size: dict[str, int]
) -> None:
    assert faults(open_page(getattr(cast, who), path.format(**things), size=size)) == []
