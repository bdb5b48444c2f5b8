"""The cast of the tests: the people of 融城社区, each signed in, and what they need to earn and spend points."""

from __future__ import annotations

import io
import random
from collections.abc import Callable
from functools import cached_property, partial
from typing import Any, TypeVar
from uuid import UUID, uuid4

from flask import Flask
from flask.testing import FlaskClient
from PIL import Image, ImageDraw
from sqlalchemy import text
from werkzeug.test import TestResponse

from kernel import clock, ids
from kernel.database import add, execute, transaction
from people import households, merchants, passwords, sessions, staff, wechat_accounts
from people.actors import COMMAND_LINE
from people.logins import Login
from people.privacy import VERSION
from points import deeds, ledger, registrations, reviews, rules
from points import households as shared
from redeem import donations, items, orders

COMMUNITY, NEXT_COMMUNITY, TOWN, DISTRICT = "500104101009", "500104101010", "500104101", "500104"
VILLAGE = "500112140206"  # 放牛坪村, 茨竹镇: the household is the unit
PASSWORD = "a password for tests"
API = "/api/v1"
T = TypeVar("T")
_JOIN_HOUSEHOLD = text(
    """
    WITH joined AS (UPDATE residents SET household_id = :home WHERE id = :resident RETURNING id)
    INSERT INTO household_moves (id, kind, resident_id, to_id, by_kind, at)
    SELECT :move, 'joined', id, :home, 'worker', :at FROM joined
    """
)


class Caller:
    """Somebody who calls the API with his token: `post("/checkins")`. A call is a client of its own: threads may share him."""

    def __init__(self, app: Flask, access_token: str | None = None, **facts: Any) -> None:
        self.app, self.access_token = app, access_token
        self.__dict__.update(facts)

    def call(self, method: str, path: str, *, key: str | None = None, **request: Any) -> TestResponse:
        headers = dict(request.pop("headers", {}))
        if self.access_token:
            headers.setdefault("Authorization", f"Bearer {self.access_token}")
        if key:
            headers["Idempotency-Key"] = key
        client: FlaskClient = self.app.test_client()
        return client.open(
            path if path.startswith(("/api", "/photos")) else API + path, method=method, headers=headers, **request
        )

    def get(self, path: str, **request: Any) -> TestResponse:
        return self.call("GET", path, **request)

    def post(self, path: str, json: Any = None, **request: Any) -> TestResponse:
        return self.call("POST", path, json=json, **request) if json is not None else self.call("POST", path, **request)

    def patch(self, path: str, json: Any, **request: Any) -> TestResponse:
        return self.call("PATCH", path, json=json, **request)

    def delete(self, path: str, **request: Any) -> TestResponse:
        return self.call("DELETE", path, **request)

    def upload(self, data: io.BytesIO | None = None) -> str:
        """Send a picture; its id."""
        return str(self.post("/uploads", data={"file": (data or photo(), "photo.jpg")}).json["id"])


