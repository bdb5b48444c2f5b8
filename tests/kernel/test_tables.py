"""Tables: what is written is read back, what is hostile is refused with a sentence, and nothing that goes out can act."""

import io
import time
import zipfile
from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from kernel import tables
from kernel.tables import BadTable, Row
from kernel.uploads import TooLarge
from tests.answers import CHINESE

FORMULAS = ["=1+1", "+1", "-1+2", "@SUM(A1)", "=cmd|' /C calc'!A0", "\t=1", "\r=1", "＝1+1", "'=1"]
text = st.text(st.characters(exclude_categories=("Cc", "Cs", "Cn")), max_size=30).map(str.strip)
cell = text | st.integers(-(10**9), 10**9)


def xlsx(*rows: tuple[Any, ...], title: str = "表") -> bytes:
    """A workbook as somebody else's program would write it."""
    book = Workbook()
    book.active.title = title
    for row in rows:
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def with_part(data: bytes, name: str, content: bytes) -> bytes:
    """The same workbook with one of its files put in or replaced."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            if info.filename != name:
                new.writestr(info, old.read(info))
        new.writestr(name, content)
    return out.getvalue()


def refusal(data: bytes) -> dict[str, Any]:
    """The one line that is refused."""
    with pytest.raises(BadTable) as refused:
        tables.read(data)
    (line,) = refused.value.extra["lines"]
    assert CHINESE.search(line["message"])
    assert f"第 {line['line']} 行" in str(refused.value)
    return line


def test_a_csv_is_read_with_the_lines_its_rows_begin_on() -> None:
    data = '名称,积分\r\n 巡逻 ,50\r\n\r\n"两行\n一格",3\r\n清扫,25\r\n'.encode()
    table = tables.read(data)
    assert table.header == ["名称", "积分"]
    assert table.rows == [Row(2, ["巡逻", "50"]), Row(4, ["两行\n一格", "3"]), Row(6, ["清扫", "25"])]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_csv_may_be_utf_8_or_what_chinese_windows_writes(encoding: str) -> None:
    assert tables.read("名称,积分\n讲解政策,30\n".encode(encoding)).rows == [Row(2, ["讲解政策", "30"])]


def test_an_xlsx_is_read_as_people_see_it() -> None:
    table = tables.read(xlsx(("名称", "数"), ("巡逻", 50), (None, None), ("小数", 1.5), ("整", 2.0), (date(2026, 11, 21), True)))
    assert table.rows[:3] == [Row(2, ["巡逻", "50"]), Row(4, ["小数", "1.5"]), Row(5, ["整", "2"])]
    assert table.rows[3] == Row(6, ["2026-11-21", "是"])
    assert tables.read(xlsx(("时",), (datetime.fromisoformat("2026-01-02T08:30"),))).rows[0].cells == ["2026-01-02T08:30:00"]


def test_blank_cells_at_the_end_are_none_and_missing_ones_are_blank() -> None:
    assert tables.read(b"a,b,,\n1,,,\n2\n").rows == [Row(2, ["1", ""]), Row(3, ["2", ""])]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(cell, cell), max_size=8))
def test_what_is_written_is_read_back(rows: list[tuple[str | int, str | int]]) -> None:
    expected = [[str(one) for one in row] for row in rows if any(str(one) for one in row)]
    for write in (tables.to_csv, tables.to_xlsx):
        table = tables.read(write(["名称", "积分"], rows))
        assert table.header == ["名称", "积分"]
        assert [[one.replace("\r\n", "\n") for one in row.cells] for row in table.rows] == expected


@pytest.mark.parametrize("formula", FORMULAS)
def test_no_formula_gets_out_of_a_csv(formula: str) -> None:
    data = tables.to_csv(["名称"], [[formula], ["a;" + formula]])
    assert data.startswith(b"\xef\xbb\xbf")
    first, second = data.decode("utf-8-sig").split("\r\n", 1)[1].split('"\r\n"', 1)
    assert first.startswith("\"'")
    assert second.startswith("a;")  # within its quotes: no other separator makes a cell of its own of it


def test_numbers_stay_numbers_in_a_csv() -> None:
    assert tables.to_csv(["数"], [[-5]]).decode("utf-8-sig") == '"数"\r\n-5\r\n'


@pytest.mark.parametrize("formula", [*FORMULAS, "#N/A", "#REF!"])
def test_no_formula_gets_out_of_an_xlsx(formula: str) -> None:
    sheet = load_workbook(io.BytesIO(tables.to_xlsx([formula], [[formula, 7]]))).active
    for found in (sheet["A1"], sheet["A2"]):
        assert found.data_type == "s"
        assert found.quotePrefix == (formula[0] in "=+-@\t\r＝")
    assert sheet["B2"].value == 7


def test_a_formula_that_comes_in_is_its_last_value_or_nothing() -> None:
    assert tables.read(xlsx(("名称", "数"), ("巡逻", "=1+1"))).rows == [Row(2, ["巡逻", ""])]


def test_of_merged_cells_the_first_holds_the_text() -> None:
    book = Workbook()
    for row in (("a", "b"), ("合并", None), ("x", "y")):
        book.active.append(row)
    book.active.merge_cells("A2:B2")
    out = io.BytesIO()
    book.save(out)
    assert tables.read(out.getvalue()).rows == [Row(2, ["合并", ""]), Row(3, ["x", "y"])]


@pytest.mark.parametrize(
    ("data", "line", "word"),
    [
        (b"", 1, "表头"),
        (b"\n\na,b\n", 1, "表头"),
        (xlsx(), 1, "表头"),
        (b"a,,c\n", 1, "第 2 列"),
        (b"a,b,a\n", 1, "重复"),
        (b"a\n1,2\n", 2, "表头"),
        (b'a\n1\n"2\n3\n', 3, "引号"),
        (b"a\n1\n" + b"x" * 2001, 3, "2000"),
        (b"a\n1\n\x002\n", 3, "不能识别"),
        (b"a\n" + b"," * 60 + b"x", 2, "50 列"),
        (xlsx(("a",), tuple(range(60))), 2, "50 列"),
        (b"\xff\xfe\x00\x01\x81", 1, "UTF-8"),
        (b"\xd0\xcf\x11\xe0" + bytes(600), 1, "另存为"),
        (b"PK\x03\x04 not a zip", 1, "不完整"),
        (xlsx(("a",), ("1",))[:-200], 1, "不完整"),
        (with_part(xlsx(("a",)), "xl/worksheets/sheet1.xml", b"<worksheet><row>"), 1, "重新保存"),
        (with_part(xlsx(("a",)), "xl/vbaProject.bin", b"macro"), 1, "宏"),
        ("a\n\x7f".encode("utf-16"), 1, "UTF-8"),
    ],
)
def test_what_is_no_table_is_refused_and_the_line_is_named(data: bytes, line: int, word: str) -> None:
    refused = refusal(data)
    assert (refused["line"], word in refused["message"]) == (line, True), refused


def test_a_zip_that_is_no_workbook_is_refused() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        file.writestr("readme.txt", "hello")
    assert refusal(out.getvalue())["line"] == 1


def as_excel_writes(*texts: str) -> bytes:
    """A workbook of one column whose texts stand in a part of their own."""
    book = xlsx(("?",))
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    with zipfile.ZipFile(io.BytesIO(book)) as parts:
        types = parts.read("[Content_Types].xml").decode()
    types = types.replace("</Types>", f'<Override PartName="/xl/sharedStrings.xml" ContentType="{kind}"/></Types>')
    rows = "".join(f'<row r="{n}"><c r="A{n}" t="s"><v>{n - 1}</v></c></row>' for n in range(1, len(texts) + 1))
    strings = "".join(f"<si><t>{one}</t></si>" for one in texts)
    book = with_part(book, "[Content_Types].xml", types.encode())
    book = with_part(
        book, "xl/worksheets/sheet1.xml", f'<worksheet xmlns="{main}"><sheetData>{rows}</sheetData></worksheet>'.encode()
    )
    return with_part(book, "xl/sharedStrings.xml", f'<sst xmlns="{main}">{strings}</sst>'.encode())


def test_texts_that_stand_in_a_part_of_their_own_are_read() -> None:
    assert tables.read(as_excel_writes("名称", "巡逻")) == tables.Table(["名称"], [Row(2, ["巡逻"])])


def test_entities_that_multiply_are_refused() -> None:
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "ha" * 10}">' for n in range(10))
    bomb = f"<?xml version='1.0'?><!DOCTYPE x [{laughs}]><sst xmlns='x'><si><t>&l9;</t></si></sst>".encode()
    book = as_excel_writes("名称", "巡逻")
    for part in ("xl/sharedStrings.xml", "xl/worksheets/sheet1.xml", "xl/workbook.xml", "[Content_Types].xml"):
        assert refusal(with_part(book, part, bomb))["line"] == 1


def test_a_bomb_is_refused_before_it_is_unpacked() -> None:
    bomb = with_part(xlsx(("a",)), "xl/media/image1.png", bytes(200 * 1024 * 1024))
    assert len(bomb) < 1024 * 1024
    begun = time.monotonic()
    with pytest.raises(TooLarge):
        tables.read(bomb)
    assert time.monotonic() - begun < 1
    many = io.BytesIO()
    with zipfile.ZipFile(many, "w") as file:
        for number in range(tables.MAX_PARTS + 1):
            file.writestr(f"{number}", b"")
    with pytest.raises(TooLarge):
        tables.read(many.getvalue())


def test_a_file_over_five_megabytes_is_refused() -> None:
    with pytest.raises(TooLarge):
        tables.read(b"a\n" + b"1\n" * (tables.MAX_BYTES // 2))


def test_a_million_rows_are_refused_as_soon_as_it_is_clear() -> None:
    begun = time.monotonic()
    refused = refusal(b"a\n" + b"1\n" * 1_000_000)
    assert refused["line"] == tables.MAX_ROWS + 2
    assert str(tables.MAX_ROWS) in refused["message"]
    assert time.monotonic() - begun < 3


def test_rows_far_below_are_seen_and_rows_that_no_sheet_has_are_refused() -> None:
    row = '<row r="{}"><c r="A{}" t="inlineStr"><is><t>{}</t></is></c></row>'
    sheet = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{}</sheetData></worksheet>'

    def book(*places: int) -> bytes:
        rows = "".join(row.format(place, place, f"第{place}") for place in places)
        return with_part(xlsx(("a",)), "xl/worksheets/sheet1.xml", sheet.format(rows).encode())

    assert tables.read(book(1, 400_000)).rows == [Row(400_000, ["第400000"])]
    assert refusal(book(1, 2_000_000_000))["line"] == tables.XLSX_LINES + 1


@pytest.mark.parametrize("written", ["'3 栋", "'80 后", "'.5", "'/a", "'Abc"])
def test_an_apostrophe_before_what_is_no_formula_is_part_of_the_cell(written: str) -> None:
    assert tables.read(f"列\n{written}\n".encode()).rows[0].cells == [written]
