"""Lists in pages. The cursor names the last row that was given, so a page costs the same however far down it is."""

import base64
import binascii
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy import Select
from sqlalchemy.orm import InstrumentedAttribute

from kernel.database import db
from kernel.errors import ValidationFailed

T = TypeVar("T")


@dataclass(frozen=True)
class Window:
    """Which part of a list is asked for: at most `limit` rows after `cursor`."""

    limit: int = 20
    cursor: str | None = None

    def after_text(self) -> str | None:
        """What the cursor names, as text.

        Raises:
            ValidationFailed: the cursor is none of ours.
        """
        if self.cursor is None:
            return None
        try:
            return base64.urlsafe_b64decode(self.cursor.encode() + b"==").decode()
        except (binascii.Error, UnicodeError):
            raise bad_cursor() from None

    def after_id(self) -> UUID | None:
        """What the cursor names, as an id. Raises ValidationFailed likewise."""
        text = self.after_text()
        try:
            return None if text is None else UUID(text)
        except ValueError:
            raise bad_cursor() from None

    def after_number(self) -> int | None:
        """What the cursor names, as a number. Raises ValidationFailed likewise."""
        text = self.after_text()
        if text is None:
            return None
        if not (text.isascii() and text.isdigit() and len(text) < 19):
            raise bad_cursor()
        return int(text)


@dataclass(frozen=True)
class Page(Generic[T]):
    """Some rows of a list, and the cursor for those after them (None at the end)."""

    items: list[T]
    next: str | None


def bad_cursor() -> ValidationFailed:
    return ValidationFailed({"cursor": ["翻页标记不正确，请从第一页重新开始"]})


def cut(rows: list[T], limit: int, name_of: Any) -> Page[T]:
    """A page from up to `limit` + 1 rows: the one too many only says that there is more."""
    if len(rows) <= limit:
        return Page(rows, None)
    rows = rows[:limit]
    cursor = base64.urlsafe_b64encode(str(name_of(rows[-1])).encode()).decode().rstrip("=")
    return Page(rows, cursor)


def by_id(query: Select[T], id_column: InstrumentedAttribute[UUID], window: Window, *, oldest_first: bool = False) -> Page[T]:
    """The page of `query` that `window` asks for, ordered by the time its ids were made, newest first unless said."""
    after = window.after_id()
    if after is not None:
        query = query.where(id_column > after if oldest_first else id_column < after)
    query = query.order_by(id_column.asc() if oldest_first else id_column.desc()).limit(window.limit + 1)
    rows = list(db.session.scalars(query))
    return cut(rows, window.limit, lambda row: getattr(row, id_column.key))
