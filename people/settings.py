"""The settings of a community: what it may decide for itself. One that decided nothing has the defaults of the contract."""

import json
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from kernel import audit
from kernel.database import Model, execute, first
from people import divisions
from people.actors import Staff

COUNTS_BY = ("person", "household")


class CommunitySettings(Model):
    """What a community decided, all of it in one row; `Settings` says what each means."""

    __tablename__ = "community_settings"
    __table_args__ = (
        CheckConstraint("counts_by IN ('person', 'household')", name="counts_by"),
        CheckConstraint("checkin_points BETWEEN 0 AND 100", name="checkin_points"),
    )

    community_code: Mapped[str] = mapped_column(ForeignKey("divisions.code"), primary_key=True)
    counts_by: Mapped[str]
    registration_confirmed: Mapped[bool]
    checkin_points: Mapped[int]
    streak_bonuses: Mapped[list[dict[str, int]]] = mapped_column(JSONB)
    make_up_cards: Mapped[int]
    same_rule_once_a_day: Mapped[bool]
    cap_per_day: Mapped[int | None]
    cap_per_week: Mapped[int | None]
    cap_per_month: Mapped[int | None]
    notice_days: Mapped[int]
    budget_per_month: Mapped[int | None]
    order_lapses_after_days: Mapped[int]
    second_factor_required: Mapped[bool]


@dataclass(frozen=True)
class Settings:
    """The settings of a community.

    counts_by: "person" or "household", whose points they are.
    registration_confirmed: a newcomer may act only after staff have confirmed him.
    checkin_points: points for a day's check-in.
    streak_bonuses: [{streak, points}]: what the day pays besides on which a streak reaches that many days.
    make_up_cards: how many missed days a month may be made up for.
    same_rule_once_a_day: a second deed of a rule on one day is refused, not only flagged.
    cap_per_day, cap_per_week, cap_per_month: points one resident may get for deeds in that time, by the day they were done.
    notice_days: for how many days an approved deed is on public notice before it is credited.
    budget_per_month: points the community may issue in a month.
    order_lapses_after_days: how long an order waits to be scanned.
    second_factor_required: staff must have enrolled a second factor.
    """

    counts_by: str = "person"
    registration_confirmed: bool = False
    checkin_points: int = 1
    streak_bonuses: list[dict[str, int]] = field(default_factory=list)
    make_up_cards: int = 0
    same_rule_once_a_day: bool = False
    cap_per_day: int | None = None
    cap_per_week: int | None = None
    cap_per_month: int | None = None
    notice_days: int = 0
    budget_per_month: int | None = None
    order_lapses_after_days: int = 7
    second_factor_required: bool = False

    @property
    def caps(self) -> dict[str, int]:
        """The caps that are set: points by "day", "week", "month"."""
        caps = {"day": self.cap_per_day, "week": self.cap_per_week, "month": self.cap_per_month}
        return {period: cap for period, cap in caps.items() if cap is not None}


_CAST = {
    "counts_by": "text",
    "streak_bonuses": "jsonb",
    **dict.fromkeys(("registration_confirmed", "same_rule_once_a_day", "second_factor_required"), "boolean"),
}
NAMES = tuple(setting.name for setting in fields(Settings))
_OF = text(f"SELECT {', '.join(NAMES)} FROM community_settings WHERE community_code = :code")


def of(community_code: str) -> Settings:
    """The settings of a community."""
    row = first(_OF, code=community_code)
    return Settings() if row is None else Settings(**row._mapping)


def find(actor: Staff, community_code: str | None) -> tuple[str, Settings]:
    """The settings of a community that the actor sees, with its code. Raises as `divisions.community_for`."""
    community = divisions.community_for(actor, community_code)
    return community.code, of(community.code)


_LOCK_COMMUNITY = text("SELECT FROM divisions WHERE code = :code FOR UPDATE")


def lock_community(community_code: str) -> None:
    """Have nobody join the community, and nobody else change its settings, until the transaction ends."""
    execute(_LOCK_COMMUNITY, code=community_code)


_KEEP = text("SELECT FROM divisions WHERE code = :code FOR KEY SHARE")


def kept(community_code: str) -> Settings:
    """The settings of a community, which nobody changes before the transaction ends."""
    execute(_KEEP, code=community_code)
    return of(community_code)


def store(actor: Staff, community_code: str, changes: dict[str, Any]) -> Settings:
    """Change some settings of a community, on record with what they were before.

    The caller holds the community's lock.
    """
    before = of(community_code)
    after = replace(before, **changes)
    columns = ", ".join(NAMES)
    values = asdict(after) | {"streak_bonuses": json.dumps(after.streak_bonuses)}
    execute(
        text(
            f"""
            INSERT INTO community_settings (community_code, {columns})
            VALUES (:community_code, {", ".join(f"CAST(:{name} AS {_CAST.get(name, 'bigint')})" for name in NAMES)})
            ON CONFLICT (community_code) DO UPDATE SET {", ".join(f"{name} = excluded.{name}" for name in NAMES)}
            """
        ),
        community_code=community_code,
        **values,
    )
    was = {name: getattr(before, name) for name in changes}
    audit.record(actor, "settings.change", None, community_code, before=was, after=changes)
    return after
