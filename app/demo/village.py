"""放牛坪村 in the demo: households share a wallet, many people have no WeChat, and credits wait for the public notice."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from uuid import UUID

from app import ready_lists
from app.demo import basics, village_days
from app.demo.basics import Day, Offer
from app.demo.village_days import Deed, Order
from kernel import clock
from people import actors, cards, places, residents
from people import entries as people_entries
from points import checkins, deeds, entries, feed, households, registrations, reviews, rule_lists
from redeem import donation_tariffs, donations, orders

COMMUNITY = "500112140206"
TITLE = "放牛坪村（茨竹镇，渝北区）：按户计分"
GRID, YARDS = "一组", ("王家院子", "田家院子")
SECOND_GRID, SECOND_YARDS = "二组", ("陈家院子", "新村居民点")
SETTINGS = {
    "counts_by": "household",
    "streak_bonuses": [{"streak": 7, "points": 3}, {"streak": 14, "points": 5}],
    "make_up_cards": 1,
    "notice_days": 3,
}
# username: role, where (the village, or a grid in it), how villagers know him
STAFF = {
    "village_admin": ("admin", COMMUNITY, "村支书"),
    "village_reviewer": ("reviewer", COMMUNITY, "综合专干小唐"),
    "village_grid": ("grid_worker", GRID, "一组网格员"),
    "village_grid2": ("grid_worker", SECOND_GRID, "二组网格员"),
}
SHOP, SHOP_NAME = "village_shop", "放牛坪积分超市"
OFFERS: list[Offer] = [
    ("goods", "大米 5 公斤", 60, 20, "本村新米", {}),
    ("goods", "食用盐 2 包", 8, 50, "", {}),
    ("goods", "复合肥 10 公斤", 80, 15, "春耕秋种都用得上", {}),
    ("goods", "洗衣粉 1 袋", 20, 30, "", {}),
    ("goods", "毛巾 1 条", 10, 40, "", {}),
    ("service", "理发一次", 20, None, "逢场天在村委会门口", {"per_person": 1, "per_days": 30}),
]
# name: code to sign in with ("" where he has no WeChat), phone, born, checks in on every n-th day (0: never)
Person = tuple[str, str, str, date, int]
# where each household lives, and its members, the head first
HOUSEHOLDS: list[tuple[str, list[Person]]] = [
    (
        "王家院子",
        [
            ("王德明", "village1", "13800000101", date(1968, 3, 12), 1),
            ("王小军", "village2", "13800000102", date(1994, 8, 2), 1),
            ("刘兰英", "", "13800000103", date(1951, 11, 20), 0),
        ],
    ),
    (
        "新村居民点",
        [
            ("周桂芳", "village3", "13800000104", date(1972, 5, 9), 1),
            ("周大勇", "village4", "13800000105", date(1970, 1, 30), 3),
        ],
    ),
    (
        "田家院子",
        [
            ("田万福", "", "13800000106", date(1947, 6, 6), 0),
            ("杨素珍", "", "", date(1950, 2, 14), 0),
        ],
    ),
    (
        "新村居民点",
        [
            ("罗长贵", "village5", "13800000107", date(1975, 9, 1), 2),
            ("罗敏", "village6", "13800000108", date(1999, 4, 18), 2),
            ("罗小宝", "", "", date(2014, 10, 5), 0),
        ],
    ),
    (
        "陈家院子",
        [
            ("陈永红", "village7", "13800000109", date(1964, 12, 1), 2),
            ("陈佳", "village8", "13800000110", date(1990, 7, 7), 1),
        ],
    ),
    (
        "陈家院子",
        [
            ("陈永平", "", "13800000111", date(1961, 2, 3), 0),
            ("张碧琼", "", "", date(1963, 8, 25), 0),
        ],
    ),
]
STAFF_LOGINS = {name: (role, title) for name, (role, _, title) in STAFF.items()}
SHOP_LOGINS = {SHOP: SHOP_NAME}
RESIDENT_CODES = [code for _, members in HOUSEHOLDS for _, code, *_ in members if code]
GRID_WORKERS = {**dict.fromkeys(YARDS, "village_grid"), **dict.fromkeys(SECOND_YARDS, "village_grid2")}


def found() -> "Village":
    """The village with its settings, list of rules, places, households and shop, at the present moment."""
    role, scope, title = STAFF["village_admin"]
    admin = basics.member_of_staff("village_admin", role, scope, title)
    households.change_settings(admin, COMMUNITY, SETTINGS)
    rule_lists.import_lines(admin, ready_lists.lines_of("fangniuping"))
    where = {}
    for grid, yards in ((GRID, YARDS), (SECOND_GRID, SECOND_YARDS)):
        where[grid] = places.create(admin, parent_code=COMMUNITY, name=grid, level="grid").code
        for yard in yards:
            where[yard] = places.create(admin, parent_code=where[grid], name=yard, level="building").code
    office = {"village_admin": admin}
    for username, (role, scope, title) in STAFF.items():
        if username != "village_admin":
            office[username] = basics.member_of_staff(username, role, where.get(scope, scope), title)
    till, items = basics.merchant(admin, SHOP, SHOP_NAME, "放牛坪村便民服务中心", OFFERS)
    rules = {rule.code: rule.id for rule in rule_lists.export(admin)}
    village = Village(office, where, rules, items, till)
    for yard, members in HOUSEHOLDS:
        village.move_in(yard, members)
    return village


@dataclass
class Village:
    """放牛坪村: its staff by username, its places, rules and items by name, and its people by name."""

    office: dict[str, actors.Staff]
    where: dict[str, str]
    rules: dict[str, UUID]
    items: dict[str, UUID]
    till: actors.Merchant
    people: dict[str, UUID] = field(default_factory=dict)
    on_wechat: dict[str, tuple[actors.Resident, int]] = field(default_factory=dict)
    grid_workers: dict[str, actors.Staff] = field(default_factory=dict)
    deeds: dict[Deed, UUID] = field(default_factory=dict)

    def move_in(self, yard: str, members: list[Person]) -> None:
        """A household: its head joins first, then he or the grid worker takes the others in."""
        head_name = members[0][0]
        for name, code, phone, born_on, every in members:
            clerk = self.grid_workers[name] = self.office[GRID_WORKERS[yard]]
            home = self._home_of(head_name) if name != head_name else None
            if code:
                joined = basics.resident(code, name, phone, COMMUNITY)
                self.on_wechat[name], self.people[name] = (joined, every), joined.id
                people_entries.change(self.office["village_admin"], joined.id, place_code=self.where[yard], born_on=born_on)
                if home:
                    households.invite(self.on_wechat[head_name][0], code=residents.code(joined)[0].token)
            else:
                person = {"name": name, "phone": phone or None, "place_code": self.where[yard], "born_on": born_on}
                self.people[name] = registrations.enter(clerk, household_id=home, **person).id
                cards.issue(clerk, self.people[name])
        self._meet_again()

    def _home_of(self, name: str) -> UUID | None:
        return residents.get(self.people[name]).household_id

    def _meet_again(self) -> None:
        """People have moved: those who act know their wallets anew."""
        self.on_wechat = {name: (basics.again(actor), every) for name, (actor, every) in self.on_wechat.items()}

    def live(self, day: Day) -> None:
        """Check-ins at seven; deeds, their review, the shop and what else happens in the evening."""
        with clock.stopped_at(day.morning):
            for number, (name, (actor, every)) in enumerate(self.on_wechat.items()):
                if (day.ago + number) % every == 0 and day.ago not in village_days.FORGOTTEN.get(name, ()):
                    checkins.check_in(actor)
        with clock.stopped_at(day.evening):
            for deed in village_days.DEEDS:
                if deed.ago == day.ago:
                    self._do_good(deed)
            for order in village_days.ORDERS:
                if order.ago == day.ago:
                    self._redeem(order)
            self._what_else(day.ago)

    def _do_good(self, deed: Deed) -> None:
        said = {"rule_id": self.rules[deed.rule], "occurred_on": clock.today(), "quantity": deed.quantity}
        if deed.how == "self":
            actor, _ = self.on_wechat[deed.who]
            said["upload_ids"] = basics.photos(actor, deed.rule, deed.said, deed.ago)
            deed_id = deeds.declare(actor, description=deed.said, **said).id
        else:
            clerk, resident_id = self.grid_workers[deed.who], self.people[deed.who]
            deed_id = entries.enter(clerk, resident_id=resident_id, channel=deed.how, description=deed.said, **said).deed.id
        self.deeds[deed] = deed_id
        reviewer = self.office["village_reviewer"]
        if deed.outcome == "rejected":
            reviews.reject(reviewer, deed_id, reason=deed.why)
        elif deed.outcome == "approved":
            reviews.approve(reviewer, deed_id)
            for actor, _ in list(self.on_wechat.values())[: len(deed.said) % 6]:
                feed.like(actor, deed_id)

    def _redeem(self, order: Order) -> None:
        actor, _ = self.on_wechat[order.who]
        placed = orders.place(actor, item_id=self.items[order.what], quantity=1)
        if order.fetched:
            basics.fetch(actor, placed.id, {self.till.merchant_id: self.till})

    def _what_else(self, days_ago: int) -> None:
        admin = self.office["village_admin"]
        match days_ago:
            case 15:
                self._take_goods_in()
            case 12:
                home, into = self._home_of("陈永平"), self._home_of("陈永红")
                assert home
                assert into
                households.merge(admin, home, into_id=into, reason="两兄弟同住一个院子，申请合为一户")
            case 10:
                households.leave(self.on_wechat["罗敏"][0])
            case 1:
                reviews.revoke(admin, self.deeds[village_days.REVOKED], reason="有村民提出异议，经核实当天办了三十多桌")
        self._make_up(days_ago)
        self._meet_again()

    def _take_goods_in(self) -> None:
        """Villagers bring what they have: rice goes into the shop's stock, honey straight to those who need it."""
        admin, rice = self.office["village_admin"], self.items["大米 5 公斤"]
        tariff = donation_tariffs.create(admin, name="新米", unit="袋（5 公斤）", points=30, item_id=rice)
        bags = [{"tariff_id": tariff.id, "quantity": 1}]
        donations.record(admin, resident_id=self.people["王德明"], lines=bags, note="今年的新米", thanks=True)
        honey = [{"name": "土蜂蜜", "unit": "瓶", "quantity": 2, "points": 24}]
        donations.record(admin, resident_id=self.people["田万福"], lines=honey, note="送给村里的孤寡老人", thanks=True)

    def _make_up(self, days_ago: int) -> None:
        """Who forgot yesterday uses the card of the month, where there is one left and yesterday was still of it."""
        yesterday = clock.today() - timedelta(days=1)
        for name, forgotten in village_days.FORGOTTEN.items():
            actor, _ = self.on_wechat[name]
            same_month = yesterday.month == clock.today().month
            if days_ago + 1 in forgotten and same_month and checkins.cards_left(actor, yesterday):
                checkins.make_up(actor, yesterday)
