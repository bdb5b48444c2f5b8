"""Staff: the people of the community office, each with a role and a part of the organisation tree."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from kernel import audit, clock, ids
from kernel.database import Model, add
from kernel.errors import ValidationFailed
from people import divisions, logins, residents
from people.actors import Staff, System
from people.permissions import ROLES


class StaffMember(Model):
    """A member of staff. `resident_id` names the resident he is himself, so that he cannot review his own deeds."""

    __tablename__ = "staff"
    __table_args__ = (CheckConstraint("role IN ('admin', 'reviewer', 'grid_worker', 'building_head', 'auditor')", name="role"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    role: Mapped[str]
    scope_code: Mapped[str] = mapped_column(ForeignKey("divisions.code"))
    resident_id: Mapped[UUID | None] = mapped_column(ForeignKey("residents.id"))
    created_at: Mapped[datetime]


def create(
    actor: Staff | System,
    *,
    username: str,
    password: str,
    role: str,
    scope_code: str,
    name: str | None = None,
    resident_id: UUID | None = None,
    demo: bool = False,
) -> StaffMember:
    """A new member of staff with a login; he is called by his username until he has a name.

    Raises:
        ValidationFailed: an unknown role, or a password that is too weak.
        NotFound: no such division, or no such resident.
        logins.UsernameTaken: the username exists.
    """
    if role not in ROLES:
        raise ValidationFailed({"role": [f"角色应为 {'、'.join(ROLES)} 之一"]})
    scope = divisions.get(scope_code)
    if resident_id is not None:
        residents.get(resident_id)
    member = StaffMember(
        id=ids.new(), name=name or username, role=role, scope_code=scope.code, resident_id=resident_id, created_at=clock.now()
    )
    add(member)
    logins.create(username, password, staff_id=member.id, demo=demo)
    audit.record(actor, "staff.create", member.id, scope.code, role=role)
    return member
