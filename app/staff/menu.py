"""The console's menu: what there is, for whoever may."""

from dataclasses import dataclass

from flask import current_app, g, request

from people import permissions
from people.permissions import AUDIT, BOOKS, ENTER, REVIEW, SEE

# By group: the page, its word, its icon, and the right it needs.
GROUPS: dict[str, tuple[tuple[str, str, str, str], ...]] = {
    "": (
        ("staff_start.show", "工作台", "layout-dashboard", SEE),
        ("staff_reviews.queue", "审核申报", "checklist", SEE),
        ("staff_entries.new", "代为申报", "writing", ENTER),
    ),
    "居民": (
        ("staff_residents.find", "居民", "users", SEE),
        ("staff_households.find", "家庭", "home-heart", SEE),
        ("staff_imports.find", "批量导入", "file-import", ENTER),
        ("staff_feed.find", "善行公示", "heart-handshake", SEE),
    ),
    "积分与商店": (
        ("staff_rules.find", "积分规则", "list-details", SEE),
        ("staff_items.find", "商店与库存", "building-store", SEE),
        ("staff_donations.find", "捐物换分", "gift", SEE),
        ("staff_merchants.find", "商户", "building", SEE),
    ),
    "数据": (
        ("staff_figures.show", "数据统计", "chart-bar", SEE),
        ("staff_units.find", "共建单位", "building-community", SEE),
        ("staff_exports.show", "导出表格", "download", AUDIT),
        ("staff_audits.find", "操作日志", "history", AUDIT),
    ),
    "管理": (
        ("staff_places.find", "网格与楼栋", "map-2", SEE),
        ("staff_accounts.find", "账号", "user-shield", BOOKS),
        ("staff_settings.show", "社区设置", "settings", BOOKS),
        ("staff_letters.find", "未送达的通知", "mail-x", BOOKS),
        ("staff_reasons.find", "常用理由", "message-2", REVIEW),
    ),
}


@dataclass(frozen=True)
class Entry:
    """One line of the menu."""

    endpoint: str
    label: str
    icon: str
    current: bool


def entries() -> list[tuple[str, list[Entry]]]:
    """What the present member of staff may open, by group; nothing before he enrolled the second factor he must have."""
    if g.actor.must_enrol:
        return []
    here = (request.endpoint or "").split(".")[0]
    shown = [
        (group, [Entry(page, label, icon, page.split(".")[0] == here) for page, label, icon, right in lines if _may(page, right)])
        for group, lines in GROUPS.items()
    ]
    return [(group, lines) for group, lines in shown if lines]


def _may(page: str, right: str) -> bool:
    return page in current_app.view_functions and permissions.may(g.actor.role, right)
