"""Every page of the route map, as every member of the cast, with ids that are his, that are others', and of nothing.

What somebody may not see gets the answer of an id that is nowhere, and changes nothing; looking changes nothing at all; and no
form is taken without its token. The pages come from the route map (`pages.py`): a new one is tried here without being named.
"""

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from flask import Flask
from werkzeug.test import TestResponse

from app.api import MODULES as API_MODULES
from tests.abuse import pages, stages
from tests.abuse.pages import Page, Slot
from tests.abuse.stages import ALL, Member, Stage
from tests.cast import VILLAGE, Cast
from tests.conftest import empty
from tests.visitors import Visitor, refusal
from tests.web.test_audience import everything

NAMES = (
    *("nobody", "newcomer", "unconfirmed", "grandmother", "volunteer", "neighbour", "barber", "merchant next door"),
    *("reviewer here", "admin here", "grid_worker of a grid", "building_head of a building", "auditor here"),
    *("admin next door", "official of the district", "admin of another district"),
)
# What looking puts on record, and nothing else.
LOOKS = ("audit.search", "resident.look", "resident.export", "household.export", "card.print")
# A member of staff is asked which community by these; who works above one names it.
CHOOSES = ("district", "street")
# Pages whose audience is another one than that of the API's route with the same domain function, and why.
OTHER_AUDIENCE: dict[str, str] = {
    "POST /sign-in": "signing in is for everybody, as in the API; the functions behind it are shared with other routes",
    "POST /merchant/account/password": "each face changes the passwords of its own people",
    "GET /staff/deeds": "the reasons to choose from stand beside the queue, which all staff see",
    "GET /staff/deeds/<id:deed_id>": "the reasons to choose from stand beside the deed, which all staff see",
    "POST /enter": "signing in is for everybody, as in the API; the functions behind it are shared with other routes",
}
# Domain functions that tell nothing about an audience: they only find out where somebody is.
SAY_NOTHING = re.compile(r"people\.(divisions|sessions|places)\.|\.(wallet|unread|me)$")
_VOLATILE = re.compile(r'(name="(?:csrf_token|_key|kept)" value=)"[^"]*"|(\?v=)\w+')

_FLASHED = re.compile(r'<p class="notice" role="status">.*?</p>', re.S)  # of the form before


@dataclass
class Scene:
    """The cast among their things, each in front of a browser, and the pages."""

    stage: Stage
    pages: list[Page]
    visitors: dict[str, Visitor] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)

    def ask(self, name: str, page: Page, ids: dict[str, str], tried: Slot | None = None, given: str = "") -> TestResponse:
        """The answer to somebody who sends a page these ids by kind, and `given` where an id is tried."""
        self.stage.cast.app.extensions["defen-limiter"].storage.reset()
        path, rest = page.request(ids, tried, given)
        if page.method == "POST":
            rest["data"] = {**rest["data"], "csrf_token": self.tokens[name]}
        return self.visitors[name].client.open(path, method=page.method, headers={"Accept": "text/html"}, **rest)


@pytest.fixture(scope="module", autouse=True)
def clean() -> None:
    """Instead of the one for all tests: nothing here changes anything, so the communities are set up once."""


@pytest.fixture(scope="module")
def scene(app: Flask, superuser: psycopg.Connection) -> Iterator[Scene]:
    stage = stages.build(app, superuser)
    stage.members["unconfirmed"] = Member(unconfirmed(stage.cast), "unconfirmed", stage.worlds["village"])
    for world in stage.worlds.values():
        world.ids.update(pages.more_of(world))
    stage.nowhere.update(dict.fromkeys(pages.more_of(stage.worlds["ours"]), str(uuid4())))
    scene = Scene(stage, pages.all_of(app))
    for name in NAMES:
        scene.visitors[name] = Visitor(app, stage.members[name].caller)
        scene.tokens[name] = scene.visitors[name].token()
    yield scene
    empty(app, superuser)


def unconfirmed(cast: Cast) -> Any:
    """Somebody who registered in a village that has not confirmed him yet."""
    cast.settings(VILLAGE, registration_confirmed=True)
    return cast.resident("等待确认的人", VILLAGE)


