"""Households and their shared wallet: joining and leaving, merging and splitting. No point is lost on the way."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy import false, select, text

from kernel import audit, ids, paging
from kernel.database import db, execute
from kernel.errors import Conflict, Forbidden, NotFound, ValidationFailed
from people import cards, divisions, households, masking, messages, permissions, residents, settings
from people.actors import Resident, Staff, System
from people.households import AlreadyInHousehold, Household, lock
from people.settings import Settings
from points import ledger, wallets
from points.wallets import Wallet


class NotHead(Forbidden):
    title = "只有户主可以这样做，请联系户主或社区"


class OwnHousehold(Forbidden):
    title = "不能办理自己家的入户、并户和分户，请交给同事处理"


class AloneInHousehold(Conflict):
    title = "家里只有您一个人，不用退出"


class HouseholdsShared(Conflict):
    title = "已经有家庭共用、合并、分开过，不能改回按人计分"


@dataclass(frozen=True)
class Member:
    """Who earned how many points for the household; `present` unless he has left it."""

    id: UUID
    name: str
    earned: int
    present: bool
    is_head: bool


@dataclass(frozen=True)
class HouseholdView:
    """A household with its members, its wallet, and who earned what."""

    id: UUID
    number: int
    community_code: str
    name: str
    address: str | None
    merged_into: UUID | None
    members: list[Member]
    wallet: Wallet


_HOMES = text("SELECT id::text AS wallet FROM households WHERE id = :id OR merged_into = :id")
# Points earned count for the household that got them, and for the one it was merged into; those taken back do not count.
_EARNED = text(
    """
    WITH homes AS (SELECT id::text AS wallet FROM households WHERE id = :id OR merged_into = :id),
    earned AS (
        SELECT resident_id, sum(points) AS points FROM (
            SELECT id, resident_id, points FROM checkins WHERE wallet IN (SELECT wallet FROM homes)
            UNION ALL
            SELECT d.id, d.resident_id, d.points FROM deeds d
            WHERE d.wallet IN (SELECT wallet FROM homes) AND d.status = 'approved'
              AND NOT EXISTS (SELECT FROM waiting_credits w WHERE w.deed_id = d.id AND w.ended_at IS NULL)
            UNION ALL
            SELECT id, resident_id, points FROM donations WHERE wallet IN (SELECT wallet FROM homes)
        ) sources WHERE id <> ALL(:reversed) GROUP BY resident_id
    )
    SELECT r.id, r.name, coalesce(e.points, 0) AS earned, r.household_id = :id AND r.left_at IS NULL AS present,
           coalesce(r.id = h.head_id, false) AS is_head
    FROM residents r JOIN households h ON h.id = :id LEFT JOIN earned e ON e.resident_id = r.id
    WHERE (r.household_id = :id AND r.left_at IS NULL) OR e.points > 0
    ORDER BY coalesce(r.id = h.head_id, false) DESC, r.id
    """
)


def view(household_id: UUID) -> HouseholdView:
    """A household as it stands now. Raises NotFound."""
    household = db.session.get(Household, household_id, populate_existing=True)
    if household is None:
        raise NotFound()
    reversed_ = wallets.sources_reversed([row.wallet for row in execute(_HOMES, id=household_id)])
    rows = execute(_EARNED, id=household_id, reversed=reversed_)
    members = [Member(r.id, r.name, int(r.earned), bool(r.present), r.is_head) for r in rows]
    return HouseholdView(
        household.id,
        household.number,
        household.community_code,
        household.name,
        household.address,
        household.merged_into,
        members,
        wallets.of_owner(str(household.id)),
    )


_CARD = text(
    """
    SELECT h.id, h.number, h.name, h.head_id, (SELECT count(*) FROM residents r WHERE r.household_id = h.id) AS members
    FROM households h WHERE h.id = :id
    """
)


def card(household_id: UUID | None) -> dict[str, Any] | None:
    """A household in short: id, number, name, head_id, and how many members it has; None where there is none."""
    return None if household_id is None else dict(execute(_CARD, id=household_id).one()._mapping)


def mine(actor: Resident) -> HouseholdView:
    """The actor's household. Raises NotFound where his community counts by person."""
    if actor.household_id is None:
        raise NotFound()
    return view(actor.household_id)


