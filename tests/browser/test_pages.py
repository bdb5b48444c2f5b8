"""Every page in a real browser: nothing wrong in the console, nothing serious for axe, nothing wider than the screen, nothing
that jumps while it loads, in normal and in care mode."""

import io
import re
from uuid import UUID, uuid4

import pytest
from flask import Flask
from playwright.sync_api import Page

from app.settings import ROOT
from app.web.faces import Pages
from points import reviews
from tests.api.test_cards import issued
from tests.api.test_residents import place
from tests.browser.conftest import DESK, PHONE, Open
from tests.cast import Cast, as_file, scene

AXE = (ROOT / "node_modules" / "axe-core" / "axe.min.js").read_text()
NARROW = {"width": 360, "height": 740}
SMALL_DESK = {"width": 1024, "height": 768}
# Who opens which page; `{name}` is an id from `things`.
PHONE_PAGES = [
    ("nobody", "/enter"),
    ("nobody", "/sign-in"),
    ("newcomer", "/join"),
    ("newcomer", "/join?q=社区"),
    ("newcomer", "/join?community_code=500104101009"),
    ("newcomer", "/join/link"),
    ("grandmother", "/"),
    ("grandmother", "/shop"),
    ("grandmother", "/shop/{item}"),
    ("grandmother", "/shop/{dear_item}"),
    ("grandmother", "/orders"),
    ("grandmother", "/orders/{order}"),
    ("grandmother", "/orders/{order}/code"),
    ("grandmother", "/code"),
    ("grandmother", "/points"),
    ("volunteer", "/points/{transfer}"),
    ("grandmother", "/feed"),
    ("grandmother", "/checkins"),
    ("grandmother", "/me"),
    ("grandmother", "/me/settings"),
    ("grandmother", "/me/sign-in-code"),
    ("grandmother", "/me/data"),
    ("grandmother", "/me/donations"),
    ("grandmother", "/me/leave"),
    ("grandmother", "/messages"),
    ("villager", "/household"),
    ("grandmother", "/declare"),
    ("grandmother", "/declare?q=清洁"),
    ("grandmother", "/declare/{rule}"),
    ("grandmother", "/rules"),
    ("grandmother", "/deeds"),
    ("grandmother", "/deeds/{deed}"),
    ("grandmother", "/deeds/{returned_deed}"),
    ("grandmother", "/deeds/{returned_deed}/edit"),
    ("barber", "/merchant"),
    ("barber", "/merchant/scans/{scan}"),
    ("barber", "/merchant/today"),
    ("barber", "/merchant/statement"),
    ("barber", "/merchant/account"),
]
DESK_PAGES = [
    ("reviewer", "/staff/residents/{resident}/phone"),
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
    ("reviewer", "/staff/deeds"),
    ("auditor", "/staff/deeds?status=all"),
    ("reviewer", "/staff/deeds/{deed}"),
    ("reviewer", "/staff/deeds/{approved}"),
    ("reviewer", "/staff/reviews/figures"),
    ("admin", "/staff/reasons"),
    ("admin", "/staff/account"),
    ("admin", "/staff/second-factor"),
    ("admin", "/staff/figures"),
    ("reviewer", "/staff/figures/issued"),
    ("reviewer", "/staff/figures/report"),
    ("auditor", "/staff/exports"),
    ("admin", "/staff/accounts"),
    ("admin", "/staff/accounts/new"),
    ("admin", "/staff/accounts/{account}"),
    ("admin", "/staff/accounts/roles"),
    ("admin", "/staff/settings"),
    ("official", "/staff/settings"),
    ("auditor", "/staff/audits"),
    ("admin", "/staff/letters"),
    ("admin", "/staff/residents"),
    ("reviewer", "/staff/residents/new"),
    ("admin", "/staff/residents/{resident}"),
    ("auditor", "/staff/residents/{resident}"),
    ("reviewer", "/staff/residents/{resident}/edit"),
    ("reviewer", "/staff/residents/{resident}/link"),
    ("admin", "/staff/residents/{resident}/leave"),
    ("reviewer", "/staff/cards"),
    ("reviewer", "/staff/entries/new?resident_id={resident}&q=王"),
    ("admin", "/staff/households"),
    ("admin", "/staff/households/{home}"),
    ("reviewer", "/staff/households/{home}/edit"),
    ("reviewer", "/staff/households/{home}/members/new"),
    ("admin", "/staff/households/{home}/merge"),
    ("admin", "/staff/households/{home}/split"),
    ("reviewer", "/staff/imports"),
    ("reviewer", "/staff/imports/new"),
    ("reviewer", "/staff/imports/{import}"),
    ("admin", "/staff/places"),
    ("admin", "/staff/places/new?parent_code={place}"),
    ("admin", "/staff/places/{place}"),
]


def moves(page: Page) -> list[tuple[float, list[str]]]:
    """What moved by itself while the page was loading, and by how much of the screen."""
    found: list[tuple[float, list[str]]] = page.evaluate(
        """new Promise(done => { const moved = [];
        new PerformanceObserver(list => list.getEntries().forEach(e => { if (!e.hadRecentInput) moved.push(
          [e.value, e.sources.map(s => s.node && (s.node.outerHTML || s.node.textContent).slice(0, 80))]) }))
          .observe({type: 'layout-shift', buffered: true});
        setTimeout(() => done(moved), 50) })"""
    )
    return found