def on_record(superuser: psycopg.Connection) -> dict[str, Any]:
    """A digest of every table, but for what looking may write: that somebody was there, and what he looked at."""
    looks = superuser.execute(
        "SELECT md5(string_agg(a::text, '' ORDER BY id)) FROM audit_log a WHERE NOT action = ANY(%s)", [list(LOOKS)]
    ).fetchone()
    there = superuser.execute(
        "SELECT md5(string_agg((to_jsonb(s) - 'seen_at')::text, '' ORDER BY id)) FROM sessions s"
    ).fetchone()
    return {**everything(superuser), "audit_log": looks, "sessions": there}


def changed(superuser: psycopg.Connection, before: dict[str, Any]) -> list[str]:
    """The tables that are not as they were."""
    after = on_record(superuser)
    return [table for table in after if after[table] != before[table]]


def code_of(answer: TestResponse) -> str | None:
    """The code of the refusal in an answer, None where it holds none."""
    return refusal(answer) if answer.mimetype == "text/html" else None


def admitted(scene: Scene, name: str, page: Page) -> bool:
    """Whether a page is for somebody, by the audience that it declares."""
    actor = getattr(scene.stage.members[name].caller, "actor", None)
    if name in ("nobody", "newcomer"):
        return name in pages.admits(page.audience)
    if name == "unconfirmed" and page.audience.wants_confirmation(page.method):
        return False
    kind = getattr(actor, "role", None) or getattr(actor, "kind", "resident")
    return kind in pages.admits(page.audience)


def refused(scene: Scene, name: str, page: Page, answer: TestResponse) -> bool:
    """Whether who is not of a page's audience was sent to sign in or to join, or told that it is not for him."""
    if name == "nobody":
        sent = answer.location.split("?")[0] in ("/enter", "/sign-in") if answer.status_code == 303 else False
        return sent if page.method == "GET" else answer.status_code == 401
    if name == "newcomer" and "resident" in pages.admits(page.audience):
        return answer.status_code == 303 and "join" in (answer.location or "")
    code = "not_confirmed" if name == "unconfirmed" and "resident" in pages.admits(page.audience) else "wrong_role"
    return (answer.status_code, code_of(answer)) == (403, code)


def test_there_are_pages_of_every_face(scene: Scene) -> None:
    assert {page.face for page in scene.pages} == {"open", "resident", "merchant", "staff"}


@pytest.mark.parametrize("name", NAMES)
def test_who_is_not_of_a_pages_audience_is_refused_and_changes_nothing(
    scene: Scene, superuser: psycopg.Connection, name: str
) -> None:
    before, wrong = on_record(superuser), []
    for page in scene.pages:
        if admitted(scene, name, page):
            continue
        answer = scene.ask(name, page, scene.stage.members[name].home.ids)
        if not refused(scene, name, page, answer):
            wrong.append(f"{page.name}: {answer.status_code} {code_of(answer)} {answer.location}")
    assert not wrong, "\n".join(wrong)
    assert changed(superuser, before) == []


@pytest.mark.parametrize("name", NAMES)
def test_looking_at_ones_own_never_breaks_never_writes_and_shows_nothing_of_what_is_outside(
    scene: Scene, superuser: psycopg.Connection, name: str
) -> None:
    before, wrong, member = on_record(superuser), [], scene.stage.members[name]
    for page in scene.pages:
        if page.method != "GET" or not admitted(scene, name, page):
            continue
        answer = scene.ask(name, page, member.home.ids)
        if answer.status_code not in (200, 302, 303, 404, 409, 422) or code_of(answer) == "wrong_role":
            wrong.append(f"{page.name}: {answer.status_code} {code_of(answer)}")
        wrong += [f"{page.name}: {secret} is outside" for secret in secrets_in(scene, member, page, answer)]
    assert not wrong, "\n".join(wrong)
    assert changed(superuser, before) == []


def secrets_in(scene: Scene, member: Member, page: Page, answer: TestResponse) -> list[str]:
    """The ids and names of what is outside that a page shows all the same."""
    if answer.mimetype != "text/html" or page.endpoint == "staff_audits.find":
        return []  # the audit log says what was asked of it; what is behind it has a test of its own
    return [
        f"{kind} of {world}"
        for world, kinds in member.outside.items()
        for kind, secret in scene.stage.worlds[world].secrets(None if kinds is ALL else kinds).items()
        if secret in answer.text
    ]


