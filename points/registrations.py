"""Joining a community: a newcomer becomes a resident with a wallet, and sees himself as one."""

from dataclasses import dataclass
from uuid import UUID

from people import divisions, privacy, residents
from people.actors import Newcomer, Resident
from people.residents import AlreadyRegistered
from points import checkins, ledger, wallets
from points.wallets import Wallet


@dataclass(frozen=True)
class Me:
    """A resident as he sees himself. Communities that count by household come later: `household` is always None."""

    id: UUID
    name: str
    phone_masked: str | None
    community: dict[str, str]
    wallet: Wallet
    streak: int
    household: None = None


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
    ledger.open_wallet(resident.wallet, resident.community_code)
    return me(Resident(resident.id, actor.session_id, actor.openid, resident.community_code, resident.name, resident.wallet))


def me(actor: Resident) -> Me:
    """The actor as he sees himself."""
    resident = residents.get(actor.id)
    community = divisions.get(actor.community_code)
    return Me(
        id=actor.id,
        name=resident.name,
        phone_masked=resident.phone_masked,
        community={"code": community.code, "name": community.shown_name},
        wallet=wallets.balances(actor),
        streak=checkins.streak(actor),
    )
