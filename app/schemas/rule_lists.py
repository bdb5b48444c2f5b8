"""Rule lists as spreadsheets: a column for each term, read by the same schema that reads a rule sent as JSON."""

import re
from collections.abc import Callable, Sequence
from typing import Any

from marshmallow import ValidationError, fields

from app.schemas.fields import Flag, Shape, Sheet, Text
from app.schemas.points import RULE, RuleBody
from kernel.tables import BadTable, Cell, Row, Table, bad
from points.rule_lists import COLUMNS, NAMES, Line
from points.rules import LIMITS, RuleView

# A column that is missing leaves what is in force as it is; these must be there.
REQUIRED = ("编号", "名称", "类别", "积分")
_WORDS = {True: "是", False: "否", None: ""}
REPORT = {
    "community_code": RULE["community_code"],
    "dry_run": False,
    "total": 1,
    "added": 1,
    "changed": 0,
    "unchanged": 0,
    "lines": [{"line": 2, "code": "A-01", "result": "added"}],
}
READY_LISTS = {"items": [{"name": "fangniuping", "title": "放牛坪村正面清单（以户计分）", "count": 25}]}


class ImportForm(Shape):
    """A list as CSV or XLSX, as multipart; with `dry_run` nothing is written."""

    file = Sheet(required=True, metadata={"type": "string", "format": "binary"})
    community_code = Text(most=32)
    dry_run = Flag(strict=False, load_default=False)


class ReadyListBody(Shape):
    """For which community; with `dry_run` nothing is written."""

    community_code = Text(most=32)
    dry_run = Flag(load_default=False)


class ExportQuery(Shape):
    """Of which community; one's own where none is named."""

    community_code = Text(most=32, load_default=None)


class OutcomeShape(Shape):
    """What becomes of a line, the header being line 1."""

    line = fields.Integer()
    code = fields.String()
    result = fields.String(metadata={"enum": ["added", "changed", "unchanged"]})


class ReportShape(Shape):
    """What a list did, or with `dry_run` would do."""

    community_code = fields.String()
    dry_run = fields.Boolean()
    total = fields.Integer()
    added = fields.Integer()
    changed = fields.Integer()
    unchanged = fields.Integer()
    lines = fields.List(fields.Nested(OutcomeShape))


class ReadyListShape(Shape):
    """A list that comes with the product."""

    name = fields.String()
    title = fields.String()
    count = fields.Integer()


class ReadyLists(Shape):
    """The lists that come with the product."""

    items = fields.List(fields.Nested(ReadyListShape))


def read(table: Table) -> list[Line]:
    """The rules of a table. Raises BadTable, with every line that makes no sense."""
    for column in REQUIRED:
        if column not in table.header:
            raise bad(1, "缺少这一列", column)
    for column in table.header:
        if column not in COLUMNS:
            raise bad(1, "没有这一列", column)
    present = [COLUMNS[column] for column in table.header]
    lines, wrong = [], []
    for row in table.rows:
        try:
            lines.append(_line(row, present))
        except ValidationError as error:
            wrong += [{"line": row.line, "field": NAMES[name], "message": said} for name, said in _flat(error.messages_dict)]
    if wrong:
        raise BadTable(wrong)
    return lines


def _line(row: Row, present: Sequence[str]) -> Line:
    said: dict[str, Any] = {name: _VALUES.get(name, _text)(cell) for name, cell in zip(present, row.cells, strict=True)}
    limits = {name: said.pop(name) for name in LIMITS if name in said}
    given = {name: limit for name, limit in limits.items() if limit is not None}
    loaded = RuleBody(exclude=("community_code",)).load({**said, "limits": given})
    terms = dict.fromkeys(limits) | loaded.pop("limits") | loaded
    return Line(row.line, terms.pop("code"), terms)


def _flat(messages: dict[str, Any]) -> list[tuple[str, str]]:
    limits = messages.pop("limits", {})
    return [(name, said[0]) for name, said in {**messages, **limits}.items()]


def _text(cell: str) -> str | None:
    return cell or None


def _whole(cell: str) -> Any:
    return int(cell) if re.fullmatch(r"\d{1,9}", cell, re.ASCII) else cell or None


def _flag(cell: str) -> Any:
    return {"是": True, "否": False, "": False}.get(cell, cell)


_VALUES: dict[str, Callable[[str], Any]] = {
    "code": str,
    "title": str,
    "category": str,
    **dict.fromkeys(("points", *LIMITS), _whole),
    **dict.fromkeys(("per_unit", "evidence_required"), _flag),
}


def rows(listed: Sequence[RuleView]) -> list[list[Cell]]:
    """Rules as the rows of a table with all columns."""
    return [
        [_cell(rule.limits.get(name) if name in LIMITS else getattr(rule, name)) for name in COLUMNS.values()] for rule in listed
    ]


def _cell(value: Any) -> Cell:
    if value is None or isinstance(value, bool):
        return _WORDS[value]
    return value if isinstance(value, int) else str(value)