class Cast:
    """The people, each created when first named, and what puts them into a situation through the domain's own functions."""

    def __init__(self, app: Flask) -> None:
        self.app = app

    # --- who ---------------------------------------------------------------------------------------------------------------

    @cached_property
    def nobody(self) -> Caller:
        return Caller(self.app)

    @cached_property
    def grandmother(self) -> Caller:
        return self.resident("李秀英")

    @cached_property
    def volunteer(self) -> Caller:
        return self.resident("陈晨")

    @cached_property
    def villager(self) -> Caller:
        """A resident of a village that counts by household; alone in his."""
        self.settings(VILLAGE, counts_by="household")
        return self.resident("王大福", VILLAGE)

    @cached_property
    def neighbour(self) -> Caller:
        """A resident of the next community."""
        return self.resident("吴邻居", NEXT_COMMUNITY)

    @cached_property
    def neighbour_staff(self) -> Caller:
        """Staff of the next community: admin there, nobody here."""
        return self.staff("admin", NEXT_COMMUNITY)

    @cached_property
    def newcomer(self) -> Caller:
        """Signed in through WeChat, in no community yet."""
        return self.in_app(lambda: self._newcomer("newcomer"))

    @cached_property
    def reviewer(self) -> Caller:
        return self.staff("reviewer", COMMUNITY)

    @cached_property
    def admin(self) -> Caller:
        return self.staff("admin", COMMUNITY)

    @cached_property
    def auditor(self) -> Caller:
        return self.staff("auditor", COMMUNITY)

    @cached_property
    def official(self) -> Caller:
        """At the district: sees all of it."""
        return self.staff("auditor", DISTRICT)

    @cached_property
    def barber(self) -> Caller:
        return self.merchant("老周理发店")

    @cached_property
    def till(self) -> Caller:
        return self.merchant("融城超市")

    # --- making people -----------------------------------------------------------------------------------------------------

    def in_app(self, work: Callable[[], T]) -> T:
        """Do some work of the domain in a transaction of its own."""
        with self.app.app_context(), transaction():
            return work()

    def resident(self, name: str = "居民", community_code: str = COMMUNITY) -> Caller:
        """A resident of a community, signed in; `.id` and `.actor` are his."""

        def work() -> Caller:
            newcomer = self._newcomer(uuid4().hex)
            actor = sessions.actor_of(newcomer.access_token)
            me = registrations.register(
                actor,
                name=name,
                phone="13800000001",
                phone_verified=False,
                community_code=community_code,
                consent_version=VERSION,
            )
            return Caller(self.app, newcomer.access_token, id=str(me.id), actor=sessions.actor_of(newcomer.access_token))

        return self.in_app(work)

    def staff(self, role: str, scope_code: str, resident: Caller | None = None, name: str = "小林") -> Caller:
        """A member of staff, signed in; he may be a resident himself."""

        def work() -> Caller:
            resident_id = UUID(resident.id) if resident else None
            member = staff.StaffMember(
                id=ids.new(), name=name, role=role, scope_code=scope_code, resident_id=resident_id, created_at=clock.now()
            )
            add(member)
            return self._signed_in("staff", staff_id=member.id, id=str(member.id))

        return self.in_app(work)

    def merchant(self, name: str, community_code: str = COMMUNITY) -> Caller:
        """A merchant, signed in at a till; `.merchant_id` is the merchant's."""

        def work() -> Caller:
            merchant = merchants.create(COMMAND_LINE, name=name, community_code=community_code, address="融城路 12 号")
            return self._signed_in("merchant", merchant_id=merchant.id)

        return self.in_app(work)

    def second_till(self, merchant: Caller) -> Caller:
        """Another login of the same merchant."""
        return self.in_app(lambda: self._signed_in("merchant", merchant_id=merchant.merchant_id))

    def _newcomer(self, openid: str) -> Caller:
        account_id, _ = wechat_accounts.seen("stand-in", openid, None)
        tokens = sessions.open_for("resident", wechat_account_id=account_id, registered=False)
        return Caller(self.app, tokens.access_token, refresh_token=tokens.refresh_token)

    def _signed_in(self, role: str, **owner: Any) -> Caller:
        columns = {name: value for name, value in owner.items() if name != "id"}
        login = Login(
            id=ids.new(), username=uuid4().hex, password_hash=_password_hash(), demo=False, created_at=clock.now(), **columns
        )
        add(login)
        tokens = sessions.open_for(role, login_id=login.id)
        facts = {**owner, "username": login.username, "login_id": login.id, "refresh_token": tokens.refresh_token}
        return Caller(self.app, tokens.access_token, actor=sessions.actor_of(tokens.access_token), **facts)

    # --- situations --------------------------------------------------------------------------------------------------------

    def settings(self, community_code: str = COMMUNITY, **changes: Any) -> None:
        """Change settings of a community."""
        admin = self.admin if community_code == COMMUNITY else self.staff("admin", community_code)
        self.in_app(lambda: shared.change_settings(admin.actor, community_code, changes))

    def family(self, *names: str) -> list[Caller]:
        """Residents who share a household, the first of them its head; the community counts by household from then on."""
        self.settings(counts_by="household")
        head, *others = (self.resident(name) for name in names)
        for other in others:
            assert head.post("/households/mine/members", {"resident_id": other.id}).status_code == 201
        return [head, *others]

    def give(self, resident: Caller, points: int) -> str:
        """Let a resident earn points by an approved deed; the deed's id."""
        deed = self.deed(resident)
        self.in_app(lambda: reviews.approve(self.reviewer.actor, UUID(deed), points=points))
        return deed

    def rule(self, community_code: str = COMMUNITY, **terms: Any) -> str:
        """A rule of a community; its id."""
        admin = self.admin if community_code == COMMUNITY else self.neighbour_staff
        given = {"code": uuid4().hex[:8], "title": "参加治安巡逻", "category": "社区治理", "points": 50, **terms}
        return str(self.in_app(lambda: rules.create(admin.actor, **given)).id)

    @cached_property
    def patrol(self) -> str:
        """The rule of the patrol: 50 points, no limits; its id."""
        return self.rule(code="B-01")

    def household(self, *members: Caller, community_code: str = COMMUNITY) -> str:
        """A household of these residents, with a wallet; its id."""

        def work() -> str:
            home = households.Household(id=ids.new(), community_code=community_code, name="李家", created_at=clock.now())
            add(home)
            for member in members:
                execute(_JOIN_HOUSEHOLD, move=ids.new(), home=home.id, resident=UUID(member.id), at=clock.now())
            ledger.open_wallet(str(home.id), community_code)
            return str(home.id)

        return self.in_app(work)

    def deed(self, resident: Caller, **given: Any) -> str:
        """A deed that waits for review; its id."""
        rule_id = UUID(
            given.pop("rule_id", None) or (self.patrol if resident is not self.neighbour else self.rule(NEXT_COMMUNITY))
        )
        given = {"occurred_on": clock.today(), "description": "晚上巡逻", **given}
        return str(self.in_app(lambda: deeds.declare(resident.actor, rule_id=rule_id, **given)).id)

    def returned(self, resident: Caller, **given: Any) -> str:
        """A deed that was returned to its resident; its id."""
        deed = self.deed(resident, **given)
        self.in_app(lambda: reviews.send_back(self.reviewer.actor, UUID(deed), reason="请补照片"))
        return deed

    def entered(self, resident: Caller, staff: Caller | None = None, **given: Any) -> str:
        """A deed that staff entered on behalf, waiting for review; its id."""
        body = {"rule_id": self.patrol, "occurred_on": str(clock.today()), "description": "晚上巡逻", "channel": "phone"}
        answer = (staff or self.reviewer).post("/staff/deeds", {**body, "resident_id": resident.id, **given})
        return str(answer.json["id"])

    def item(self, merchant: Caller | None = None, **given: Any) -> str:
        """An item of the shop, the barber's haircut for 30 points unless said; its id."""
        merchant = merchant or self.barber
        given = {"kind": "service", "name": "剪发一次", "price": 30, "merchant_id": merchant.merchant_id, **given}
        return str(self.in_app(lambda: items.create(self.admin.actor, **given)).id)

    def order(self, resident: Caller, item_id: str | None = None, quantity: int = 1) -> str:
        """An order that waits to be scanned; its id."""
        item_id = item_id or self.item()
        return str(self.in_app(lambda: orders.place(resident.actor, item_id=UUID(item_id), quantity=quantity)).id)

    def donate(self, donor: Caller, *lines: dict[str, Any], **more: Any) -> str:
        """Goods that somebody gave, twelve old books for 6 points unless said; the donation's id."""
        given = lines or ({"name": "旧书", "quantity": 12, "points": 6},)
        work = partial(donations.record, self.admin.actor, resident_id=UUID(donor.id), lines=given, **more)
        return str(self.in_app(work).donation.id)

    def token(self, resident: Caller, order_id: str) -> str:
        """The present code of an order."""
        return self.in_app(lambda: orders.code(resident.actor, UUID(order_id)))[0].token

    def balance(self, resident: Caller) -> int:
        return int(resident.get("/me/wallet").json["balance"])


