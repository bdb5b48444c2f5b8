"""The organisation tree: imported from the official list, added to, renamed, never half; and shown to everybody.

The tree stays from test to test, so these plant their own districts, whose codes begin with 99, and pull them out again.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from flask import Flask
from sqlalchemy import text
from werkzeug.test import TestResponse

from kernel.database import execute, transaction
from people import divisions
from people.divisions import BadDivisionList
from tests.cast import COMMUNITY, DISTRICT, TOWN, Cast
from tests.conftest import DIVISIONS

HEADER = "code,name,level,parent_code"
LIST = [
    HEADER,
    "990001,试验区,district,990000",
    "990001001,试验街道,street,990001",
    "990001001001,银杏社区居民委员会,community,990001001",
    "990001001002,放马村村民委员会,community,990001001",
    "990001001001-1,第一网格,grid,990001001001",
    "990001001001-1-1,1 号楼,building,990001001001-1",
]


@pytest.fixture(autouse=True)
def plot(superuser: psycopg.Connection) -> Iterator[None]:
    """Whatever a test plants under 99 is pulled out after it."""
    yield
    superuser.execute("SET session_replication_role = replica")
    superuser.execute("DELETE FROM divisions WHERE code LIKE '99%' OR code ILIKE 'zz%'")
    superuser.execute("SET session_replication_role = origin")


def load(app: Flask, lines: list[str]) -> int:
    """Import a list; how many divisions were added or renamed."""
    with app.app_context(), transaction():
        return divisions.import_list(divisions.read_list(line + "\n" for line in lines))


def load_file(app: Flask, file: Path) -> tuple[int, str]:
    """Import a file by the command; its exit code and all it printed."""
    result = app.test_cli_runner().invoke(args=["divisions", "import", str(file)])
    return result.exit_code, result.output


def tree(app: Flask) -> dict[str, tuple[str, ...]]:
    """All divisions as they stand in the database."""
    with app.app_context(), transaction():
        rows = execute(text("SELECT code, name, level, parent_code, lineage, path FROM divisions")).fetchall()
        return {row.code: tuple(row)[1:] for row in rows}


def planted(app: Flask) -> dict[str, str]:
    """The paths of what stands under 99."""
    return {code: row[4] for code, row in tree(app).items() if code.startswith("99")}


def whole(caller: Any, query: str) -> list[dict[str, str]]:
    """All pages of a list of divisions."""
    found: list[dict[str, str]] = []
    cursor = None
    while True:
        answer = caller.get("/communities", query_string=f"{query}&limit=100" + (f"&cursor={cursor}" if cursor else ""))
        assert answer.status_code == 200
        found += answer.json["items"]
        cursor = answer.json["next"]
        if cursor is None:
            return found


def problem(response: TestResponse) -> tuple[int, str]:
    assert response.mimetype == "application/problem+json"
    return response.status_code, response.json["code"]


# --- the official list ------------------------------------------------------------------------------------------------------


def test_the_official_list_is_in_the_database_to_the_last_line(app: Flask) -> None:
    levels = [row[1] for row in tree(app).values()]
    assert len(levels) == 1338
    assert {level: levels.count(level) for level in set(levels)} == {"district": 38, "street": 101, "community": 1199}


def test_every_division_stands_below_its_parent(app: Flask) -> None:
    found = tree(app)
    for code, (_, level, parent, lineage, path) in found.items():
        if level == "district":
            assert (parent, lineage) == (None, f"/{code}/")
        else:
            assert found[parent][1] == divisions.LEVELS[divisions.LEVELS.index(level) - 1]
            assert lineage == f"{found[parent][3]}{code}/"
            assert path.startswith(found[parent][4] + "/")


def test_the_same_list_again_changes_nothing(app: Flask, superuser: psycopg.Connection) -> None:
    before = tree(app)
    versions = superuser.execute("SELECT code, xmin FROM divisions ORDER BY code").fetchall()
    assert load_file(app, DIVISIONS) == (0, "共 1338 行，新增或更名 0 个\n")
    assert tree(app) == before
    assert superuser.execute("SELECT code, xmin FROM divisions ORDER BY code").fetchall() == versions
    assert superuser.execute("SELECT FROM audit_log WHERE action = 'divisions.import'").rowcount == 0


def test_the_official_list_after_others_leaves_them_alone(app: Flask) -> None:
    assert load(app, LIST) == 6
    before = tree(app)
    assert load_file(app, DIVISIONS)[0] == 0
    assert tree(app) == before


# --- importing --------------------------------------------------------------------------------------------------------------


def test_a_list_is_planted_with_all_five_levels(app: Flask, superuser: psycopg.Connection) -> None:
    assert load(app, LIST) == 6
    assert planted(app) == {
        "990001": "试验区",
        "990001001": "试验区/试验街道",
        "990001001001": "试验区/试验街道/银杏社区",
        "990001001002": "试验区/试验街道/放马村",
        "990001001001-1": "试验区/试验街道/银杏社区/第一网格",
        "990001001001-1-1": "试验区/试验街道/银杏社区/第一网格/1 号楼",
    }
    details = superuser.execute("SELECT details FROM audit_log WHERE action = 'divisions.import'").fetchall()
    assert details == [({"lines": 6, "changed": 6},)]


def test_children_may_stand_before_their_parents(app: Flask) -> None:
    assert load(app, [HEADER, *reversed(LIST[1:])]) == 6
    assert planted(app)["990001001001-1-1"] == "试验区/试验街道/银杏社区/第一网格/1 号楼"


def test_an_import_adds_and_what_is_not_in_the_file_stays(app: Flask) -> None:
    load(app, LIST)
    assert load(app, [HEADER, "990001001003,新社区居民委员会,community,990001001"]) == 1
    assert len(planted(app)) == 7
    assert planted(app)["990001001003"] == "试验区/试验街道/新社区"


def test_a_division_is_renamed_by_its_code(app: Flask) -> None:
    load(app, LIST)
    assert load(app, [HEADER, "990001001002,跑马村村民委员会,community,990001001"]) == 1
    assert planted(app)["990001001002"] == "试验区/试验街道/跑马村"


def test_a_new_name_shows_in_the_path_of_all_below_even_those_not_in_the_file(app: Flask) -> None:
    load(app, LIST)
    load(app, [HEADER, "990001001,新街道,street,990001"])
    assert planted(app) == {
        "990001": "试验区",
        "990001001": "试验区/新街道",
        "990001001001": "试验区/新街道/银杏社区",
        "990001001002": "试验区/新街道/放马村",
        "990001001001-1": "试验区/新街道/银杏社区/第一网格",
        "990001001001-1-1": "试验区/新街道/银杏社区/第一网格/1 号楼",
    }
    assert load(app, [HEADER, "990001001,新街道,street,990001"]) == 0


@pytest.mark.parametrize("parent", ["", "990000", "whatever"])
def test_the_parent_of_a_district_may_be_blank_or_lie_outside(app: Flask, parent: str) -> None:
    assert load(app, [HEADER, f"990001,试验区,district,{parent}"]) == 1
    assert tree(app)["990001"][2] is None


def test_a_file_as_excel_writes_it_is_read(app: Flask, tmp_path: Path) -> None:
    """With a byte order mark, quoted fields, Windows line ends, blank lines, and spaces around some fields."""
    lines = [HEADER, '"990001","试验区","district","500000"', "", '990001001 ,"试验,街道", street ,990001']
    file = tmp_path / "excel.csv"
    file.write_bytes(b"\xef\xbb\xbf" + "\r\n".join([*lines, ",,,", ""]).encode())
    assert load_file(app, file) == (0, "共 2 行，新增或更名 2 个\n")
    assert planted(app) == {"990001": "试验区", "990001001": "试验区/试验,街道"}


def test_a_list_of_nothing_but_the_header_changes_nothing(app: Flask) -> None:
    assert load(app, [HEADER]) == 0


BROKEN = {
    "an unknown level": ("990001001002,放马村,village,990001001", "990001001002"),
    "no level": ("990001001002,放马村,,990001001", "990001001002"),
    "a parent that does not exist": ("990001001002,放马村,community,990001009", "990001001002"),
    "a parent of the wrong level": ("990001001002,放马村,community,990001", "990001001002"),
    "no parent": ("990001001002,放马村,community,", "990001001002"),
    "itself as parent": ("990001001002,放马村,community,990001001002", "990001001002"),
    "no name": ("990001001002,,community,990001001", "990001001002"),
    "a blank name": ("990001001002,   ,community,990001001", "990001001002"),
    "a long name": (f"990001001002,{'村' * 61},community,990001001", "990001001002"),
    "a name with a control character": ("990001001002,放\u0007马村,community,990001001", "990001001002"),
    "a name over two lines": ('990001001002,"放马\n村",community,990001001', "990001001002"),
    "no code": (",放马村,community,990001001", "5"),
    "a code with a space": ("9900 01,放马村,community,990001001", "5"),
    "a code with a percent sign": ("99%,放马村,community,990001001", "5"),
    "a code with a slash": ("99/1,放马村,community,990001001", "5"),
    "a long code": (f"{'9' * 33},放马村,community,990001001", "5"),
    "a code in full-width digits": ("９９０００１,放马村,community,990001001", "5"),
    "a code twice": ("990001001001,放马村,community,990001001", "990001001001"),
    "a column too few": ("990001001002,放马村,community", "5"),
    "a column too many": ("990001001002,放马村,community,990001001,x", "5"),
    "one column": ("just words", "5"),
    "a quote that does not end": ('990001001002,"放马村,community,990001001', "5"),
    "a quote that ends too early": ('990001001002,"放马"村,community,990001001', "5"),
    "a district below another": ("990002,别的区,district,990001", "990002"),
    "a field of a megabyte": (f'990001001002,"{"村" * 400_000}",community,990001001', "5"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_line_is_named_and_nothing_is_imported(app: Flask, tmp_path: Path, kind: str) -> None:
    line, named = BROKEN[kind]
    before = tree(app)
    file = tmp_path / "list.csv"
    file.write_text("\n".join([*LIST[:4], line, *LIST[5:]]) + "\n", encoding="utf-8")
    exit_code, printed = load_file(app, file)
    assert exit_code == 1
    assert printed.count("\n") == 1, "one line, not a trace"
    assert named in printed
    assert printed.startswith("区划清单有错误，没有导入任何内容")
    assert tree(app) == before


@pytest.mark.parametrize("line", ["990001001002,放马村,grid,990001001001", "990001001002,放马村,community,990001002"])
def test_a_division_cannot_change_its_level_or_its_parent(app: Flask, line: str) -> None:
    load(app, [*LIST, "990001002,别的街道,street,990001"])
    before = tree(app)
    with pytest.raises(BadDivisionList, match="990001001002"):
        load(app, [HEADER, line])
    assert tree(app) == before


@pytest.mark.parametrize(
    "header",
    ["", "code,name,level", "name,code,level,parent_code", "990001,试验区,district,990000", "code;name;level;parent_code"],
)
def test_a_file_without_its_header_is_refused_at_line_one(app: Flask, tmp_path: Path, header: str) -> None:
    file = tmp_path / "list.csv"
    file.write_text("\n".join([header, *LIST[1:]]), encoding="utf-8")
    exit_code, printed = load_file(app, file)
    assert exit_code == 1
    assert "第 1 行" in printed
    assert planted(app) == {}


@pytest.mark.parametrize(
    "data", [b"", "code,name,level,parent_code\n990001,试验区,district,\n".encode("gbk"), b"\x89PNG\r\n\x1a\n\x00"]
)
def test_a_file_that_is_no_list_is_refused(app: Flask, tmp_path: Path, data: bytes) -> None:
    file = tmp_path / "list.csv"
    file.write_bytes(data)
    exit_code, printed = load_file(app, file)
    assert (exit_code, printed.count("\n")) == (1, 1)
    assert planted(app) == {}


def test_a_file_that_is_not_there_is_refused(app: Flask, tmp_path: Path) -> None:
    exit_code, printed = load_file(app, tmp_path / "nowhere.csv")
    assert exit_code != 0
    assert "Traceback" not in printed


# --- shown to everybody -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("official", "as_people_say"),
    [
        ("融城社区居民委员会", "融城社区"),
        ("放牛坪村村民委员会", "放牛坪村"),
        ("八桥镇", "八桥镇"),
        ("居民委员会", "居民委员会"),
        ("居民委员会大院社区", "居民委员会大院社区"),
    ],
)
def test_names_are_shown_as_people_say_them(official: str, as_people_say: str) -> None:
    assert divisions.shown(official) == as_people_say


def test_a_community_is_shown_by_code_name_level_and_path_without_signing_in(cast: Cast) -> None:
    found = cast.nobody.get("/communities", query_string={"parent": TOWN, "q": "融城"})
    assert found.status_code == 200
    shown = {"code": COMMUNITY, "name": "融城社区", "level": "community", "path": "大渡口区/八桥镇/融城社区"}
    assert found.json == {"items": [shown], "next": None}


def test_no_name_ends_in_committee(cast: Cast) -> None:
    for division in whole(cast.nobody, ""):
        assert not division["name"].endswith(("居民委员会", "村民委员会"))
        assert "居民委员会/" not in division["path"]


def test_the_children_of_a_division_are_its_own_and_no_deeper(cast: Cast) -> None:
    streets = whole(cast.nobody, f"parent={DISTRICT}")
    assert streets
    assert {division["level"] for division in streets} == {"street"}
    assert all(division["code"].startswith(DISTRICT) for division in streets)
    assert TOWN in {division["code"] for division in streets}
    assert COMMUNITY in {division["code"] for division in whole(cast.nobody, f"parent={TOWN}")}


def test_without_a_parent_the_whole_tree_is_listed_from_the_top_page_by_page(cast: Cast) -> None:
    found = whole(cast.nobody, "")
    assert len(found) == len({division["code"] for division in found}) == 1338
    ranks = [(divisions.LEVELS.index(division["level"]), division["code"]) for division in found]
    assert ranks == sorted(ranks)


def test_pages_of_any_size_make_the_same_list(cast: Cast) -> None:
    expected = [division["code"] for division in whole(cast.nobody, f"parent={TOWN}")]
    found, cursor = [], ""
    while cursor is not None:
        query = {"parent": TOWN, "limit": "3"} | ({"cursor": cursor} if cursor else {})
        page = cast.nobody.get("/communities", query_string=query).json
        assert 1 <= len(page["items"]) <= 3
        found += [division["code"] for division in page["items"]]
        cursor = page["next"]
    assert found == expected


def test_twenty_are_listed_unless_said(cast: Cast) -> None:
    assert len(cast.nobody.get("/communities").json["items"]) == 20


def test_a_text_is_looked_for_everywhere_below(cast: Cast) -> None:
    found = whole(cast.nobody, f"q=融城&parent={DISTRICT}")
    assert COMMUNITY in {division["code"] for division in found}
    assert all("融城" in division["name"] and division["code"].startswith(DISTRICT) for division in found)
    assert len(whole(cast.nobody, "q=社区")) > 500
    assert whole(cast.nobody, "q=没有这个地方") == []


@pytest.mark.parametrize("q", ["%", "_", "%%", "\\", "\\%", "'", "'; DROP TABLE divisions; --"])
def test_signs_of_patterns_are_looked_for_as_they_are(cast: Cast, q: str) -> None:
    assert cast.nobody.get("/communities", query_string={"q": q}).json == {"items": [], "next": None}


@pytest.mark.parametrize("name", ["100%社区", "甲_乙社区", "反\\斜社区"])
def test_signs_of_patterns_are_found_where_they_are(cast: Cast, name: str) -> None:
    load(cast.app, [*LIST, f"990001001009,{name},community,990001001"])
    sign = next(sign for sign in "%_\\" if sign in name)
    found = cast.nobody.get("/communities", query_string={"q": sign}).json["items"]
    assert [division["name"] for division in found] == [name]


@pytest.mark.parametrize("parent", ["%", "_____", "5001%", "nowhere", "500104/500104101", "/"])
def test_an_unknown_parent_has_no_children(cast: Cast, parent: str) -> None:
    for query in ({"parent": parent}, {"parent": parent, "q": "社区"}):
        assert cast.nobody.get("/communities", query_string=query).json == {"items": [], "next": None}


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=101",
        "limit=x",
        "limit=-1",
        "cursor=nonsense",
        "cursor=%00",
        "cursor=NTAwMTA0OTk5",
        "q=%00",
        "parent=%00",
    ],
)
def test_a_query_that_makes_no_sense_is_refused(cast: Cast, query: str) -> None:
    assert problem(cast.nobody.get("/communities", query_string=query)) == (422, "validation_failed")
