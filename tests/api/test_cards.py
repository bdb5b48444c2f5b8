"""Printed cards: a new one kills the old, ten to a sheet of A4, and what is printed is read again."""

import re
import shutil
from pathlib import Path

import psycopg
import pytest
import zxingcpp
from PIL import Image

from kernel import codes
from kernel.codes import CodeExpired, CodeInvalid
from people import cards
from tests.answers import refused, refused_fields
from tests.api.test_residents import entered, place
from tests.cast import Cast

NOWHERE = "019dd1c0-7a10-7cc3-98c4-dc0c0c07398f"


def issued(cast: Cast, person: str) -> dict[str, str]:
    made = cast.admin.post(f"/staff/residents/{person}/card")
    assert made.status_code == 201, made.text
    return dict(made.json)


def digits_of(html: str) -> list[str]:
    return [re.sub(r"\s", "", digits) for digits in re.findall(r'<p class="digits">([\d ]+)</p>', html)]


def test_a_card_is_issued_and_the_old_one_is_dead_at_once(cast: Cast, superuser: psycopg.Connection) -> None:
    person = entered(cast.admin)
    old, new = issued(cast, person), issued(cast, person)
    assert old.keys() == {"id", "resident_id", "number", "token", "issued_at"}
    assert (old["resident_id"], len(old["number"]), old["token"][:10]) == (person, 8, f"88{old['number']}")
    assert cast.in_app(lambda: str(cards.resident_of(new["token"]).id)) == person
    with pytest.raises(CodeExpired):
        cast.in_app(lambda: cards.resident_of(old["token"]))
    assert cast.admin.get(f"/staff/residents/{person}").json["card_number"] == new["number"]
    assert cast.admin.call("DELETE", f"/staff/residents/{person}/card").status_code == 204
    with pytest.raises(CodeExpired):
        cast.in_app(lambda: cards.resident_of(new["token"]))
    actions = superuser.execute("SELECT action FROM audit_log WHERE action LIKE 'card.%' ORDER BY id").fetchall()
    assert actions == [("card.issue",), ("card.issue",), ("card.revoke",)]


def test_an_identity_code_names_its_resident_and_nothing_else_does(cast: Cast) -> None:
    token = cast.grandmother.get("/me/code").json["token"]
    assert cast.in_app(lambda: str(cards.resident_of(token).id)) == cast.grandmother.id
    order = codes.ahead("order", 1)[0].token
    for other in ("", "8" * 18, order, codes.fixed("card", 99), codes.ahead("identity", 99)[0].token, token[:-1]):
        with pytest.raises(CodeInvalid):
            cast.in_app(lambda other=other: cards.resident_of(other))


def test_a_card_that_is_no_order_is_refused_at_a_till(cast: Cast) -> None:
    refused(cast.barber.post("/merchant/scans", {"token": issued(cast, entered(cast.admin))["token"]}), 400, "code_invalid")


def test_a_sheet_holds_each_card_once_in_the_order_asked_for(cast: Cast, superuser: psycopg.Connection) -> None:
    people = [entered(cast.admin, name=f"王{n}") for n in range(12)]
    tokens = [issued(cast, person)["token"] for person in people]
    sheet = cast.admin.get(f"/staff/cards/sheet?resident_ids={','.join([*people, people[0]])}")
    assert (sheet.status_code, sheet.mimetype) == (200, "text/html")
    assert digits_of(sheet.text) == tokens
    assert sheet.text.count("<svg") == 12
    assert sheet.text.count('<section class="sheet">') == 2
    assert "融城社区" in sheet.text
    assert sheet.headers["Content-Security-Policy"] == "default-src 'none'; style-src 'unsafe-inline'"
    assert sheet.headers["Cache-Control"] == "no-store"
    assert re.findall(r'(?:src|href)="', sheet.text) == []
    assert superuser.execute("SELECT count(*) FROM audit_log WHERE action = 'card.print'").fetchone() == (1,)


def test_what_stands_in_a_name_stands_on_the_card_as_text(cast: Cast) -> None:
    person = entered(cast.admin, name="<script>alert(1)</script>")
    issued(cast, person)
    sheet = cast.admin.get(f"/staff/cards/sheet?resident_ids={person}").text
    assert "<script" not in sheet
    assert "&lt;script&gt;" in sheet


def test_a_sheet_is_refused_for_strangers_for_who_has_no_card_and_for_too_many(cast: Cast) -> None:
    person = entered(cast.admin)
    refused(cast.admin.get(f"/staff/cards/sheet?resident_ids={person}"), 409, "card_missing")
    issued(cast, person)
    for who, ids in ((cast.neighbour_staff, person), (cast.admin, f"{person},{NOWHERE}"), (cast.admin, "nonsense")):
        refused(who.get(f"/staff/cards/sheet?resident_ids={ids}"), 404, "not_found")
    head = cast.staff("building_head", place(cast))
    refused(head.get(f"/staff/cards/sheet?resident_ids={person}"), 404, "not_found")
    refused_fields(cast.admin.get("/staff/cards/sheet"), "resident_ids")
    refused_fields(cast.admin.get(f"/staff/cards/sheet?resident_ids={','.join([NOWHERE] * 101)}"), "resident_ids")
    refused(cast.auditor.get(f"/staff/cards/sheet?resident_ids={person}"), 403, "wrong_role")


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("chromium") is None, reason="no Chromium to print with")
def test_the_printed_codes_are_read_from_the_sheet(cast: Cast, tmp_path: Path) -> None:
    from playwright.sync_api import sync_playwright

    people = [entered(cast.admin, name=name) for name in ("王大福", "李秀英", "阿卜杜拉·买买提江·艾合买提", "曾国强") * 3]
    tokens = [issued(cast, person)["token"] for person in people]
    html = cast.admin.get(f"/staff/cards/sheet?resident_ids={','.join(people)}").text
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(device_scale_factor=2)
        page.set_content(html)
        page.screenshot(path=tmp_path / "sheet.png", full_page=True)
        page.pdf(path=tmp_path / "sheet.pdf", prefer_css_page_size=True)
        sizes = page.eval_on_selector_all(".card", "cards => cards.map(c => [c.offsetWidth, c.offsetHeight])")
        spilled = page.eval_on_selector_all(".card", "cards => cards.filter(c => c.scrollHeight > c.clientHeight).length")
        browser.close()
    assert {read.text for read in zxingcpp.read_barcodes(Image.open(tmp_path / "sheet.png"))} == set(tokens)
    assert len(re.findall(rb"/Type\s*/Page\b", (tmp_path / "sheet.pdf").read_bytes())) == 2
    per_mm = 96 / 25.4
    assert all(abs(width / per_mm - 85.6) < 0.5 and abs(height / per_mm - 54) < 0.5 for width, height in sizes)
    assert spilled == 0


def test_who_has_left_is_not_found_when_cards_are_printed(cast: Cast) -> None:
    person = entered(cast.admin)
    issued(cast, person)
    assert cast.admin.post(f"/staff/residents/{person}/leave", {"reason": "本人到社区提出退出"}).status_code == 200
    refused(cast.admin.get(f"/staff/cards/sheet?resident_ids={person}"), 404, "not_found")
