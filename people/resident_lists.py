"""Lists of residents as spreadsheets: their columns, and what goes out, masked for those who may not see it."""

from sqlalchemy import select
from sqlalchemy.orm import aliased

from kernel import audit, signing
from kernel.database import db
from people import divisions, masking, permissions
from people.actors import Staff
from people.divisions import Division
from people.households import Household
from people.residents import Resident

# The columns of a list of residents, and what each holds.
COLUMNS = {
    "姓名": "name",
    "电话": "phone",
    "户号": "household",
    "户主": "head",
    "住址": "address",
    "网格": "grid",
    "楼栋": "building",
    "出生年月": "born_on",
}
NAMES = {field: column for column, field in COLUMNS.items()}


def export(actor: Staff, community_code: str | None = None) -> list[list[str | int | None]]:
    """The residents of a community in the actor's part of the tree, as rows of a table with all columns, by number; on record.

    Names and phones are masked, addresses and dates of birth left out, for roles that see personal data only so.

    Raises:
        NotFound: the community is not in the actor's part of the tree.
    """
    community = divisions.community_for(actor, community_code)
    above = aliased(Division)
    found = db.session.execute(
        select(Resident, Household.number, Household.head_id, Division, above)
        .join(Division, Division.code == Resident.place_code)
        .join(above, above.code == Division.parent_code)
        .outerjoin(Household, Household.id == Resident.household_id)
        .where(Resident.community_code == community.code, Resident.left_at.is_(None), Division.lineage.startswith(actor.scope))
        .order_by(Resident.number)
    ).all()
    masked = actor.role in permissions.MASKED_ROLES
    audit.record(actor, "resident.export", None, community.code, residents=len(found), masked=masked)
    return [
        [
            *_person(resident, masked=masked),
            number,
            "是" if head_id == resident.id else "",
            *_home(resident, place, parent, masked=masked),
        ]
        for resident, number, head_id, place, parent in found
    ]


def _person(resident: Resident, *, masked: bool) -> list[str | None]:
    phone = signing.decrypt("phone", resident.phone_sealed) if resident.phone_sealed else None
    if masked:
        return [resident.name_masked, masking.phone(phone) if phone else None]
    return [resident.name, phone]


def _home(resident: Resident, place: Division, parent: Division, *, masked: bool) -> list[str | None]:
    grid = {"grid": place.name, "building": parent.name}.get(place.level)
    building = place.name if place.level == "building" else None
    born = f"{resident.born_on:%Y-%m}" if resident.born_on else None
    return [None if masked else resident.address, grid, building, None if masked else born]
