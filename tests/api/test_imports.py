"""Imports of residents: checked first, then all or nobody; who is there already is not doubled. And their export."""

import io
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from flask import Flask
from sqlalchemy import text
from werkzeug.test import TestResponse

from app import jobs
from kernel import clock, tables
from kernel.database import execute
from people import residents
from points import imports, ledger
from tests.answers import refused, refused_fields
from tests.cast import COMMUNITY, DISTRICT, NEXT_COMMUNITY, VILLAGE, Caller, Cast

pytestmark = pytest.mark.usefixtures("verified")
HEADER = ["姓名", "电话", "住址", "出生年月"]
PEOPLE = [
    ["李秀英", "13800000001", "融城路 1 号", "1954-03"],
    ["王建国", "", "融城路 2 号", "1948年12月"],
    ["=1+1", "13800000003", "", ""],
]
KEYS = {"id", "community_code", "filename", "status", "total", "done", "added", "known", "report", "created_at", "finished_at"}


def send(caller: Caller, rows: list[list[Any]], header: list[str] = HEADER, **fields: Any) -> TestResponse:
    return post(caller, tables.to_csv(header, rows), **fields)


def post(caller: Caller, data: bytes, name: str = "people.csv", **fields: Any) -> TestResponse:
    return caller.call("POST", "/staff/imports", data={"file": (io.BytesIO(data), name), **fields})


@pytest.fixture
def work(app: Flask) -> Callable[[], dict[str, int]]:
    """What the worker does in one round."""

    def run() -> dict[str, int]:
        with app.app_context():
            return jobs.run_due()

    return run


def names(superuser: psycopg.Connection) -> list[str]:
    return [row[0] for row in superuser.execute("SELECT name FROM residents ORDER BY number").fetchall()]


def test_a_file_is_checked_and_nobody_is_entered_until_that_is_ordered(
    cast: Cast, work: Callable[[], dict[str, int]], superuser: psycopg.Connection
) -> None:
    made = send(cast.reviewer, PEOPLE)
    assert (made.status_code, made.json.keys()) == (201, KEYS)
    said = {name: made.json[name] for name in ("status", "total", "done", "added", "known", "report", "filename")}
    assert said == {
        "status": "checked",
        "total": 3,
        "done": 0,
        "added": 3,
        "known": 0,
        "report": [],
        "filename": "people.csv",
    }
    work()
    assert names(superuser) == []
    path = f"/staff/imports/{made.json['id']}"
    assert cast.reviewer.post(f"{path}/apply").json["status"] == "applying"
    assert names(superuser) == []
    assert work()["imports_applied"] == 1
    done = cast.reviewer.get(path).json
    assert (done["status"], done["done"], done["added"], done["known"]) == ("done", 3, 3, 0)
    assert done["finished_at"]
    assert names(superuser) == ["李秀英", "王建国", "=1+1"]


def test_those_who_were_entered_have_all_that_was_said_and_a_wallet(
    cast: Cast, work: Callable[[], dict[str, int]], superuser: psycopg.Connection
) -> None:
    send(cast.admin, PEOPLE, dry_run="false")
    work()
    rows = superuser.execute(
        "SELECT r.phone_verified, r.address, r.born_on::text, r.place_code, r.entered_by::text, a.balance "
        "FROM residents r JOIN accounts a ON a.owner = r.wallet AND a.kind = 'wallet' ORDER BY r.number"
    ).fetchall()
    admin = cast.admin.id
    assert rows == [
        (False, "融城路 1 号", "1954-03-01", COMMUNITY, admin, 0),
        (False, "融城路 2 号", "1948-12-01", COMMUNITY, admin, 0),
        (False, None, None, COMMUNITY, admin, 0),
    ]
    audited = superuser.execute("SELECT actor_kind, actor_id::text FROM audit_log WHERE action = 'resident.enter'").fetchall()
    assert audited == [("staff", admin)] * 3


