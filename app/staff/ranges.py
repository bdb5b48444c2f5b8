"""Stretches of days that people ask for by name."""

from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True)
class Range:
    """Days, both included, and what they are called."""

    name: str
    first: date
    last: date


def named(today: date) -> list[Range]:
    """The ranges that figures are mostly asked for, up to today."""
    month = today.replace(day=1)
    month_before = (month - timedelta(days=1)).replace(day=1)
    quarter = today.replace(month=(today.month - 1) // 3 * 3 + 1, day=1)
    return [
        Range("最近 30 天", today - timedelta(days=29), today),
        Range("本周", monday(today), today),
        Range("上周", *week_before(today)),
        Range("本月", month, today),
        Range("上月", month_before, month - timedelta(days=1)),
        Range("本季", quarter, today),
        Range("今年", today.replace(month=1, day=1), today),
    ]


def monday(day: date) -> date:
    """The Monday of a day's week."""
    return day - timedelta(days=day.weekday())


def week_before(day: date) -> tuple[date, date]:
    """The whole week before a day's week, Monday to Sunday."""
    first = monday(day) - timedelta(days=7)
    return first, first + timedelta(days=6)


def stretch_before(first: date, last: date) -> tuple[date, date]:
    """As many days right before a stretch of days, to compare it with."""
    return first - (last - first) - timedelta(days=1), first - timedelta(days=1)
