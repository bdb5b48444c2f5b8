"""Rule lists: the positive list as a spreadsheet, in and out, all of it or nothing; and the ready lists."""

import io
from typing import Any

import psycopg
import pytest
from werkzeug.test import TestResponse

from kernel import tables
from tests.answers import contents, refused, refused_fields
from tests.cast import DISTRICT, NEXT_COMMUNITY, Caller, Cast

HEADER = ["编号", "名称", "类别", "积分"]
THREE = [["B-01", "参加治安巡逻", "社区治理", 50], ["B-02", "讲解一项政策", "社区治理", 30], ["C-01", "清扫", "社区建设", 25]]
REPORT = {"community_code", "dry_run", "total", "added", "changed", "unchanged", "lines"}


def send(caller: Caller, data: bytes, name: str = "rules.csv", **fields: Any) -> TestResponse:
    key = fields.pop("key", None)
    return caller.call("POST", "/staff/rules/import", data={"file": (io.BytesIO(data), name), **fields}, key=key)


def sums(answer: TestResponse) -> tuple[int, int, int]:
    """Added, changed, unchanged."""
    assert answer.status_code == 200, answer.text
    assert answer.json.keys() == REPORT
    assert answer.json["total"] == len(answer.json["lines"])
    return answer.json["added"], answer.json["changed"], answer.json["unchanged"]


def lines(answer: TestResponse) -> list[tuple[int, str | None]]:
    """The refused lines with their columns."""
    problem = refused(answer, 422, "bad_table", "lines")
    return [(line["line"], line["field"]) for line in problem["lines"]]


@pytest.mark.parametrize("write", [tables.to_csv, tables.to_xlsx])
def test_a_list_comes_in_as_csv_or_xlsx_and_again_changes_nothing(cast: Cast, write: Any, superuser: psycopg.Connection) -> None:
    data = write(HEADER, THREE)
    assert sums(send(cast.admin, data)) == (3, 0, 0)
    shown = {rule["code"]: rule for rule in cast.grandmother.get("/rules").json["items"]}
    assert shown.keys() == {"B-01", "B-02", "C-01"}
    assert (shown["B-02"]["title"], shown["B-02"]["points"], shown["B-02"]["limits"]) == ("讲解一项政策", 30, {})
    before = contents(superuser)
    assert sums(send(cast.admin, data)) == (0, 0, 3)
    assert contents(superuser) == before


def test_a_code_whose_terms_differ_gets_a_new_version_and_what_is_not_named_stays(cast: Cast, verified: None) -> None:
    cast.rule(code="B-01", title="参加治安巡逻", limits={"per_day": 1}, evidence_required=True)
    kept = cast.rule(code="Z-99", title="别的")
    answer = send(cast.admin, tables.to_csv(HEADER, [["B-01", "参加治安巡逻", "社区治理", 60], THREE[1]]))
    assert sums(answer) == (1, 1, 0)
    assert answer.json["lines"] == [
        {"line": 2, "code": "B-01", "result": "changed"},
        {"line": 3, "code": "B-02", "result": "added"},
    ]
    shown = {rule["code"]: rule for rule in cast.admin.get("/staff/rules").json["items"]}
    patrol = shown["B-01"]
    assert (patrol["points"], patrol["version"], patrol["limits"], patrol["evidence_required"]) == (60, 2, {"per_day": 1}, True)
    assert shown["Z-99"]["id"] == kept
    assert shown["Z-99"]["version"] == 1


def test_a_column_that_is_there_and_blank_takes_a_term_away(cast: Cast) -> None:
    cast.rule(code="B-01", title="参加治安巡逻", unit="每次", limits={"per_day": 1, "per_week": 3}, evidence_required=True)
    row = ["B-01", "参加治安巡逻", "社区治理", 50, "", "", ""]
    assert sums(send(cast.admin, tables.to_xlsx([*HEADER, "单位", "每日上限", "需要照片"], [row]))) == (0, 1, 0)
    rule = cast.admin.get("/staff/rules").json["items"][0]
    assert (rule["unit"], rule["limits"], rule["evidence_required"]) == (None, {"per_week": 3}, False)