def test_the_same_file_again_doubles_nobody(
    cast: Cast, work: Callable[[], dict[str, int]], superuser: psycopg.Connection
) -> None:
    send(cast.admin, PEOPLE, dry_run="false")
    work()
    again = send(cast.admin, [*PEOPLE, ["李秀英", "13800000009", "", ""]], dry_run="false").json
    assert (again["added"], again["known"]) == (1, 3)
    work()
    shown = cast.admin.get(f"/staff/imports/{again['id']}").json
    assert (shown["status"], shown["added"], shown["known"]) == ("done", 1, 3)
    assert len(names(superuser)) == 4


def test_who_registered_himself_with_that_phone_is_there_already(cast: Cast) -> None:
    cast.resident("李秀英")  # with the phone of the first line
    assert send(cast.admin, PEOPLE).json["known"] == 1


def test_every_refused_line_is_in_the_report_and_nothing_can_be_applied(
    cast: Cast, work: Callable[[], dict[str, int]], superuser: psycopg.Connection
) -> None:
    rows = [
        *PEOPLE,
        ["", "13800000004", "", ""],
        ["张三", "1380000000", "", "2999-01"],
        ["李秀英", "13800000001", "别处", ""],
        ["张\u202e三", "", "", ""],
    ]
    made = send(cast.admin, rows, dry_run="false").json
    report = [(line["line"], line["field"]) for line in made["report"]]
    assert sorted(report) == [(5, "姓名"), (6, "出生年月"), (6, "电话"), (7, "姓名"), (8, "姓名")]
    assert (made["status"], made["total"], made["added"]) == ("refused", 7, 0)
    refused(cast.admin.post(f"/staff/imports/{made['id']}/apply"), 409, "import_not_open")
    work()
    assert names(superuser) == []
    stored = str(superuser.execute("SELECT * FROM imports").fetchall())
    assert not any(word in stored for word in ("李秀英", "13800000001", "融城路"))


def test_an_import_is_applied_once(cast: Cast, work: Callable[[], dict[str, int]]) -> None:
    path = f"/staff/imports/{send(cast.admin, PEOPLE).json['id']}/apply"
    assert cast.admin.post(path).status_code == 200
    refused(cast.admin.post(path), 409, "import_not_open")
    work()
    refused(cast.admin.post(path), 409, "import_not_open")
    assert work()["imports_applied"] == 0


def test_people_are_put_into_the_grid_or_building_that_is_named(
    cast: Cast, work: Callable[[], dict[str, int]], superuser: psycopg.Connection
) -> None:
    header = ["姓名", "网格", "楼栋"]
    above = superuser.execute("SELECT lineage, path FROM divisions WHERE code = %s", (COMMUNITY,)).fetchone()
    assert above
    rows = [("001", "第一网格", "grid", None), ("002", "第二网格", "grid", None)]
    rows += [("00101", "1 栋", "building", "001"), ("00201", "1 栋", "building", "002"), ("00202", "2 栋", "building", "002")]
    try:
        for code, name, level, grid in rows:
            full, parent = COMMUNITY + code, COMMUNITY + (grid or "")
            lineage = above[0] + (f"{parent}/" if grid else "") + f"{full}/"
            superuser.execute(
                "INSERT INTO divisions VALUES (%s, %s, %s, %s, %s, %s)",
                (full, name, level, parent, lineage, f"{above[1]}/{name}"),
            )
        people = [
            ["甲", "第一网格", ""],
            ["乙", "", "2 栋"],
            ["丙", "第二网格", "1 栋"],
            ["丁", "", f"{COMMUNITY}00101"],
            ["戊", "", ""],
        ]
        send(cast.admin, people, header, dry_run="false")
        work()
        found = superuser.execute("SELECT name, place_code FROM residents").fetchall()
        assert {name: place.removeprefix(COMMUNITY) for name, place in found} == {
            "甲": "001",
            "乙": "00202",
            "丙": "00201",
            "丁": "00101",
            "戊": "",
        }
        wrong = send(cast.admin, [["己", "第三网格", ""], ["庚", "", "1 栋"], ["辛", "第一网格", "2 栋"]], header).json
        assert [(line["line"], line["field"]) for line in wrong["report"]] == [(2, "网格"), (3, "楼栋"), (4, "楼栋")]
        sheet = tables.read(cast.admin.get("/staff/residents.csv").data)
        assert [row.cells[5:7] for row in sheet.rows[:3]] == [["第一网格", ""], ["第二网格", "2 栋"], ["第二网格", "1 栋"]]
    finally:
        superuser.execute("SET session_replication_role = replica")  # divisions outlive a test, these must not
        superuser.execute("DELETE FROM divisions WHERE level IN ('grid', 'building')")
        superuser.execute("SET session_replication_role = origin")