def found_where_counted(actor: Any, resident: residents.Resident) -> None:
    """Give somebody new a household of his own, where his community counts by household and he has none."""
    if resident.household_id is None and settings.of(resident.community_code).counts_by == "household":
        households.found(actor, resident.id)
        db.session.refresh(resident)


def invite(actor: Resident, *, resident_id: UUID | None = None, code: str | None = None) -> HouseholdView:
    """The head takes somebody into his household, by id or by the code of his phone or card; who lived alone brings his points.

    Raises:
        CodeInvalid, CodeExpired: the code is nobody's, or its time is over.
        NotFound: no such resident in the community, or it counts by person.
        NotHead: the actor is not the head of his household.
        AlreadyInHousehold: he shares a household with others, be it since a moment ago.
    """
    if resident_id is None:
        resident_id = cards.resident_of(code or "").id
    lock(residents=[actor.id, resident_id])
    home = _home_of(actor)
    if home.head_id != actor.id:
        raise NotHead()
    joiner = _fresh(resident_id)
    if joiner.community_code != actor.community_code or joiner.left_at is not None:
        raise NotFound()
    _join(actor, joiner, home, reason=None)
    return view(home.id)


def put_into(actor: Staff, household_id: UUID, resident_id: UUID, *, reason: str) -> HouseholdView:
    """Staff put somebody into a household, with a reason; who lived alone brings his points along.

    Raises:
        NotFound: no such household or resident in the actor's part of the tree, or not of the same community, or nobody
            lives in the household any more.
        OwnHousehold: it is the actor's own, or it is he who is put into it.
        AlreadyInHousehold: he shares a household with others.
    """
    home = in_scope(actor, household_id)
    joiner = residents.get(resident_id)
    actor.must_see(divisions.lineage_of(joiner.place_code))
    _lock_for(actor, residents=[resident_id], households=[home.id])
    home, joiner = in_scope(actor, household_id), _fresh(resident_id)
    _must_not_be_his(actor, home.id, joiner.household_id)
    if joiner.community_code != home.community_code or joiner.left_at is not None or not households.members(home.id):
        raise NotFound()
    _join(actor, joiner, home, reason)
    return view(home.id)


def _join(actor: Resident | Staff, joiner: residents.Resident, home: Household, reason: str | None) -> None:
    old = joiner.household_id
    if old == home.id:
        raise AlreadyInHousehold("这位居民已经在您的家庭里" if isinstance(actor, Resident) else "这位居民已经在这个家庭里")
    alone = old is not None and households.members(old) == [joiner.id]
    if old is not None and not alone:
        raise AlreadyInHousehold()
    households.put(actor, [joiner.id], home.id, "joined", reason)
    if old is not None:
        _empty_into(actor, old, home, f"并入{home.name}户")
    audit.record(actor, "household.join", home.id, home.community_code, resident_id=joiner.id, reason=reason)
    _tell(home.id, "joined", "家里来了新成员", f"{joiner.name}加入了{home.name}户，积分从现在起一起用。")


def leave(actor: Resident) -> HouseholdView:
    """Leave a shared household for one of his own; the points stay with the old one.

    Raises:
        NotFound: his community counts by person.
        AloneInHousehold: nobody else is in it.
    """
    home = _lock_home(actor)
    others = [member for member in households.members(home.id) if member != actor.id]
    if not others:
        raise AloneInHousehold()
    own = _set_apart(actor, [actor.id], "left", None)
    if home.head_id == actor.id:
        households.set_head(home.id, others[0])
    audit.record(actor, "household.leave", home.id, home.community_code, resident_id=actor.id, own_id=own)
    body = f"{actor.name}已退出{home.name}户，原有积分留在家里。"
    _tell(home.id, "left", "有成员退出了家庭", body)
    messages.tell(actor.id, "household.left", "您已退出家庭", f"{body}您有了自己的家庭账户，从零开始。", "household", own)
    return view(own)


