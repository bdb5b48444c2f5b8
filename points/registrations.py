"""Joining a community: a newcomer becomes a resident with a wallet, and sees himself as one."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from kernel.errors import ValidationFailed
from people import divisions, entries, messages, privacy, residents
from people.actors import Newcomer, Resident, Staff
from people.entries import Seen
from people.residents import AlreadyRegistered
from points import checkins, households, ledger, wallets
from points.wallets import Wallet


@dataclass(frozen=True)
class Me:
    """A resident as he sees himself. `household` is None where his community counts by person.

    `name_shown` is how his name is shown to all; until he is `confirmed` he may look but not act.
    """

    id: UUID
    name: str
    name_shown: str
    phone_masked: str | None
    community: dict[str, str]
    wallet: Wallet
    streak: int
    household: dict[str, Any] | None
    unread: int
    confirmed: bool


def check(actor: Newcomer | Resident, *, community_code: str, consent_version: str) -> None:
    """Refuse what can be refused before WeChat is asked for a phone number, which costs money. Raises as `register`."""
    if isinstance(actor, Resident):
        raise AlreadyRegistered()
    residents.check_not_left_today(actor)
    privacy.require_current(consent_version)
    divisions.community(community_code)


def register(
    actor: Newcomer | Resident,
    *,
    name: str,
    phone: str,
    phone_verified: bool,
    community_code: str,
    consent_version: str,
    address: str | None = None,
) -> Me:
    """The newcomer joins the community he names and gets a wallet there, or the one of the person staff entered him as.

    Raises:
        AlreadyRegistered: he has joined one.
        LeftToday: he left one today.
        ValidationFailed: unknown community, wrong number, consent to another version of the privacy statement.
    """
    if isinstance(actor, Resident):
        raise AlreadyRegistered()
    resident = residents.register(
        actor,
        name=name,
        phone=phone,
        phone_verified=phone_verified,
        community_code=community_code,
        consent_version=consent_version,
        address=address,
    )
    households.found_where_counted(actor, resident)
    ledger.open_wallet(resident.wallet, resident.community_code)
    _welcome(resident.id, resident.community_code)
    return me(Resident(resident.id, actor.session_id, actor.openid, resident.community_code, resident.name, resident.wallet))


def _welcome(resident_id: UUID, community_code: str) -> None:
    community = divisions.get(community_code)
    body = "每天签到、做了好事来申报，都能得积分；积分可以在积分超市兑换商品和服务。"
    messages.tell(resident_id, "resident.welcome", f"欢迎加入{community.shown_name}", body, "resident", resident_id)


def enter(actor: Staff, *, household_id: UUID | None = None, **person: Any) -> Seen:
    """A person without WeChat, registered by staff, who has a wallet at once, and is put into a household where one is named.

    Raises:
        ValidationFailed: a household is named, and the community counts by person; and as `people.entries.enter`.
        NotFound: no such household in the actor's part of the tree and in that community; and as `people.entries.enter`.
        households.OwnHousehold: it is the actor's own.
    """
    resident = entries.enter(actor, **person)
    households.found_where_counted(actor, resident)
    ledger.open_wallet(resident.wallet, resident.community_code)
    if household_id is not None:
        if resident.household_id is None:
            raise ValidationFailed({"household_id": ["这个社区按人计分，不用填写家庭"]})
        households.put_into(actor, household_id, resident.id, reason="登记时入户")
    return entries.seen_by(actor, [resident.id])[0]


def change(actor: Resident, **changes: Any) -> Me:
    """The actor says how his name is shown, or where he lives."""
    residents.change_own(actor, **changes)
    return me(actor)


def me(actor: Resident) -> Me:
    """The actor as he sees himself."""
    resident = residents.get(actor.id)
    community = divisions.get(actor.community_code)
    return Me(
        id=actor.id,
        name=resident.name,
        name_shown=resident.name_shown,
        phone_masked=resident.phone_masked,
        community={"code": community.code, "name": community.shown_name},
        wallet=wallets.balances(actor),
        streak=checkins.streak(actor),
        household=households.card(resident.household_id),
        unread=messages.unread(actor.id),
        confirmed=resident.confirmed_at is not None,
    )
