"""Rules, rule lists, the feed and the units on the console."""

import html
import io
import re

import pytest
from flask import Flask

from tests.cast import Cast
from tests.visitors import Visitor, refusal

TERMS = {"title": "参加治安巡逻", "category": "社区治理", "points": "50", "unit": "每次"}


@pytest.fixture
def admin(app: Flask, cast: Cast) -> Visitor:
    return Visitor(app, cast.admin)


def test_a_new_rule_is_in_force_at_once_and_its_code_is_taken(cast: Cast, admin: Visitor) -> None:
    made = admin.send("/staff/rules", code="B-01", limits__per_day="1", evidence_required="true", **TERMS)
    assert made.status_code == 303
    (rule,) = cast.grandmother.get("/rules").json["items"]
    assert (rule["points"], rule["limits"], rule["evidence_required"]) == (50, {"per_day": 1}, True)
    taken = admin.send("/staff/rules", code="B-01", **TERMS)
    assert (taken.status_code, refusal(taken)) == (409, "rule_code_taken")
    assert 'value="参加治安巡逻"' in taken.text


def test_a_changed_rule_is_a_new_version_and_old_deeds_keep_theirs(cast: Cast, admin: Visitor) -> None:
    rule = cast.rule(limits={"per_day": 2})
    deed = cast.deed(cast.grandmother, rule_id=rule)
    assert admin.send(f"/staff/rules/{rule}", **{**TERMS, "points": "60"}, limits__per_day="").status_code == 303
    (now,) = [one for one in cast.grandmother.get("/rules").json["items"] if one["id"] == rule]
    assert (now["points"], now["limits"]) == (60, {})
    assert cast.grandmother.get(f"/deeds/{deed}").json["rule"]["points"] == 50
    page = admin.visit(f"/staff/rules/{rule}").text
    assert "60 分" in page
    assert "50 分" in page


def test_terms_that_contradict_each_other_are_said_at_their_field(cast: Cast, admin: Visitor) -> None:
    answer = admin.send("/staff/rules", code="B-02", per_unit="true", **{**TERMS, "unit": ""})
    assert (answer.status_code, refusal(answer)) == (422, "validation_failed")
    assert cast.admin.get("/staff/rules").json["items"] == []


def test_a_list_is_checked_first_and_then_put_in_force(cast: Cast, admin: Visitor) -> None:
    file = "编号,名称,类别,积分\nA-1,扫雪,社区治理,5\nA-2,=陪老人聊天,家庭邻里,8\n".encode()
    checked = admin.send("/staff/rule-lists/check", files={"file": (io.BytesIO(file), "rules.csv")})
    assert checked.status_code == 200
    assert cast.admin.get("/staff/rules").json["items"] == []
    text = html.unescape(re.findall(r'name="text" value="([^"]*)"', checked.text, re.S)[0])
    assert admin.send("/staff/rule-lists", text=text).status_code == 303
    titles = {rule["title"] for rule in cast.admin.get("/staff/rules").json["items"]}
    assert titles == {"扫雪", "=陪老人聊天"}


def test_a_list_with_bad_lines_names_each_of_them(cast: Cast, admin: Visitor) -> None:
    file = "编号,名称,类别,积分\nA-1,扫雪,社区治理,许多\n,没有编号,社区治理,1\n".encode()
    answer = admin.send("/staff/rule-lists/check", files={"file": (io.BytesIO(file), "rules.csv")})
    assert (answer.status_code, refusal(answer)) == (422, "bad_table")
    rows = re.findall(r"<td class=\"number\">(\d+)</td><td>([^<]*)</td><td>([^<]*)</td>", answer.text)
    assert [(line, field) for line, field, _ in rows] == [("2", "积分"), ("3", "编号")]


def test_a_ready_list_is_looked_at_and_put_in_force(cast: Cast, admin: Visitor) -> None:
    assert "放牛坪村" in admin.visit("/staff/rule-lists/new").text
    checked = admin.send("/staff/rule-lists/ready/fangniuping/check")
    text = html.unescape(re.findall(r'name="text" value="([^"]*)"', checked.text, re.S)[0])
    assert admin.send("/staff/rule-lists", text=text).status_code == 303
    assert len(cast.admin.get("/staff/rules?limit=100").json["items"]) == 25
    assert admin.send("/staff/rule-lists/ready/nowhere/check").status_code == 404


def test_an_entry_is_taken_off_with_a_reason_and_put_back(app: Flask, cast: Cast) -> None:
    cast.give(cast.grandmother, 50)
    (entry,) = cast.volunteer.get("/feed").json["items"]
    reviewer = Visitor(app, cast.reviewer)
    path = f"/staff/feed/{entry['id']}"
    assert refusal(reviewer.send(f"{path}/take-off", reason="")) == "validation_failed"
    assert reviewer.send(f"{path}/take-off", reason="照片里有别人的孩子").status_code == 303
    assert cast.volunteer.get("/feed").json["items"] == []
    assert "照片里有别人的孩子" in reviewer.visit(path).text
    assert refusal(reviewer.send(f"{path}/take-off", reason="再撤一次")) == "already_taken_off"
    assert reviewer.send(f"{path}/put-back").status_code == 303
    assert len(cast.volunteer.get("/feed").json["items"]) == 1


def test_a_unit_with_its_agreement_and_what_it_did(app: Flask, cast: Cast, admin: Visitor) -> None:
    made = admin.send("/staff/units", name="八桥粮油公司", kind="enterprise", contact_name="周经理", contact_phone="13900000009")
    assert made.status_code == 303
    assert (
        admin.send(
            f"{made.location}/agreements", title="积分超市供货", from_on="2026-01-01", to_on="", text="每月送米"
        ).status_code
        == 303
    )
    assert (
        admin.send(
            f"{made.location}/records", kind="offered", day="2026-11-01", description="大米 50 袋", quantity="50"
        ).status_code
        == 303
    )
    page = admin.visit(made.location).text
    assert "积分超市供货" in page
    assert "大米 50 袋" in page
    assert admin.send(made.location, name="八桥粮油公司", kind="shop", active="false").status_code == 303
    assert "已退出" in admin.visit(made.location).text
    masked = Visitor(app, cast.auditor).visit(made.location).text
    assert "13900000009" not in masked
    assert Visitor(app, cast.neighbour_staff).visit(made.location).status_code == 404


@pytest.mark.parametrize("path", ["/staff/rules", "/staff/rules/new", "/staff/feed", "/staff/units"])
def test_residents_and_merchants_are_shown_none_of_it(app: Flask, cast: Cast, path: str) -> None:
    for caller in (cast.grandmother, cast.barber):
        assert Visitor(app, caller).visit(path).status_code == 403
