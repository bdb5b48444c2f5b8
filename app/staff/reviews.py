"""The review of deeds: the queue with one deed laid open, the deed by itself, and what is decided there."""

from typing import Any
from uuid import UUID

from flask import Response, flash, redirect, request, url_for

from app.schemas.lists import window
from app.schemas.pages import QueuePage
from app.schemas.points import ApproveBody, ReasonBody
from app.schemas.reviews import BatchBody, DeedChange
from app.web import audience, forms, pages
from app.web.faces import Pages
from app.web.idempotency import SEE_OTHER, idempotent
from kernel import clock
from kernel.errors import NotFound
from kernel.paging import Window
from people import permissions
from people.actors import Staff
from points import batches, histories, likenesses, reasons, resubmissions, reviews
from points.awards import CapReached
from points.batches import Batch
from points.deeds import AlreadyReviewed
from points.reviews import OwnDeed, Queued

blueprint = Pages("staff", "reviews", __name__, url_prefix="/staff")
MAX_REASONS = 100
MAX_NAMED = 30  # deeds that a batch left, named in the address of the page that says so
# Why a deed of a batch was left, for people.
LEFT = {refusal.code: refusal.title for refusal in (AlreadyReviewed, OwnDeed, CapReached, NotFound)}


@blueprint.get("/deeds")
@audience.staff(permissions.SEE)
@pages.query(QueuePage)
def queue(actor: Staff, query: dict[str, Any]) -> Response:
    """The review queue, oldest first, with one deed of it laid open."""
    chosen, failed = query.pop("deed"), dict(named.split(".", 1) for named in query.pop("failed") if "." in named)
    page = reviews.queue(actor, window(query), **query)
    chosen = chosen or next((queued.deed.id for queued in page.items), None)
    beside = _deed(actor, chosen) if chosen else {}
    return pages.show("staff/reviews/queue.html", page=page, filters=query, failed=failed, left=LEFT, **beside)


@blueprint.get("/deeds/<id:deed_id>")
@audience.staff(permissions.SEE)
def show(actor: Staff, deed_id: UUID) -> Response:
    """One deed, whatever became of it."""
    return pages.show("staff/reviews/show.html", **_deed(actor, deed_id))


def _deed(actor: Staff, deed_id: UUID) -> dict[str, Any]:
    """What a deed is shown with: its resident's history, what is like it, and the reasons to choose from."""
    return {
        "one": histories.of_deed(actor, deed_id),
        "alike": likenesses.of_deed(actor, deed_id),
        "reasons": reasons.find(actor, Window(MAX_REASONS, None)).items,
        "now": clock.now(),
        "to": pages.own_path(request.args.get("to")),
    }


@blueprint.post("/deeds/<id:deed_id>/approve")
@audience.staff(permissions.REVIEW)
@idempotent
@forms.takes(ApproveBody, again="show")
def approve(actor: Staff, body: dict[str, Any], deed_id: UUID) -> Response:
    """Approve a deed: its resident is credited at once."""
    return _on(reviews.approve(actor, deed_id, **body), "已通过")


@blueprint.post("/deeds/<id:deed_id>/return")
@audience.staff(permissions.REVIEW)
@idempotent
@forms.takes(ReasonBody, again="show")
def send_back(actor: Staff, body: dict[str, Any], deed_id: UUID) -> Response:
    """Return a deed to its resident, with a reason."""
    return _on(reviews.send_back(actor, deed_id, **body), "已退回补充")


@blueprint.post("/deeds/<id:deed_id>/reject")
@audience.staff(permissions.REVIEW)
@idempotent
@forms.takes(ReasonBody, again="show")
def reject(actor: Staff, body: dict[str, Any], deed_id: UUID) -> Response:
    """Reject a deed for good, with a reason."""
    return _on(reviews.reject(actor, deed_id, **body), "已定为不通过")


@blueprint.post("/deeds/<id:deed_id>/revoke")
@audience.staff(permissions.REVIEW)
@idempotent
@forms.takes(ReasonBody, again="show")
def revoke(actor: Staff, body: dict[str, Any], deed_id: UUID) -> Response:
    """Take an approval back."""
    return _on(reviews.revoke(actor, deed_id, **body), "已撤销")


@blueprint.post("/deeds/<id:deed_id>/resubmit")
@audience.staff(permissions.ENTER)
@idempotent
@forms.takes(DeedChange, again="show")
def resubmit(actor: Staff, body: dict[str, Any], deed_id: UUID) -> Response:
    """Complete a returned deed that was entered on behalf, and hand it in again."""
    return _on(resubmissions.resubmit_entered(actor, deed_id, **body), "已重新提交")


def _on(queued: Queued, done: str) -> Response:
    """On to where the form wanted to go, which is the next deed of its queue, or to the deed itself."""
    deed = queued.deed
    flash(f"{done}：{queued.resident['name']}“{deed.judged_by['title']}”")
    onward = pages.own_path(request.args.get("to")) or url_for("staff_reviews.show", deed_id=deed.id)
    return pages.as_response(redirect(onward, SEE_OTHER))


@blueprint.post("/deeds/approve")
@audience.staff(permissions.REVIEW)
@idempotent
@forms.takes(BatchBody, again="queue")
def approve_all(actor: Staff, body: dict[str, Any]) -> Response:
    """Approve the deeds that were ticked, each decided for itself."""
    return _after(batches.approve(actor, body["ids"]))


def _after(batch: Batch) -> Response:
    """Back to the queue, which says what was approved and what was left, and why."""
    said = f"通过了 {len(batch.approved)} 件"
    flash(f"{said}，{len(batch.failed)} 件没有通过" if batch.failed else said)
    asked = pages.asked("deed", "failed")
    failed = [f"{left['id']}.{left['code']}" for left in batch.failed[:MAX_NAMED]]
    return pages.go("staff_reviews.queue", **asked, failed=failed)