@pytest.mark.parametrize("name", ["nobody", "grandmother", "barber", "admin here"])
def test_no_form_is_taken_without_its_token(scene: Scene, superuser: psycopg.Connection, name: str) -> None:
    before, wrong, client = on_record(superuser), [], scene.visitors[name].client
    for page in scene.pages:
        if page.method != "POST":
            continue
        path, rest = page.request(scene.stage.members[name].home.ids)
        for token in ({}, {"csrf_token": ""}, {"csrf_token": "IjEi.aQ.forged"}):
            _, rest = page.request(scene.stage.members[name].home.ids)
            answer = client.post(path, data={**rest["data"], **token}, headers={"Accept": "text/html"})
            if (answer.status_code, code_of(answer)) != (403, "form_expired"):
                wrong.append(f"{page.name}: {answer.status_code} {code_of(answer)}")
    assert not wrong, "\n".join(wrong)
    assert changed(superuser, before) == []


Said = tuple[int, str | None, str]


def said(answer: TestResponse, given: str) -> Said:
    """What an answer says, but for tokens, keys, and the id that was asked for."""
    text = answer.text.replace(given, "…") if answer.mimetype == "text/html" else ""
    return answer.status_code, code_of(answer), " ".join(_VOLATILE.sub(r"\1\2…", _FLASHED.sub("", text)).split())


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("nobody", "newcomer")])
def test_what_is_outside_gets_the_answer_of_an_id_that_is_nowhere_and_changes_nothing(
    scene: Scene, superuser: psycopg.Connection, name: str
) -> None:
    before, wrong, member = on_record(superuser), [], scene.stage.members[name]
    for page in (page for page in scene.pages if admitted(scene, name, page)):
        for slot in page.slots:
            nowhere = scene.stage.nowhere[slot.kind]
            invented = scene.ask(name, page, member.home.ids, slot, nowhere)
            if invented.status_code >= 500 or (slot.where == "path" and invented.status_code != 404):
                wrong.append(f"{page.name} with an invented {slot.name}: {invented.status_code} {code_of(invented)}")
            for world in worlds_outside(scene, member, slot):
                given = scene.stage.worlds[world].ids[slot.kind]
                foreign = scene.ask(name, page, member.home.ids, slot, given)
                if said(foreign, given) != said(invented, nowhere):
                    wrong.append(
                        f"{page.name} with {slot.name} of {world}: {heard(said(foreign, given), said(invented, nowhere))}"
                    )
    assert not wrong, "\n".join(wrong)
    assert changed(superuser, before) == []


def worlds_outside(scene: Scene, member: Member, slot: Slot) -> list[str]:
    """One world of strangers, and all of which only some kinds of things are hidden."""
    hidden = [world for world in scene.stage.worlds if member.may_not_see(world, slot.kind)]
    strange = [world for world in hidden if member.outside[world] is ALL]
    return [world for world in hidden if world not in strange[1:]]


def heard(one: Said, other: Said) -> str:
    """What differs between two answers."""
    lines = difflib.ndiff(one[2].replace(">", ">\n").splitlines(), other[2].replace(">", ">\n").splitlines())
    return f"{one[:2]} and {other[:2]}, " + "; ".join(line.strip()[:200] for line in lines if line[:1] in "-+")[:600]


def test_pages_have_the_audience_of_the_api_with_the_same_domain_function(app: Flask) -> None:
    api: dict[str, list[Any]] = {}
    names = {module.blueprint.name for module in API_MODULES}
    for endpoint, view in app.view_functions.items():
        if endpoint.partition(".")[0] in names:
            for function in pages.calls_of(view):
                api.setdefault(function, []).append(view.audience)  # type: ignore[attr-defined]
    wrong = []
    for page in pages.all_of(app):
        for function in pages.calls_of(page.view) & api.keys():
            if SAY_NOTHING.search(function) or page.name in OTHER_AUDIENCE:
                continue
            own, theirs = pages.admits(page.audience), [pages.admits(one) for one in api[function]]
            # Who looks may be fewer, where a page shows more than one thing; who writes are the same people.
            fine = any(own <= one for one in theirs) if page.method == "GET" else own in theirs
            if not fine:
                wrong.append(
                    f"{page.name} calls {function} for {page.audience.name}, the API for {[one.name for one in api[function]]}:"
                    " declare the same audience, or say why not in OTHER_AUDIENCE of tests/abuse/test_pages.py"
                )
    assert not wrong, "\n".join(wrong)
