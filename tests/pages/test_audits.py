"""The audit log as a page, in words; and the notices that were not delivered."""

import ast
import re

import psycopg
from flask import Flask

from app.settings import ROOT
from app.staff import record_words
from tests.cast import NEXT_COMMUNITY, Cast
from tests.visitors import Visitor

RECORDS = ("audit.record", "audit.record_all")


def recorded() -> set[str]:
    """All actions that the code puts on record by a name that stands in it."""
    found = set()
    for package in ("kernel", "people", "points", "redeem", "reports", "app"):
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and ast.unparse(node.func) in RECORDS and isinstance(node.args[1], ast.Constant):
                    found.add(node.args[1].value)
    return found


def test_every_action_that_is_put_on_record_has_its_words() -> None:
    assert recorded() - record_words.ACTIONS.keys() == set()


def test_lines_are_in_words_and_say_what_was_changed(app: Flask, cast: Cast) -> None:
    cast.settings(checkin_points=5)
    page = Visitor(app, cast.auditor).visit("/staff/audits").text
    assert "修改社区设置" in page
    assert "<b>签到得分</b>：1 → 5" in page
    assert "小林" in page


def test_the_log_is_filtered_by_action_person_subject_and_days(app: Flask, cast: Cast) -> None:
    deed = cast.give(cast.grandmother, 50)
    cast.settings(checkin_points=5)
    visitor = Visitor(app, cast.auditor)

    def lines(query: str) -> list[str]:
        page = visitor.visit(f"/staff/audits?{query}").text
        return re.findall(r"<tr>\s*<td class=\"tight\">.*?</tr>", page, re.S)

    assert len(lines("action=settings.change")) == 1
    assert all("审核" in line or "申报" in line or "入账" in line for line in lines(f"subject_id={deed}"))
    assert len(lines(f"subject_id={deed}")) >= 2
    assert all("小林" in line for line in lines(f"actor_id={cast.reviewer.id}"))
    assert lines("from=2001-01-01&to=2001-01-02&action=") == []


def test_the_look_is_on_record_and_seen_at_the_next_one(app: Flask, cast: Cast) -> None:
    visitor = Visitor(app, cast.auditor)
    visitor.visit("/staff/audits?action=deed.approved")
    page = visitor.visit("/staff/audits?action=audit.search").text
    assert "查看操作日志" in page
    assert "操作 审核通过" in page


def test_names_of_residents_are_masked_for_auditors(app: Flask, cast: Cast) -> None:
    cast.grandmother.post("/checkins")
    assert "李秀英" in Visitor(app, cast.admin).visit("/staff/audits").text
    assert "李秀英" not in Visitor(app, cast.auditor).visit("/staff/audits").text


def test_the_log_is_for_admins_and_auditors_of_its_place(app: Flask, cast: Cast) -> None:
    cast.settings(NEXT_COMMUNITY, checkin_points=7)
    assert "修改社区设置" not in re.sub(
        r"<select.*?</select>", "", Visitor(app, cast.admin).visit("/staff/audits").text, flags=re.S
    )
    assert Visitor(app, cast.reviewer).visit("/staff/audits").status_code == 403


def test_an_id_in_a_filter_that_is_none_finds_nothing(app: Flask, cast: Cast) -> None:
    assert "没有这样的记录" in Visitor(app, cast.auditor).visit("/staff/audits?actor_id=nonsense").text


# --- notices that were not delivered ------------------------------------------------------------------------------------------


def test_undelivered_notices_are_listed_for_admins(app: Flask, cast: Cast, superuser: psycopg.Connection) -> None:
    cast.give(cast.grandmother, 50)
    superuser.execute("UPDATE outbox SET dead_at = now(), attempts = 8, last_error = '43101 user refused'")
    visitor = Visitor(app, cast.admin)
    waiting, dead = visitor.visit("/staff/letters?dead=false").text, visitor.visit("/staff/letters?dead=true").text
    listed = cast.admin.get("/staff/outbox").json["items"]
    assert ("李秀英" in dead) == bool(listed)
    assert "都发到了" in waiting
    assert Visitor(app, cast.auditor).visit("/staff/letters").status_code == 403
    assert "李秀英" not in Visitor(app, cast.neighbour_staff).visit("/staff/letters").text


def test_every_subject_has_a_page_that_takes_its_id(app: Flask) -> None:
    arguments = {rule.endpoint: rule.arguments for rule in app.url_map.iter_rules()}
    assert {endpoint: {name} for endpoint, name in record_words.SUBJECTS.values()} == {
        endpoint: arguments.get(endpoint) for endpoint, _ in record_words.SUBJECTS.values()
    }
