"""Donations: goods for points. Somebody brings rice to the points shop; he is credited, and the rice stands in stock."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, Row, Select, select, text
from sqlalchemy.orm import Mapped, mapped_column, relationship, selectinload

from kernel import audit, clock, ids, paging
from kernel.database import Model, add, db, execute, first
from kernel.errors import Forbidden, NotFound, ValidationFailed
from people import households, messages, permissions, settings
from people.actors import Resident, Staff
from people.divisions import Division
from people.residents import Resident as ResidentRow
from people.staff import StaffMember
from points import awards, feed, ledger
from points.awards import BudgetExhausted
from redeem import donation_tariffs, items, stocks

MAX_LINES = 50
MAX_QUANTITY = 10_000  # of one line
MAX_POINTS = 100_000  # for one donation
CATEGORY = "物资捐赠"
THANKS = "感谢您把物资送到社区，让更多邻居受益。"


class OwnDonation(Forbidden):
    title = "不能登记自己或家人的捐赠，请交给同事处理"


class Donation(Model):
    """Goods that a resident gave, with the points that were credited to `wallet` for all of its lines."""

    __tablename__ = "donations"
    __table_args__ = (
        CheckConstraint("points > 0", name="points"),
        Index(None, "resident_id", "id"),
        Index(None, "community_code", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, Identity(always=True), unique=True)
    resident_id: Mapped[UUID] = mapped_column(ForeignKey("residents.id"))
    community_code: Mapped[str] = mapped_column(ForeignKey("divisions.code"))
    wallet: Mapped[str] = mapped_column(index=True)
    points: Mapped[int]
    note: Mapped[str | None]
    thanked: Mapped[bool]
    received_by: Mapped[UUID] = mapped_column(ForeignKey("staff.id"))
    created_at: Mapped[datetime]

    resident: Mapped[ResidentRow] = relationship(viewonly=True)
    receiver: Mapped[StaffMember] = relationship(viewonly=True)
    lines: Mapped[list["DonationLine"]] = relationship(viewonly=True, order_by="DonationLine.position")


class DonationLine(Model):
    """Some goods of a donation; `points` are for the whole line. With an item they went into its stock."""

    __tablename__ = "donation_lines"
    __table_args__ = (CheckConstraint("quantity > 0", name="quantity"), CheckConstraint("points >= 0", name="points"))

    donation_id: Mapped[UUID] = mapped_column(ForeignKey("donations.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    item_id: Mapped[UUID | None] = mapped_column(ForeignKey("items.id"), index=True)
    tariff_id: Mapped[UUID | None] = mapped_column(ForeignKey("donation_tariffs.id"), index=True)
    name: Mapped[str]
    unit: Mapped[str | None]
    quantity: Mapped[int]
    points: Mapped[int]


@dataclass(frozen=True)
class Received:
    """A donation as staff see it: the donor's name is masked for those who may not see it.

    `transfer_id` names the credit, by which it can be taken back.
    """

    donation: Donation
    resident: dict[str, Any]
    received_by: str
    transfer_id: UUID


_DONOR = text(
    """
    SELECT r.id, r.community_code, r.wallet,
           coalesce(r.wallet = (SELECT wallet FROM residents WHERE id = CAST(:own AS uuid)), false) AS own
    FROM residents r JOIN divisions p ON p.code = r.place_code
    WHERE r.id = :id AND r.left_at IS NULL AND starts_with(p.lineage, :scope)
    FOR SHARE OF r
    """
)


def record(
    actor: Staff, *, resident_id: UUID, lines: Sequence[dict[str, Any]], note: str | None = None, thanks: bool = False
) -> Received:
    """Take goods in: the donor is credited once with the sum of the lines, what has an item goes into its stock.

    A line names an item, or goods that no stock is kept of, with its points; or a tariff, by which its points are reckoned.
    With `thanks` the community's feed thanks him.

    Raises:
        NotFound: no such resident in the actor's part of the tree; no such item or tariff in the resident's community.
        OwnDonation: it would credit the actor himself or his household.
        stocks.StockNotKept: an item is a service without stock.
        BudgetExhausted: the community's budget of this month has no room for the points.
        ValidationFailed: a tariff is closed, a line gives other points than its tariff, or the sum is 0 or too much.
    """
    donor = _donor(actor, resident_id)
    donation = Donation(
        id=ids.new(),
        resident_id=donor.id,
        community_code=donor.community_code,
        wallet=donor.wallet,
        note=note,
        thanked=thanks,
        received_by=actor.id,
        created_at=clock.now(),
    )
    goods = _priced(donation, lines)
    donation.points = _sum(goods)
    if not awards.within_budget(donation.community_code, donation.points, settings.of(donation.community_code).budget_per_month):
        raise BudgetExhausted()
    add(donation)
    what = described(goods)
    source = ledger.Source("donation", donation.id, f"捐赠：{what}")
    ledger.credit(donation.wallet, donation.community_code, donation.points, "donation", source)
    db.session.add_all(goods)
    db.session.flush()
    _tell(donation, what)
    audit.record(actor, "donation.record", donation.id, donation.community_code, points=donation.points, lines=len(goods))
    (seen,) = _seen_by(actor, [_load(donation.id)])
    _put_into_stock(actor, donation.id, goods)
    return seen


def find(
    actor: Staff,
    window: paging.Window,
    *,
    resident_id: UUID | None = None,
    start: datetime | None = None,
    until: datetime | None = None,
) -> paging.Page[Received]:
    """The donations of residents in the actor's part of the tree, newest first, from `start` to before `until`."""
    query = _in_scope(actor)
    if resident_id:
        query = query.where(Donation.resident_id == resident_id)
    if start:
        query = query.where(Donation.created_at >= start)
    if until:
        query = query.where(Donation.created_at < until)
    page = paging.by_id(query.options(*_EAGER), Donation.id, window)
    return paging.Page(_seen_by(actor, page.items), page.next)