# What leads on to somewhere else, or is a picture.
NOTHING_TO_SEE = {"open_enter.from_app", "open_enter_wechat.start", "open_enter_wechat.show", "open_photos.show"}


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
    moved = moves(page)
    for _ in range(2):  # what moves because the machine is busy does not move each time
        if sum(value for value, _ in moved) > 0.02:
            page.reload()
            moved = moves(page)
    if sum(value for value, _ in moved) > 0.02:
        said.append(f"jumps: {moved}")
    return said


@pytest.fixture
def things(cast: Cast) -> dict[str, str]:
    """The ids that pages are opened with, in a community with something in it."""
    found = {**things_of_the_shop(cast), **things_at_the_till(cast), **things_declared(cast), "account": str(cast.reviewer.id)}
    return {**found, **things_of_people(cast), **things_kept(cast)}


def things_kept(cast: Cast) -> dict[str, str]:
    """A unit, a tariff, a donation that the community is told of, and the transfer that credited it."""
    unit = {"name": "八桥镇卫生院", "kind": "institution", "contact_name": "王主任", "contact_phone": "13800000009"}
    tariff = {"name": "大米", "unit": "公斤", "points": 2}
    return {
        "unit": cast.admin.post("/staff/units", unit).json["id"],
        "tariff": cast.admin.post("/staff/donation-tariffs", tariff).json["id"],
        "donation": cast.donate(cast.volunteer, thanks=True),
        "transfer": cast.volunteer.get("/me/transfers").json["items"][0]["id"],
    }


def things_of_the_shop(cast: Cast) -> dict[str, str]:
    """Two items, one of them with a picture and dear, an order, a donation."""
    cast.give(cast.grandmother, 580)
    picture = UUID(cast.admin.upload(as_file(scene(1))))
    item = cast.item(description="洗剪吹，请先到店或电话预约", limits={"per_person": 2, "per_days": 30})
    dear = cast.item(cast.till, kind="goods", name="大米 5 公斤", price=6000, stock=3, upload_id=picture)
    cast.donate(cast.grandmother, note="给楼里的老人", thanks=True)
    merchant = str(cast.till.merchant_id)
    return {"item": item, "dear_item": dear, "order": cast.order(cast.grandmother, item), "merchant": merchant}


def things_of_people(cast: Cast) -> dict[str, str]:
    """A grid with a building, a household of two with a deed and a card, and an import with a bad line."""
    grid = place(cast)
    place(cast, "3 栋", grid, "building")
    head, _ = cast.family("王大福", "王小军")
    cast.give(head, 50)
    issued(cast, head.id)
    sent = {"file": (io.BytesIO("姓名,电话\n王大福,139\n".encode()), "居民.csv")}
    bad = cast.reviewer.post("/staff/imports", data=sent).json["id"]
    return {"place": grid, "resident": head.id, "home": head.get("/me").json["household"]["id"], "import": bad}


def things_at_the_till(cast: Cast) -> dict[str, str]:
    """An order that was scanned."""
    token = cast.token(cast.grandmother, cast.order(cast.grandmother))
    return {"scan": cast.barber.post("/merchant/scans", {"token": token}).json["id"]}


def things_declared(cast: Cast) -> dict[str, str]:
    """A rule, and deeds in several states, some with photos."""
    deed = cast.deed(cast.volunteer, upload_ids=[UUID(cast.volunteer.upload())])
    cast.in_app(lambda: reviews.approve(cast.reviewer.actor, UUID(deed)))
    return {
        "rule": cast.rule(title="清洁楼道", category="社区建设", unit="每小时", per_unit=True, limits={"per_week": 2}),
        "deed": cast.deed(cast.grandmother, upload_ids=[UUID(cast.grandmother.upload(as_file(scene(1))))]),
        "returned_deed": cast.returned(cast.grandmother, upload_ids=[UUID(cast.grandmother.upload()) for _ in range(2)]),
        "approved": deed,
    }


def test_every_page_is_looked_at(app: Flask) -> None:
    faces = {name for name, blueprint in app.blueprints.items() if isinstance(blueprint, Pages)}
    rules = [rule for rule in app.url_map.iter_rules() if rule.endpoint.split(".")[0] in faces and "GET" in (rule.methods or ())]
    addresses = app.url_map.bind("localhost")
    looked_at = {
        addresses.match(re.sub(r"\{\w+\}", str(uuid4()), path).split("?")[0], "GET")[0] for _, path in PHONE_PAGES + DESK_PAGES
    }
    files = {rule.endpoint for rule in rules if re.search(r"[./](csv|xlsx|json|codes|state)$", rule.rule)}
    assert {rule.endpoint for rule in rules} - looked_at - files - NOTHING_TO_SEE == set()


@pytest.mark.parametrize(("who", "path"), PHONE_PAGES)
def test_a_page_for_phones_is_in_order_in_normal_and_in_care_mode(
    cast: Cast, open_page: Open, things: dict[str, str], who: str, path: str
) -> None:
    caller, address = getattr(cast, who), path.format(**things)
    assert faults(open_page(caller, address, size=PHONE)) == []
    assert faults(open_page(caller, address, size=NARROW, care=True, font=30)) == []


@pytest.mark.parametrize(("who", "path"), DESK_PAGES)
def test_a_page_for_desks_is_in_order_on_small_and_large_screens(
    cast: Cast, open_page: Open, things: dict[str, str], who: str, path: str
) -> None:
    caller, address = getattr(cast, who), path.format(**things)
    for size in (SMALL_DESK, DESK):
        assert faults(open_page(caller, address, size=size)) == []
