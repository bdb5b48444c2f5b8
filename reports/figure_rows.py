"""The rows behind a figure: every figure can be asked for what it was counted from, and the rows add up to it."""

from datetime import date, timedelta
from typing import Any

from sqlalchemy import Row, text

from kernel import clock, paging
from kernel.database import execute
from people import masking, permissions
from people.actors import Staff
from reports import facts, figures
from reports.facts import Part

POINTS = {"issued": "issuance", "redeemed": "merchant", "expired": "expired"}
COUNTS = ("deeds", "checkins", "participants", "residents")
FIGURES = (*POINTS, *COUNTS, "outstanding")


def of(
    actor: Staff,
    window: paging.Window,
    *,
    figure: str,
    since: date | None = None,
    until: date | None = None,
    division_code: str | None = None,
) -> paging.Page[dict[str, Any]]:
    """The rows behind a figure of a part of the tree over a range of days, each with its id, when, points, and who.

    The points of the rows of `issued`, `redeemed`, `expired` and `outstanding` add up to the figure; of all others the rows are
    counted. A row of `outstanding` is a wallet that is not empty now, with the moment since when its owner is known.
    Who is the owner of the wallet (a resident or a household), or the resident; names are masked for those who may not see them.

    Raises:
        NotFound: the division is not in the actor's part of the tree.
        ValidationFailed: the range ends before it begins.
    """
    part, days = facts.part_of(actor, division_code), figures.range_of(since, until)
    in_points = figure in POINTS
    query = _points(part, figure) if in_points else _counts(part)[figure]
    after: Any = window.after_number() if in_points else window.after_id()
    order = f"{'WHERE key < :after' if after is not None else ''} ORDER BY key DESC LIMIT :limit"
    values = {"after": after} if after is not None else {}
    rows = execute(
        text(f"WITH {facts.LIVE}, found AS ({query}) SELECT * FROM found {order}"),
        starts=[clock.start_of(days.first)],
        untils=[clock.start_of(days.last + timedelta(days=1))],
        limit=window.limit + 1,
        **part.values,
        **values,
    )
    page = paging.cut(list(rows), window.limit, lambda row: row.key)
    masked = actor.role in permissions.MASKED_ROLES
    return paging.Page([_shown(row, masked) for row in page.items], page.next)


def _points(part: Part, figure: str) -> str:
    sign = "" if figure == "issued" else "-"
    return f"""
        SELECT m.number AS key, m.id, m.at, {sign}m.amount AS points, m.title,
               CASE WHEN h.id IS NULL THEN 'resident' ELSE 'household' END AS who_kind,
               coalesce(h.id, r.id) AS who_id, coalesce(h.name, r.name) AS who_name
        FROM ({facts.moves((POINTS[figure],), part.whose_wallets)}) m
        LEFT JOIN households h ON h.id = CAST(m.owner AS uuid) LEFT JOIN residents r ON r.id = CAST(m.owner AS uuid)
    """


def _counts(part: Part) -> dict[str, str]:
    people = part.whose(community="r.community_code", place="r.place_code")
    deeds = part.whose(community="d.community_code", place="r.place_code")
    who = "'resident' AS who_kind, r.id AS who_id, r.name AS who_name"
    return {
        "deeds": f"""
            SELECT a.id AS key, a.id, a.at, a.points, v.title, {who}
            FROM ({facts.approvals("'approved'", deeds)}) a JOIN residents r ON r.id = a.resident_id
            JOIN deeds d ON d.id = a.id
            JOIN rule_versions v ON v.rule_id = d.rule_id AND v.version = d.rule_version
        """,
        "checkins": f"""
            SELECT c.id AS key, c.id, c.at, c.points, '每日签到' AS title, {who}
            FROM ({facts.checkins(people)}) c JOIN residents r ON r.id = c.resident_id
        """,
        "participants": f"""
            SELECT r.id AS key, r.id, a.at, NULL AS points, NULL AS title, {who}
            FROM (SELECT resident_id, max(at) AS at FROM ({facts.acts(people)}) acts GROUP BY resident_id) a
            JOIN residents r ON r.id = a.resident_id
        """,
        "residents": f"""
            SELECT r.id AS key, r.id, r.created_at AS at, NULL AS points, NULL AS title, {who}
            FROM residents r WHERE r.left_at IS NULL AND {people}
        """,
        "outstanding": f"""
            SELECT coalesce(h.id, r.id) AS key, coalesce(h.id, r.id) AS id, coalesce(h.created_at, r.created_at) AS at, w.points,
                   NULL AS title, CASE WHEN h.id IS NULL THEN 'resident' ELSE 'household' END AS who_kind,
                   coalesce(h.id, r.id) AS who_id, coalesce(h.name, r.name) AS who_name
            FROM ({facts.in_hand(part.whose_wallets)}) w
            LEFT JOIN households h ON h.id = CAST(w.owner AS uuid) LEFT JOIN residents r ON r.id = CAST(w.owner AS uuid)
        """,
    }


def _shown(row: Row[Any], masked: bool) -> dict[str, Any]:
    name = masking.name(row.who_name) if masked and row.who_name else row.who_name
    return {
        "id": row.id,
        "at": row.at,
        "points": row.points,
        "title": row.title,
        "who": {"kind": row.who_kind, "id": row.who_id, "name": name},
    }
