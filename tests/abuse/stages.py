"""The cast in and out of the communities, each with what is his and what is outside, and the calls they make."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import psycopg
from flask import Flask
from werkzeug.test import TestResponse

from tests.abuse import routes, worlds
from tests.abuse.routes import Route, Slot
from tests.abuse.worlds import PERSONAL, PRIVATE, World
from tests.cast import COMMUNITY, DISTRICT, NEXT_COMMUNITY, TOWN, VILLAGE, Caller, Cast
from tests.conftest import empty
from tests.web.test_audience import ROUTES, WHO

ALL = {"all kinds"}
# By contract these answer 200 and say of each id whether it was there.
SAYS_WHICH = {"POST /staff/deeds/approve"}
ROLES = ("admin", "reviewer", "grid_worker", "building_head", "auditor")


@dataclass
class Member:
    """One of the cast: how he is called in the table of audiences, what is his, and what is outside (worlds, by kinds)."""

    caller: Caller
    audience: str
    home: World
    outside: dict[str, set[str]] = field(default_factory=dict)

    def may_not_see(self, world: str, kind: str) -> bool:
        kinds = self.outside.get(world, set())
        return kinds is ALL or kind in kinds


@dataclass
class Stage:
    """The route map, the communities with their things, and the cast that was tried on them."""

    routes: list[Route]
    cast: Cast
    worlds: dict[str, World]
    nowhere: dict[str, str]
    members: dict[str, Member]


def build(app: Flask, superuser: psycopg.Connection) -> Stage:
    """The cast among their things, on an empty database."""
    empty(app, superuser)
    cast = Cast(app)
    for community in (COMMUNITY, NEXT_COMMUNITY):
        cast.settings(community, counts_by="household")  # elsewhere there are no households to be seen
    found = {
        "ours": World("融城", cast, COMMUNITY, cast.grandmother, cast.admin),
        "fellow": World("同社区", cast, COMMUNITY, cast.volunteer, cast.admin),
        "next": World("隔壁", cast, NEXT_COMMUNITY, cast.neighbour, cast.neighbour_staff),
        "village": World("放牛坪", cast, VILLAGE, cast.villager, cast.staff("admin", VILLAGE)),
    }
    nowhere = worlds.nowhere(set(found["ours"].makers))
    return Stage(routes.all_of(app), cast, found, nowhere, _members(cast, found))


def _members(cast: Cast, found: dict[str, World]) -> dict[str, Member]:
    ours, fellow, next_door, village = found.values()
    strangers = {"next": ALL, "village": ALL}
    members = {
        "nobody": Member(cast.nobody, "nobody", ours),
        "newcomer": Member(cast.newcomer, "newcomer", ours, {"ours": ALL, **strangers}),
        "grandmother": Member(cast.grandmother, "grandmother", ours, {"fellow": PRIVATE, **strangers}),
        "volunteer": Member(cast.volunteer, "grandmother", fellow, {"ours": PRIVATE, **strangers}),
        "neighbour": Member(cast.neighbour, "grandmother", next_door, {"ours": ALL, "village": ALL}),
        "villager": Member(cast.villager, "grandmother", village, {"ours": ALL, "next": ALL}),
        "barber": Member(cast.barber, "barber", ours, strangers),
        "merchant next door": Member(cast.merchant("隔壁超市", NEXT_COMMUNITY), "barber", next_door, {"ours": ALL}),
        "official of the district": Member(cast.official, "auditor", ours, {"village": ALL}),
        "admin of the town": Member(cast.staff("admin", TOWN), "admin", ours, {"village": ALL}),
        "auditor of another district": Member(cast.staff("auditor", "500101"), "auditor", ours, {"ours": ALL, **strangers}),
        "admin of another district": Member(cast.staff("admin", "500101"), "admin", ours, {"ours": ALL, **strangers}),
    }
    for role in ROLES:
        members[f"{role} here"] = Member(cast.staff(role, COMMUNITY), role, ours, strangers)
        members[f"{role} next door"] = Member(cast.staff(role, NEXT_COMMUNITY), role, next_door, {"ours": ALL, "village": ALL})
        members[f"{role} of a grid"] = Member(cast.staff(role, ours.grid), role, ours, {"fellow": PERSONAL, **strangers})
        members[f"{role} of a building"] = Member(cast.staff(role, ours.building), role, ours, {"fellow": PERSONAL, **strangers})
    assert members["admin of the town"].caller.actor.scope_code == TOWN
    assert DISTRICT in members["official of the district"].caller.actor.scope
    return members


NAMES = (
    *("nobody", "newcomer", "grandmother", "volunteer", "neighbour", "villager", "barber", "merchant next door"),
    *("official of the district", "admin of the town", "auditor of another district", "admin of another district"),
    *(f"{role} {where}" for role in ROLES for where in ("here", "next door", "of a grid", "of a building")),
)


def admitted(member: Member, route: Route) -> bool:
    """Whether a route is for somebody, by the table that was written by hand."""
    assert route.name in ROUTES, f"{route.name}: say who may call it in ROUTES in tests/web/test_audience.py"
    return member.audience in WHO[ROUTES[route.name]]


def ask(
    stage: Stage, member: Member, route: Route, ids: dict[str, str], tried: Slot | None = None, given: str = ""
) -> TestResponse:
    """The answer to a call with these ids by kind, and `given` where an id is tried; nobody asks too often here."""
    stage.cast.app.extensions["defen-limiter"].storage.reset()
    path, rest = route.request(ids, tried, given)
    above = getattr(getattr(member.caller, "actor", None), "scope_level", None) in ("district", "town")
    if above and "community_code" in (route.fields or ()) and "place_code" not in rest["json"]:
        rest["json"].setdefault("community_code", ids["community"])  # staff above a community say which they mean
    return member.caller.call(route.method, path, **rest)


def code_of(answer: TestResponse) -> Any:
    return (answer.get_json(silent=True) or {}).get("code")


def faults_outside(stage: Stage, member: Member) -> list[str]:
    """Where somebody hears of a thing outside what he does not hear of an id that is nowhere; none where all is well."""
    wrong = []
    for route in (route for route in stage.routes if admitted(member, route)):
        for slot in route.slots:
            invented = ask(stage, member, route, member.home.ids, slot, stage.nowhere[slot.kind])
            wrong += _faults_of_invented(route, slot, invented)
            for world in (world for world in stage.worlds if member.may_not_see(world, slot.kind)):
                given = stage.worlds[world].ids[slot.kind]
                foreign = ask(stage, member, route, member.home.ids, slot, given)
                said, expected = foreign.data, invented.data
                if route.name in SAYS_WHICH:
                    said = said.replace(given.encode(), stage.nowhere[slot.kind].encode())
                if (foreign.status_code, said) != (invented.status_code, expected):
                    heard = (foreign.status_code, said[:300], invented.status_code, expected[:300])
                    wrong.append(f"{route.name} with {slot.name} of {world}: {heard}")
    return wrong


def _faults_of_invented(route: Route, slot: Slot, answer: TestResponse) -> list[str]:
    refused = 400 <= answer.status_code < 500
    empty = answer.status_code == 200 and (answer.get_json(silent=True) or {}).get("items") == []
    if slot.where == "path":
        fine = (answer.status_code, code_of(answer)) == (404, "not_found")
    else:
        fine = refused or route.name in SAYS_WHICH or (route.method == "GET" and empty)
    return [] if fine else [f"{route.name} with an invented {slot.name}: {answer.status_code} {answer.data[:300]!r}"]


def lists(stage: Stage, member: Member) -> Iterator[tuple[str, str]]:
    """All that can be read without an id, each as it is asked for and what is shown."""
    for route in stage.routes:
        if route.method != "GET" or not admitted(member, route) or any(slot.required for slot in route.slots):
            continue
        if route.name == "GET /openapi.json":  # its examples are nobody's
            continue
        for way in route.ways():
            query = {**way, "limit": 100} if "limit" in route.query else way
            answer = member.caller.get(route.request(member.home.ids)[0], query_string=query)
            assert answer.status_code in (200, 404, 409, 422), (route.name, answer.text)
            yield f"{route.name} {query}", text_of(answer)


def text_of(answer: TestResponse) -> str:
    """What stands in an answer, a workbook too, but for what was once asked of the audit log, which is on record as asked."""
    if answer.is_json and "items" in answer.json:
        return json.dumps([item for item in answer.json["items"] if item.get("action") != "audit.search"], ensure_ascii=False)
    if not answer.data.startswith(b"PK"):
        return answer.data.decode("utf-8", "replace")
    with zipfile.ZipFile(io.BytesIO(answer.data)) as book:
        return "".join(book.read(name).decode() for name in book.namelist())
