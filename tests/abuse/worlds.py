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
PRIVATE = {"deed", "order", "upload", "message"}
# What belongs to a person or lies at his place: to staff of another grid it does not exist.
PERSONAL = {"resident", "household", "other household", "deed", "order", "upload", "message", "transfer", "donation"}


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
            "upload": lambda: self.resident.upload(),
            "entry": partial(self._earn, 10),
            "message": lambda: str(self.resident.get("/me/messages?limit=1").json["items"][0]["id"]),
            "rule": self._rule,
            "reason": partial(self._made, "/staff/reasons", action="return", text=f"{tag}{uuid4().hex}"),
            "item": self._item,
            "order": lambda: self._made("/orders", by=self.resident, item_id=self._item(), quantity=1),
            "merchant": partial(self._made, "/staff/merchants", name=f"{tag}理发店"),
            "transfer": self._transfer,
            "tariff": lambda: self._made("/staff/donation-tariffs", name=f"{tag}{uuid4().hex[:8]}", unit="公斤", points=2),
            "donation": self._donation,
            "unit": lambda: self._made("/staff/units", name=f"{tag}卫生院{uuid4().hex[:8]}", kind="institution"),
            "account": self._account,
            "import": self._import,
            "community": lambda: self.community,
            "place": lambda: self.building,
        }
        self.ids = self.fresh()

    def fresh(self) -> dict[str, str]:
        """One new thing of every kind, by kind; the person is a member of the household."""
        ids = {kind: make() for kind, make in self.makers.items()}
        ids["resident"] = self._person()
        ids["household"] = self._household(ids["resident"], self._person())
        return ids

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

    def _household(self, *people: str) -> str:
        members = [Caller(self.cast.app, id=person) for person in people]
        return self.cast.household(*members, community_code=self.community)

    def _rule(self) -> str:
        title = f"{self.name}的巡逻"
        return self._made("/staff/rules", code=uuid4().hex[:8], title=title, category=f"{self.name}的治理", points=50)

    def _deed(self) -> str:
        given = {"occurred_on": str(clock.today()), "description": f"{self.name}的好事"}
        return self._made("/deeds", by=self.resident, rule_id=self.rule, **given)

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


def nowhere(kinds: set[str]) -> dict[str, str]:
    """An id of each kind that belongs to nothing."""
    return {kind: str(uuid4()) for kind in kinds} | {"community": "500104101999", "place": "50010410199999001"}
