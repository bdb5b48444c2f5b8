"""The check-in of a resident, and his calendar."""

import calendar
from datetime import date, timedelta
from typing import Any

from flask import Response

from app.schemas.points import Empty, MakeUpBody, MonthQuery
from app.web import audience, forms, pages
from app.web.faces import Pages
from app.web.idempotency import idempotent
from kernel import clock
from people.actors import Resident
from points import checkins

blueprint = Pages("resident", "checkins", __name__)


@blueprint.get("/checkins")
@audience.resident
@pages.query(MonthQuery)
def find(actor: Resident, query: dict[str, Any]) -> Response:
    """A month of check-ins, and the days that can still be made up for."""
    month = query["month"] or clock.today().replace(day=1)
    return pages.show(
        "resident/checkins.html",
        days={day["date"]: day for day in checkins.of_month(actor, month)},
        streak=checkins.streak(actor),
        cards_left=checkins.cards_left(actor, clock.today()),
        missed=checkins.missed(actor),
        **_calendar(month),
    )


def _calendar(month: date) -> dict[str, Any]:
    """The weeks of a month, and the months beside it; there is none after the present one."""
    after = clock.first_of_next_month(month)
    return {
        "month": month,
        "weeks": calendar.Calendar().monthdatescalendar(month.year, month.month),
        "before": (month - timedelta(days=1)).strftime("%Y-%m"),
        "after": after.strftime("%Y-%m") if after <= clock.today() else None,
    }


@blueprint.post("/checkins")
@audience.resident
@idempotent
@forms.takes(Empty)
def check_in(actor: Resident, body: dict[str, str]) -> Response:
    """Check in for today."""
    done = checkins.check_in(actor)
    said = f"签到成功，得 {done.points} 分，已连续 {done.streak} 天" if done.first else "今天已经签过到了"
    return pages.go("resident_home.show", said)


@blueprint.post("/checkins/make-up")
@audience.resident
@idempotent
@forms.takes(MakeUpBody, again="find")
def make_up(actor: Resident, body: dict[str, Any]) -> Response:
    """Make up for a missed day with a card."""
    made = checkins.make_up(actor, body["date"])
    return pages.go("resident_checkins.find", f"补签成功：{made.day.month}月{made.day.day}日，连续签到接上了")
