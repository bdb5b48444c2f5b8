"""Lists of households as spreadsheets: their columns, and what goes out, masked for those who may not see it."""

from sqlalchemy import text

from kernel import audit
from kernel.database import execute
from kernel.tables import Cell
from people import divisions, masking, permissions
from people.actors import Staff
from points import wallets

COLUMNS = ("户号", "户主", "住址", "人数", "积分")

_HOUSEHOLDS = text(
    """
    SELECT h.id, h.number, h.address, head.name AS head, count(r.id) AS members FROM households h
    JOIN community_settings s ON s.community_code = h.community_code AND s.counts_by = 'household'
    LEFT JOIN residents head ON head.id = h.head_id
    JOIN residents r ON r.household_id = h.id AND r.left_at IS NULL
    WHERE h.community_code = :community_code
      AND (EXISTS (SELECT FROM divisions d WHERE d.code = h.community_code AND starts_with(d.lineage, :scope))
           OR EXISTS (SELECT FROM residents m JOIN divisions d ON d.code = m.place_code
                      WHERE m.household_id = h.id AND starts_with(d.lineage, :scope)))
    GROUP BY h.id, head.name ORDER BY h.number
    """
)


def export(actor: Staff, community_code: str | None = None) -> list[list[Cell]]:
    """The households of a community, or of the actor's part of it, as rows of a table with all columns, by number; on record.

    Heads are masked and addresses left out for roles that see personal data only so.

    Raises:
        NotFound: the community is not in the actor's part of the tree.
    """
    community = divisions.community_for(actor, community_code)
    found = execute(_HOUSEHOLDS, community_code=community.code, scope=actor.scope).all()
    balances = wallets.balances_of([str(home.id) for home in found])
    masked = actor.role in permissions.MASKED_ROLES
    audit.record(actor, "household.export", None, community.code, households=len(found), masked=masked)
    return [
        [
            home.number,
            masking.name(home.head) if masked and home.head else home.head,
            None if masked else home.address,
            home.members,
            balances[str(home.id)],
        ]
        for home in found
    ]
