"""Tables as people keep them, CSV and XLSX: read with care for what a stranger may have put in, written so that nothing acts."""

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from openpyxl import Workbook, load_workbook
from openpyxl.cell import WriteOnlyCell

from kernel.errors import Invalid
from kernel.uploads import TooLarge

MAX_BYTES = 5 * 1024 * 1024
MAX_UNPACKED_BYTES = 32 * 1024 * 1024
MAX_PARTS = 500  # files inside an XLSX
MAX_ROWS = 20_000
MAX_COLUMNS = 50
MAX_CELL = 2_000  # characters
MAX_REPORTED = 100  # refused lines in one answer
XLSX_LINES = 1_048_576  # no sheet has more
WIDEST = 256  # columns that are looked at, so that what stands beyond those that are taken is refused and not lost

_ACTIVE = "=+-@\t\r\n＝＋－＠"  # a spreadsheet may take a cell that begins with one of these for a formula
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_CSV_ESCAPED = re.compile(rf"'[{re.escape(_ACTIVE)}']")

Cell = str | int | None


class BadTable(Invalid):
    """The refused lines are in `lines`: {line, field, message}; the header is line 1."""

    title = "表格里有内容不正确，没有导入任何内容，请改正后再导入"

    def __init__(self, lines: Sequence[dict[str, Any]]) -> None:
        told = "；".join(
            f"第 {one['line']} 行{'“' + one['field'] + '”' if one['field'] else ''}：{one['message']}" for one in lines[:3]
        )
        super().__init__(told + (f"；等 {len(lines)} 处" if len(lines) > 3 else ""), lines=list(lines[:MAX_REPORTED]))


@dataclass(frozen=True)
class Row:
    """A row below the header, with the line it begins on and a trimmed cell for each column."""

    line: int
    cells: list[str]


@dataclass(frozen=True)
class Table:
    """A table that was read: the names of its columns, and the rows in which something stands."""

    header: list[str]
    rows: list[Row]


def bad(line: int, message: str, field: str | None = None) -> BadTable:
    """One line is refused."""
    return BadTable([{"line": line, "field": field, "message": message}])


def read(data: bytes, *, max_rows: int = MAX_ROWS) -> Table:
    """The table in a file: the first sheet of an XLSX, or a CSV in UTF-8 or GB18030. What the file is shows in its bytes.

    Raises:
        TooLarge: more than 5 MiB, or more than 32 MiB unpacked.
        BadTable: it is neither, or has no header, too many rows or columns, or a cell that makes no sense.
    """
    if len(data) > MAX_BYTES:
        raise TooLarge()
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        raise bad(1, "这是旧版或加密的 Excel 文件，请去掉密码，另存为 .xlsx 再上传")
    lines = _xlsx_lines(data) if data.startswith(b"PK") else _csv_lines(data)
    header = _header(next(lines, (1, [])))
    return Table(header, list(_rows(lines, len(header), max_rows)))


