"""Merchants: the shops and partners that honour points."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from kernel import audit, clock, ids, paging
from kernel.database import Model, add, db
from kernel.errors import NotFound
from people import actors, divisions, logins, sessions
from people.actors import Staff, System
from people.divisions import Division


class Merchant(Model):
    """A merchant of a community. One that is not active sells nothing and cannot sign in."""

    __tablename__ = "merchants"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    community_code: Mapped[str] = mapped_column(ForeignKey("divisions.code"), index=True)
    name: Mapped[str]
    address: Mapped[str | None]
    active: Mapped[bool]
    created_at: Mapped[datetime]
    community: Mapped[Division] = relationship(viewonly=True)


def create(
    actor: Staff | System,
    *,
    name: str,
    community_code: str | None = None,
    address: str | None = None,
    username: str | None = None,
    password: str | None = None,
    demo: bool = False,
) -> Merchant:
    """A new merchant, with a login where a username and a password are given.

    Raises:
        NotFound: the community is not in the actor's part of the tree.
        ValidationFailed: no such community, or a username or a password that cannot be.
        logins.UsernameTaken: the username exists.
    """
    if isinstance(actor, Staff):
        community = divisions.community_for(actor, community_code)
    else:
        community = divisions.community(community_code or "")
    merchant = Merchant(
        id=ids.new(), community_code=community.code, name=name, address=address, active=True, created_at=clock.now()
    )
    add(merchant)
    if username is not None:
        logins.create(username, password or "", merchant_id=merchant.id, demo=demo)
    audit.record(actor, "merchant.create", merchant.id, community.code)
    return merchant


def find(actor: Staff, window: paging.Window, q: str | None = None) -> paging.Page[Merchant]:
    """The merchants in the actor's part of the tree, or of the community above him."""
    query = select(Merchant).join(Division).where(Division.lineage.startswith(actor.community_scope))
    if q:
        query = query.where(Merchant.name.contains(q, autoescape=True))
    return paging.by_id(query, Merchant.id, window)


def get(actor: Staff, merchant_id: UUID) -> Merchant:
    """One merchant in the actor's part of the tree, or of the community above him. Raises NotFound."""
    merchant = db.session.get(Merchant, merchant_id)
    if merchant is None:
        raise NotFound()
    actor.must_see_in_community(merchant.community.lineage)
    return merchant


def mine(actor: actors.Merchant) -> tuple[Merchant, str]:
    """The actor's own merchant, and the username of his login."""
    return db.session.get_one(Merchant, actor.merchant_id), db.session.get_one(logins.Login, actor.id).username


def change(actor: Staff, merchant_id: UUID, **changes: Any) -> Merchant:
    """Give a merchant a new name or address, or switch it on or off. Raises NotFound."""
    merchant = get(actor, merchant_id)
    actor.must_see(merchant.community.lineage)
    before = {field: getattr(merchant, field) for field in changes}
    for field, value in changes.items():
        setattr(merchant, field, value)
    db.session.flush()
    if changes.get("active") is False:
        sessions.end_all_of_merchant(merchant.id)
    audit.record(actor, "merchant.change", merchant.id, merchant.community_code, before=before, after=changes)
    return merchant


def login_of(merchant_id: UUID) -> UUID:
    """The id of a merchant's first login."""
    return db.session.scalars(
        select(logins.Login.id).where(logins.Login.merchant_id == merchant_id).order_by(logins.Login.id)
    ).one()
