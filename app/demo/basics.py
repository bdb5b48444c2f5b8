"""What both communities of the demo are made of: people who can act, shops with something to offer, and days gone by."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from app.demo import pictures, scenes
from app.outside.wechat import STAND_IN_APPID
from kernel import clock, ids, uploads
from kernel.database import db
from people import actors, divisions, merchants, residents, staff, wechat_accounts
from people.actors import COMMAND_LINE
from people.privacy import VERSION
from points import registrations
from redeem import items, orders, scans

PASSWORD = "defen-demo-2026"
PHOTOS_FROM = 12  # days ago
# kind, name, price, stock, description, limits
Offer = tuple[str, str, int, int | None, str, dict[str, int]]


@dataclass(frozen=True)
class Day:
    """A day so many days `ago`: the worker works at night, people check in in the morning and do the rest in the evening."""

    ago: int
    night: datetime
    morning: datetime
    evening: datetime


def day(now: datetime, ago: int) -> Day:
    """The day that was so many days before `now`; no moment of it is later than that."""
    midnight = clock.start_of(clock.day_of(now - timedelta(days=ago)))
    night, morning, evening = (min(midnight + timedelta(hours=hour), now) for hour in (1, 7, 19))
    return Day(ago, night, morning, evening)


def member_of_staff(username: str, role: str, scope: str, name: str, resident_id: UUID | None = None) -> actors.Staff:
    """A member of staff with a login, as an actor."""
    member = staff.create(
        COMMAND_LINE,
        username=username,
        password=PASSWORD,
        role=role,
        scope_code=scope,
        name=name,
        resident_id=resident_id,
        demo=True,
    )
    place = divisions.get(scope)
    return actors.Staff(member.id, ids.new(), name, role, place.lineage, scope, place.level, resident_id)


def resident(code: str, name: str, phone: str, community: str) -> actors.Resident:
    """A resident who joined through WeChat, where `code` signs him in, as an actor."""
    account_id, _ = wechat_accounts.seen(STAND_IN_APPID, code, None)
    newcomer = actors.Newcomer(account_id, ids.new(), code)
    me = registrations.register(
        newcomer, name=name, phone=phone, phone_verified=False, community_code=community, consent_version=VERSION
    )
    return again(actors.Resident(me.id, newcomer.session_id, code, community, name, str(me.id)))


def again(actor: actors.Resident) -> actors.Resident:
    """The actor as he stands now: his household may be another one."""
    row = db.session.get_one(residents.Resident, actor.id, populate_existing=True)
    return replace(actor, wallet=row.wallet, household_id=row.household_id)


def merchant(
    admin: actors.Staff, username: str, name: str, address: str, offers: list[Offer]
) -> tuple[actors.Merchant, dict[str, UUID]]:
    """A merchant with a login, at its till, and what it offers: ids by names."""
    made = merchants.create(admin, name=name, address=address, username=username, password=PASSWORD, demo=True)
    offered = {}
    for kind, title, price, stock, description, limits in offers:
        item = items.create(
            admin,
            kind=kind,
            name=title,
            price=price,
            merchant_id=made.id,
            stock=stock,
            description=description,
            limits=limits,
            upload_id=uploads.store(admin.id, pictures.of_item(title)).id,
        )
        offered[title] = item.id
    return actors.Merchant(merchants.login_of(made.id), ids.new(), made.id), offered


def photos(owner: actors.Resident | actors.Staff, code: str, said: str, ago: int) -> list[UUID]:
    """What its owner photographed of a deed so many days `ago`, by the code of its rule; of those long gone there is none."""
    if ago > PHOTOS_FROM:
        return []
    many = 1 + (ago + len(said)) % 3 // 2
    return [
        uploads.store(owner.id, scenes.of_deed(code, f"{owner.id.int % 97} {ago} {said} {number}")).id for number in range(many)
    ]


def fetch(resident: actors.Resident, order_id: UUID, tills: dict[UUID, actors.Merchant]) -> None:
    """The resident shows his order's code at the till that offers it, and is served."""
    token = orders.code(resident, order_id)[0].token
    scans.redeem(tills[orders.get(resident, order_id).merchant_id], token=token)
