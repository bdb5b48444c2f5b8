"""Things of every kind in several communities, and ids of things that are nowhere."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import uuid4

from kernel import clock, tables
from tests.cast import Caller, Cast

# What belongs to one resident: to all other residents it does not exist.
PRIVATE = {"deed", "returned deed", "entered deed", "order", "upload", "message"}
# What belongs to a person or lies at his place: to staff of another grid it does not exist.
PERSONAL = PRIVATE | {"resident", "resident in use", "card holder", "household", "other household", "transfer", "donation"}


@dataclass
class World:
    """A community, or a part of it, seen from one of its residents: a maker for every kind of thing."""

    name: str
    cast: Cast
    community: str
    resident: Caller
    admin: Caller
    grid: str = ""
    building: str = ""

    def __post_init__(self) -> None:
        self.grid = self._division(self.community, "grid")
        self.building = self._division(self.grid, "building")
        self.move(self.resident.id)
        self.rule = self._rule()
        self._earn(10_000)
        self.merchant = self._made("/staff/merchants", name=f"{self.name}的超市", community_code=self.community)
        tag = f"{self.name}的"
        self.makers: dict[str, Callable[[], str]] = {
            "resident": self._person,
            "household": lambda: self._household(self._person(), self._person()),
            "other household": lambda: self._household(self._person()),
            "deed": self._deed,
            "returned deed": lambda: self._returned(self._deed()),
            "entered deed": lambda: self._returned(self._entered()),
            "upload": lambda: self.resident.upload(),
            "entry": partial(self._earn, 10),
            "message": lambda: str(self.resident.get("/me/messages?limit=1").json["items"][0]["id"]),
            "rule": self._rule,
            "reason": lambda: self._made("/staff/reasons", action="return", text=f"{tag}{uuid4().hex}"),
            "item": self._item,
            "order": lambda: self._made("/orders", by=self.resident, item_id=self._item(), quantity=1),
            "merchant": partial(self._made, "/staff/merchants", name=f"{tag}理发店"),
            "transfer": self._transfer,
            "tariff": lambda: self._made("/staff/donation-tariffs", name=f"{tag}{uuid4().hex[:8]}", unit="公斤", points=2),
            "donation": self._donation,
            "unit": lambda: self._made("/staff/units", name=f"{tag}卫生院{uuid4().hex[:8]}", kind="institution"),
            "account": self._account,
            "import": self._import,
            "card holder": self._with_card,
            "resident in use": lambda: self.resident.id,
            "rule in use": lambda: self.rule,
            "merchant in use": lambda: self.merchant,
            "actor": lambda: str(self.admin.id),
            "community": lambda: self.community,
            "place": lambda: self.building,
        }
        ids = self.fresh()
        self.ids = {kind: ids[kind] for kind in self.makers}

    def fresh(self) -> dict[str, str]:
        """New things, by kind, each made when it is asked for; the person is a member of the household."""
        return Fresh(self)

    def secrets(self, kinds: set[str] | None = None) -> dict[str, str]:
        """What only those may read who see this world, or these kinds of it: ids by kind, and how things are called."""
        public = {"community", "place"}
        ids = {kind: given for kind, given in self.ids.items() if kind not in public and (kinds is None or kind in kinds)}
        if kinds is None:
            return {**ids, "grid": self.grid, "name": f"{self.name}的"}
        return ids | ({"name": f"{self.name}的居民"} if "resident" in kinds else {})

    def move(self, resident_id: str) -> None:
        """Have somebody live in this world's building."""
        answer = self.admin.patch(f"/staff/residents/{resident_id}", {"place_code": self.building})
        assert answer.status_code == 200, answer.text

    def _made(self, path: str, by: Caller | None = None, **body: Any) -> str:
        answer = (by or self.admin).post(path, body)
        assert answer.status_code == 201, (path, answer.text)
        return str(answer.json["id"])

    def _division(self, parent_code: str, level: str) -> str:
        body = {"parent_code": parent_code, "name": f"{self.name}的{level}", "level": level}
        return str(self.admin.post("/staff/divisions", body).json["code"])

    def _person(self) -> str:
        return self._made("/staff/residents", name=f"{self.name}的居民", place_code=self.building)

    def _household(self, head: str, *others: str) -> str:
        home = str(self.admin.get(f"/staff/residents/{head}").json["household"]["id"])
        for other in others:
            answer = self.admin.post(f"/staff/households/{home}/members", {"resident_id": other, "reason": "户口本核对"})
            assert answer.status_code == 201, answer.text
        return home

    def _with_card(self) -> str:
        person = self._person()
        assert self.admin.post(f"/staff/residents/{person}/card").status_code == 201
        return person

    def _returned(self, deed: str) -> str:
        assert self.admin.post(f"/staff/deeds/{deed}/return", {"reason": "请补照片"}).status_code == 200
        return deed

    def _rule(self) -> str:
        title = f"{self.name}的巡逻"
        return self._made("/staff/rules", code=uuid4().hex[:8], title=title, category=f"{self.name}的治理", points=50)

    def _deed(self) -> str:
        given = {"occurred_on": str(clock.today()), "description": f"{self.name}的好事"}
        return self._made("/deeds", by=self.resident, rule_id=self.rule, **given)

    def _entered(self) -> str:
        given = {"occurred_on": str(clock.today()), "description": f"{self.name}的好事", "channel": "phone"}
        return self._made("/staff/deeds", resident_id=self.resident.id, rule_id=self.rule, **given)

    def _earn(self, points: int) -> str:
        deed = self._deed()
        answer = self.admin.post(f"/staff/deeds/{deed}/approve", {"points": points})
        assert answer.status_code == 200, answer.text
        return deed

    def _item(self) -> str:
        return self._made("/staff/items", kind="goods", name=f"{self.name}的鸡蛋", price=5, stock=99, merchant_id=self.merchant)

    def _donation(self) -> str:
        lines = [{"name": f"{self.name}的旧书", "quantity": 1, "points": 1}]
        return self._made("/staff/donations", resident_id=self.resident.id, lines=lines)

    def _transfer(self) -> str:
        self._donation()
        return next(str(t["id"]) for t in self.resident.get("/me/transfers").json["items"] if t["kind"] == "donation")

    def _account(self) -> str:
        login = {"username": uuid4().hex, "password": "a password for tests", "name": f"{self.name}的小王"}
        return self._made("/staff/accounts", role="reviewer", scope_code=self.community, **login)

    def _import(self) -> str:
        data = tables.to_csv(["姓名"], [[f"{self.name}的来人{uuid4().hex[:4]}"]])
        answer = self.admin.call("POST", "/staff/imports", data={"file": (io.BytesIO(data), f"{self.name}.csv")})
        assert answer.status_code == 201, answer.text
        return str(answer.json["id"])


class Fresh(dict[str, str]):
    """Things of a world that are made when they are asked for."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self.world = world

    def __missing__(self, kind: str) -> str:
        world = self.world
        joint = kind == "household"
        self[kind] = world._household(self["resident"], world._person()) if joint else world.makers[kind]()
        return self[kind]


def nowhere(kinds: set[str]) -> dict[str, str]:
    """An id of each kind that belongs to nothing."""
    return {kind: str(uuid4()) for kind in kinds} | {"community": "500104101999", "place": "50010410199999001"}