# --- households ----------------------------------------------------------------------------------------------------------------

HOMES = ["姓名", "电话", "户号", "户主"]


def village(cast: Cast) -> Caller:
    """The admin of a village that counts by household."""
    cast.settings(VILLAGE, counts_by="household")
    return cast.staff("admin", VILLAGE)


def living(superuser: psycopg.Connection) -> dict[str, tuple[str, ...]]:
    """Who lives together, by the head of the household; every one of them has a wallet."""
    rows = superuser.execute(
        "SELECT head.name, array_agg(r.name ORDER BY r.number) FROM residents r JOIN households h ON h.id = r.household_id "
        "JOIN residents head ON head.id = h.head_id JOIN accounts a ON a.owner = r.wallet AND a.kind = 'wallet' GROUP BY h.id, 1"
    ).fetchall()
    return {head: tuple(members) for head, members in rows}


def brought(caller: Caller, work: Callable[[], dict[str, int]], rows: list[list[Any]], header: list[str] = HOMES) -> Any:
    made = send(caller, rows, header, dry_run="false").json
    work()
    return caller.get(f"/staff/imports/{made['id']}").json


def test_lines_with_one_number_or_one_head_are_a_household_wherever_the_head_stands(
    cast: Cast, work: Callable[[], dict[str, int]], superuser: psycopg.Connection
) -> None:
    admin = village(cast)
    rows = [
        ["王小军", "", "9-1", ""],
        ["王大福", "", "9-1", "是"],
        ["赵兰", "", "", "赵强 13800000007"],
        ["赵强", "13800000007", "", ""],
        ["赵强", "13800000008", "", "否"],
        ["孙一", "", "9-2", "孙二"],
        ["孙二", "", "", "孙二"],
        ["无名", "", "9-3", ""],
        ["无主", "", "9-3", ""],
    ]
    assert brought(admin, work, rows)["added"] == 9
    together = superuser.execute(
        "SELECT (SELECT name FROM residents h WHERE h.id = head_id), (SELECT array_agg(name ORDER BY number) FROM residents r "
        "WHERE r.household_id = households.id) FROM households ORDER BY number"
    ).fetchall()
    assert sorted(together) == sorted(
        [
            ("王大福", ["王小军", "王大福"]),
            ("赵强", ["赵兰", "赵强"]),
            ("赵强", ["赵强"]),
            ("孙二", ["孙一", "孙二"]),
            ("无名", ["无名", "无主"]),
        ]
    )
    moves = superuser.execute("SELECT kind, by_kind, by_id::text, count(*) FROM household_moves GROUP BY 1, 2, 3").fetchall()
    assert sorted(moves) == [("founded", "staff", admin.id, 5), ("joined", "staff", admin.id, 4)]
    audited = superuser.execute("SELECT count(*) FROM audit_log WHERE action = 'household.join'").fetchone()
    assert audited == (4,)
    opened = superuser.execute("SELECT count(*) FROM accounts WHERE kind = 'wallet'").fetchone()
    assert opened == (5,)


