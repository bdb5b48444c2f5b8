"""Printed cards on the console: given, taken back, printed together."""

import re

from flask import Flask

from tests.api.test_cards import digits_of, issued
from tests.api.test_residents import entered, place
from tests.cast import Cast
from tests.visitors import Visitor, refusal


def test_a_card_is_given_replaced_and_taken_back(app: Flask, cast: Cast) -> None:
    person, visitor = entered(cast.admin), Visitor(app, cast.reviewer)
    given = visitor.send(f"/staff/residents/{person}/card")
    first = cast.admin.get(f"/staff/residents/{person}").json["card_number"]
    assert (given.status_code, first in visitor.visit(given.location).text) == (303, True)
    visitor.send(f"/staff/residents/{person}/card")
    assert cast.admin.get(f"/staff/residents/{person}").json["card_number"] != first
    visitor.send(f"/staff/residents/{person}/card/revoke")
    assert cast.admin.get(f"/staff/residents/{person}").json["card_number"] is None
    assert visitor.send(f"/staff/residents/{person}/card/revoke").status_code == 404
    assert Visitor(app, cast.auditor).send(f"/staff/residents/{person}/card").status_code == 403


def test_a_house_is_chosen_whoever_has_none_gets_a_card_and_all_are_printed(app: Flask, cast: Cast) -> None:
    grid = place(cast)
    people = [entered(cast.admin, name=f"王{n}", place_code=grid) for n in range(3)]
    entered(cast.admin, name="曾国强")
    old = issued(cast, people[0])
    visitor = Visitor(app, cast.reviewer)
    page = visitor.visit(f"/staff/cards?place_code={grid}").text
    ticked = re.findall(r'name="resident_ids" value="([^"]+)"[^>]* checked', page)
    assert set(ticked) == set(people)
    early = visitor.send("/staff/cards/sheet", resident_ids=people)
    assert (early.status_code, refusal(early)) == (409, "card_missing")
    given = visitor.send(f"/staff/cards?place_code={grid}", resident_ids=people)
    assert (given.status_code, given.location) == (303, f"/staff/cards?place_code={grid}")
    assert "已发 2 张新卡" in visitor.visit(given.location).text
    assert cast.admin.get(f"/staff/residents/{people[0]}").json["card_number"] == old["number"]
    sheet = visitor.send("/staff/cards/sheet", resident_ids=people)
    assert len(digits_of(sheet.text)) == 3
    assert sheet.headers["Content-Security-Policy"] == "default-src 'none'; style-src 'unsafe-inline'"
    none = visitor.send("/staff/cards")
    assert (none.status_code, refusal(none)) == (422, "validation_failed")


def test_nobody_gives_or_prints_cards_of_people_who_are_not_his(app: Flask, cast: Cast) -> None:
    mine, person = entered(cast.neighbour_staff), entered(cast.admin)
    issued(cast, person)
    neighbour = Visitor(app, cast.neighbour_staff)
    assert neighbour.send("/staff/cards/sheet", resident_ids=[person]).status_code == 404
    assert neighbour.send("/staff/cards", resident_ids=[mine, person]).status_code == 404
    assert cast.neighbour_staff.get(f"/staff/residents/{mine}").json["card_number"] is None
    assert Visitor(app, cast.auditor).visit("/staff/cards").status_code == 403
