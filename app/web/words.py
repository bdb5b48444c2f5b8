"""The words that pages use for what the code calls by a term, and how moments, days and points are written for people."""

from datetime import date, datetime, timedelta

from flask import Flask

from kernel import clock

# The Chinese word for each term, by what it is a term of.
WORDS: dict[str, dict[str, str]] = {
    "deed": {
        "pending": "待审核",
        "returned": "退回补充",
        "approved": "已通过",
        "rejected": "未通过",
        "withdrawn": "已撤回",
        "revoked": "已撤销",
    },
    "step": {
        "declared": "申报",
        "entered": "代为申报",
        "approved": "审核通过",
        "rejected": "审核不通过",
        "returned": "退回补充",
        "resubmitted": "补充后重新提交",
        "withdrawn": "撤回",
        "revoked": "撤销",
    },
    "order": {
        "reserved": "待领取",
        "redeemed": "已领取",
        "cancelled": "已取消",
        "lapsed": "已过期",
        "refunded": "已退分",
    },
    "item": {"goods": "商品", "service": "服务"},
    "channel": {
        "self": "本人申报",
        "visit": "上门或到办公室",
        "phone": "电话",
        "sms": "短信",
        "qq": "QQ",
        "wechat": "微信",
        "inspection": "入户评分",
    },
    "role": {
        "admin": "社区管理员",
        "reviewer": "审核员",
        "grid_worker": "网格员",
        "building_head": "楼栋长",
        "auditor": "审计员",
    },
    "flag": {
        "same_day": "同一天申报过同一项",
        "duplicate_photo": "照片与别的申报相同",
        "similar_photo": "照片与别的申报相似",
        "burst": "当天申报超过五次",
    },
    "waiting": {"notice": "公示中", "budget": "等待本月预算"},
    "level": {"district": "区县", "street": "街道（镇）", "community": "社区（村）", "grid": "网格", "building": "楼栋"},
    "counts_by": {"person": "按个人", "household": "按家庭"},
    "name_shown": {"masked": "显示姓氏，如 李**", "full": "显示全名", "hidden": "不显示姓名"},
    "import": {"checked": "已检查，待导入", "refused": "有错误", "applying": "正在导入", "done": "已导入", "failed": "没有完成"},
    "unit": {"enterprise": "企业", "institution": "机关事业单位", "shop": "商铺", "school": "学校", "other": "其他"},
    "unit_record": {"offered": "提供", "did": "做了"},
    "stock_move": {
        "opening": "期初",
        "received": "进货",
        "donated": "居民捐赠",
        "written_off": "报损",
        "reserved": "被预订",
        "released": "退回货架",
    },
    "transfer": {
        "deed": "好人好事",
        "checkin": "签到",
        "donation": "捐赠",
        "hold": "兑换预留",
        "release": "退回积分",
        "spend": "付给商户",
        "reversal": "冲正",
        "revocation": "收回",
        "repayment": "补扣欠分",
        "move": "家庭变动",
        "expiry": "积分到期",
    },
    "reason": {"approve": "通过", "reject": "不通过", "return": "退回补充", "revoke": "撤销"},
    "age": {
        "under_18": "18 岁以下",
        "18-34": "18–34 岁",
        "35-59": "35–59 岁",
        "60-74": "60–74 岁",
        "75+": "75 岁以上",
        "unknown": "未登记",
    },
    "right": {
        "see": "查看居民、申报、商店和数据",
        "enter_on_behalf": "代为申报，登记居民和家庭",
        "review": "审核、退回、撤销申报",
        "rules_and_shop": "管理积分规则、商店、商户和捐物",
        "reverse_and_settings": "冲正积分，管理账号、社区设置和网格",
        "audit_and_exports": "查看操作日志，导出表格",
    },
    "actor": {
        "staff": "工作人员",
        "resident": "居民",
        "merchant": "商户",
        "newcomer": "新来的人",
        "worker": "系统自动",
        "command": "系统管理员",
        "system": "系统",
    },
    "feed": {"deed": "善行", "donation": "捐赠"},
    "move": {"founded": "立户", "joined": "入户", "left": "退出", "merged": "并户", "split": "分户"},
    "move_in": {"founded": "立户", "joined": "加入", "left": "退出原家庭，单独一户", "merged": "并户来的", "split": "分户来的"},
    "move_out": {"founded": "另立一户", "joined": "去了别家", "left": "退出", "merged": "并到别家", "split": "分户出去"},
    "weekday": dict(zip("0123456", "一二三四五六日", strict=True)),
}
# How a term is coloured, beside its word and never instead of it.
TONES = {
    **dict.fromkeys(("approved", "redeemed", "done"), "good"),
    **dict.fromkeys(("pending", "reserved", "applying", "checked"), "wait"),
    **dict.fromkeys(("returned", "refused"), "warn"),
    **dict.fromkeys(("rejected", "revoked", "failed"), "bad"),
}