def change(actor: Resident, *, name: str | None = None, head_id: UUID | None = None) -> HouseholdView:
    """The head gives the household another name, or hands it over to another member.

    Raises:
        NotFound: his community counts by person, or the new head is no member.
        NotHead: the actor is not the head.
    """
    home = _lock_home(actor)
    if home.head_id != actor.id:
        raise NotHead()
    return _change(actor, home, name=name, head_id=head_id)


def change_by_staff(
    actor: Staff, household_id: UUID, *, name: str | None = None, address: str | None = None, head_id: UUID | None = None
) -> HouseholdView:
    """Staff correct a household's name, address or head. Raises NotFound."""
    lock(households=[household_id])
    home = in_scope(actor, household_id)
    if address is not None:
        home.address = address
    return _change(actor, home, name=name, head_id=head_id)


def _change(actor: Resident | Staff, home: Household, *, name: str | None, head_id: UUID | None) -> HouseholdView:
    if head_id is not None and head_id not in households.members(home.id):
        raise NotFound()
    home.name = name or home.name
    home.head_id = head_id or home.head_id
    db.session.flush()
    audit.record(actor, "household.change", home.id, home.community_code, head_id=head_id)
    return view(home.id)


@dataclass(frozen=True)
class Listed:
    """A household in a list: who is its head, how many members it has, and what is in its wallet."""

    id: UUID
    number: int
    community_code: str
    name: str
    address: str | None
    head: str | None
    members: int
    balance: int


def find(actor: Staff, window: paging.Window, q: str | None = None) -> paging.Page[Listed]:
    """The households in the actor's part of the tree in which somebody lives; `q` is looked for in name, address and number.

    Who may not see personal data gets names masked and may not look for them.
    """
    masked = actor.role in permissions.MASKED_ROLES
    query = select(Household).where(_LIVED_IN, _SEEN).params(scope=actor.scope)
    if q:
        found = (
            false() if masked else Household.name.contains(q, autoescape=True) | Household.address.contains(q, autoescape=True)
        )
        query = query.where(found | (Household.number == int(q)) if q.isascii() and q.isdigit() and len(q) < 18 else found)
    page = paging.by_id(query, Household.id, window)
    facts = {row.id: row for row in execute(_FACTS, ids=[household.id for household in page.items])}
    balances = wallets.balances_of([str(household.id) for household in page.items])
    show = masking.name if masked else str
    return paging.Page(
        [
            Listed(
                h.id,
                h.number,
                h.community_code,
                show(h.name),
                None if masked else h.address,
                show(facts[h.id].head) if facts[h.id].head else None,
                facts[h.id].members,
                balances[str(h.id)],
            )
            for h in page.items
        ],
        page.next,
    )


_FACTS = text(
    """
    SELECT h.id, head.name AS head, count(r.id) AS members FROM households h
    LEFT JOIN residents head ON head.id = h.head_id
    LEFT JOIN residents r ON r.household_id = h.id AND r.left_at IS NULL
    WHERE h.id = ANY(:ids) GROUP BY h.id, head.name
    """
)


def show(actor: Staff, household_id: UUID) -> HouseholdView:
    """A household as staff see it, names masked for who may not see them. Raises NotFound."""
    found = view(in_scope(actor, household_id).id)
    if actor.role not in permissions.MASKED_ROLES:
        return found
    members = [replace(member, name=masking.name(member.name)) for member in found.members]
    return replace(found, name=masking.name(found.name), address=None, members=members)


