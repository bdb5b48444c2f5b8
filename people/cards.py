"""Cards: printed codes for people without a phone. A new card kills the old one; whose a code is, is told here."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from kernel import audit, clock, codes, ids
from kernel.codes import CodeExpired, CodeInvalid, Freshness
from kernel.database import Model, add, execute, first
from kernel.errors import Conflict, NotFound
from people import divisions, entries, residents
from people.actors import Staff
from people.residents import Resident

CODE_PURPOSE = "card"
_NUMBER_DIGITS = 8


class CardMissing(Conflict):
    title = "名单里有人还没有卡，请先给他发卡再打印"


class Card(Model):
    """A printed card. One that was revoked, be it because there is a newer one, is good for nothing."""

    __tablename__ = "cards"
    __table_args__ = (Index("cards_live_idx", "resident_id", unique=True, postgresql_where=text("revoked_at IS NULL")),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    resident_id: Mapped[UUID] = mapped_column(ForeignKey("residents.id"), index=True)
    number: Mapped[int] = mapped_column(BigInteger, Identity(always=True, maxvalue=99_999_999), unique=True)
    issued_at: Mapped[datetime]
    issued_by: Mapped[UUID]
    revoked_at: Mapped[datetime | None]

    @property
    def printed_number(self) -> str:
        return f"{self.number:0{_NUMBER_DIGITS}d}"

    @property
    def token(self) -> str:
        return codes.fixed(CODE_PURPOSE, self.number)


@dataclass(frozen=True)
class Printed:
    """What stands on a card: `token` is the 18 digits that its QR picture holds."""

    name: str
    community: str
    number: str
    token: str


_REVOKE = text("UPDATE cards SET revoked_at = :now WHERE resident_id = :resident_id AND revoked_at IS NULL RETURNING id")


_LIVE = text("SELECT FROM cards WHERE resident_id = :resident_id AND revoked_at IS NULL")


def issue(actor: Staff, resident_id: UUID) -> Card:
    """A new card for a resident; one he had is dead at once. Raises NotFound outside the actor's part of the tree."""
    resident = entries.within(actor, resident_id, lock=True)  # two counters at once give two cards, of which one is good
    replaced = execute(_REVOKE, resident_id=resident.id, now=clock.now()).scalar()
    card = Card(id=ids.new(), resident_id=resident.id, issued_at=clock.now(), issued_by=actor.id)
    add(card)
    audit.record(actor, "card.issue", resident.id, resident.community_code, card_id=card.id, replaced=replaced)
    return card


def issue_missing(actor: Staff, resident_ids: Sequence[UUID]) -> int:
    """A card for each of these residents who has none; for how many. Raises NotFound outside the actor's part of the tree."""
    chosen = sorted(set(resident_ids))  # in one order, so that two lists of the same people do not wait for each other
    for resident_id in chosen:
        entries.within(actor, resident_id, lock=True)
    missing = [resident_id for resident_id in chosen if first(_LIVE, resident_id=resident_id) is None]
    for resident_id in missing:
        issue(actor, resident_id)
    return len(missing)


def revoke(actor: Staff, resident_id: UUID) -> None:
    """A resident's card is good no more. Raises NotFound: he is not the actor's to see, or has no card."""
    resident = entries.within(actor, resident_id)
    revoked = execute(_REVOKE, resident_id=resident.id, now=clock.now()).scalar()
    if revoked is None:
        raise NotFound()
    audit.record(actor, "card.revoke", resident.id, resident.community_code, card_id=revoked)


_SHEET = text(
    """
    SELECT r.id, r.name, c.name AS community, k.number, p.lineage
    FROM residents r JOIN divisions c ON c.code = r.community_code JOIN divisions p ON p.code = r.place_code
    LEFT JOIN cards k ON k.resident_id = r.id AND k.revoked_at IS NULL
    WHERE r.id = ANY(:ids) AND r.left_at IS NULL
    """
)


def sheet(actor: Staff, resident_ids: list[UUID]) -> list[Printed]:
    """What is to be printed for these residents, in their order, each once.

    Raises:
        NotFound: one of them has left, or is not in the actor's part of the tree.
        CardMissing: one of them has no card.
    """
    rows = {row.id: row for row in execute(_SHEET, ids=resident_ids) if actor.sees(row.lineage)}
    wanted = list(dict.fromkeys(resident_ids))
    if any(resident_id not in rows for resident_id in wanted):
        raise NotFound()
    if any(row.number is None for row in rows.values()):
        raise CardMissing()
    audit.record(actor, "card.print", None, actor.community_code, residents=wanted)
    return [
        Printed(
            rows[resident_id].name,
            divisions.shown(rows[resident_id].community),
            f"{rows[resident_id].number:0{_NUMBER_DIGITS}d}",
            codes.fixed(CODE_PURPOSE, rows[resident_id].number),
        )
        for resident_id in wanted
    ]


_HOLDER = text("SELECT resident_id, revoked_at FROM cards WHERE number = :number")
_NUMBERED = text("SELECT id FROM residents WHERE number = :number")


def resident_of(token: str) -> Resident:
    """The resident whose identity code or printed card this is.

    Raises:
        CodeInvalid: it is neither, or from a step that has not begun.
        CodeExpired: an identity code whose time is over, or a card that was replaced or taken back.
    """
    number = codes.read_fixed(CODE_PURPOSE, token)
    if number is not None:
        card = first(_HOLDER, number=number)
        if card is None:
            raise CodeInvalid()
        if card.revoked_at is not None:
            raise CodeExpired()
        return residents.get(card.resident_id)
    reading = codes.read(residents.CODE_PURPOSE, token)
    whose = first(_NUMBERED, number=reading.number) if reading else None
    if reading is None or whose is None:
        raise CodeInvalid()
    if reading.freshness is Freshness.STALE:
        raise CodeExpired()
    return residents.get(whose.id)


def holder(digits: str) -> UUID | None:
    """The id of the resident with this number on his good card, or with this card or identity code; None where there is none."""
    if len(digits) > _NUMBER_DIGITS:
        try:
            return resident_of(digits).id
        except (CodeInvalid, CodeExpired):
            return None
    card = first(_HOLDER, number=int(digits))
    return None if card is None or card.revoked_at is not None else card.resident_id
