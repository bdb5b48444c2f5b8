"""Imports on the console: a file is checked, its bad lines are told one by one, and what is in order is applied when ordered."""

import io
import re

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from app import jobs
from kernel import tables
from people.resident_lists import COLUMNS
from tests.api.test_residents import place
from tests.cast import Cast
from tests.visitors import Visitor, refusal

HEADER = "姓名,电话,网格\n"


def upload(visitor: Visitor, text: str | bytes, name: str = "居民.csv") -> TestResponse:
    data = text.encode() if isinstance(text, str) else text
    return visitor.send("/staff/imports", files={"file": (io.BytesIO(data), name)})


def people(cast: Cast) -> set[str]:
    return {person["name"] for person in cast.admin.get("/staff/residents").json["items"]}


def test_a_file_in_order_is_checked_ordered_and_applied(app: Flask, cast: Cast) -> None:
    place(cast)
    visitor = Visitor(app, cast.reviewer)
    sent = upload(visitor, HEADER + "王大福,13983000017,第一网格\n曾国强,,\n")
    assert sent.status_code == 303
    shown = visitor.visit(sent.location).text
    assert ("检查通过" in shown, "导入 2 人" in shown, people(cast)) == (True, True, set())
    assert visitor.send(f"{sent.location}/apply").status_code == 303
    under_way = visitor.visit(sent.location).text
    assert ("every 2s" in under_way, ">刷新<" in under_way) == (True, True)
    with app.app_context():
        jobs.apply_imports()
    done = visitor.visit(sent.location).text
    assert ("导入完成" in done, "every 2s" in done) == (True, False)
    assert people(cast) == {"王大福", "曾国强"}
    again = visitor.send(f"{sent.location}/apply")
    assert (again.status_code, refusal(again)) == (409, "import_not_open")
    assert "居民.csv" in visitor.visit("/staff/imports").text


def test_every_bad_line_is_told_with_its_column_and_reason_and_nothing_can_be_applied(app: Flask, cast: Cast) -> None:
    visitor = Visitor(app, cast.reviewer)
    sent = upload(visitor, HEADER + "王大福,139,\n,13983000018,\n曾国强,,第九网格\n")
    shown = visitor.visit(sent.location).text
    rows = re.findall(r'<td class="number tight">(\d+)</td><td class="tight">([^<]*)</td><td>([^<]+)</td>', shown)
    assert [(line, column) for line, column, _ in rows] == [("2", "电话"), ("3", "姓名"), ("4", "网格")]
    assert f"{sent.location}/apply" not in shown
    assert visitor.send(f"{sent.location}/apply").status_code == 409
    kept = tables.read(visitor.visit(f"{sent.location}/refused.csv").data)
    assert [row.cells[:2] for row in kept.rows] == [["2", "电话"], ["3", "姓名"], ["4", "网格"]]


@pytest.mark.parametrize(
    ("text", "said"),
    [("姓名,爱好\n王大福,下棋\n", "没有这一列"), ("电话\n139\n", "缺少这一列"), (b"PK\x03\x04nonsense", "文件不完整")],
)
def test_what_is_no_list_of_residents_is_refused_at_the_form(app: Flask, cast: Cast, text: str | bytes, said: str) -> None:
    refused = upload(Visitor(app, cast.reviewer), text)
    assert (refused.status_code, refusal(refused), said in refused.text) == (422, "bad_table", True)


def test_a_form_without_a_file_says_so_at_the_field(app: Flask, cast: Cast) -> None:
    refused = Visitor(app, cast.reviewer).send("/staff/imports")
    assert (refused.status_code, "请填写这一项" in refused.text) == (422, True)


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_the_file_to_fill_in_has_all_columns_and_is_read_again(app: Flask, cast: Cast, kind: str) -> None:
    given = Visitor(app, cast.reviewer).visit(f"/staff/imports/template.{kind}")
    assert tables.read(given.data).header == list(COLUMNS)


def test_imports_belong_to_their_community(app: Flask, cast: Cast) -> None:
    sent = upload(Visitor(app, cast.reviewer), HEADER + "王大福,,\n")
    stranger = Visitor(app, cast.neighbour_staff)
    for page in ("", "/refused.csv"):
        assert stranger.visit(sent.location + page).status_code == 404
    assert stranger.send(f"{sent.location}/apply").status_code == 404
    assert "居民.csv" not in stranger.visit("/staff/imports").text
    assert Visitor(app, cast.auditor).visit("/staff/imports").status_code == 403


def test_the_name_of_a_file_is_text(app: Flask, cast: Cast) -> None:
    visitor = Visitor(app, cast.reviewer)
    sent = upload(visitor, HEADER + "王大福,,\n", name="<script>alert(1)<script>.csv")
    assert "<script>alert" not in visitor.visit(sent.location).text + visitor.visit("/staff/imports").text