def get(actor: Staff, donation_id: UUID) -> Received:
    """One donation of a resident in the actor's part of the tree. Raises NotFound."""
    donation = db.session.scalar(_in_scope(actor).where(Donation.id == donation_id).options(*_EAGER))
    if donation is None:
        raise NotFound()
    return _seen_by(actor, [donation])[0]


def of_resident(actor: Resident, window: paging.Window) -> paging.Page[Donation]:
    """What the actor himself gave, newest first."""
    query = select(Donation).where(Donation.resident_id == actor.id).options(selectinload(Donation.lines))
    return paging.by_id(query, Donation.id, window)


_FORGET = text("UPDATE donations SET note = NULL WHERE resident_id = :id AND note IS NOT NULL")


def forget(resident_id: UUID) -> None:
    """Delete what staff noted of the donations of who leaves; the goods and their points stay in the books."""
    execute(_FORGET, id=resident_id)


def described(goods: Sequence[DonationLine]) -> str:
    """What was given, in few words: 大米 10 公斤、酱油 3 等."""
    named = [" ".join(filter(None, (line.name, str(line.quantity), line.unit))) for line in goods[:2]]
    return "、".join(named) + (" 等" if len(goods) > 2 else "")


def _donor(actor: Staff, resident_id: UUID) -> Row[Any]:
    """The donor, locked, so that his points go to the wallet that is his while this lasts."""
    if actor.resident_id is not None:  # nobody moves in with him meanwhile
        households.lock(residents=[resident_id, actor.resident_id])
    donor = first(_DONOR, id=resident_id, own=actor.resident_id, scope=actor.scope)
    if donor is None:
        raise NotFound()
    if donor.own:
        raise OwnDonation()
    return donor


def _priced(donation: Donation, lines: Sequence[dict[str, Any]]) -> list[DonationLine]:
    """The lines with their names and points, by the tariffs of the community where they name one."""
    tariffs = donation_tariffs.of_community(donation.community_code, {line["tariff_id"] for line in lines if "tariff_id" in line})
    priced, errors = [], {}
    for position, given in enumerate(lines):
        terms = {"name": "", **given}
        if "tariff_id" in given:
            tariff = tariffs[given["tariff_id"]]
            by_tariff = tariff.points * given["quantity"]
            if not tariff.active:
                errors[f"lines.{position}.tariff_id"] = ["这条标准已经停用，请刷新后重新选择"]
            if given.get("points", by_tariff) != by_tariff:
                errors[f"lines.{position}.points"] = [f"按标准应为 {by_tariff} 分，请不要填写别的积分"]
            terms |= {"points": by_tariff, "name": tariff.name, "unit": tariff.unit, "item_id": tariff.item_id}
        priced.append(DonationLine(donation_id=donation.id, position=position, **terms))
    if errors:
        raise ValidationFailed(errors)
    stocked = items.stocked(donation.community_code, {line.item_id for line in priced if line.item_id})
    for line in priced:
        if line.item_id:
            line.name = line.name or stocked[line.item_id].name
    return priced


def _sum(goods: Sequence[DonationLine]) -> int:
    points = sum(line.points for line in goods)
    if not 1 <= points <= MAX_POINTS:
        raise ValidationFailed({"lines": [f"一次捐赠的积分合计应在 1 至 {MAX_POINTS} 之间"]})
    return points


def _tell(donation: Donation, what: str) -> None:
    """Tell the donor, and where he likes the community."""
    body = f"您捐赠的{what}已经收到，{donation.points} 积分已入账。{THANKS}"
    messages.tell(donation.resident_id, "donation.recorded", "感谢您的捐赠", body, "donation", donation.id)
    if donation.thanked:
        feed.publish(
            "donation",
            donation.id,
            community_code=donation.community_code,
            resident_id=donation.resident_id,
            category=CATEGORY,
            title=f"捐赠{what}",
            description=donation.note or THANKS,
            occurred_on=clock.day_of(donation.created_at),
        )


def _put_into_stock(actor: Staff, donation_id: UUID, goods: Sequence[DonationLine]) -> None:
    """One move for each item, by ascending id, so that two donations of the same items wait and do not deadlock."""
    pieces: Counter[UUID] = Counter()
    for line in goods:
        if line.item_id:
            pieces[line.item_id] += line.quantity
    for item_id in sorted(pieces):
        stocks.move(item_id, pieces[item_id], "donated", source_id=donation_id, by_id=actor.id)


_EAGER: tuple[Any, ...] = (
    selectinload(Donation.resident),
    selectinload(Donation.receiver),
    selectinload(Donation.lines),
)


def _load(donation_id: UUID) -> Donation:
    query = select(Donation).where(Donation.id == donation_id).options(*_EAGER)
    return db.session.scalars(query.execution_options(populate_existing=True)).one()


def _in_scope(actor: Staff) -> Select[Donation]:
    place = Division.code == ResidentRow.place_code
    return select(Donation).join(Donation.resident).join(Division, place).where(Division.lineage.startswith(actor.scope))


def _seen_by(actor: Staff, donations: Sequence[Donation]) -> list[Received]:
    masked = actor.role in permissions.MASKED_ROLES
    transfers = ledger.transfers_of("donation", [donation.id for donation in donations])
    return [
        Received(
            donation,
            {"id": donation.resident_id, "name": donation.resident.name_masked if masked else donation.resident.name},
            donation.receiver.name,
            transfers[donation.id],
        )
        for donation in donations
    ]
