"""One table of cases through the API and through the pages: the same effects, the same codes, the same statuses."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from app.web.problems import status_of
from kernel import clock
from tests.abuse.pages import flat
from tests.cast import Caller, Cast
from tests.faces.cases import CASES, Case, Things
from tests.test_house import refusals
from tests.visitors import Visitor, refusal

pytestmark = pytest.mark.usefixtures("verified")
MUST_BE_COVERED = {
    *("insufficient_points", "out_of_stock", "limit_reached", "item_unavailable", "order_not_open", "already_reviewed"),
    *("own_deed", "validation_failed", "bad_credentials", "otp_required", "too_many_attempts", "already_reversed"),
    *("code_invalid", "code_expired", "code_other_merchant", "code_already_redeemed", "not_enough_pieces"),
}


def filled(value: Any, things: Things) -> Any:
    """A path, a body or a form with what was arranged, and the days, put in."""
    if isinstance(value, str):
        today = clock.today()
        return value.format(**things, today=today, tomorrow=today + timedelta(days=1)) if "{" in value else value
    if isinstance(value, dict):
        return {name: filled(inside, things) for name, inside in value.items()}
    return [filled(inside, things) for inside in value] if isinstance(value, list) else value


def through_api(case: Case, who: Caller, things: Things) -> tuple[TestResponse, str | None]:
    method, path, body = case.api
    answer = who.call(method, filled(path, things), json=filled(body, things))
    return answer, None if answer.status_code < 300 else answer.json["code"]


def through_page(case: Case, visitor: Visitor, things: Things) -> tuple[TestResponse, str | None]:
    fields = case.fields if case.fields is not None else case.api[2]
    data = {"csrf_token": visitor.token(), "_key": uuid4().hex, **dict(flat(filled(fields, things)))}
    answer = visitor.client.post(filled(case.form, things), data=data, headers={"Accept": "text/html"})
    return answer, None if answer.status_code == 303 else refusal(answer) or f"no code, {answer.status_code}"


@pytest.mark.parametrize("face", ["api", "page"])
@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_both_faces_do_the_same(app: Flask, cast: Cast, case: Case, face: str) -> None:
    things = case.arrange(cast)
    who: Caller = getattr(cast, case.who)
    visitor = Visitor(app, who)
    with clock.stopped_at(clock.now() + case.later):
        answer, code = through_api(case, who, things) if face == "api" else through_page(case, visitor, things)
    assert code == case.code, answer.text[:1500]
    if case.code:
        assert answer.status_code == {status_of(one) for one in refusals() if one.code == case.code}.pop()
    assert case.effect(cast, things) == case.expected


def test_no_two_cases_have_one_name() -> None:
    assert len({case.name for case in CASES}) == len(CASES)


def test_the_table_holds_what_people_meet_most() -> None:
    assert MUST_BE_COVERED - {case.code for case in CASES} == set()
