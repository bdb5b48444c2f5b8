"""Staff: the people of the community office, each with a role, a part of the organisation tree, and an account to sign in."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, select, text
from sqlalchemy.orm import Mapped, contains_eager, mapped_column, relationship

from kernel import audit, clock, ids, paging
from kernel.database import Model, add, db, execute, first
from kernel.errors import Conflict, NotFound, ValidationFailed
from people import divisions, logins, permissions, residents, second_factors, sessions
from people.actors import Staff, System, WrongRole
from people.divisions import Division
from people.logins import Login
from people.permissions import ROLES


class OwnAccount(Conflict):
    title = "不能改自己的角色、范围或停用自己，请让同事操作；改密码请到“我的账号”"


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
    scope: Mapped[Division] = relationship(viewonly=True)
    login: Mapped[Login] = relationship(viewonly=True, uselist=False)

    @property
    def username(self) -> str:
        return self.login.username

    @property
    def active(self) -> bool:
        return self.login.disabled_at is None

    @property
    def second_factor(self) -> bool:
        return self.login.totp_confirmed_at is not None


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
        NotFound: no such division, or no such resident, or not in the actor's part of the tree.
        WrongRole: the role has rights that the actor has not.
        logins.UsernameTaken: the username exists.
    """
    if role not in ROLES:
        raise ValidationFailed({"role": [f"角色应为 {'、'.join(ROLES)} 之一"]})
    scope = divisions.get(scope_code)
    _check_given(actor, role=role, scope_code=scope_code, resident_id=resident_id)
    member = StaffMember(
        id=ids.new(), name=name or username, role=role, scope_code=scope.code, resident_id=resident_id, created_at=clock.now()
    )
    add(member)
    logins.create(username, password, staff_id=member.id, demo=demo)
    audit.record(actor, "staff.create", member.id, scope.code, role=role)
    return member


def find(actor: Staff, window: paging.Window, q: str | None = None, role: str | None = None) -> paging.Page[StaffMember]:
    """The accounts in the actor's part of the tree, newest first; `q` is looked for in name and username."""
    query = _accounts(actor)
    if q:
        query = query.where(StaffMember.name.contains(q, autoescape=True) | Login.username.contains(q, autoescape=True))
    if role:
        query = query.where(StaffMember.role == role)
    return paging.by_id(query, StaffMember.id, window)


def get(actor: Staff, staff_id: UUID) -> StaffMember:
    """One account in the actor's part of the tree. Raises NotFound."""
    member: StaffMember | None = db.session.scalar(
        _accounts(actor).where(StaffMember.id == staff_id).execution_options(populate_existing=True)
    )
    if member is None:
        raise NotFound()
    return member


def _accounts(actor: Staff) -> Any:
    query = select(StaffMember).join(StaffMember.scope).join(StaffMember.login)
    return query.where(Division.lineage.startswith(actor.scope)).options(contains_eager(StaffMember.login))


_LOCK = text("SELECT FROM staff WHERE id IN (:actor_id, :id) ORDER BY id FOR NO KEY UPDATE")
_STANDING = text(
    """
    SELECT s.role, d.lineage FROM staff s JOIN divisions d ON d.code = s.scope_code JOIN logins l ON l.staff_id = s.id
    WHERE s.id = :id AND l.disabled_at IS NULL
    """
)


def change(
    actor: Staff,
    staff_id: UUID,
    *,
    password: str | None = None,
    active: bool | None = None,
    reset_second_factor: bool = False,
    **columns: Any,
) -> StaffMember:
    """Change an account: `name`, `role`, `scope_code`, `resident_id`; its password, whether it is open, its second factor.

    A new role or scope counts from its holder's next request; a new password, closing the account and taking its second
    factor away end all its sessions. Nobody changes more of himself than his name, so that whoever takes an admin away is
    one, and one is always left.

    Raises:
        NotFound: the account, or what it is to be given, is not in the actor's part of the tree.
        OwnAccount: it is his own, and more than the name is to be changed.
        WrongRole: the actor lost his rights a moment ago, or has fewer than he wants to give.
        ValidationFailed: the password is too weak.
    """
    # Two who would take each other's rights at once come one after the other, and the second has none any more.
    execute(_LOCK, actor_id=actor.id, id=staff_id)
    _check_still_admin(actor)
    member = get(actor, staff_id)
    if member.id == actor.id and (columns.keys() - {"name"} or password or active is not None or reset_second_factor):
        raise OwnAccount()
    _check_given(actor, **columns)
    before = _on_record(member)
    for column, value in columns.items():
        setattr(member, column, value)
    db.session.flush()
    _change_login(member.login, password, active, reset_second_factor)
    changed = get(actor, staff_id)
    secret = {"password": password is not None, "second_factor_reset": reset_second_factor, "name": "name" in columns}
    also = [what for what, done in secret.items() if done]
    audit.record(actor, "staff.change", staff_id, changed.scope_code, before=before, after=_on_record(changed), also=also)
    return changed


def _check_still_admin(actor: Staff) -> None:
    now = first(_STANDING, id=actor.id)
    if now is None or not permissions.may(now.role, permissions.BOOKS) or not actor.scope.startswith(now.lineage):
        raise WrongRole()


def _check_given(
    actor: Staff | System,
    *,
    role: str | None = None,
    scope_code: str | None = None,
    resident_id: UUID | None = None,
    name: str | None = None,
) -> None:
    resident = residents.get(resident_id) if resident_id else None
    if not isinstance(actor, Staff):
        return
    if role and not permissions.within(role, actor.role):
        raise WrongRole()
    if scope_code:
        actor.must_see(divisions.get(scope_code).lineage)
    if resident:
        actor.must_see(divisions.lineage_of(resident.place_code))
        if resident.left_at:
            raise NotFound()


_OPEN = text("UPDATE logins SET disabled_at = NULL WHERE id = :id AND disabled_at IS NOT NULL")
_CLOSE = text("UPDATE logins SET disabled_at = :now WHERE id = :id AND disabled_at IS NULL")


def _change_login(login: Login, password: str | None, active: bool | None, reset_second_factor: bool) -> None:
    if password is not None:
        logins.set_password(login.id, login.username, password)
        logins.forgive(login.username)
    if active is not None:
        execute(_OPEN, id=login.id) if active else execute(_CLOSE, id=login.id, now=clock.now())
    if reset_second_factor:
        second_factors.end(login.id)
    if password is not None or active is False or reset_second_factor:
        sessions.end_all_of_login(login.id)


def _on_record(member: StaffMember) -> dict[str, Any]:
    return {
        "role": member.role,
        "scope_code": member.scope_code,
        "resident_id": member.resident_id,
        "active": member.active,
        "second_factor": member.second_factor,
    }
