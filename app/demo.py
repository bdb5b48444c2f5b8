"""The demo: 融城社区 with its people, shops and rules, and three weeks of life, lived through the domain's own functions."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from app.outside.wechat import STAND_IN_APPID
from kernel import clock, ids
from people import actors, divisions, merchants, residents, staff, wechat_accounts
from people.actors import COMMAND_LINE
from people.privacy import VERSION
from points import checkins, deeds, ledger, registrations, reviews, rules
from redeem import items, orders, scans

COMMUNITY, NEXT_COMMUNITY, DISTRICT = "500104101009", "500104101010", "500104"
PASSWORD = "defen-demo-2026"
DAYS = 21

# username: role, scope, how residents know him
STAFF = {
    "admin": ("admin", COMMUNITY, "周书记"),
    "reviewer": ("reviewer", COMMUNITY, "小林"),
    "grid_worker": ("grid_worker", COMMUNITY, "网格员老何"),
    "auditor": ("auditor", COMMUNITY, "审计员"),
    "official": ("auditor", DISTRICT, "区文明办"),
}
# kind, name, price, stock, description, limits
Offer = tuple[str, str, int, int | None, str, dict[str, int]]
# username: name, address, offers
MERCHANTS: dict[str, tuple[str, str, list[Offer]]] = {
    "barber": (
        "老周理发店",
        "融城路 12 号",
        [
            ("service", "剪发一次", 30, None, "洗剪吹，请先到店或电话预约", {"per_person": 2, "per_days": 30}),
            ("service", "上门理发（七十岁以上）", 40, None, "为行动不便的老人上门", {"per_person": 1, "per_days": 30}),
        ],
    ),
    "till": (
        "融城超市",
        "融城路 3 号",
        [
            ("goods", "大米 5 公斤", 60, 40, "本地新米", {}),
            ("goods", "菜籽油 1.8 升", 75, 24, "", {"per_person": 2, "per_days": 30}),
            ("goods", "洗衣液 2 升", 35, 30, "", {}),
            ("goods", "鸡蛋 10 个", 15, 60, "当天新鲜", {}),
            ("goods", "保温杯", 50, 3, "数量有限", {"per_person": 1}),
        ],
    ),
    "property": (
        "融城物业公司",
        "融城路 1 号",
        [
            ("service", "家政保洁两小时", 120, None, "周一至周五", {"per_person": 1, "per_days": 30}),
            ("service", "水电小修一次", 45, None, "材料费另计", {}),
        ],
    ),
    "cinema": (
        "融城影院",
        "融城广场二楼",
        [("goods", "电影票一张", 55, 80, "不限场次，节假日除外", {"per_person": 4, "per_days": 30})],
    ),
}
# The town's list has three groups; the figures of the first four are its own.
RULES = [
    ("B-01", "参加治安巡逻", "社区治理", 50, {"per_day": 1}, False),
    ("B-02", "宣讲政策", "社区治理", 30, {"per_day": 2}, False),
    ("C-01", "参加环境清洁", "社区建设", 25, {"per_day": 2}, False),
    ("C-02", "读一篇好文章", "社区建设", 2, {"per_day": 3}, False),
    ("A-01", "照顾独居老人", "家庭邻里", 20, {"per_day": 2}, False),
    ("A-02", "调解邻里纠纷", "家庭邻里", 30, {}, False),
    ("A-03", "楼道保持整洁", "家庭邻里", 10, {"per_week": 1}, True),
    ("A-04", "好邻居互助", "家庭邻里", 10, {"per_day": 2}, False),
    ("B-03", "劝导不规范停车", "社区治理", 10, {"per_day": 3}, False),
    ("B-04", "劝导不文明养犬", "社区治理", 10, {"per_day": 3}, False),
    ("B-05", "报告高空抛物隐患", "社区治理", 20, {}, True),
    ("B-06", "清理“牛皮癣”小广告", "社区治理", 15, {"per_day": 2}, True),
    ("B-07", "参加居民议事会", "社区治理", 20, {"per_week": 2}, False),
    ("C-03", "垃圾分类督导一小时", "社区建设", 15, {"per_day": 2}, False),
    ("C-04", "图书角值守一小时", "社区建设", 15, {"per_day": 2}, False),
    ("C-05", "为活动出节目", "社区建设", 20, {}, False),
    ("C-06", "爱绿护绿", "社区建设", 10, {"per_week": 2}, False),
    ("C-07", "光盘行动打卡", "社区建设", 2, {"per_day": 1}, True),
]
# code to sign in with: name, phone, does something on every n-th day
RESIDENTS = {
    "grandmother": ("李秀英", "13800000001", 1),
    "volunteer": ("陈晨", "13800000002", 2),
    "resident3": ("刘建国", "13800000003", 2),
    "resident4": ("赵玉梅", "13800000004", 3),
    "resident5": ("孙志强", "13800000005", 3),
    "resident6": ("何小燕", "13800000006", 4),
    "resident7": ("邓明", "13800000007", 5),
}
DEEDS = [
    ("B-01", "晚上七点到九点在小区巡逻"),
    ("A-01", "给三楼独居的张婆婆买菜送药"),
    ("C-01", "周末清扫小区花园"),
    ("B-03", "劝两位司机把车停进车位"),
    ("A-04", "帮邻居照看孩子一下午"),
    ("C-03", "早上在垃圾分类点督导"),
    ("B-02", "给楼里的老人讲医保政策"),
    ("C-02", "读《重庆日报》讲文明的文章"),
]


@dataclass
class Town:
    """The demo's people as actors."""

    residents: list[tuple[actors.Resident, int]]
    reviewer: actors.Staff
    rules: dict[str, UUID]
    items: dict[str, UUID]
    tills: dict[UUID, actors.Merchant]