def in_scope(actor: Staff, household_id: UUID) -> Household:
    """A household in the actor's part of the tree, as it stands now. Raises NotFound."""
    query = select(Household).where(Household.id == household_id, _SEEN).params(scope=actor.scope)
    household = db.session.scalar(query.execution_options(populate_existing=True))
    if household is None:
        raise NotFound()
    return household


_LIVED_IN = text("EXISTS (SELECT FROM residents r WHERE r.household_id = households.id AND r.left_at IS NULL)")
# Seen by staff of its community, and by those below it where one of its members lives; none where it counts by person now.
_SEEN = text(
    """
    EXISTS (SELECT FROM community_settings s WHERE s.community_code = households.community_code AND s.counts_by = 'household')
    AND (EXISTS (SELECT FROM divisions d WHERE d.code = households.community_code AND starts_with(d.lineage, :scope))
     OR EXISTS (SELECT FROM residents r JOIN divisions d ON d.code = r.place_code
                WHERE r.household_id = households.id AND starts_with(d.lineage, :scope)))
    """
)


def merge(actor: Staff, household_id: UUID, *, into_id: UUID, reason: str) -> HouseholdView:
    """Merge a household into another: its members, its points and what it owes go over. The other one.

    Raises:
        NotFound: one of them is not in the actor's part of the tree, or nobody lives in it any more, be it that it was merged
            before; or they are of two communities.
        OwnHousehold: one of them is the actor's own.
    """
    _lock_for(actor, households=[household_id, into_id])
    old, home = in_scope(actor, household_id), in_scope(actor, into_id)
    _must_not_be_his(actor, old.id, home.id)
    members = households.members(old.id)
    if old.id == home.id or old.community_code != home.community_code or not (members and households.members(home.id)):
        raise NotFound()
    households.put(actor, members, home.id, "merged", reason)
    points = _empty_into(actor, old.id, home, f"{old.name}户并入{home.name}户")
    audit.record(actor, "household.merge", home.id, home.community_code, merged=old.id, points=points, reason=reason)
    _tell(home.id, "merged", "两户已经合并", f"{old.name}户并入{home.name}户，积分从现在起一起用。原因：{reason}。")
    return view(home.id)


def split(actor: Staff, household_id: UUID, *, resident_ids: Sequence[UUID], points: int, reason: str) -> HouseholdView:
    """Have some members found a household of their own and take some of the points along. The new one.

    Raises:
        NotFound: no such household in the actor's part of the tree.
        OwnHousehold: it is the actor's own.
        ValidationFailed: they are not its members, or nobody would stay.
        ledger.InsufficientPoints: the household has fewer points.
    """
    _lock_for(actor, households=[household_id])
    home = in_scope(actor, household_id)
    _must_not_be_his(actor, home.id)
    members = households.members(home.id)
    if not set(resident_ids) <= set(members):
        raise ValidationFailed({"resident_ids": ["有人不是这一户的成员"]})
    if set(resident_ids) == set(members):
        raise ValidationFailed({"resident_ids": ["至少要有一名成员留在原来的家庭"]})
    new = _set_apart(actor, resident_ids, "split", reason)
    if home.head_id in resident_ids:
        households.set_head(home.id, next(member for member in members if member not in resident_ids))
    if points:
        source = ledger.Source("household", new, f"从{home.name}户分户")
        ledger.move(str(home.id), str(new), points, source)
        audit.record(actor, "household.points", new, home.community_code, from_id=home.id, to_id=new, points=points)
    audit.record(actor, "household.split", new, home.community_code, split_from=home.id, points=points, reason=reason)
    for household_id_ in (home.id, new):
        _tell(household_id_, "split", "家庭已经分户", f"{home.name}户已分户，分出 {points} 分。原因：{reason}。")
    return view(new)


