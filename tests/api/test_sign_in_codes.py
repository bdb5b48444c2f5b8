"""Sign-in codes: ten digits by which a resident who is signed in somewhere signs in in one more browser."""

import re
from datetime import timedelta

import pytest
from flask import Flask

from app.web import limits
from kernel import clock
from tests.api.test_sessions import problem
from tests.cast import Cast
from tests.visitors import Visitor, refusal


def code_of(cast: Cast, who: str = "grandmother") -> str:
    return str(getattr(cast, who).post("/me/sign-in-codes").json["code"])


def test_a_code_has_ten_digits_and_five_minutes(cast: Cast) -> None:
    with clock.stopped_at(clock.now()):
        answer = cast.grandmother.post("/me/sign-in-codes")
        assert answer.status_code == 201
        assert re.fullmatch(r"\d{10}", answer.json["code"])
        assert answer.json["expires_at"] == (clock.now() + timedelta(minutes=5)).astimezone(clock.zone()).isoformat()


def test_by_a_code_its_owner_is_signed_in_once(app: Flask, cast: Cast) -> None:
    code, browser, second = code_of(cast), Visitor(app), Visitor(app)
    answer = browser.send("/enter/code", sign_in_code=f"{code[:3]} {code[3:6]} {code[6:]}")
    assert (answer.status_code, answer.location) == (303, "/")
    assert "李秀英" in browser.visit("/").text
    again = second.send("/enter/code", sign_in_code=code)
    assert (again.status_code, refusal(again)) == (401, "sign_in_code_invalid")
    assert code in again.text
    assert second.visit("/").status_code == 303


def test_a_newcomers_code_leads_to_joining(app: Flask, cast: Cast) -> None:
    browser = Visitor(app)
    browser.send("/enter/code", sign_in_code=code_of(cast, "newcomer"))
    assert browser.visit("/").location == "/join"


def test_one_who_waits_for_his_community_gets_a_code_too(cast: Cast) -> None:
    cast.settings(registration_confirmed=True)
    assert cast.grandmother.get("/me").json["confirmed"] is False
    assert cast.grandmother.post("/me/sign-in-codes").status_code == 201


def test_a_code_is_good_for_five_minutes(app: Flask, cast: Cast) -> None:
    now = clock.now()
    with clock.stopped_at(now):
        one, other = code_of(cast, "grandmother"), code_of(cast, "volunteer")
    with clock.stopped_at(now + timedelta(minutes=5) - timedelta(seconds=1)):
        assert Visitor(app).send("/enter/code", sign_in_code=one).status_code == 303
    with clock.stopped_at(now + timedelta(minutes=5)):
        assert Visitor(app).send("/enter/code", sign_in_code=other).status_code == 401


def test_a_new_code_kills_the_one_before(app: Flask, cast: Cast) -> None:
    first, second = code_of(cast), code_of(cast)
    assert Visitor(app).send("/enter/code", sign_in_code=first).status_code == 401
    assert Visitor(app).send("/enter/code", sign_in_code=second).status_code == 303


@pytest.mark.parametrize("who", ["reviewer", "barber"])
def test_who_signs_in_with_a_password_gets_none(cast: Cast, who: str) -> None:
    assert problem(getattr(cast, who).post("/me/sign-in-codes")) == (403, "wrong_role")


def test_who_guesses_is_stopped_and_the_right_code_then_waits_too(app: Flask, cast: Cast) -> None:
    code, guesser, elsewhere = code_of(cast), Visitor(app), Visitor(app)
    for _ in range(limits.WRONG_CODES.amount):
        assert guesser.send("/enter/code", sign_in_code="0000000000").status_code == 401
    stopped = guesser.send("/enter/code", sign_in_code=code)
    assert (stopped.status_code, refusal(stopped)) == (429, "too_many_requests")
    elsewhere.client.environ_base["REMOTE_ADDR"] = "10.0.0.9"
    assert elsewhere.send("/enter/code", sign_in_code=code).status_code == 303


def test_right_codes_are_not_counted(app: Flask, cast: Cast) -> None:
    for _ in range(limits.WRONG_CODES.amount + 1):
        assert Visitor(app).send("/enter/code", sign_in_code=code_of(cast)).status_code == 303