def photo(color: str = "green", size: tuple[int, int] = (320, 240), kind: str = "JPEG", **save: Any) -> io.BytesIO:
    """A picture as a camera would send it."""
    out = io.BytesIO()
    Image.new("RGB", size, color).save(out, kind, **save)
    out.seek(0)
    return out


def _password_hash(found: list[str] = []) -> str:  # noqa: B006
    """The hash of PASSWORD, made once for all tests."""
    if not found:
        found.append(passwords._hasher.hash(PASSWORD))
    return found[0]


def scene(seed: int, size: tuple[int, int] = (640, 480)) -> Image.Image:
    """A picture with something to be seen in it, another one for each seed."""
    chance = random.Random(seed)
    ground = Image.new("RGB", (5, 4))
    ground.putdata([tuple(chance.randint(20, 230) for _ in range(3)) for _ in range(20)])
    picture = ground.resize(size, Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(picture)
    for _ in range(8):
        left, top = chance.randint(0, size[0] - 80), chance.randint(0, size[1] - 80)
        box = (left, top, left + chance.randint(30, 200), top + chance.randint(30, 200))
        draw.rectangle(box, fill=tuple(chance.randint(0, 255) for _ in range(3)))
    return picture


def as_file(picture: Image.Image, kind: str = "JPEG", **save: Any) -> io.BytesIO:
    """A picture as it is sent."""
    out = io.BytesIO()
    picture.save(out, kind, **save)
    out.seek(0)
    return out