def test_every_column_is_read(cast: Cast) -> None:
    header = [
        "结束日期",
        *HEADER,
        "单位",
        "按数量计分",
        "每日上限",
        "每周上限",
        "每月上限",
        "每户每月上限",
        "需要照片",
        "开始日期",
    ]
    row = ["2026-12-31", "F-1", "学农技", "促发展", 10, "每小时", "是", 1, 2, 3, 4, "是", "2026-01-01"]
    assert sums(send(cast.admin, tables.to_csv(header, [row]))) == (1, 0, 0)
    rule = cast.admin.get("/staff/rules").json["items"][0]
    said = {name: rule[name] for name in ("unit", "per_unit", "limits", "evidence_required", "in_force_from", "in_force_to")}
    assert said == {
        "unit": "每小时",
        "per_unit": True,
        "limits": {"per_day": 1, "per_week": 2, "per_month": 3, "per_household_month": 4},
        "evidence_required": True,
        "in_force_from": "2026-01-01",
        "in_force_to": "2026-12-31",
    }


def test_a_dry_run_says_what_would_be_done_and_does_nothing(cast: Cast, superuser: psycopg.Connection) -> None:
    cast.rule(code="B-01")
    before = contents(superuser)
    answer = send(cast.admin, tables.to_csv(HEADER, THREE), dry_run="true")
    assert (sums(answer), answer.json["dry_run"]) == ((2, 0, 1), True)
    assert contents(superuser) == before


def test_bad_lines_are_all_named_and_nothing_is_imported(cast: Cast, superuser: psycopg.Connection) -> None:
    admin = cast.admin
    before = contents(superuser)
    rows = [
        *THREE,
        ["", "无编号", "类", 5],
        ["X-1", "", "类", "五"],
        ["X-2", "题" * 61, "类", 0],
        ["X-3", "题", "类", 10_001],
        ["X-4", "\u202e题", "类", 5],
        [THREE[0][0], "重复", "类", 5],
    ]
    answer = send(admin, tables.to_csv(HEADER, rows))
    assert sorted(lines(answer)) == [(5, "编号"), (6, "名称"), (6, "积分"), (7, "名称"), (7, "积分"), (8, "积分"), (9, "名称")]
    assert lines(send(admin, tables.to_csv(HEADER, [*THREE, rows[-1]]))) == [(5, "编号")]
    limits = [["X-5", "题", "类", 5, 0, "也许", "2026-02-30"]]
    found = lines(send(admin, tables.to_csv([*HEADER, "每日上限", "需要照片", "开始日期"], limits)))
    assert sorted(found) == sorted([(2, "每日上限"), (2, "需要照片"), (2, "开始日期")])
    assert lines(send(admin, tables.to_csv([*HEADER, "按数量计分"], [["X-6", "题", "类", 5, "是"]]))) == [(2, "单位")]
    assert contents(superuser) == before


def test_a_header_with_other_columns_is_refused(cast: Cast) -> None:
    assert lines(send(cast.admin, tables.to_csv([*HEADER, "备注"], []))) == [(1, "备注")]
    assert lines(send(cast.admin, tables.to_csv(HEADER[1:], []))) == [(1, "编号")]
    assert lines(send(cast.admin, b"")) == [(1, None)]


def test_what_is_no_table_is_refused(cast: Cast) -> None:
    assert lines(send(cast.admin, b"PK\x03\x04 broken", "rules.xlsx")) == [(1, None)]
    refused(send(cast.admin, b"x" * (tables.MAX_BYTES + 1)), 413, "too_large")
    refused(send(cast.admin, b"x" * (tables.MAX_BYTES + 200_000)), 413, "too_large")
    refused_fields(
        cast.admin.call("POST", "/staff/rules/import", data={"file": "text"}, content_type="multipart/form-data"), "file"
    )
    refused_fields(send(cast.admin, tables.to_csv(HEADER, THREE), dry_run="maybe"), "dry_run")
    refused_fields(send(cast.admin, tables.to_csv(HEADER, THREE), version="3"), "version")
    refused(cast.admin.post("/staff/rules/import", {}), 415, "unsupported_media_type")


def test_an_import_sent_again_with_its_key_is_answered_once(cast: Cast) -> None:
    data = tables.to_csv(HEADER, THREE)
    body, kind = _multipart(data)
    first, again = (cast.admin.call("POST", "/staff/rules/import", data=body, content_type=kind, key="import") for _ in range(2))
    assert sums(first) == sums(again) == (3, 0, 0)
    assert again.headers["Idempotent-Replayed"] == "true"


def _multipart(data: bytes) -> tuple[bytes, str]:
    head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\nContent-Type: text/csv\r\n\r\n'
    return head + data + b"\r\n--x--\r\n", "multipart/form-data; boundary=x"


