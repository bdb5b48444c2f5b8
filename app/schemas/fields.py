"""The fields that our schemas are made of, strict about what they take, with Chinese sentences for what they refuse."""

import re
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from marshmallow import Schema, ValidationError, fields, validate
from werkzeug.datastructures import FileStorage

from kernel import clock, ids

# Characters that are no text: controls, and those that hide or turn round what stands beside them.
_CONTROL = r"\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff"
_JOINERS = r"\u200c\u200d"  # belong inside emoji and some scripts, and are nothing by themselves
_SEEN = rf"[^\s{_CONTROL}{_JOINERS}]"
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)

fields.Field.default_error_messages = {
    "required": "请填写这一项",
    "null": "这一项不能为空",
    "validator_failed": "填写不正确",
}


class Shape(Schema):
    """What every schema is: strict about unknown fields, and Chinese in what it refuses."""

    error_messages = {"unknown": "没有这一项", "type": "内容的形式不正确"}


class Text(fields.String):
    """Text for people: trimmed, without control characters, something to be seen in it, from `least` to `most` characters."""

    default_error_messages = {"invalid": "请填写文字", "invalid_utf8": "含有不能识别的字符", "control": "含有不能识别的字符"}

    def __init__(self, *, most: int = 100, least: int = 1, **kwargs: Any) -> None:
        error = f"最多 {most} 个字" if least == 0 else f"请填写 {least} 至 {most} 个字"
        kwargs.setdefault("validate", validate.Length(least, most, error=error))
        self.least = least
        seen = _SEEN if least else ""
        kwargs["metadata"] = {"pattern": f"^[^{_CONTROL}]*{seen}[^{_CONTROL}]*$", **kwargs.get("metadata", {})}
        super().__init__(**kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs).strip()
        # Two looks and not the documented pattern, which goes back and forth over a long text.
        if re.search(f"[{_CONTROL}]", text) or (text and self.least and not re.search(_SEEN, text)):
            raise self.make_error("control")
        return text


class Secret(fields.String):
    """A password or a token: taken as it is, not trimmed."""

    default_error_messages = {"invalid": "请填写文字", "invalid_utf8": "含有不能识别的字符"}

    def __init__(self, *, most: int, **kwargs: Any) -> None:
        super().__init__(validate=validate.Length(1, most, error=f"请填写 1 至 {most} 个字符"), **kwargs)


class Whole(fields.Integer):
    """A whole number from `least` to `most`, 5.0 being 5; no text, no fraction, no yes or no."""

    default_error_messages = {"invalid": "请填写整数", "too_large": "数字太大"}

    def __init__(self, least: int, most: int, **kwargs: Any) -> None:
        kwargs.setdefault("strict", True)
        super().__init__(validate=validate.Range(least, most, error=f"请填写 {least} 至 {most} 之间的整数"), **kwargs)

    def _validated(self, value: Any) -> int:
        if isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return super()._validated(int(value) if isinstance(value, float) and value.is_integer() else value)


class Picture(fields.Raw):
    """A file of a multipart body."""

    default_error_messages = {"invalid": "请选择一张照片"}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> FileStorage:
        if not isinstance(value, FileStorage):
            raise self.make_error("invalid")
        return value


class Sheet(Picture):
    """A spreadsheet in a multipart body."""

    default_error_messages = {"invalid": "请选择一个文件"}


class Flag(fields.Boolean):
    """Yes or no; in a query, where all is text, `strict=False` takes the words true and false."""

    default_error_messages = {"invalid": "请填写 true 或 false"}

    def __init__(self, *, strict: bool = True, **kwargs: Any) -> None:
        self.strict = strict
        super().__init__(**kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, bool) and (self.strict or value not in ("true", "false")):
            raise self.make_error("invalid", input=value)
        return super()._deserialize(value, attr, data, **kwargs)


class Id(fields.UUID):
    """An id. Text that is no id names nothing, so that it gets the answer of an id that exists nowhere."""

    default_error_messages = {"invalid_uuid": "编号应为文字"}

    def _validated(self, value: Any) -> UUID:
        if isinstance(value, UUID):
            return value
        if not isinstance(value, str):
            raise self.make_error("invalid_uuid")
        return ids.parse(value)


class Choice(fields.String):
    """One of a few words."""

    default_error_messages = {"invalid": "请填写文字"}

    def __init__(self, *words: str, **kwargs: Any) -> None:
        super().__init__(validate=validate.OneOf(words, error=f"应为 {'、'.join(words)} 之一"), **kwargs)


class Day(fields.Date):
    """A day, YYYY-MM-DD."""

    first_year, last_year = 2000, 2100
    default_error_messages = {"invalid": "请填写日期，例如 2026-11-21", "format": "请填写日期，例如 2026-11-21"}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> date:
        if not isinstance(value, str) or not _DAY.fullmatch(value):
            raise self.make_error("invalid", input=value, obj_type="date")
        day: date = super()._deserialize(value, attr, data, **kwargs)
        if not self.first_year <= day.year <= self.last_year:
            raise self.make_error("invalid", input=value, obj_type="date")
        return day


class Birthday(Day):
    """The day on which somebody was born."""

    first_year = 1900


class Month(fields.Field):  # type: ignore[type-arg]
    """A month, YYYY-MM, as its first day."""

    default_error_messages = {"invalid": "请填写月份，例如 2026-11"}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> date:
        if not isinstance(value, str) or not re.fullmatch(r"20\d\d-(0[1-9]|1[0-2])", value, re.ASCII):
            raise self.make_error("invalid")
        return date.fromisoformat(f"{value}-01")


class Moment(fields.Field):  # type: ignore[type-arg]
    """A moment, ISO 8601 with an offset; shown in the community's zone."""

    default_error_messages = {"invalid": "请填写日期，或带时区的时间，例如 2026-11-21T08:00:00+08:00"}

    def _serialize(self, value: datetime | None, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else value.astimezone(clock.zone()).isoformat()

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> datetime:
        try:
            a_day = isinstance(value, str) and _DAY.fullmatch(value)
            moment = datetime.fromisoformat(value)
        except (TypeError, ValueError):
            raise self.make_error("invalid") from None
        if not 2000 <= moment.year <= 2100 or not (a_day or moment.tzinfo):
            raise self.make_error("invalid")
        return self._of_day(moment.date()) if a_day else moment

    def _of_day(self, day: date) -> datetime:
        return clock.start_of(day)


class EndMoment(Moment):
    """A moment until which something holds; a day is included."""

    def _of_day(self, day: date) -> datetime:
        return clock.start_of(day + timedelta(days=1))


class Listed(fields.List):  # type: ignore[type-arg]
    """A list of `least` to `most` values."""

    default_error_messages = {"invalid": "请填写列表"}

    def __init__(self, inner: Any, *, most: int = 100, least: int = 0, **kwargs: Any) -> None:
        error = f"请填写 {least} 至 {most} 项" if least else f"最多 {most} 项"
        super().__init__(inner, validate=validate.Length(least, most, error=error), **kwargs)


class Inside(fields.Nested):
    """Another schema, inside this one."""

    default_error_messages = {"type": "内容的形式不正确"}


def require_one(data: dict[str, Any], *names: str) -> None:
    """Raises ValidationError unless exactly one of the fields is there."""
    if sum(name in data for name in names) != 1:
        raise ValidationError({name: [f"请在 {'、'.join(names)} 中填写一项"] for name in names})