def test_newcomers_join_a_household_that_is_there_by_its_number_or_by_its_head_and_it_is_told(
    cast: Cast, work: Callable[[], dict[str, int]], superuser: psycopg.Connection
) -> None:
    villager = cast.villager
    admin = cast.staff("admin", VILLAGE)
    number = villager.get("/me").json["household"]["number"]
    rows = [["甲", "", str(number), ""], ["乙", "", "", "王大福"], ["丙", "", "", "王大福13800000001"]]
    assert brought(admin, work, rows)["added"] == 3
    assert living(superuser) == {"王大福": ("王大福", "甲", "乙", "丙")}
    (told,) = [one for one in villager.get("/me/messages").json["items"] if one["kind"] == "household.joined"]
    assert "甲、乙、丙" in told["body"]
    assert brought(admin, work, [["丁", "", "", "甲"], ["王大福", "13800000001", "k", ""], ["戊", "", "k", ""]])["added"] == 2
    assert living(superuser) == {"王大福": ("王大福", "甲", "乙", "丙", "丁", "戊")}


def test_contradictions_about_households_are_refused_with_their_lines(
    cast: Cast, work: Callable[[], dict[str, int]], superuser: psycopg.Connection
) -> None:
    villager = cast.villager
    admin = cast.staff("admin", VILLAGE)
    number = str(villager.get("/me").json["household"]["number"])
    cast.resident("同名", VILLAGE), cast.resident("同名", VILLAGE), cast.resident("别户", VILLAGE)
    rows = [
        ["甲", "", "9-1", "是"],
        ["乙", "", "9-1", "是"],
        ["丙", "", "", "没有此人"],
        ["丁", "", "", "同名"],
        ["戊", "", number, "是"],
        ["己", "", number, "别户"],
        ["庚", "", "9-4", "辛"],
        ["辛", "", "", "壬"],
        ["壬", "", "", ""],
        ["癸", "", "", "王大福 13800000002"],
    ]
    made = send(admin, rows, HOMES, dry_run="false").json
    assert made["status"] == "refused"
    assert [(line["line"], line["field"]) for line in made["report"]] == [
        (3, "户主"),
        (4, "户主"),
        (5, "户主"),
        (7, "户主"),
        (9, "户主"),
        (11, "户主"),
    ]
    alone = send(admin, [["己", "", number, "别户"]], HOMES).json
    assert [(line["line"], line["field"]) for line in alone["report"]] == [(2, "户号")]
    taken = send(admin, [["戊", "", number, "是"]], HOMES).json
    assert [(line["line"], line["message"]) for line in taken["report"]] == [(2, "这一户已经有别的户主，请先核对")]


def test_what_makes_no_sense_any_more_when_it_is_applied_is_refused_and_nobody_is_entered(
    cast: Cast, work: Callable[[], dict[str, int]], superuser: psycopg.Connection
) -> None:
    admin = village(cast)
    cast.resident("户主", VILLAGE)
    made = send(admin, [["甲", "", "", "户主"], ["乙", "", "", ""]], HOMES, dry_run="false").json["id"]
    cast.resident("户主", VILLAGE)
    work()
    shown = admin.get(f"/staff/imports/{made}").json
    assert (shown["status"], [(line["line"], line["field"]) for line in shown["report"]]) == ("refused", [(2, "户主")])
    assert names(superuser) == ["户主", "户主"]


