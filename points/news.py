"""News: what residents are told about their deeds, in words that say what happened, what it means and what to do."""

from people import messages
from points.deeds import Deed


def reviewed(deed: Deed, note: str | None) -> None:
    """Tell a resident what became of a deed of his; who reviewed it is not named."""
    what = f"您申报的“{deed.terms.title}”（{deed.occurred_on:%Y-%m-%d}）"
    said = f"：{note}" if note else ""
    title, body = {
        "approved": (
            "申报已通过",
            f"{what}已通过，得 {deed.points} 分，{_when(deed)}。{f'审核留言{said}。' if note else ''}",
        ),
        "rejected": ("申报未通过", f"{what}没有通过，不计积分。原因{said}。如有疑问，请联系社区工作人员。"),
        "returned": ("申报需要补充", f"{what}被退回。原因{said}。请按要求补充后重新提交，再次审核通过后计分。"),
    }[deed.status]
    messages.tell(deed.resident_id, f"deed.{deed.status}", title, body, "deed", deed.id)


def _when(deed: Deed) -> str:
    if deed.waiting is None:
        return "可以在“我的积分”中查看"
    why = {"notice": "正在公示", "budget": "社区本月的积分预算已经用完"}[deed.waiting.waits_for]
    return f"{why}，{deed.waiting.until:%Y-%m-%d} 起入账，不需要您做什么"
