"""The audit log in words: what was done, what about it is on record, and on which page its subject is shown."""

import re
from typing import Any

from flask import current_app, url_for

from app.web import words

# What was done, by its term; in the order in which a filter offers them.
ACTIONS = {
    "resident.register": "居民自己登记",
    "resident.enter": "登记居民",
    "resident.confirm": "确认居民",
    "resident.change": "修改居民资料",
    "resident.change_own": "居民修改自己的资料",
    "resident.look": "查看居民资料",
    "resident.link": "把微信连到居民",
    "resident.leave": "居民离开",
    "resident.export": "导出居民资料",
    "card.issue": "发积分卡",
    "card.print": "打印积分卡",
    "card.revoke": "作废积分卡",
    "household.join": "加入家庭",
    "household.leave": "离开家庭",
    "household.change": "修改家庭",
    "household.merge": "合并家庭",
    "household.split": "分开家庭",
    "household.points": "家庭之间转入积分",
    "household.export": "导出家庭名单",
    "import.checked": "检查导入名单",
    "import.refused": "导入名单有错误",
    "import.applying": "开始导入",
    "import.done": "导入完成",
    "import.failed": "导入没有完成",
    "checkin.make": "签到",
    "checkin.make_up": "补签",
    "deed.declare": "申报善行",
    "deed.enter": "代为申报",
    "deed.resubmit": "补充后重新提交",
    "deed.withdraw": "撤回申报",
    "deed.approved": "审核通过",
    "deed.rejected": "审核不通过",
    "deed.returned": "退回补充",
    "deed.revoked": "撤销善行",
    "deed.credit": "积分入账",
    "feed.take_off": "从公示中撤下",
    "feed.put_back": "放回公示",
    "reason.create": "新增常用理由",
    "reason.forget": "删除常用理由",
    "rule.create": "新建规则",
    "rule.change": "修改规则",
    "rule.import": "导入规则",
    "item.create": "上架商品",
    "item.change": "修改商品",
    "item.restock": "调整库存",
    "merchant.create": "新增商户",
    "merchant.change": "修改商户",
    "order.place": "下单",
    "order.cancelled": "取消订单",
    "order.lapsed": "订单过期",
    "order.refunded": "订单退分",
    "scan.redeem": "核销",
    "donation.record": "登记捐物",
    "donation_tariff.create": "新增捐物标准",
    "donation_tariff.change": "修改捐物标准",
    "donation_tariff.close": "停用捐物标准",
    "transfer.reverse": "冲正积分",
    "unit.create": "新增共建单位",
    "unit.change": "修改共建单位",
    "unit.agree": "登记合作协议",
    "unit.record": "登记单位活动",
    "division.create": "新增网格或楼栋",
    "division.rename": "改网格或楼栋名称",
    "divisions.import": "导入区划",
    "staff.create": "新建账号",
    "staff.change": "修改账号",
    "settings.change": "修改社区设置",
    "login.open": "登录",
    "login.password": "修改密码",
    "second_factor.enrol": "绑定手机验证器",
    "second_factor.end": "解除手机验证器",
    "audit.search": "查看操作日志",
    "letter.retry": "重发通知",
}
# What is on record about it.
DETAILS = {
    "points": "积分",
    "owed": "尚欠",
    "price": "价格",
    "stock": "库存",
    "delta": "增减",
    "quantity": "数量",
    "pieces": "件数",
    "lines": "行数",
    "changed": "修改",
    "added": "新增",
    "refused": "有错误的行",
    "residents": "居民数",
    "households": "家庭数",
    "masked": "打码",
    "reason": "原因",
    "day": "日期",
    "level": "级别",
    "code": "编号",
    "kind": "种类",
    "fields": "改了",
    "version": "第几版",
    "role": "角色",
    "asked": "查询条件",
    "also": "同时改了",
    "before": "原来",
    "after": "改为",
    "scope_code": "负责范围",
    "resident_id": "居民",
    "active": "可登录",
    "second_factor": "手机验证器",
    "second_factor_reset": "解除手机验证器",
    "password": "密码",
    "name": "姓名",
    "consent_version": "同意的隐私说明",
    "for_action": "用于",
    "actor_id": "谁做的",
    "subject_id": "对象",
    "action": "操作",
    "from": "从",
    "to": "到",
    "counts_by": "积分怎么计",
    "registration_confirmed": "新居民要确认",
    "checkin_points": "签到得分",
    "streak_bonuses": "连续签到奖励",
    "streak": "连续天数",
    "make_up_cards": "每月补签天数",
    "same_rule_once_a_day": "同一天同一项只报一次",
    "cap_per_day": "一人一天最多",
    "cap_per_week": "一人一周最多",
    "cap_per_month": "一人一月最多",
    "notice_days": "公示天数",
    "budget_per_month": "每月预算",
    "order_lapses_after_days": "领取期限（天）",
    "second_factor_required": "要求手机验证器",
    "phone": "电话",
    "address": "住址",
    "place_code": "网格或楼栋",
    "born_on": "出生年月",
    "merged": "并入的家庭",
    "split_from": "从哪个家庭分出",
    "card_id": "积分卡",
    "replaced": "替换旧卡",
    "order_id": "订单",
    "item_id": "商品",
    "head_id": "户主",
    "reverses": "被冲正的一笔",
    "replaces": "代替的标准",
    "from_id": "转出的家庭",
    "to_id": "转入的家庭",
    "own_id": "自己的家庭",
    "unit_id": "共建单位",
    "hidden": "不显示",
    "paused": "暂停",
}
# The page of a subject, by what the action begins with: the endpoint, and what the id is called there.
SUBJECTS = {
    "resident": ("staff_residents.show", "resident_id"),
    "household": ("staff_households.show", "household_id"),
    "import": ("staff_imports.show", "import_id"),
    "deed": ("staff_reviews.show", "deed_id"),
    "rule": ("staff_rules.show", "rule_id"),
    "item": ("staff_items.show", "item_id"),
    "merchant": ("staff_merchants.show", "merchant_id"),
    "donation": ("staff_donations.show", "donation_id"),
    "unit": ("staff_units.show", "unit_id"),
    "staff": ("staff_accounts.show", "staff_id"),
}
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_ABOUT_MANY = ("resident.export", "rule.import")  # whose subject is no single one
_TERMS = {"role": "role", "level": "level", "counts_by": "counts_by", "for_action": "reason"}