def test_where_the_community_counts_by_person_a_household_is_refused(cast: Cast) -> None:
    rows = [["甲", "", "12", "是"], ["乙", "", "", "是"], ["丙", "", "", "甲"], ["丁", "", "", "否"]]
    made = send(cast.admin, rows, HOMES).json
    assert [(line["line"], line["field"]) for line in made["report"]] == [(2, "户号"), (3, "户主"), (4, "户主")]
    assert "按人计分" in made["report"][0]["message"]


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_exported_households_come_in_again_and_change_nothing(
    cast: Cast, work: Callable[[], dict[str, int]], superuser: psycopg.Connection, kind: str
) -> None:
    admin = village(cast)
    brought(admin, work, [["甲", "", "1-1", ""], ["乙", "13800000005", "1-1", "是"], ["丙", "", "", ""]])
    cast.in_app(lambda: execute(text("UPDATE residents SET born_on = '1954-03-15' WHERE name = '甲'")))
    data = admin.get(f"/staff/residents.{kind}").data
    cells = [row.cells[:4] for row in tables.read(data).rows]
    assert [(row[0], row[3]) for row in cells] == [("甲", ""), ("乙", "是"), ("丙", "是")]
    assert cells[0][2] == cells[1][2] != cells[2][2]
    before = living(superuser), superuser.execute("SELECT count(*) FROM household_moves").fetchone()
    again = post(admin, data, f"people.{kind}", dry_run="false").json
    assert (again["status"], again["known"], again["added"]) == ("applying", 3, 0)
    assert work()["imports_applied"] == 1
    assert (living(superuser), superuser.execute("SELECT count(*) FROM household_moves").fetchone()) == before


