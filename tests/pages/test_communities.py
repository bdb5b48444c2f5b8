"""Who works above the communities says for which one something is; who works in one is not asked."""

import pytest
from flask import Flask

from tests.cast import COMMUNITY, NEXT_COMMUNITY, TOWN, Cast
from tests.visitors import Visitor, refusal

FORMS = ("/staff/rules/new", "/staff/rule-lists/new", "/staff/items/new", "/staff/merchants/new", "/staff/donation-tariffs")


@pytest.mark.parametrize("path", FORMS)
def test_only_who_works_above_the_communities_chooses_one(app: Flask, cast: Cast, path: str) -> None:
    choice = f'<option value="{NEXT_COMMUNITY}">'
    assert choice in Visitor(app, cast.staff("admin", TOWN)).visit(path).text
    assert "community_code" not in Visitor(app, cast.admin).visit(path).text


def test_a_town_puts_a_rule_and_a_ready_list_into_one_of_its_communities(app: Flask, cast: Cast) -> None:
    town = Visitor(app, cast.staff("admin", TOWN))
    terms = {"code": "T-01", "title": "参加治安巡逻", "category": "社区治理", "points": "30"}
    unsaid = town.send("/staff/rules", **terms)
    assert (unsaid.status_code, refusal(unsaid)) == (422, "validation_failed")
    assert "请选择社区" in unsaid.text
    assert 'value="T-01"' in unsaid.text
    assert town.send("/staff/rules", community_code=COMMUNITY, **terms).status_code == 303
    assert [rule["code"] for rule in cast.grandmother.get("/rules").json["items"]] == ["T-01"]
    checked = town.send("/staff/rule-lists/ready/fangniuping/check", community_code=NEXT_COMMUNITY)
    assert checked.status_code == 200
    assert f'name="community_code" value="{NEXT_COMMUNITY}"' in checked.text
    elsewhere = town.send("/staff/rule-lists/ready/fangniuping/check", community_code="500112140206")
    assert (elsewhere.status_code, refusal(elsewhere)) == (404, "not_found")
