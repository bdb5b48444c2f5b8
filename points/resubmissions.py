"""Resubmissions: a deed that was returned is completed and put before the reviewers once more."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import text

from kernel import audit, clock, uploads
from kernel.database import execute
from kernel.errors import Forbidden
from people.actors import Resident, Staff
from points import deeds, reviews, rules
from points.deeds import AlreadyReviewed, Deed
from points.reviews import Queued


class DeclaredByResident(Forbidden):
    title = "这是居民自己申报的，请由居民本人补充"


def resubmit(
    actor: Resident,
    deed_id: UUID,
    *,
    occurred_on: date | None = None,
    description: str | None = None,
    upload_ids: Sequence[UUID] | None = None,
) -> Deed:
    """Hand a returned deed of the actor's in again; what is not given stays, photos that are given replace the old ones.

    Raises:
        NotFound: it is not the actor's, or a photo is neither his nor on the deed already.
        AlreadyReviewed: it was not returned, or was handed in again or withdrawn a moment ago.
        ValidationFailed, LimitReached: as when declaring, the deed itself not counted; 90 days count back from its first day.
    """
    deed = deeds.get(actor, deed_id)
    _resubmit(actor, deed, occurred_on, description, upload_ids)
    return deeds.get(actor, deed_id)


def resubmit_entered(
    actor: Staff,
    deed_id: UUID,
    *,
    occurred_on: date | None = None,
    description: str | None = None,
    upload_ids: Sequence[UUID] | None = None,
) -> Queued:
    """The same by staff, for a deed that was entered on behalf.

    Raises:
        DeclaredByResident: the resident declared it himself.
        NotFound, AlreadyReviewed, ValidationFailed, LimitReached: as `resubmit`.
    """
    deed = reviews.get(actor, deed_id)
    if deed.channel == "self":
        raise DeclaredByResident()
    _resubmit(actor, deed, occurred_on, description, upload_ids)
    return reviews.seen_by(actor, deeds.load([deed_id]))[0]


_RESUBMIT = text(
    """
    UPDATE deeds SET status = 'pending', occurred_on = coalesce(CAST(:occurred_on AS date), occurred_on),
                     description = coalesce(CAST(:description AS text), description)
    WHERE id = :id AND status = 'returned'
    """
)
_TAKE_PHOTOS_OFF = text("DELETE FROM deed_photos WHERE deed_id = :id")


def _resubmit(
    doer: Resident | Staff, deed: Deed, occurred_on: date | None, description: str | None, upload_ids: Sequence[UUID] | None
) -> None:
    if deed.status != "returned":  # only so that the answer names the true cause; the statement below decides
        raise AlreadyReviewed()
    if occurred_on is not None and occurred_on != deed.occurred_on:
        deeds.check_day(occurred_on, clock.day_of(deed.declared_at))
        # On its old day a returned deed has kept its place; on another one it needs room.
        deeds.check_limits(
            deed.resident_id, rules.in_force(deed.community_code, deed.rule_id, occurred_on), occurred_on, but=deed.id
        )
    deeds.check_evidence(deed.terms, bool(deed.photos if upload_ids is None else upload_ids))
    if execute(_RESUBMIT, id=deed.id, occurred_on=occurred_on, description=description).rowcount == 0:
        raise AlreadyReviewed()
    if upload_ids is not None:
        _replace_photos(doer, deed, upload_ids)
    deeds.add_step(deed.id, "resubmitted", doer.kind, doer.id, doer.name)
    audit.record(doer, "deed.resubmit", deed.id, deed.community_code)


def _replace_photos(doer: Resident | Staff, deed: Deed, upload_ids: Sequence[UUID]) -> None:
    # What staff added for a resident is not his upload, and he may keep it on his deed all the same.
    shown = {photo.id for photo in deed.photos}
    uploads.owned(doer.id, [upload_id for upload_id in upload_ids if upload_id not in shown])
    execute(_TAKE_PHOTOS_OFF, id=deed.id)
    deeds.attach(deed.id, upload_ids)
