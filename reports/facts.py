"""What happened, read from the rows: what points entered and left circulation, deeds, check-ins, and who did anything.

Rollups, live figures and the rows behind a figure are made of these same pieces of SQL, so that they cannot drift apart.
Each piece reads the stretches of time in `live`. Points circulate in wallets and in what wallets hold: what crosses that
border counts, by the kind of the account on the other side, so that any kind of transfer to come is counted too.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import text

from kernel import clock
from kernel.database import execute
from people import divisions
from people.actors import Staff
from people.divisions import Division

LIVE = """
    live AS (SELECT * FROM unnest(CAST(:starts AS timestamptz[]), CAST(:untils AS timestamptz[])) AS live(start, until))
"""
_IN_LIVE = "{at} >= live.start AND {at} < live.until"


@dataclass(frozen=True)
class Part:
    """A part of the tree, and whose things belong to it.

    From a community upwards they go by the communities' codes; below, by where people live now (`codes` of places) and by
    the wallets of those people: a household's wallet lies where its head lives.
    """

    code: str
    lineage: str
    below_community: bool
    codes: list[str]
    wallets: list[str]

    def whose(self, *, community: str, place: str) -> str:
        """The SQL condition on a column with a community's code, or on one with a place's."""
        return f"{place} = ANY(:codes)" if self.below_community else f"{community} = ANY(:codes)"

    @property
    def whose_wallets(self) -> str:
        """The SQL condition on a wallet `w`."""
        return "w.owner = ANY(:wallets)" if self.below_community else "w.community_code = ANY(:codes)"

    @property
    def values(self) -> dict[str, Any]:
        return {"codes": self.codes, "wallets": self.wallets}


_COMMUNITIES = text("SELECT code FROM divisions WHERE level = 'community' AND lineage LIKE :below")
_PLACES = text("SELECT code FROM divisions WHERE lineage LIKE :below")
_WALLETS = text(
    """
    SELECT r.id::text FROM residents r WHERE r.household_id IS NULL AND r.place_code = ANY(:codes)
    UNION SELECT h.id::text FROM households h JOIN residents head ON head.id = coalesce(
        h.head_id, (SELECT m.id FROM residents m WHERE m.household_id = h.id ORDER BY m.id LIMIT 1))
    WHERE head.place_code = ANY(:codes)
    """
)


def part_of(actor: Staff, division_code: str | None) -> Part:
    """The part of the tree that is asked about, the actor's own unless one is named. Raises NotFound for one outside his."""
    division: Division = divisions.get(division_code or actor.scope_code)
    actor.must_see(division.lineage)
    below = division.level in ("grid", "building")
    codes = execute(_PLACES if below else _COMMUNITIES, below=f"{division.lineage}%").scalars().all()
    wallets = execute(_WALLETS, codes=codes).scalars().all() if below else []
    return Part(division.code, division.lineage, below, list(codes), list(wallets))


def stretches(days: Iterable[date]) -> dict[str, list[datetime]]:
    """Ascending days as stretches of time, those that follow each other as one: the values of `live`."""
    starts: list[date] = []
    untils: list[date] = []
    for day in days:
        if untils and untils[-1] == day:
            untils[-1] = day + timedelta(days=1)
        else:
            starts.append(day)
            untils.append(day + timedelta(days=1))
    return {"starts": [clock.start_of(day) for day in starts], "untils": [clock.start_of(day) for day in untils]}


def moves(other_kinds: Sequence[str], whose: str = "true") -> str:
    """Points that crossed the border: `amount` is above zero where they came into circulation."""
    kinds = ", ".join(f"'{kind}'" for kind in other_kinds)

    def side(own: str, other: str, sign: str) -> str:
        return f"""
            SELECT t.number, t.id, t.title, t.created_at AS at, w.community_code, w.owner, o.kind, {sign}t.amount AS amount
            FROM live JOIN transfers t ON {_IN_LIVE.format(at="t.created_at")}
            JOIN accounts w ON w.id = t.{own}_account JOIN accounts o ON o.id = t.{other}_account
            WHERE w.kind IN ('wallet', 'held') AND o.kind IN ({kinds}) AND {whose}
        """

    return side("credit", "debit", "") + "UNION ALL" + side("debit", "credit", "-")


def in_hand(whose: str = "true") -> str:
    """What owners have now, in their wallets and held for their orders; those with nothing left out."""
    return f"""
        SELECT w.owner, sum(w.balance) AS points FROM accounts w
        WHERE w.kind IN ('wallet', 'held') AND {whose} GROUP BY w.owner HAVING sum(w.balance) > 0
    """


def approvals(status: str, whose: str = "true") -> str:
    """Deeds that were approved; `status` says which of them, as they stand now, are meant."""
    return f"""
        SELECT d.id, d.approved_at AS at, d.community_code, d.resident_id, d.points, d.rule_id
        FROM live JOIN deeds d ON {_IN_LIVE.format(at="d.approved_at")} JOIN residents r ON r.id = d.resident_id
        WHERE d.status IN ({status}) AND {whose}
    """


def checkins(whose: str = "true") -> str:
    """Check-ins, on the day on which they were made."""
    return f"""
        SELECT c.id, c.created_at AS at, r.community_code, c.resident_id, c.points
        FROM live JOIN checkins c ON {_IN_LIVE.format(at="c.created_at")} JOIN residents r ON r.id = c.resident_id
        WHERE {whose}
    """


def acts(whose: str = "true") -> str:
    """Whatever a resident did: a check-in, a deed declared or approved, an order placed."""
    sources = (("checkins", "created_at"), ("deeds", "declared_at"), ("deeds", "approved_at"), ("orders", "placed_at"))
    return " UNION ALL ".join(
        f"""
        SELECT x.resident_id, r.community_code, x.{column} AS at
        FROM live JOIN {table} x ON {_IN_LIVE.format(at=f"x.{column}")} JOIN residents r ON r.id = x.resident_id WHERE {whose}
        """
        for table, column in sources
    )


def counted(moves_of: str, deeds_of: str, checkins_of: str) -> str:
    """All that is counted by day. Deeds that were revoked later are among them: a day that is over does not change."""
    return f"""
        SELECT community_code, at,
               CASE WHEN kind = 'issuance' THEN amount ELSE 0 END AS issued,
               CASE WHEN kind = 'merchant' THEN -amount ELSE 0 END AS redeemed,
               CASE WHEN kind = 'expired' THEN -amount ELSE 0 END AS expired, 0 AS deeds, 0 AS checkins
        FROM ({moves(("issuance", "merchant", "expired"), moves_of)}) moves
        UNION ALL SELECT community_code, at, 0, 0, 0, 1, 0 FROM ({approvals("'approved', 'revoked'", deeds_of)}) approvals
        UNION ALL SELECT community_code, at, 0, 0, 0, 0, 1 FROM ({checkins(checkins_of)}) checkins
    """


SUMS = """
    coalesce(sum(issued), 0) AS issued, coalesce(sum(redeemed), 0) AS redeemed, coalesce(sum(expired), 0) AS expired,
    coalesce(sum(deeds), 0) AS deeds, coalesce(sum(checkins), 0) AS checkins
"""
