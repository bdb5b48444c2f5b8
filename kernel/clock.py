"""The one clock. Tests set it; nothing else asks the machine for the time."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

# Before and after everything that is on record.
EVER = (datetime(2000, 1, 1, tzinfo=UTC), datetime(2101, 1, 1, tzinfo=UTC))
_zone = ZoneInfo("Asia/Shanghai")
_fixed: datetime | None = None


def set_zone(name: str) -> None:
    """Set the zone in which days begin and end, by its IANA name."""
    global _zone
    _zone = ZoneInfo(name)


def zone() -> ZoneInfo:
    """The zone in which days begin and end."""
    return _zone


def now() -> datetime:
    """The present moment, in UTC."""
    return _fixed or datetime.now(UTC)


def today() -> date:
    """The present day in the community's zone."""
    return day_of(now())


def day_of(moment: datetime) -> date:
    """The day on which `moment` falls in the community's zone."""
    return moment.astimezone(_zone).date()


def start_of(day: date) -> datetime:
    """The first moment of `day` in the community's zone."""
    return datetime(day.year, day.month, day.day, tzinfo=_zone).astimezone(UTC)


def first_of_next_month(day: date) -> date:
    """The first day of the month after that of `day`."""
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


@contextmanager
def stopped_at(moment: datetime) -> Iterator[None]:
    """Let the clock stand at `moment`: for tests, and for the demo's past."""
    global _fixed
    before, _fixed = _fixed, moment.astimezone(UTC)
    try:
        yield
    finally:
        _fixed = before