def install(app: Flask) -> None:
    """Give templates the words."""
    app.add_template_global(word)
    app.add_template_global(lambda of: list(WORDS[of].items()), "words")
    app.add_template_global(lambda term: TONES.get(term, "plain"), "tone")
    for show in (date_of, last_day_of, moment, day, hour, signed, digits, iso):
        app.add_template_filter(show)
    app.add_template_global(clock.today, "today")
    app.add_template_global(lambda seconds: moment(clock.now() + timedelta(seconds=seconds)), "moment_in")
    app.add_template_filter(duration)


def word(of: str, term: str | None) -> str:
    """The Chinese word for a term; the term itself where there is none."""
    return WORDS[of].get(term or "", term or "")


def moment(at: datetime | None) -> str:
    """A moment as people say it: 今天 08:05, 昨天 19:30, 11月3日 08:05, 2025年11月3日 08:05."""
    if at is None:
        return ""
    here = at.astimezone(clock.zone())
    return f"{day(here.date())} {here:%H:%M}"


def day(on: date | None) -> str:
    """A day, or that of a moment, as people say it."""
    if on is None:
        return ""
    on = clock.day_of(on) if isinstance(on, datetime) else on
    today = clock.today()
    near = {today: "今天", today - timedelta(days=1): "昨天", today + timedelta(days=1): "明天"}
    if on in near:
        return near[on]
    return f"{on.month}月{on.day}日" if on.year == today.year else f"{on.year}年{on.month}月{on.day}日"


def date_of(at: datetime | None) -> str:
    """The day of a moment, as a form's field for dates takes it."""
    return f"{clock.day_of(at)}" if at else ""


def last_day_of(until: datetime | None) -> str:
    """The last day before a moment, as a form's field for dates takes it."""
    return f"{clock.day_of(until - timedelta(microseconds=1))}" if until else ""


def hour(at: datetime) -> str:
    """The time of day, 08:05."""
    return f"{at.astimezone(clock.zone()):%H:%M}"


def iso(at: datetime) -> str:
    """A moment for scripts, with its offset."""
    return at.astimezone(clock.zone()).isoformat()


def signed(points: int) -> str:
    """Points that came or went: +50, −30."""
    return f"+{points}" if points > 0 else f"−{-points}" if points < 0 else "0"


def digits(code: str) -> str:
    """A code in groups, to be read out: 87 0000 0123 4567 8901."""
    return (
        " ".join([code[:2], *(code[at : at + 4] for at in range(2, len(code), 4))])
        if len(code) == 18
        else " ".join(code[at : at + 4] for at in range(0, len(code), 4))
    )


def duration(minutes: int) -> str:
    """How long something took: 45 分钟, 3 小时, 2 天."""
    if minutes < 60:
        return f"{minutes} 分钟"
    return f"{round(minutes / 60)} 小时" if minutes < 2 * 24 * 60 else f"{round(minutes / 24 / 60)} 天"
