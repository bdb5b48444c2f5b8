"""The figures of any part of the tree over any range of days: who takes part, what is earned, what it is spent on.

Days that are rolled up come from the rollups, all others from the rows, so an answer is right whether the worker ran or not.
Below a community everything comes from the rows, by where people live now.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import text

from kernel import clock
from kernel.database import execute, first
from kernel.errors import ValidationFailed
from people.actors import Staff
from reports import facts, rollups
from reports.facts import Part

DEFAULT_DAYS = 30
EVERY_DAY_UP_TO = 366
TOP = 10
AGES = {"under_18": 0, "18-34": 18, "35-59": 35, "60-74": 60, "75+": 75}  # each from this age
COUNTED = ("issued", "redeemed", "expired", "deeds", "checkins")


@dataclass(frozen=True)
class Range:
    """Days, both included. Days to come hold nothing yet."""

    first: date
    last: date

    @property
    def days(self) -> list[date]:
        """The days up to today."""
        return [self.first + timedelta(days=n) for n in range((min(self.last, clock.today()) - self.first).days + 1)]


def range_of(since: date | None, until: date | None) -> Range:
    """The range that is asked for, the last 30 days unless said. Raises ValidationFailed where it ends before it begins."""
    last = until or max(clock.today(), since or clock.today())
    chosen = Range(since or last - timedelta(days=DEFAULT_DAYS - 1), last)
    if chosen.last < chosen.first:
        raise ValidationFailed({"to": ["结束日期不能早于开始日期"]})
    return chosen


def of(actor: Staff, *, since: date | None = None, until: date | None = None, division_code: str | None = None) -> dict[str, Any]:
    """The figures of a part of the tree, the actor's own unless a division is named, over a range of days.

    Points: `issued` is net of what was taken back, and issued − redeemed − expired over a community's life is `outstanding`.
    `residents` and `outstanding` are those of now. `by_day` has every day of a range of up to a year, of a longer one those on
    which something happened.

    Raises:
        NotFound: the division is not in the actor's part of the tree.
        ValidationFailed: the range ends before it begins.
    """
    part, days = facts.part_of(actor, division_code), range_of(since, until)
    # What is live is decided once: a day that the worker rolls up meanwhile is read from its rows all the same.
    kept = set() if part.below_community else rollups.rolled_up(days.first, days.last)
    live = [day for day in days.days if day not in kept]
    by_day = _by_day(part, days, live)
    totals = {name: sum(figures[name] for figures in by_day.values()) for name in COUNTED}
    totals["deeds"] -= _revoked(part, days)
    ages = _by_age(part, days, kept, live)
    return {
        "from": days.first,
        "to": days.last,
        "division_code": part.code,
        "residents": sum(group["residents"] for group in ages),
        "participants": sum(group["participants"] for group in ages),
        **totals,
        "outstanding": _outstanding(part),
        "hours": 0,  # until there is volunteering
        "top_rules": _top(_TOP_RULES, part, days, community="d.community_code"),
        "top_items": _top(_TOP_ITEMS, part, days, community="o.community_code"),
        "by_day": _days(days, by_day),
        "participants_by_age": ages,
        "units": _units(part, days),
    }


_KEPT_BY_DAY = """
    SELECT day, issued, redeemed, expired, deeds, checkins FROM daily_figures
    WHERE community_code = ANY(:codes) AND day >= :first AND day <= :last AND NOT day = ANY(:live)