def load(division_list: Path) -> None:
    """Build the community and live three weeks in it, all in the present transaction."""
    divisions.import_list(divisions.read_list(division_list.read_text(encoding="utf-8-sig").splitlines(keepends=True)))
    now = clock.now()
    with clock.stopped_at(now - timedelta(days=DAYS, hours=1)):
        town = _found()
    for day in range(DAYS, -1, -1):
        morning = clock.start_of(clock.day_of(now - timedelta(days=day))) + timedelta(hours=7)
        _live(town, day, min(morning, now))


def logins_to_print(bind: str) -> str:
    """What a visitor needs to sign in."""
    lines = [f"演示社区：融城社区（八桥镇，大渡口区）  http://{bind}", f"密码都是 {PASSWORD}"]
    lines += [f"  工作人员 {name:<12} {role}（{title}）" for name, (role, _, title) in STAFF.items()]
    lines += ["  工作人员 neighbour    admin（隔壁社区）"]
    lines += [f"  商户     {name:<12} {title}" for name, (title, _, _) in MERCHANTS.items()]
    lines += [f"居民用微信登录，演示时 code 就是：{'、'.join([*RESIDENTS, 'neighbour'])}；其他任意英文单词是新来的人"]
    return "\n".join(lines)


def _found() -> Town:
    admin = _staff("admin", *STAFF["admin"])
    reviewer = _staff("reviewer", *STAFF["reviewer"])
    for username in ("grid_worker", "auditor", "official"):
        _staff(username, *STAFF[username])
    next_door = _resident("neighbour", "吴邻居", "13800000020", NEXT_COMMUNITY)
    _staff("neighbour", "admin", NEXT_COMMUNITY, "吴邻居", resident_id=next_door.id)
    villager = residents.enter(reviewer, name="王大福", community_code=COMMUNITY, phone="13800000010")
    ledger.open_wallet(str(villager.id), COMMUNITY)
    found = Town([], reviewer, {}, {}, {})
    for code, (name, phone, every) in RESIDENTS.items():
        found.residents.append((_resident(code, name, phone, COMMUNITY), every))
    for code, title, category, points, limits, evidence in RULES:
        rule = rules.create(
            admin, code=code, title=title, category=category, points=points, limits=limits, evidence_required=evidence
        )
        found.rules[code] = rule.id
    for username, (name, address, offers) in MERCHANTS.items():
        _merchant(admin, found, username, name, address, offers)
    return found


def _staff(username: str, role: str, scope: str, name: str, resident_id: UUID | None = None) -> actors.Staff:
    member = staff.create(
        COMMAND_LINE,
        username=username,
        password=PASSWORD,
        role=role,
        scope_code=scope,
        name=name,
        resident_id=resident_id,
        demo=True,
    )
    division = divisions.get(scope)
    return actors.Staff(member.id, ids.new(), name, role, division.lineage, scope, division.level, resident_id)


def _resident(code: str, name: str, phone: str, community: str) -> actors.Resident:
    account_id, _ = wechat_accounts.seen(STAND_IN_APPID, code, None)
    newcomer = actors.Newcomer(account_id, ids.new(), code)
    me = registrations.register(
        newcomer, name=name, phone=phone, phone_verified=False, community_code=community, consent_version=VERSION
    )
    return actors.Resident(me.id, newcomer.session_id, code, community, name, str(me.id))


def _merchant(admin: actors.Staff, town: Town, username: str, name: str, address: str, offers: list[Offer]) -> None:
    merchant = merchants.create(admin, name=name, address=address, username=username, password=PASSWORD, demo=True)
    town.tills[merchant.id] = actors.Merchant(merchants.login_of(merchant.id), ids.new(), merchant.id)
    for kind, title, price, stock, description, limits in offers:
        item = items.create(
            admin,
            kind=kind,
            name=title,
            price=price,
            merchant_id=merchant.id,
            stock=stock,
            description=description,
            limits=limits,
        )
        town.items[title] = item.id


def _live(town: Town, days_ago: int, morning: datetime) -> None:
    """One day: check-ins at seven, deeds during the day, their review in the evening, now and then something from the shop."""
    evening = min(morning + timedelta(hours=12), clock.now())
    for place, (resident, every) in enumerate(town.residents):
        if (days_ago + place) % every and place:
            continue
        with clock.stopped_at(morning):
            checkins.check_in(resident)
        with clock.stopped_at(evening):
            code, description = DEEDS[(days_ago * 3 + place) % len(DEEDS)]
            deed = deeds.declare(resident, rule_id=town.rules[code], occurred_on=clock.today(), description=description)
            if days_ago > 0 or place > 3:
                _review(town, deed.id, (days_ago + place) % 9)
            if days_ago % 4 == place % 4:
                _redeem(town, resident, days_ago + place)


def _review(town: Town, deed_id: UUID, luck: int) -> None:
    if luck == 0:
        reviews.reject(town.reviewer, deed_id, reason="当天没有巡逻安排，请核对日期")
    elif luck == 1:
        reviews.send_back(town.reviewer, deed_id, reason="请补充说明和谁一起做的")
    else:
        reviews.approve(town.reviewer, deed_id)


def _redeem(town: Town, resident: actors.Resident, luck: int) -> None:
    name = ("鸡蛋 10 个", "剪发一次", "洗衣液 2 升", "大米 5 公斤", "电影票一张")[luck % 5]
    try:
        order = orders.place(resident, item_id=town.items[name], quantity=1)
    except (ledger.InsufficientPoints, deeds.LimitReached):
        return
    if luck % 7:
        token = orders.code(resident, order.id)[0].token
        till = town.tills[orders.get(resident, order.id).merchant_id]
        scans.redeem(till, token=token)