def test_5_000_people_in_households_take_few_seconds_of_the_processor(
    cast: Cast, work: Callable[[], dict[str, int]], superuser: psycopg.Connection
) -> None:
    admin = village(cast)
    people = [
        imports.Person(n, f"居民{n}", f"138{n:08}", household=f"h{n // 3}", is_head=n % 3 == 1) for n in range(imports.MAX_LINES)
    ]
    made = cast.in_app(
        lambda: imports.start(admin.actor, people, [], filename="a", data=b"", community_code=VILLAGE, dry_run=False).id
    )
    began = time.process_time()
    assert work()["imports_applied"] == 1
    took = time.process_time() - began
    print(f"{took:.1f} s of the processor")
    assert admin.get(f"/staff/imports/{made}").json["added"] == imports.MAX_LINES
    assert superuser.execute("SELECT count(*) FROM households").fetchone() == (imports.MAX_LINES // 3 + 1,)
    assert took < 8


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_households_go_out_with_their_heads_and_balances_masked_for_who_may_not_see_them(
    cast: Cast, work: Callable[[], dict[str, int]], superuser: psycopg.Connection, kind: str
) -> None:
    admin = village(cast)
    brought(
        admin, work, [["=1+1", "=路", "h", "是"], ["小军", "", "h", ""], ["丙", "", "", ""]], ["姓名", "住址", "户号", "户主"]
    )
    data = admin.get(f"/staff/households.{kind}").data
    if kind == "csv":
        assert "'=1+1,'=路" in data.decode("utf-8-sig").replace('"', "")
    sheet = tables.read(data)
    assert sheet.header == ["户号", "户主", "住址", "人数", "积分"]
    assert [row.cells[1:] for row in sheet.rows] == [["=1+1", "=路", "2", "0"], ["丙", "", "1", "0"]]
    masked = tables.read(cast.staff("auditor", VILLAGE).get(f"/staff/households.{kind}").data)
    assert [row.cells[1:] for row in masked.rows] == [["=***", "", "2", "0"], ["丙*", "", "1", "0"]]
    audited = superuser.execute("SELECT details FROM audit_log WHERE action = 'household.export' ORDER BY id").fetchall()
    assert [row[0] for row in audited] == [{"households": 2, "masked": False}, {"households": 2, "masked": True}]
    refused(admin.get(f"/staff/households.{kind}?community_code={COMMUNITY}"), 404, "not_found")
    refused(cast.reviewer.get(f"/staff/households.{kind}"), 403, "wrong_role")
    assert tables.read(cast.admin.get(f"/staff/households.{kind}").data).rows == []


def test_what_is_no_list_of_residents_is_refused(cast: Cast) -> None:
    for header in (["姓名", "身份证"], ["电话"]):
        refused(send(cast.admin, [], header), 422, "bad_table", "lines")
    refused(post(cast.admin, b"PK\x03\x04"), 422, "bad_table", "lines")
    refused(send(cast.admin, [["甲"]] * (imports.MAX_LINES + 1), ["姓名"]), 422, "bad_table", "lines")
    refused(post(cast.admin, b"x" * (tables.MAX_BYTES + 1)), 413, "too_large")
    refused_fields(send(cast.admin, PEOPLE, dry_run="no"), "dry_run")
    refused(cast.admin.post("/staff/imports", {}), 415, "unsupported_media_type")


def test_imports_belong_to_a_community_and_to_staff_who_see_all_of_it(cast: Cast) -> None:
    made = send(cast.admin, PEOPLE).json["id"]
    for method, path in (("GET", f"/staff/imports/{made}"), ("POST", f"/staff/imports/{made}/apply")):
        foreign = refused(cast.neighbour_staff.call(method, path), 404, "not_found")
        assert foreign == refused(cast.neighbour_staff.call(method, path.replace(made[:8], "00000000")), 404, "not_found")
    assert cast.neighbour_staff.get("/staff/imports").json["items"] == []
    assert [one["id"] for one in cast.admin.get("/staff/imports").json["items"]] == [made]
    refused(send(cast.admin, PEOPLE, community_code=NEXT_COMMUNITY), 404, "not_found")
    refused_fields(send(cast.staff("admin", DISTRICT), PEOPLE), "community_code")
    refused(send(cast.auditor, PEOPLE), 403, "wrong_role")


def test_a_worker_that_dies_in_the_middle_enters_nobody_and_the_next_one_does_it(
    cast: Cast, work: Callable[[], dict[str, int]], superuser: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = send(cast.admin, PEOPLE, dry_run="false").json["id"]
    create, calls = residents.unsaved, []

    class Killed(BaseException):
        pass

    def dying(**given: Any) -> Any:
        calls.append(given)
        if len(calls) == 3:
            raise Killed()
        return create(**given)

    with monkeypatch.context() as patched:
        patched.setattr(residents, "unsaved", dying)
        with pytest.raises(Killed):
            work()
    assert names(superuser) == []
    assert cast.admin.get(f"/staff/imports/{made}").json["status"] == "applying"
    work()
    assert len(names(superuser)) == 3


def test_a_worker_that_loses_its_database_enters_nobody_and_tries_again(
    cast: Cast, work: Callable[[], dict[str, int]], superuser: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = send(cast.admin, PEOPLE, dry_run="false").json["id"]
    open_wallets, calls = ledger.open_wallets, []

    def cut_off(*given: Any) -> None:
        calls.append(given)
        superuser.execute("SELECT pg_terminate_backend(%s)", (execute(text("SELECT pg_backend_pid()")).scalar_one(),))
        open_wallets(*given)

    with monkeypatch.context() as patched:
        patched.setattr(ledger, "open_wallets", cut_off)
        assert work()["imports_applied"] == 0
    assert len(calls) == 1
    assert (cast.admin.get(f"/staff/imports/{made}").json["status"], names(superuser)) == ("applying", [])
    assert work()["imports_applied"] == 1
    assert len(names(superuser)) == 3


def test_an_import_that_fails_is_put_aside_and_may_be_ordered_again(
    cast: Cast, work: Callable[[], dict[str, int]], superuser: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = send(cast.admin, PEOPLE, dry_run="false").json["id"]

    def broken(**given: Any) -> Any:
        raise ZeroDivisionError

    with monkeypatch.context() as patched:
        patched.setattr(residents, "unsaved", broken)
        assert work()["imports_applied"] == 0
    assert (cast.admin.get(f"/staff/imports/{made}").json["status"], names(superuser)) == ("failed", [])
    assert cast.admin.post(f"/staff/imports/{made}/apply").json["status"] == "applying"
    work()
    assert len(names(superuser)) == 3


def test_progress_is_seen_while_it_is_under_way(
    cast: Cast, work: Callable[[], dict[str, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = send(cast.admin, [[f"居民{n}"] for n in range(250)], ["姓名"], dry_run="false").json["id"]
    seen, create = [], residents.unsaved

    def watched(**given: Any) -> Any:
        if given["name"] == "居民220":
            seen.append(cast.admin.get(f"/staff/imports/{made}").json)
        return create(**given)

    monkeypatch.setattr(residents, "unsaved", watched)
    work()
    assert [(one["status"], one["done"], one["total"]) for one in seen] == [("applying", 200, 250)]


def test_lines_that_nobody_applies_are_dropped_after_a_week_and_all_after_half_a_year(
    cast: Cast, app: Flask, superuser: psycopg.Connection
) -> None:
    with clock.stopped_at(clock.now() - timedelta(days=8)):
        old = cast.in_app(lambda: imports.start(cast.admin.actor, [imports.Person(2, "甲")], [], filename="a", data=b"").id)
    with clock.stopped_at(clock.now() - timedelta(days=181)):
        cast.in_app(lambda: imports.start(cast.admin.actor, [imports.Person(2, "乙")], [], filename="b", data=b""))
    fresh = cast.in_app(lambda: imports.start(cast.admin.actor, [imports.Person(2, "丙")], [], filename="c", data=b"").id)
    with app.app_context():
        jobs.forget_old()
    rows = superuser.execute("SELECT id, lines_sealed IS NULL FROM imports").fetchall()
    assert sorted(rows) == sorted([(old, True), (fresh, False)])


# --- export --------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_what_is_exported_is_known_when_it_comes_in_again(
    cast: Cast, work: Callable[[], dict[str, int]], kind: str, superuser: psycopg.Connection
) -> None:
    send(cast.admin, PEOPLE, dry_run="false")
    work()
    data = cast.admin.get(f"/staff/residents.{kind}").data
    sheet = tables.read(data)
    assert sheet.header == ["姓名", "电话", "户号", "户主", "住址", "网格", "楼栋", "出生年月"]
    assert [row.cells[:2] for row in sheet.rows] == [["李秀英", "13800000001"], ["王建国", ""], ["=1+1", "13800000003"]]
    again = post(cast.admin, data, f"people.{kind}").json
    assert (again["status"], again["known"], again["added"]) == ("checked", 3, 0)


def test_an_export_has_no_formula_and_is_on_record(cast: Cast, superuser: psycopg.Connection) -> None:
    cast.resident("=cmd|' /C calc'!A0")
    sheet = cast.admin.get("/staff/residents.csv").data.decode("utf-8-sig")
    assert "\"'=cmd|' /C calc'!A0\"" in sheet
    audited = superuser.execute("SELECT actor_id::text, details FROM audit_log WHERE action = 'resident.export'").fetchall()
    assert audited == [(cast.admin.id, {"residents": 1, "masked": False})]


def test_who_sees_personal_data_only_masked_exports_it_masked(cast: Cast, work: Callable[[], dict[str, int]]) -> None:
    send(cast.admin, PEOPLE, dry_run="false")
    work()
    for kind in ("csv", "xlsx"):
        sheet = tables.read(cast.auditor.get(f"/staff/residents.{kind}").data)
        assert sheet.rows[0].cells == ["李**", "138****0001", "", "", "", "", "", ""]
    refused(cast.reviewer.get("/staff/residents.csv"), 403, "wrong_role")


def test_an_export_holds_nobody_of_the_next_community(cast: Cast) -> None:
    cast.resident("本社区")
    cast.resident("邻社区", NEXT_COMMUNITY)
    assert [row.cells[0] for row in tables.read(cast.admin.get("/staff/residents.csv").data).rows] == ["本社区"]
    refused(cast.admin.get(f"/staff/residents.csv?community_code={NEXT_COMMUNITY}"), 404, "not_found")
