"""Reasons: sentences a community keeps ready for its reviewers, so that a decision is explained in one touch."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from kernel import audit, clock, ids, paging
from kernel.database import Model, add, db, first
from kernel.errors import Conflict, NotFound
from people import divisions
from people.actors import Staff
from people.divisions import Division

ACTIONS = ("approve", "reject", "return", "revoke")
# What reviewers are offered for an action for which their community has written nothing of its own.
DEFAULTS = {
    "approve": ("照片清楚，情况属实", "已电话核实", "已到现场看过"),
    "reject": ("与事实不符", "照片与所报的事不符", "这件事已经报过了", "不在积分清单之内"),
    "return": ("请补一张现场照片", "照片不清楚，请重新拍一张", "请写明时间、地点和做了什么", "日期不对，请改正后再交"),
    "revoke": ("经核实情况不属实", "同一件事重复记分", "有居民提出异议，经核实成立"),
}


class ReasonExists(Conflict):
    title = "这条理由已经有了，不用再添加"


class ReasonTemplate(Model):
    """A sentence that a community's reviewers may give as the reason of a decision."""

    __tablename__ = "reason_templates"
    __table_args__ = (
        UniqueConstraint("community_code", "action", "text"),
        CheckConstraint("action IN ('approve', 'reject', 'return', 'revoke')", name="action"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    community_code: Mapped[str] = mapped_column(ForeignKey("divisions.code"))
    action: Mapped[str]
    text: Mapped[str]
    created_at: Mapped[datetime]
    created_by: Mapped[UUID] = mapped_column(ForeignKey("staff.id"))


@dataclass(frozen=True)
class Reason:
    """A reason to choose; one that is built in has no id and belongs to no community."""

    id: UUID | None
    community_code: str | None
    action: str
    text: str


def find(actor: Staff, window: paging.Window, *, action: str | None = None) -> paging.Page[Reason]:
    """The reasons of the actor's part of the tree by action; the built-in ones for each action that has none there."""
    query = select(ReasonTemplate).join(Division, Division.code == ReasonTemplate.community_code)
    if actor.community_code:  # whoever works below a community uses the community's reasons
        query = query.where(Division.code == actor.community_code)
    else:
        query = query.where(Division.lineage.startswith(actor.scope))
    kept = [_view(row) for row in db.session.scalars(query.order_by(ReasonTemplate.id))]
    offered = [reason for wanted in ([action] if action else ACTIONS) for reason in _for(wanted, kept)]
    start = window.after_number() or 0
    shown = list(enumerate(offered, start=1))[start : start + window.limit + 1]
    page = paging.cut(shown, window.limit, lambda numbered: numbered[0])
    return paging.Page([reason for _, reason in page.items], page.next)


def _for(action: str, kept: list[Reason]) -> list[Reason]:
    own = [reason for reason in kept if reason.action == action]
    return own or [Reason(None, None, action, sentence) for sentence in DEFAULTS[action]]


def _view(row: ReasonTemplate) -> Reason:
    return Reason(row.id, row.community_code, row.action, row.text)


def create(actor: Staff, *, action: str, text: str, community_code: str | None = None) -> Reason:
    """A new reason for a community's reviewers.

    Raises:
        NotFound: the community is not in the actor's part of the tree.
        ReasonExists: the community has this reason for this action.
    """
    community = divisions.community_for(actor, community_code)
    row = ReasonTemplate(
        id=ids.new(), community_code=community.code, action=action, text=text, created_at=clock.now(), created_by=actor.id
    )
    try:
        add(row)
    except IntegrityError:
        raise ReasonExists() from None
    audit.record(actor, "reason.create", row.id, community.code, for_action=action)
    return _view(row)


_FORGET = text(
    """
    DELETE FROM reason_templates t USING divisions c
    WHERE t.id = :id AND c.code = t.community_code AND starts_with(c.lineage, :scope)
    RETURNING t.community_code
    """
)


def forget(actor: Staff, reason_id: UUID) -> None:
    """Offer a reason no longer. Raises NotFound."""
    gone = first(_FORGET, id=reason_id, scope=actor.scope)
    if gone is None:
        raise NotFound()
    audit.record(actor, "reason.forget", reason_id, gone.community_code)