def _set_apart(actor: Resident | Staff, resident_ids: Sequence[UUID], kind: str, reason: str | None) -> UUID:
    """A new household with a wallet for these residents, the first of them its head."""
    first_one, *others = dict.fromkeys(resident_ids)
    new = households.found(actor, first_one, kind, reason)
    if others:
        households.put(actor, others, new, kind, reason)
    ledger.open_wallet(str(new), _fresh(first_one).community_code)
    return new


def _empty_into(actor: Resident | Staff, old: UUID, home: Household, title: str) -> int:
    households.merged(old, home.id)
    return _move_all(actor, str(old), str(home.id), home.community_code, title)


def follow(actor: Resident | Staff | System, wallet: str, community_code: str) -> str:
    """Have points that came back to the wallet of a merged household follow it to the other one, and say whose it is."""
    # The other one may be merged further while its lock is waited for, so there is a fresh look behind it.
    while (now := households.wallet_now(wallet)) != wallet:
        _move_all(actor, wallet, now, community_code, "并户后退回的积分")
        wallet = now
    return wallet


def come_back(actor: Resident | Staff | System, wallet: str, community_code: str, source: ledger.Source) -> int:
    """See to points that an order gave back to a wallet, which is locked: they follow a merged household.

    Where nobody is left in it, whose would they be? They expire; how many did.
    """
    wallet = follow(actor, wallet, community_code)
    return ledger.expire(wallet, source) if households.is_nobodys(wallet) else 0


def _move_all(actor: Resident | Staff | System, wallet: str, to_wallet: str, community_code: str, title: str) -> int:
    source = ledger.Source("household", ids.new(), title)
    points = ledger.empty_into(wallet, to_wallet, source)
    audit.record(actor, "household.points", source.id, community_code, from_id=wallet, to_id=to_wallet, points=points)
    return points


def change_settings(actor: Staff, community_code: str | None, changes: dict[str, Any]) -> tuple[str, Settings]:
    """Change a community's settings; counting by household from now on gives everybody a household of his own.

    Raises:
        NotFound, ValidationFailed: as `divisions.community_for`.
        HouseholdsShared: it is to count by person again, and people share households.
    """
    code = divisions.community_for(actor, community_code).code
    settings.lock_community(code)
    before = settings.of(code)
    after = settings.store(actor, code, changes)
    if (before.counts_by, after.counts_by) == ("person", "household"):
        households.found_for_all(actor, code)
    elif (before.counts_by, after.counts_by) == ("household", "person") and not households.dissolve_all(code):
        raise HouseholdsShared()
    return code, after


def _lock_for(actor: Staff, *, residents: Sequence[UUID] = (), households: Sequence[UUID] = ()) -> None:
    """Have residents and the members of households stay where they are, and the actor too where he is a resident himself."""
    own = [] if actor.resident_id is None else [actor.resident_id]
    lock(residents=[*residents, *own], households=households)


def _must_not_be_his(actor: Staff, *household_ids: UUID | None) -> None:
    if actor.resident_id is not None and _fresh(actor.resident_id).household_id in set(household_ids) - {None}:
        raise OwnHousehold()


def _lock_home(actor: Resident) -> Household:
    """The actor's household, be it since a moment ago, whose members stay where they are. Raises NotFound."""
    known = _home_of(actor).id
    while True:
        lock(residents=[actor.id], households=[known])
        home = _home_of(actor)
        if home.id == known:
            return home
        known = home.id


def _home_of(actor: Resident) -> Household:
    """The actor's household as it stands now. Raises NotFound."""
    household_id = _fresh(actor.id).household_id
    if household_id is None:
        raise NotFound()
    return db.session.get_one(Household, household_id, populate_existing=True)


def _fresh(resident_id: UUID) -> residents.Resident:
    resident = db.session.get(residents.Resident, resident_id, populate_existing=True)
    if resident is None:
        raise NotFound()
    return resident


def _tell(household_id: UUID, what: str, title: str, body: str) -> None:
    messages.tell_household(household_id, f"household.{what}", title, body, "household", household_id)
