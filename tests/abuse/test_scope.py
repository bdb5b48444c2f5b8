"""Every call of the route map, as every member of the cast, with the ids of things that are his, that are others', and of none.

What somebody may not see gets the answer of an id that is nowhere, to the byte, and changes nothing. The calls come from the
route map itself (`routes.py`): a new route is tried here without being named.
"""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from flask import Flask

from tests.abuse.stages import ALL, NAMES, Stage, admitted, ask, build, code_of, faults_outside, lists
from tests.conftest import empty
from tests.web.test_audience import ROUTES, WHO, everything


@pytest.fixture(scope="module", autouse=True)
def clean() -> None:
    """Instead of the one for all tests: nothing here changes anything, so the communities are set up once."""


@pytest.fixture(scope="module")
def stage(app: Flask, superuser: psycopg.Connection) -> Iterator[Stage]:
    yield build(app, superuser)
    empty(app, superuser)


def on_record(superuser: psycopg.Connection) -> dict[str, Any]:
    """A digest of every table, but for the questions that were asked of the audit log."""
    asked = superuser.execute(
        "SELECT md5(string_agg(a::text, '' ORDER BY id)) FROM audit_log a WHERE action <> 'audit.search'"
    ).fetchone()
    return {**everything(superuser), "audit_log": asked}


def test_the_cast_is_complete(stage: Stage) -> None:
    assert set(NAMES) == set(stage.members)
    assert len(stage.routes) == len(ROUTES)


@pytest.mark.parametrize("name", NAMES)
def test_who_is_not_of_a_routes_audience_is_refused_with_real_ids_and_changes_nothing(
    stage: Stage, superuser: psycopg.Connection, name: str
) -> None:
    member = stage.members[name]
    before = on_record(superuser)
    for route in stage.routes:
        if admitted(member, route):
            continue
        answer = ask(stage, member, route, member.home.ids)
        expected = (403, "wrong_role")
        if name == "nobody":
            expected = (401, "unauthenticated")
        elif name == "newcomer" and "grandmother" in WHO[ROUTES[route.name]]:
            expected = (403, "not_registered")
        assert (answer.status_code, code_of(answer)) == expected, route.name
    assert on_record(superuser) == before


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("nobody", "newcomer")])
def test_what_is_outside_gets_the_answer_of_an_id_that_is_nowhere_and_changes_nothing(
    stage: Stage, superuser: psycopg.Connection, name: str
) -> None:
    before = on_record(superuser)
    assert faults_outside(stage, stage.members[name]) == []
    after = on_record(superuser)
    assert {table for table in after if after[table] != before[table]} == set()


@pytest.mark.parametrize("name", NAMES)
def test_no_list_holds_an_id_or_a_name_of_what_is_outside(stage: Stage, name: str) -> None:
    member, wrong = stage.members[name], []
    for said, shown in lists(stage, member):
        for world, kinds in member.outside.items():
            secrets = stage.worlds[world].secrets(None if kinds is ALL else kinds)
            wrong += [f"{said}: {kind} of {world}" for kind, secret in secrets.items() if secret in shown]
    assert wrong == []


# What nobody may say of himself or of a thing, whoever he is.
SLIPPED = {
    "id": "019dd1c1-0000-7000-8000-0000000000b1",
    "role": "admin",
    "balance": 1_000_000,
    "wallet": {"balance": 1_000_000},
    "points": 1_000_000,
    "status": "approved",
    "scope_code": "500104",
    "community_code": "500104101010",
    "resident_id": "019dd1c1-0000-7000-8000-0000000000b1",
    "approved_by": "me",
    "confirmed": True,
    "version": 3,
}


def test_roles_balances_and_the_like_that_are_slipped_into_a_body_are_refused_by_their_name(stage: Stage) -> None:
    tried = 0
    for route in stage.routes:
        if route.fields is None:
            continue
        member = next(member for member in stage.members.values() if admitted(member, route))
        extra = {name: value for name, value in SLIPPED.items() if name not in route.fields}
        for many in (extra, *({name: value} for name, value in extra.items())):
            path, rest = route.request(member.home.ids)
            stage.cast.app.extensions["defen-limiter"].storage.reset()
            answer = member.caller.call(route.method, path, json={**rest["json"], **many})
            assert (answer.status_code, code_of(answer)) == (422, "validation_failed"), (route.name, many, answer.text)
            assert answer.json["errors"].keys() == many.keys(), (route.name, answer.text)
            tried += 1
    assert tried > 500
