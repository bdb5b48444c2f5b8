"""融城社区 in the demo: points count by person, four shops, the town's list of rules, a grid with two buildings."""

from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from app.demo import basics
from app.demo.basics import Day, Offer
from kernel import clock
from people import actors, cards, places, units
from people import entries as people_entries
from points import checkins, deeds, entries, feed, ledger, reasons, registrations, resubmissions, reviews, rules
from redeem import donation_tariffs, donations, orders

COMMUNITY, NEXT_COMMUNITY, DISTRICT = "500104101009", "500104101010", "500104"
TITLE = "融城社区（八桥镇，大渡口区）：按人计分"
GRID, BUILDINGS = "第一网格", ("1 号楼", "2 号楼")

# username: role, where (the community, the district, or a place in the community), how residents know him
STAFF = {
    "admin": ("admin", COMMUNITY, "周书记"),
    "reviewer": ("reviewer", COMMUNITY, "小林"),
    "grid_worker": ("grid_worker", GRID, "网格员老何"),
    "building_head": ("building_head", "1 号楼", "1 号楼楼栋长"),
    "auditor": ("auditor", COMMUNITY, "审计员"),
    "official": ("auditor", DISTRICT, "区文明办"),
}
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
# code to sign in with: name, phone, where he lives, does something on every n-th day
RESIDENTS = {
    "grandmother": ("李秀英", "13800000001", "1 号楼", 1),
    "volunteer": ("陈晨", "13800000002", "2 号楼", 2),
    "resident3": ("刘建国", "13800000003", "1 号楼", 2),
    "resident4": ("赵玉梅", "13800000004", "2 号楼", 3),
    "resident5": ("孙志强", "13800000005", "1 号楼", 3),
    "resident6": ("何小燕", "13800000006", "", 4),
    "resident7": ("邓明", "13800000007", "", 5),
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
ASK_FOR_MORE = "请补充说明和谁一起做的"
# days ago: what the one without WeChat told the grid worker, and how
ON_BEHALF = {
    18: ("A-04", "visit", "帮同楼的老人修好了门锁"),
    11: ("C-01", "phone", "清早打扫了单元门口的落叶"),
    5: ("A-01", "visit", "陪楼上的独居老人去医院"),
    0: ("C-01", "phone", "把楼道里的旧纸箱清理干净"),
}
# name: kind, whom to call, phone, what was agreed; then what it offered or did, and how much of it
UNITS = {
    "融城物业公司": ("enterprise", "郑经理", "13800000031", "为积分户提供家政和小修", "did", "免费检修楼道灯", 46),
    "区图书馆": ("institution", "文老师", "023-68000000", "图书角每季度换一次书", "offered", "为图书角送来新书", 120),
}


STAFF_LOGINS = {name: (role, title) for name, (role, _, title) in STAFF.items()} | {"neighbour": ("admin", "隔壁社区")}
SHOP_LOGINS = {name: title for name, (title, _, _) in MERCHANTS.items()}
RESIDENT_CODES = [*RESIDENTS, "neighbour"]


def found() -> "Town":
    """The community with its places, people, rules and shops, at the present moment."""
    role, scope, title = STAFF["admin"]
    admin = basics.member_of_staff("admin", role, scope, title)
    grid = places.create(admin, parent_code=COMMUNITY, name=GRID, level="grid")
    where = {GRID: grid.code}
    where |= {name: places.create(admin, parent_code=grid.code, name=name, level="building").code for name in BUILDINGS}
    office = {"admin": admin}
    for username, (role, scope, title) in STAFF.items():
        if username != "admin":
            office[username] = basics.member_of_staff(username, role, where.get(scope, scope), title)
    next_door = basics.resident("neighbour", "吴邻居", "13800000020", NEXT_COMMUNITY)
    basics.member_of_staff("neighbour", "admin", NEXT_COMMUNITY, "吴邻居", resident_id=next_door.id)
    town = Town(office, _without_wechat(office["grid_worker"], where["2 号楼"]))
    for code, (name, phone, home, every) in RESIDENTS.items():
        town.residents.append((basics.resident(code, name, phone, COMMUNITY), every))
        if home:
            people_entries.change(admin, town.residents[-1][0].id, place_code=where[home])
    for code, title, category, points, limits, evidence in RULES:
        rule = rules.create(
            admin, code=code, title=title, category=category, points=points, limits=limits, evidence_required=evidence
        )
        town.rules[code] = rule.id
    for username, (name, address, offers) in MERCHANTS.items():
        till, offered = basics.merchant(admin, username, name, address, offers)
        town.tills[till.merchant_id] = till
        town.items |= offered
    reasons.create(admin, action="return", text=ASK_FOR_MORE)
    return town


@dataclass
class Town:
    """融城社区: its staff by username, who lives there, and what there is to do and to get."""

    office: dict[str, actors.Staff]
    villager_id: UUID
    residents: list[tuple[actors.Resident, int]] = field(default_factory=list)
    rules: dict[str, UUID] = field(default_factory=dict)
    items: dict[str, UUID] = field(default_factory=dict)
    tills: dict[UUID, actors.Merchant] = field(default_factory=dict)
    returned: list[tuple[actors.Resident, deeds.Deed]] = field(default_factory=list)

    def live(self, day: Day) -> None:
        """Check-ins at seven; deeds and their review in the evening, now and then something from the shop."""
        out = [(n, who) for n, (who, every) in enumerate(self.residents) if n == 0 or (day.ago + n) % every == 0]
        with clock.stopped_at(day.morning):
            for _, resident in out:
                checkins.check_in(resident)
        with clock.stopped_at(day.evening):
            if day.ago % 2 and self.returned:
                self._complete(*self.returned.pop(0))
            for place, resident in out:
                self._do_good(day.ago, place, resident)
                if day.ago % 4 == place % 4:
                    self._redeem(resident, day.ago + place)
            self._work_in_the_office(day.ago)

    def _do_good(self, days_ago: int, place: int, resident: actors.Resident) -> None:
        code, description = DEEDS[(days_ago * 3 + place) % len(DEEDS)]
        said = {"rule_id": self.rules[code], "occurred_on": clock.today(), "description": description}
        deed = deeds.declare(resident, **said, upload_ids=basics.photos(resident, code, description, days_ago))
        if days_ago == 0 and place <= 3:
            return  # it waits for the visitor
        reviewer, luck = self.office["reviewer"], (days_ago + place) % 9
        if luck == 0:
            reviews.reject(reviewer, deed.id, reason="当天没有巡逻安排，请核对日期")
        elif luck == 1:
            reviews.send_back(reviewer, deed.id, reason=ASK_FOR_MORE)
            self.returned.append((resident, deed))
        else:
            reviews.approve(reviewer, deed.id)
            self._like(deed.id, luck)

    def _complete(self, resident: actors.Resident, deed: deeds.Deed) -> None:
        """A deed that was returned is handed in again, and approved."""
        resubmissions.resubmit(resident, deed.id, description=f"{deed.description}，和同楼的邻居一起")
        reviews.approve(self.office["reviewer"], deed.id, note="补充得很清楚")

    def _like(self, deed_id: UUID, many: int) -> None:
        for resident, _ in self.residents[: many % 6]:
            feed.like(resident, deed_id)

    def _redeem(self, resident: actors.Resident, luck: int) -> None:
        name = ("鸡蛋 10 个", "剪发一次", "洗衣液 2 升", "大米 5 公斤", "电影票一张")[luck % 5]
        try:
            order = orders.place(resident, item_id=self.items[name], quantity=1)
        except (ledger.InsufficientPoints, deeds.LimitReached):
            return
        if luck % 7:
            basics.fetch(resident, order.id, self.tills)

    def _work_in_the_office(self, days_ago: int) -> None:
        if days_ago in ON_BEHALF:
            code, channel, description = ON_BEHALF[days_ago]
            said = {"rule_id": self.rules[code], "occurred_on": clock.today(), "description": description}
            clerk = self.office["grid_worker"]
            said["upload_ids"] = basics.photos(clerk, code, description, days_ago)
            queued = entries.enter(clerk, resident_id=self.villager_id, channel=channel, **said)
            if days_ago > 0:
                reviews.approve(self.office["reviewer"], queued.deed.id)
                self._like(queued.deed.id, days_ago)
        if days_ago == 14:
            self._take_rice_in()
        if days_ago == 9:
            _call_on_units(self.office["admin"])

    def _take_rice_in(self) -> None:
        """A resident gives rice, which goes into the supermarket's stock."""
        rice, giver = self.items["大米 5 公斤"], self.residents[2][0]
        tariff = donation_tariffs.create(self.office["admin"], name="大米", unit="袋（5 公斤）", points=30, item_id=rice)
        bags = [{"tariff_id": tariff.id, "quantity": 2}]
        donations.record(self.office["admin"], resident_id=giver.id, lines=bags, note="自家种的新米", thanks=True)


def _without_wechat(grid_worker: actors.Staff, place_code: str) -> UUID:
    """The id of the one who comes to the office, or phones, and carries a printed card."""
    villager = registrations.enter(grid_worker, name="王大福", phone="13800000010", place_code=place_code)
    cards.issue(grid_worker, villager.id)
    return villager.id


def _call_on_units(admin: actors.Staff) -> None:
    """Units take part: what was agreed with them, and what they offered or did."""
    for name, (kind, contact, phone, agreed, record, done, quantity) in UNITS.items():
        unit = units.create(admin, name=name, kind=kind, contact_name=contact, contact_phone=phone)
        units.agree(admin, unit.id, title=agreed, from_on=clock.today(), to_on=clock.today() + timedelta(days=365))
        units.put_on_record(admin, unit.id, kind=record, day=clock.today(), description=done, quantity=quantity)
