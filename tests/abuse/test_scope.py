"""Every call of the route map, as every member of the cast, with the ids of things that are his, that are others', and of none.

What somebody may not see gets the answer of an id that is nowhere, to the byte, and changes nothing. The calls come from the
route map itself (`routes.py`): a new route is tried here without being named.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import psycopg
import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.abuse import routes, worlds
from tests.abuse.routes import Route, Slot
from tests.abuse.worlds import PERSONAL, PRIVATE, World
from tests.answers import contents
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


@dataclass
class Stage:
    """The route map, the communities with their things, and the cast that was tried on them."""

    routes: list[Route]
    cast: Cast
    worlds: dict[str, World]
    nowhere: dict[str, str]
    members: dict[str, Member]


@pytest.fixture(scope="module", autouse=True)
def clean() -> None:
    """Instead of the one for all tests: the communities are set up once for this module."""


@pytest.fixture(scope="module")
def stage(app: Flask, superuser: psycopg.Connection) -> Iterator[Stage]:
    empty(app, superuser)
    cast = Cast(app)
    found = {
        "ours": World("融城", cast, COMMUNITY, cast.grandmother, cast.admin),
        "fellow": World("同社区", cast, COMMUNITY, cast.volunteer, cast.admin),
        "next": World("隔壁", cast, NEXT_COMMUNITY, cast.neighbour, cast.neighbour_staff),
        "village": World("放牛坪", cast, VILLAGE, cast.villager, cast.staff("admin", VILLAGE)),
    }
    nowhere = worlds.nowhere(set(found["ours"].makers))
    yield Stage(routes.all_of(app), cast, found, nowhere, _members(cast, found))
    empty(app, superuser)


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


def ends_the_session(route: Route) -> bool:
    return route.name in ("POST /auth/logout", "POST /me/leave", "POST /me/registration")


def ask(stage: Stage, who: Caller, route: Route, home: World, tried: Slot | None = None, given: str = "") -> TestResponse:
    stage.cast.app.extensions["defen-limiter"].storage.reset()
    path, rest = route.request(home.ids, tried, given)
    return who.call(route.method, path, **rest)


def code_of(answer: TestResponse) -> Any:
    return (answer.get_json(silent=True) or {}).get("code")


@pytest.mark.parametrize("name", NAMES)
def test_who_is_not_of_a_routes_audience_is_refused_with_real_ids_and_changes_nothing(
    stage: Stage, superuser: psycopg.Connection, name: str
) -> None:
    member = stage.members[name]
    before = contents(superuser)
    for route in stage.routes:
        if admitted(member, route):
            continue
        answer = ask(stage, member.caller, route, member.home)
        expected = (403, "wrong_role")
        if name == "nobody":
            expected = (401, "unauthenticated")
        elif name == "newcomer" and "grandmother" in WHO[ROUTES[route.name]]:
            expected = (403, "not_registered")
        assert (answer.status_code, code_of(answer)) == expected, route.name
    assert contents(superuser) == before


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("nobody", "newcomer")])
def test_what_is_outside_gets_the_answer_of_an_id_that_is_nowhere_and_changes_nothing(
    stage: Stage, superuser: psycopg.Connection, name: str
) -> None:
    member, wrong = stage.members[name], []
    before = contents(superuser)
    for route in stage.routes:
        if not admitted(member, route):
            continue
        for slot in route.slots:
            invented = ask(stage, member.caller, route, member.home, slot, stage.nowhere[slot.kind])
            wrong += [f"invented: {said}" for said in _faults_of_invented(route, slot, invented)]
            for world, kinds in member.outside.items():
                if kinds is not ALL and slot.kind not in kinds:
                    continue
                foreign = ask(stage, member.caller, route, member.home, slot, stage.worlds[world].ids[slot.kind])
                same = foreign.text
                if route.name in SAYS_WHICH:
                    same = same.replace(stage.worlds[world].ids[slot.kind], stage.nowhere[slot.kind])
                if (foreign.status_code, same) != (invented.status_code, invented.text):
                    said = (foreign.status_code, foreign.text[:300], invented.status_code, invented.text[:300])
                    wrong.append(f"{route.name} with {slot.name} of {world}: {said}")
    assert wrong == []
    after = contents(superuser)
    assert {table for table in after if after[table] != before[table]} == set()


def _faults_of_invented(route: Route, slot: Slot, answer: TestResponse) -> list[str]:
    if slot.where == "path" and answer.status_code != 404:
        return [f"{route.name}: {answer.status_code} {answer.text[:300]}"]
    if route.method != "GET" and route.name not in SAYS_WHICH and not 400 <= answer.status_code < 500:
        return [f"{route.name} with {slot.name}: {answer.status_code} {answer.text[:300]}"]
    if answer.status_code == 200 and (answer.get_json(silent=True) or {}).get("items"):
        return [f"{route.name} with {slot.name}: {answer.text[:300]}"]
    return []