def done(action: str) -> str:
    """What was done, in words; the term itself where it has none."""
    return ACTIONS.get(action, action)


def details(found: dict[str, Any] | None) -> list[tuple[str, str, str | None]]:
    """What is on record about it: a word, a value, and the id that the value is, if it is one; of changes what differs."""
    found = dict(found or {})
    changes: list[tuple[str, str, str | None]] = []
    if isinstance(before := found.get("before"), dict) and isinstance(after := found.get("after"), dict):
        del found["before"], found["after"]
        names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
        changes = [(_label(name), f"{_value(name, before.get(name))} → {_value(name, after.get(name))}", None) for name in names]
    kept = {name: value for name, value in found.items() if value not in (None, [], {})}
    return changes + [(_label(name), _value(name, value), _id(value)) for name, value in kept.items()]


def subject(entry: dict[str, Any]) -> str | None:
    """The address of the page that shows what an action was done to; None where it has none."""
    endpoint, name = SUBJECTS.get(entry["action"].split(".")[0], ("", ""))
    shown = entry["subject_id"] and entry["action"] not in _ABOUT_MANY and endpoint in current_app.view_functions
    return url_for(endpoint, **{name: entry["subject_id"]}) if shown else None


def _id(value: Any) -> str | None:
    return value if isinstance(value, str) and _ID.fullmatch(value) else None


def _label(name: str) -> str:
    return DETAILS.get(name, name)


def _value(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return "是" if value else "否"
    if value in (None, [], {}):
        return "无"
    if isinstance(value, dict):
        return "，".join(f"{_label(inside)} {_value(inside, one)}" for inside, one in value.items())
    if isinstance(value, list):
        return "、".join(_label(one) if isinstance(one, str) else _value(name, one) for one in value)
    return words.word(_TERMS[name], str(value)) if name in _TERMS else str(done(value) if name == "action" else value)
