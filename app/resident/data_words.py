"""What is stored about a person in plain Chinese words: sections, fields and values of `reports.personal_data`."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from app.web import words

SHOWN = 30  # records of a section; the rest is in the file
# Of each section: how it is called, and the words of its fields that people can read; ids are in the file only.
SECTIONS: dict[str, tuple[str, dict[str, str]]] = {
    "resident": (
        "基本信息",
        {
            "name": "姓名",
            "phone": "手机号码",
            "phone_verified": "号码经微信核实",
            "address": "住址",
            "born_on": "出生日期",
            "name_shown": "姓名怎样显示",
            "community_code": "社区代码",
            "place_code": "网格或楼栋代码",
            "number": "居民编号",
            "entered_by_staff": "由工作人员登记",
            "created_at": "加入时间",
            "confirmed_at": "社区确认时间",
        },
    ),
    "cards": ("德分卡", {"number": "卡号", "issued_at": "发卡时间", "revoked_at": "作废时间"}),
    "days_of_taking_part": ("每月参与", {"month": "月份", "days": "天数"}),
    "likes": ("点过的赞", {"created_at": "时间"}),
    "donations": (
        "捐赠",
        {
            "name": "物品",
            "quantity": "数量",
            "unit": "单位",
            "points": "积分",
            "note": "备注",
            "thanked": "公开致谢",
            "created_at": "时间",
        },
    ),
    "consents": ("同意过的隐私政策", {"version": "版本", "given_at": "时间"}),
    "household": (
        "家庭",
        {"name": "户名", "number": "户号", "address": "地址", "head": "是户主", "created_at": "建立时间"},
    ),
    "household_moves": ("家庭变动", {"kind": "变动", "by_kind": "由谁办理", "reason": "原因", "at": "时间"}),
    "checkins": (
        "签到",
        {"day": "日期", "points": "积分", "streak": "连续天数", "made_up": "补签", "created_at": "时间"},
    ),
    "deeds": (
        "申报的好事",
        {
            "rule": "项目",
            "occurred_on": "日期",
            "description": "说明",
            "channel": "方式",
            "status": "状态",
            "points": "积分",
            "declared_at": "申报时间",
            "approved_at": "通过时间",
            "waits_for": "到账前等待",
            "waits_until": "等到",
        },
    ),
    "deed_steps": ("申报的经过", {"action": "事项", "at": "时间", "by_kind": "由谁办理", "note": "说明"}),
    "deed_photos": ("申报的照片", {"position": "第几张", "photo": "照片"}),
    "uploads": ("上传的照片", {"photo": "照片", "width": "宽", "height": "高", "created_at": "时间"}),
    "feed": (
        "公示",
        {
            "kind": "种类",
            "category": "类别",
            "title": "标题",
            "description": "说明",
            "occurred_on": "日期",
            "created_at": "公示时间",
            "off_at": "撤下时间",
            "off_reason": "撤下原因",
        },
    ),
    "wallet": ("积分账户", {"kind": "账户", "balance": "余额", "owed": "待扣"}),
    "transfers": ("积分明细", {"title": "事项", "points": "积分", "kind": "种类", "source_type": "来源", "created_at": "时间"}),
    "debts": ("待扣积分的变动", {"change": "变动", "source_type": "来源", "at": "时间"}),
    "orders": (
        "订单",
        {
            "item": "商品或服务",
            "merchant": "商户",
            "number": "订单号",
            "quantity": "件数",
            "pieces_left": "未领取",
            "pieces_returned": "退回",
            "unit_price": "每件积分",
            "status": "状态",
            "placed_at": "下单时间",
            "expires_at": "有效期到",
            "redeemed_at": "领取时间",
        },
    ),
    "scans": ("核销", {"pieces": "件数", "points": "积分", "at": "时间"}),
    "refused_scans": ("没有成功的核销", {"code": "原因代码", "at": "时间"}),
    "messages": (
        "消息",
        {"title": "标题", "body": "内容", "kind": "种类代码", "created_at": "时间", "read_at": "阅读时间"},
    ),
    "letters": ("向外发送的通知", {"topic": "种类代码", "body": "内容", "created_at": "时间", "sent_at": "发出时间"}),
    "wechat": (
        "微信账号",
        {
            "appid": "应用代码",
            "openid": "您在应用里的代码",
            "unionid": "您在平台上的代码",
            "created_at": "首次登录",
            "left_on": "退出日期",
        },
    ),
    "sign_ins": ("登录", {"created_at": "登录时间", "ended_at": "退出时间"}),
    "staff_account": (
        "工作人员账号",
        {"name": "姓名", "role": "角色", "scope_code": "范围代码", "created_at": "开通时间", "username": "用户名"},
    ),
    "audit": (
        "操作记录",
        {"action": "操作代码", "actor_kind": "由谁办理", "address": "网络地址", "details": "细节", "at": "时间"},
    ),
}
_WHO = {"resident": "居民本人", "staff": "工作人员", "merchant": "商户", "worker": "系统", "newcomer": "本人", "command": "系统"}
# The words of values, by field; within a section where the field means something else there.
VALUES: dict[str, dict[str, str]] = {
    "name_shown": words.WORDS["name_shown"],
    "by_kind": _WHO,
    "actor_kind": _WHO,
    "channel": words.WORDS["channel"],
    "action": words.WORDS["step"],
    "waits_for": words.WORDS["waiting"],
    "role": words.WORDS["role"],
    "household_moves.kind": {"founded": "建立", "joined": "加入", "left": "退出", "merged": "并户", "split": "分户"},
    "deeds.status": words.WORDS["deed"],
    "orders.status": words.WORDS["order"],
    "feed.kind": words.WORDS["feed"],
    "wallet.kind": {"wallet": "可用积分", "held": "订单占用的积分"},
    "transfers.kind": {
        "checkin": "签到",
        "deed": "善行",
        "donation": "捐赠",
        "hold": "下单占用",
        "release": "退回",
        "spend": "兑换",
        "reversal": "冲正",
        "expiry": "作废",
        "household": "家庭变动",
        "refund": "退分",
    },
    "source_type": {
        "checkin": "签到",
        "deed": "善行",
        "donation": "捐赠",
        "order": "订单",
        "household": "家庭",
        "transfer": "积分",
        "resident": "本人",
    },
}


@dataclass(frozen=True)
class Section:
    """A part of what is stored: its records, the newest first, as pairs of word and value; how many more the file has."""

    name: str
    title: str
    records: list[list[tuple[str, str]]]
    more: int


def readable(found: dict[str, Any]) -> list[Section]:
    """What `personal_data.of` found, without sections in which nothing is."""
    return [_section(name, rows) for name, rows in found.items() if name in SECTIONS and rows]


def _section(name: str, rows: list[dict[str, Any]]) -> Section:
    title, fields = SECTIONS[name]
    newest = rows[::-1][:SHOWN]
    records = [
        [(word, _said(name, field, row[field])) for field, word in fields.items() if row.get(field) not in (None, "", {})]
        for row in newest
    ]
    return Section(name, title, records, len(rows) - len(newest))


def _said(section: str, field: str, value: Any) -> str:
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, dict):
        return "；".join(f"{name}：{inner}" for name, inner in value.items())
    known = VALUES.get(f"{section}.{field}") or VALUES.get(field, {})
    return known.get(str(value)) or (_moment(value) if field.endswith(("_at", "at", "_on", "day")) else str(value))


def _moment(value: str) -> str:
    return words.moment(datetime.fromisoformat(value)) if "T" in value else words.day(date.fromisoformat(value))
