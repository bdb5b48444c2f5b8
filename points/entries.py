"""Entries: deeds that staff enter for residents who came to the office, phoned, or sent a message."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from kernel.database import db
from kernel.errors import NotFound
from people import messages
from people.actors import Staff
from people.divisions import Division
from people.residents import Resident
from points import deeds, reviews
from points.reviews import Queued

CHANNELS = ("visit", "phone", "sms", "qq", "wechat", "inspection")


def enter(actor: Staff, *, resident_id: UUID, channel: str, **said: Any) -> Queued:
    """Declare a deed on behalf of a resident: judged as his own, with photos of the actor's, on record under the actor's name;
    he is told.

    Raises:
        NotFound: the resident is not in the actor's part of the tree.
        ValidationFailed, LimitReached: as `deeds.lodge`, which takes what was said.
    """
    query = (
        select(Resident)
        .join(Division, Division.code == Resident.place_code)
        .where(Resident.id == resident_id, Resident.left_at.is_(None), Division.lineage.startswith(actor.scope))
    )
    resident = db.session.scalar(query)
    if resident is None:
        raise NotFound()
    deed_id = deeds.lodge(actor, resident.id, resident.community_code, channel, "deed.enter", **said)
    (deed,) = deeds.load([deed_id])
    what = f"工作人员已为您申报“{deed.terms.title}”（{deed.occurred_on.month}月{deed.occurred_on.day}日）。"
    body = f"{what}审核通过后积分会入账；如果您没有做过这件事，请联系社区工作人员。"
    messages.tell(resident.id, "deed.entered", "工作人员为您申报了一件好事", body, "deed", deed_id)
    return reviews.seen_by(actor, [deed])[0]
