"""Entry on behalf on the console: found, chosen, put down, and on to the next one with the same rule, day and channel."""

import html
import re

import pytest
from flask import Flask

from kernel import clock
from tests.api.test_residents import entered, place
from tests.cast import NEXT_COMMUNITY, Cast, photo
from tests.visitors import Visitor, refusal

PAGE = "/staff/entries/new"


def test_a_person_is_found_chosen_and_his_deed_put_down_without_scripts(app: Flask, cast: Cast) -> None:
    person, rule, today = entered(cast.admin, name="王大福"), cast.patrol, str(clock.today())
    visitor = Visitor(app, cast.reviewer)
    found = visitor.visit(f"{PAGE}?q=wdf&rule_id={rule}&channel=inspection&occurred_on={today}").text
    link = html.unescape(re.findall(r'<a href="([^"]+)" data-person', found)[0])
    chosen = visitor.visit(link).text
    assert f'name="resident_id" value="{person}"' in chosen
    assert f'<option value="{rule}" selected' in chosen
    said = {"rule_id": rule, "occurred_on": today, "quantity": "1", "description": "院坝干净", "channel": "inspection"}
    answer = visitor.send("/staff/entries", resident_id=person, **said)
    assert answer.status_code == 303
    after = visitor.visit(answer.location).text
    assert "已为王大福申报" in after
    assert f'<option value="{rule}" selected' in after
    assert '<option value="inspection" selected' in after
    (deed,) = cast.reviewer.get("/staff/deeds").json["items"]
    assert (deed["channel"], deed["entered_by"], deed["resident"]["id"], deed["description"]) == (
        "inspection",
        "小林",
        person,
        "院坝干净",
    )


def test_his_household_and_his_last_deeds_are_shown_so_that_mistakes_are_seen(app: Flask, cast: Cast) -> None:
    head, _ = cast.family("王大福", "王小军")
    cast.give(head, 50)
    shown = Visitor(app, cast.reviewer).visit(f"{PAGE}?resident_id={head.id}").text
    for said in ("王大福户", "王小军", "家里现有 50 分", "参加治安巡逻", "已通过"):
        assert said in shown


def test_photos_come_with_the_form(app: Flask, cast: Cast) -> None:
    person, rule = entered(cast.admin), cast.rule(evidence_required=True)
    visitor = Visitor(app, cast.reviewer)
    said = {"resident_id": person, "rule_id": rule, "occurred_on": str(clock.today()), "description": "巡逻", "channel": "visit"}
    without = visitor.send("/staff/entries", **said)
    assert (without.status_code, "这一项需要上传照片" in without.text) == (422, True)
    assert visitor.send("/staff/entries", **said, files={"photos": (photo(), "a.jpg")}).status_code == 303
    assert len(cast.reviewer.get("/staff/deeds").json["items"][0]["photos"]) == 1


def test_a_refused_entry_keeps_the_person_the_rule_and_the_words(app: Flask, cast: Cast) -> None:
    person, rule = entered(cast.admin, name="王大福"), cast.rule(limits={"per_day": 1})
    visitor = Visitor(app, cast.reviewer)
    said = {"resident_id": person, "rule_id": rule, "occurred_on": str(clock.today()), "description": "巡逻", "channel": "phone"}
    visitor.send("/staff/entries", **said)
    again = visitor.send("/staff/entries", **said)
    assert (again.status_code, refusal(again)) == (409, "limit_reached")
    for kept in (f'name="resident_id" value="{person}"', f'<option value="{rule}" selected', ">巡逻<", '"phone" selected'):
        assert kept in again.text
    nobody = visitor.send("/staff/entries", **{name: value for name, value in said.items() if name != "resident_id"})
    assert (nobody.status_code, "还没有选人" in nobody.text) == (422, True)


def test_a_form_sent_twice_is_one_deed(app: Flask, cast: Cast) -> None:
    person, rule = entered(cast.admin), cast.patrol
    visitor = Visitor(app, cast.reviewer)
    said = {"resident_id": person, "rule_id": rule, "occurred_on": str(clock.today()), "description": "巡逻", "channel": "qq"}
    for _ in range(2):
        assert visitor.send("/staff/entries", key="same", **said).status_code == 303
    assert len(cast.reviewer.get("/staff/deeds").json["items"]) == 1


def test_nobody_enters_for_people_who_are_not_his(app: Flask, cast: Cast) -> None:
    person = entered(cast.admin, name="王大福", place_code=place(cast))
    other = cast.staff("building_head", place(cast, "第二网格"))
    said = {"rule_id": cast.patrol, "occurred_on": str(clock.today()), "description": "巡逻", "channel": "visit"}
    for stranger in (cast.neighbour_staff, other):
        visitor = Visitor(app, stranger)
        assert visitor.visit(f"{PAGE}?resident_id={person}").status_code == 404
        assert visitor.send("/staff/entries", resident_id=person, **said).status_code == 404
        assert "data-person" not in visitor.visit(f"{PAGE}?q=王").text
    assert Visitor(app, cast.auditor).visit(PAGE).status_code == 403
    assert cast.reviewer.get("/staff/deeds").json["items"] == []


@pytest.mark.parametrize("who", ["reviewer", "neighbour_staff"])
def test_only_the_rules_of_his_community_that_are_in_force_are_offered(app: Flask, cast: Cast, who: str) -> None:
    here, there = cast.rule(title="巡逻"), cast.rule(NEXT_COMMUNITY, title="清扫")
    old = cast.rule(title="过去的", in_force_to=clock.today().replace(year=2020))
    page = Visitor(app, getattr(cast, who)).visit(PAGE).text
    assert {rule for rule in (here, there, old) if rule in page} == {here if who == "reviewer" else there}