"""


def _by_day(part: Part, days: Range, live: list[date]) -> dict[date, dict[str, int]]:
    people = part.whose(community="r.community_code", place="r.place_code")
    deeds = part.whose(community="d.community_code", place="r.place_code")
    query = f"""
        WITH {facts.LIVE}
        SELECT day, {facts.SUMS} FROM ({"" if part.below_community else _KEPT_BY_DAY + "UNION ALL"}
            SELECT CAST(at AT TIME ZONE :zone AS date) AS day, issued, redeemed, expired, deeds, checkins
            FROM ({facts.counted(part.whose_wallets, deeds, people)}) counted
        ) days GROUP BY day ORDER BY day
    """
    rows = execute(
        text(query),
        zone=str(clock.zone()),
        first=days.first,
        last=days.last,
        live=live,
        **part.values,
        **facts.stretches(live),
    )
    return {row.day: {name: int(getattr(row, name)) for name in COUNTED} for row in rows}


def _days(days: Range, by_day: dict[date, dict[str, int]]) -> list[dict[str, Any]]:
    nothing = dict.fromkeys(COUNTED, 0)
    length = (days.last - days.first).days + 1
    shown = [days.first + timedelta(days=n) for n in range(length)] if length <= EVERY_DAY_UP_TO else sorted(by_day)
    return [{"date": day, **by_day.get(day, nothing)} for day in shown]


def _revoked(part: Part, days: Range) -> int:
    """Deeds approved in the range and revoked since: few, so they are taken off here and days that are over stay as they are."""
    whose = part.whose(community="d.community_code", place="r.place_code")
    revoked = facts.approvals("'revoked'", whose)
    row = first(text(f"WITH {facts.LIVE} SELECT count(*) AS deeds FROM ({revoked}) revoked"), **part.values, **_whole(days))
    assert row is not None
    return int(row.deeds)


def _whole(days: Range) -> dict[str, Any]:
    return {"starts": [clock.start_of(days.first)], "untils": [clock.start_of(days.last + timedelta(days=1))]}


_OUTSTANDING = "SELECT coalesce(sum(w.balance), 0) AS points FROM accounts w WHERE w.kind IN ('wallet', 'held') AND {whose}"


def _outstanding(part: Part) -> int:
    row = first(text(_OUTSTANDING.format(whose=part.whose_wallets)), **part.values)
    assert row is not None
    return int(row.points)


_AGE = " ".join(
    f"WHEN r.born_on <= CAST(:on AS date) - interval '{age} years' THEN '{name}'" for name, age in [*AGES.items()][:0:-1]
)


def _by_age(part: Part, days: Range, kept: set[date], live: list[date]) -> list[dict[str, Any]]:
    whose = part.whose(community="r.community_code", place="r.place_code")
    query = f"""
        WITH {facts.LIVE}, active AS (
            SELECT p.resident_id FROM unnest(CAST(:months AS date[]), CAST(:bits AS bigint[])) AS kept(month, bits)
            JOIN monthly_participants p ON p.month = kept.month AND p.days & kept.bits <> 0
            WHERE p.month = ANY(:months) AND p.community_code = ANY(:codes)
            UNION SELECT resident_id FROM ({facts.acts(whose)}) acts
        ), people AS (
            SELECT r.born_on, r.left_at, a.resident_id IS NOT NULL AS active
            FROM residents r LEFT JOIN active a ON a.resident_id = r.id WHERE {whose}
        )
        SELECT CASE WHEN r.born_on IS NULL THEN 'unknown' {_AGE} ELSE 'under_18' END AS age_group,
               count(*) FILTER (WHERE active) AS participants, count(*) FILTER (WHERE left_at IS NULL) AS residents
        FROM people r GROUP BY age_group
    """
    on = min(days.last, clock.today())
    rows = execute(text(query), on=on, **rollups.months(kept), **part.values, **facts.stretches(live))
    found = {row.age_group: row for row in rows}
    return [
        {
            "group": name,
            "participants": found[name].participants if name in found else 0,
            "residents": found[name].residents if name in found else 0,
        }
        for name in (*AGES, "unknown")
    ]


_TOP_RULES = """
    WITH {live}, approved AS (
        SELECT d.rule_id, d.points, d.rule_version FROM live
        JOIN deeds d ON d.approved_at >= live.start AND d.approved_at < live.until JOIN residents r ON r.id = d.resident_id
        WHERE d.status = 'approved' AND {whose}
    ), counted AS (
        SELECT rule_id, count(*) AS deeds, sum(points) AS points FROM approved
        GROUP BY rule_id ORDER BY deeds DESC, points DESC, rule_id LIMIT :top
    )
    SELECT c.rule_id AS id, u.code, v.title, c.deeds, c.points FROM counted c
    JOIN rules u ON u.id = c.rule_id JOIN rule_versions v ON v.rule_id = u.id AND v.version = u.version
    ORDER BY c.deeds DESC, c.points DESC, c.rule_id
"""
_TOP_ITEMS = """
    WITH {live}, counted AS (
        SELECT o.item_id, sum(s.pieces) AS pieces, sum(s.points) AS points FROM live
        JOIN scans s ON s.at >= live.start AND s.at < live.until
        JOIN orders o ON o.id = s.order_id JOIN residents r ON r.id = o.resident_id
        WHERE {whose} GROUP BY o.item_id ORDER BY pieces DESC, points DESC, o.item_id LIMIT :top
    )
    SELECT c.item_id AS id, i.name, c.pieces, c.points FROM counted c JOIN items i ON i.id = c.item_id
    ORDER BY c.pieces DESC, c.points DESC, c.item_id
"""


def _top(query: str, part: Part, days: Range, *, community: str) -> list[dict[str, Any]]:
    whose = part.whose(community=community, place="r.place_code")
    rows = execute(text(query.format(live=facts.LIVE, whose=whose)), top=TOP, **part.values, **_whole(days))
    return [dict(row._mapping) for row in rows]


_UNITS = text(
    """
    SELECT count(*) AS total, count(*) FILTER (WHERE active) AS active, count(*) FILTER (WHERE active AND (
        EXISTS (SELECT FROM unit_records n WHERE n.unit_id = u.id AND n.day >= :first AND n.day <= :last)
        OR EXISTS (SELECT FROM unit_agreements a WHERE a.unit_id = u.id
                   AND a.from_on <= :last AND coalesce(a.to_on >= :first, true)))) AS took_part
    FROM units u JOIN divisions p ON p.code = u.division_code WHERE p.lineage LIKE :below
    """
)


def _units(part: Part, days: Range) -> dict[str, int]:
    row = first(_UNITS, below=f"{part.lineage}%", first=days.first, last=days.last)
    assert row is not None
    return dict(row._mapping)
