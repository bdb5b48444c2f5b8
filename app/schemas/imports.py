"""Shapes: files of residents, and what becomes of them."""

import re
from datetime import date
from typing import Any

from marshmallow import ValidationError, fields

from app.schemas.fields import Flag, Moment, Shape, Sheet, Text
from kernel import clock
from kernel.tables import Row, Table, bad
from people.resident_lists import COLUMNS, NAMES
from people.residents import PHONE
from points.imports import MAX_LINES, STATUSES, Person

_MONTH = re.compile(r"(\d{4})(?:[-/.年])?(\d{1,2})(?:[-/.月](?:\d{1,2}日?)?)?", re.ASCII)
IMPORT = {
    "id": "019dd1c1-0000-7000-8000-0000000000f1",
    "community_code": "500104101009",
    "filename": "居民.xlsx",
    "status": "checked",
    "total": 480,
    "done": 0,
    "added": 478,
    "known": 2,
    "report": [],
    "created_at": "2026-11-21T10:00:00+08:00",
    "finished_at": None,
}
REFUSED = [{"line": 17, "field": "电话", "message": "请填写 11 位手机号码"}]


class ResidentsForm(Shape):
    """A file of residents, CSV or XLSX, as multipart; unless `dry_run` is false it is only checked."""

    file = Sheet(required=True, metadata={"type": "string", "format": "binary"})
    community_code = Text(most=32)
    dry_run = Flag(strict=False, load_default=True)


class RefusedLine(Shape):
    """A line that makes no sense, the header being line 1, with its column."""

    line = fields.Integer()
    field = fields.String(allow_none=True)
    message = fields.String()


class ImportShape(Shape):
    """A file and what became of it; before it is applied `added` and `known` say what that would do."""

    id = fields.UUID()
    community_code = fields.String()
    filename = fields.String()
    status = fields.String(metadata={"enum": list(STATUSES)})
    total = fields.Integer()
    done = fields.Integer()
    added = fields.Integer()
    known = fields.Integer()
    report = fields.List(fields.Nested(RefusedLine))
    created_at = Moment(metadata={"type": "string", "format": "date-time"})
    finished_at = Moment(allow_none=True, metadata={"type": "string", "format": "date-time"})


class _Phone(Text):
    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        phone = super()._deserialize(value, attr, data, **kwargs)
        if not PHONE.fullmatch(phone):
            raise ValidationError("请填写 11 位手机号码")
        return phone


class _BirthMonth(Text):
    """The first day of a month: 1954-03, 1954/3, 195403, 1954年3月, a whole day too."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        written = _MONTH.fullmatch(super()._deserialize(value, attr, data, **kwargs))
        try:
            born = date(int(written[1]), int(written[2]), 1) if written else None
        except ValueError:
            born = None
        if born is None or not date(1900, 1, 1) <= born <= clock.today():
            raise ValidationError("请填写出生年月，例如 1954-03")
        return born.isoformat()


class PersonLine(Shape):
    """A line of a file of residents; what is blank is left out."""

    name = Text(most=30, required=True)
    phone = _Phone(most=20)
    household = Text(most=30)
    head = Text(most=50)
    address = Text(most=100)
    grid = Text(most=60)
    building = Text(most=60)
    born_on = _BirthMonth(most=20)


def read(table: Table) -> tuple[list[Person], list[dict[str, Any]]]:
    """The people of a table, and the lines that make no sense. Raises BadTable for a header with other columns."""
    for column in table.header:
        if column not in COLUMNS:
            raise bad(1, "没有这一列", column)
    if "姓名" not in table.header:
        raise bad(1, "缺少这一列", "姓名")
    if len(table.rows) > MAX_LINES:
        raise bad(table.rows[MAX_LINES].line, f"一次最多导入 {MAX_LINES} 人，请分成几个文件")
    fields_of = [COLUMNS[column] for column in table.header]
    people, wrong, schema = [], [], PersonLine()
    for row in table.rows:
        try:
            people.append(_person(row.line, schema.load(_said(row, fields_of))))
        except ValidationError as error:
            wrong += [{"line": row.line, "field": NAMES[name], "message": said[0]} for name, said in error.messages_dict.items()]
    return people, wrong


def _said(row: Row, fields_of: list[str]) -> dict[str, Any]:
    return {name: cell for name, cell in zip(fields_of, row.cells, strict=True) if cell}


def _person(line: int, said: dict[str, Any]) -> Person:
    """In the column of the head stands whether this is he, or who it is."""
    head = said.pop("head", None)
    return Person(line, **said, is_head=head == "是", head=None if head in ("是", "否") else head)