def test_staff_above_a_community_must_say_which_and_foreign_ones_do_not_exist(cast: Cast) -> None:
    data, above = tables.to_csv(HEADER, THREE), cast.staff("admin", DISTRICT)
    refused_fields(send(above, data), "community_code")
    assert sums(send(above, data, community_code=NEXT_COMMUNITY)) == (3, 0, 0)
    refused(send(cast.admin, data, community_code=NEXT_COMMUNITY), 404, "not_found")
    refused_fields(above.get("/staff/rules.csv"), "community_code")
    assert len(tables.read(above.get(f"/staff/rules.csv?community_code={NEXT_COMMUNITY}").data).rows) == 3
    refused(cast.admin.get(f"/staff/rules.xlsx?community_code={NEXT_COMMUNITY}"), 404, "not_found")


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_what_is_exported_and_imported_again_changes_nothing(cast: Cast, kind: str, superuser: psycopg.Connection) -> None:
    cast.admin.post("/staff/rules/ready-lists/baqiao")
    cast.rule(code="=1+1", title="@SUM(A1)", category="-2+3", unit="+x", limits={"per_household_month": 2})
    cast.rule(code="'z", title="开头", per_unit=True, unit="每公斤")
    for name in ("2026-01-31", None):
        cast.admin.post(
            "/staff/rules", {**dict.fromkeys(("code", "title", "category"), f"期{name}"), "points": 5, "in_force_to": name}
        )
    exported = cast.auditor.get(f"/staff/rules.{kind}")
    assert exported.status_code == 200
    assert exported.headers["Content-Disposition"] == f'attachment; filename="rules.{kind}"'
    assert len(tables.read(exported.data).rows) == 76
    before = contents(superuser)
    assert sums(send(cast.admin, exported.data, f"rules.{kind}")) == (0, 0, 76)
    assert contents(superuser) == before
    assert sums(send(cast.neighbour_staff, exported.data, f"rules.{kind}")) == (76, 0, 0)


def test_no_formula_gets_out_with_a_rule(cast: Cast) -> None:
    cast.rule(code="=HYPERLINK(1)", title="=cmd|' /C calc'!A0")
    text = cast.admin.get("/staff/rules.csv").data.decode("utf-8-sig")
    assert "\"'=HYPERLINK(1)\",\"'=cmd|' /C calc'!A0\"" in text
    assert b"<f>" not in cast.admin.get("/staff/rules.xlsx").data


def test_only_admins_import_and_only_who_may_audit_exports(cast: Cast) -> None:
    data = tables.to_csv(HEADER, THREE)
    for caller in (cast.reviewer, cast.auditor, cast.grandmother):
        refused(send(caller, data), 403, "wrong_role")
        refused(caller.post("/staff/rules/ready-lists/baqiao"), 403, "wrong_role")
    refused(cast.reviewer.get("/staff/rules.csv"), 403, "wrong_role")
    assert cast.auditor.get("/staff/rules.csv").status_code == 200


# --- the ready lists -----------------------------------------------------------------------------------------------------------


def test_the_ready_lists_are_named_with_what_they_hold(cast: Cast) -> None:
    listed = cast.admin.get("/staff/rules/ready-lists").json["items"]
    assert {one["name"]: one["count"] for one in listed} == {"fangniuping": 25, "baqiao": 72}


@pytest.mark.parametrize(("name", "count"), [("fangniuping", 25), ("baqiao", 72)])
def test_a_ready_list_is_put_in_force_once(cast: Cast, name: str, count: int) -> None:
    path = f"/staff/rules/ready-lists/{name}"
    assert sums(cast.admin.post(path, {"dry_run": True})) == (count, 0, 0)
    assert cast.admin.get("/staff/rules").json["items"] == []
    assert sums(cast.admin.post(path)) == (count, 0, 0)
    assert sums(cast.admin.post(path, {})) == (0, 0, count)
    assert len(cast.grandmother.get("/rules?limit=100").json["items"]) == count


def test_the_list_of_baqiao_has_its_three_groups_and_the_points_that_are_known(cast: Cast) -> None:
    cast.admin.post("/staff/rules/ready-lists/baqiao")
    rules = cast.grandmother.get("/rules?limit=100").json["items"]
    assert {rule["category"] for rule in rules} == {"家庭邻里", "社区治理", "社区建设"}
    points = {rule["title"]: rule["points"] for rule in rules}
    known = {"参加治安巡逻": 50, "讲解一项政策": 30, "参加一次清扫": 25, "阅读一篇学习文章": 2}
    assert known.items() <= points.items()
    assert len({rule["title"] for rule in rules}) == 72


def test_a_ready_list_that_is_not_there_is_not_found(cast: Cast) -> None:
    for name in ("nowhere", "..%2f..%2fpyproject", "BAQIAO"):
        refused(cast.admin.post(f"/staff/rules/ready-lists/{name}"), 404, "not_found")
