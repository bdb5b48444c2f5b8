"""The same calls with ids of one's own, which are answered: without that, the refusals of `test_scope.py` would mean nothing."""

import psycopg
import pytest
from flask import Flask

from people.actors import Staff
from tests.abuse.stages import NAMES, Stage, admitted, ask, build, code_of, faults_outside, lists

LAST = ("POST /me/registration", "POST /me/leave", "POST /auth/logout")  # after these a caller is another one


@pytest.fixture
def stage(app: Flask, clean: None, superuser: psycopg.Connection) -> Stage:
    return build(app, superuser)


def test_every_place_for_an_id_takes_an_id_of_ones_own(stage: Stage) -> None:
    heard: dict[tuple[str, str], list[str]] = {}
    answered = set()
    for name in ("admin here", "grandmother", "villager"):
        member = stage.members[name]
        for route in (route for route in stage.routes if admitted(member, route)):
            for slot in route.slots:
                ids = member.home.fresh()
                if slot.kind == "upload":
                    ids["upload"] = member.caller.upload()
                if name == "villager" and slot.kind == "resident":
                    ids["resident"] = member.caller.id
                invented = ask(stage, member, route, ids, slot, stage.nowhere[slot.kind])
                own = ask(stage, member, route, ids, slot, ids[slot.kind])
                found = own.status_code in (200, 201, 204, 409) or code_of(own) == "code_invalid"  # judged once the id is found
                if found and own.data != invented.data:
                    answered.add((route.name, slot.name))
                heard.setdefault((route.name, slot.name), []).append(
                    f"{name}: {own.status_code} {own.data[:300].decode(errors='replace')}"
                )
    assert "\n".join(f"{place}: {said}" for place, said in heard.items() if place not in answered) == ""
    assert heard.keys() == {(route.name, slot.name) for route in stage.routes for slot in route.slots}


@pytest.mark.slow
def test_nobody_of_an_audience_is_turned_away_and_no_call_breaks(stage: Stage) -> None:
    for name in NAMES:
        member = stage.members[name]
        for route in sorted(stage.routes, key=lambda route: LAST.index(route.name) + 1 if route.name in LAST else 0):
            if not admitted(member, route):
                continue
            answer = ask(stage, member, route, member.home.ids)
            assert answer.status_code < 500, (name, route.name, answer.text)
            if " /auth/" not in route.name:
                assert answer.status_code != 401, (name, route.name)
                assert code_of(answer) not in ("wrong_role", "not_registered"), (name, route.name)


def test_the_lists_show_what_is_ones_own(stage: Stage) -> None:
    shown = "".join(text for _, text in lists(stage, stage.members["admin here"]))
    unseen = {kind for kind, secret in stage.worlds["ours"].secrets().items() if secret not in shown}
    assert unseen <= {"upload", "order", "message", "transfer"}, unseen


def test_a_product_that_looked_at_no_scope_would_be_found_out(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: where staff see all, the scope test has to complain."""
    member = stage.members["reviewer here"]
    assert faults_outside(stage, member) == []
    monkeypatch.setattr(Staff, "sees", lambda self, lineage: True)
    assert len(faults_outside(stage, member)) > 5