def to_csv(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """A CSV file that spreadsheets open with its Chinese intact and in which no cell is a formula."""
    out = io.StringIO(newline="")
    # Text is quoted throughout, so that no other separator can make a new cell of half a text.
    writer = csv.writer(out, quoting=csv.QUOTE_NONNUMERIC)
    for row in (header, *rows):
        writer.writerow([_inert(cell) for cell in row])
    return out.getvalue().encode("utf-8-sig")


def to_xlsx(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """An XLSX file of one sheet, in which all text is text."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    sheet.freeze_panes = "A2"
    for row in (header, *rows):
        sheet.append([_xlsx_cell(sheet, cell) for cell in row])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _inert(cell: Cell) -> str | int:
    if isinstance(cell, int):
        return cell
    text = _CONTROL.sub("", cell or "")
    return f"'{text}" if text.lstrip(" ").startswith((*_ACTIVE, "'")) else text


def _xlsx_cell(sheet: Any, value: Cell) -> Any:
    if not isinstance(value, str):
        return WriteOnlyCell(sheet, value)
    cell = WriteOnlyCell(sheet, _CONTROL.sub("", value) or None)
    if cell.value is not None:
        cell.data_type = "s"  # whatever it looks like: a formula, or an error
        cell.quotePrefix = value.startswith(tuple(_ACTIVE))
    return cell


def _header(first: tuple[int, list[str]]) -> list[str]:
    line, cells = first
    while cells and not cells[-1]:
        cells = cells[:-1]
    if line != 1 or not cells:
        raise bad(1, "第一行应为表头，表格不能是空的")
    for place, name in enumerate(cells):
        if not name:
            raise bad(1, f"第 {place + 1} 列没有名称")
        if name in cells[:place]:
            raise bad(1, "列名重复", name)
    return cells


def _rows(lines: Iterator[tuple[int, list[str]]], width: int, max_rows: int) -> Iterator[Row]:
    for count, (line, cells) in enumerate(lines):
        if count == max_rows:
            raise bad(line, f"最多 {max_rows} 行，请分成几个文件")
        if any(cells[width:]):
            raise bad(line, "内容比表头的列多")
        yield Row(line, cells[:width] + [""] * (width - len(cells)))


def _checked(line: int, cells: list[str]) -> list[str]:
    if len(cells) > MAX_COLUMNS and any(cells[MAX_COLUMNS:]):
        raise bad(line, f"最多 {MAX_COLUMNS} 列")
    for cell in cells:
        if len(cell) > MAX_CELL:
            raise bad(line, f"一格最多 {MAX_CELL} 个字")
        if _CONTROL.search(cell):
            raise bad(line, "含有不能识别的字符")
    return cells


def _csv_lines(data: bytes) -> Iterator[tuple[int, list[str]]]:
    reader, begins = csv.reader(io.StringIO(_decoded(data), newline=""), strict=True), 1
    try:
        for row in reader:
            cells = _checked(begins, [_csv_cell(cell) for cell in row])
            if any(cells):
                yield begins, cells
            begins = reader.line_num + 1
    except csv.Error:
        raise bad(begins, "引号没有成对，或一格太长，读不出来") from None


def _csv_cell(cell: str) -> str:
    """A cell as it was meant: the apostrophe that makes it inert is not part of it."""
    cell = cell.strip()
    return cell[1:].strip() if _CSV_ESCAPED.match(cell) else cell


def _decoded(data: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise bad(1, "读不出文字，请存为 .xlsx，或 UTF-8 编码的 .csv")


def _xlsx_lines(data: bytes) -> Iterator[tuple[int, list[str]]]:
    _check_parts(data)
    line = 1
    try:
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
        sheet = book.worksheets[0]
        sheet.reset_dimensions()  # what the file says of its size need not be true
        for line, row in enumerate(sheet.iter_rows(max_col=WIDEST, values_only=True), 1):
            if line > XLSX_LINES:
                raise bad(line, "行数太多")
            if row.count(None) < len(row):  # which is quick over the many blank lines that a sheet may have
                cells = _checked(line, [_text(value) for value in row])
                if any(cells):
                    yield line, cells
    except (BadTable, GeneratorExit):
        raise
    except Exception:  # whatever the reader makes of hostile bytes, they are no table
        raise bad(line, "这不是能读的 .xlsx 文件，请用表格软件重新保存后再上传") from None


def _check_parts(data: bytes) -> None:
    """Refuse what would unpack to too much, before anything is unpacked, and what carries a program."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as parts:
            infos = parts.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        raise bad(1, "文件不完整，请重新保存后再上传") from None
    if len(infos) > MAX_PARTS or sum(info.file_size for info in infos) > MAX_UNPACKED_BYTES:
        raise TooLarge()
    if any(info.filename.lower().endswith((".bin", ".exe", ".dll")) and "vba" in info.filename.lower() for info in infos):
        raise bad(1, "不收带宏的文件，请另存为 .xlsx 再上传")


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else str(value)
    if isinstance(value, datetime) and value.time() == time():
        value = value.date()
    return value.isoformat() if isinstance(value, date | time) else str(value).strip()
