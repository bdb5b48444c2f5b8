"""One's own account: the password, the second factor, and signing in with it in two steps."""

import html
import re
from datetime import timedelta

import pyotp
import pytest
from flask import Flask
from werkzeug.test import TestResponse

from kernel import clock
from tests.cast import PASSWORD, Cast
from tests.visitors import Visitor, refusal

NEW = "seven old bicycles in the yard"


def otp(secret: str, seconds: int = 0) -> str:
    return pyotp.TOTP(secret).at(clock.now() + timedelta(seconds=seconds))


def enrolled(visitor: Visitor) -> tuple[str, list[str]]:
    """Enrol a second factor on the pages; its secret and the recovery codes."""
    visitor.send("/staff/second-factor")
    page = visitor.visit("/staff/second-factor").text
    secret = re.sub(r"\s", "", re.findall(r'class="secret">([^<]+)<', page)[0])
    answer = visitor.client.post("/staff/second-factor/confirm", data={"csrf_token": visitor.token(), "otp": otp(secret)})
    assert answer.status_code == 200, answer.text
    return secret, re.findall(r"<code>([^<]+)</code>", answer.text)


def ticket(answer: TestResponse) -> str:
    return html.unescape(re.findall(r'name="ticket" value="([^"]+)"', answer.text)[0])


def first_step(app: Flask, cast: Cast) -> tuple[Visitor, TestResponse]:
    """Somebody at another browser gives the right password."""
    visitor = Visitor(app)
    return visitor, visitor.send("/sign-in", username=cast.reviewer.username, password=PASSWORD)


def test_the_account_says_who_one_is_and_what_is_ones_own(app: Flask, cast: Cast) -> None:
    page = Visitor(app, cast.reviewer).visit("/staff/account").text
    assert cast.reviewer.username in page
    assert "融城社区" in page
    assert "未启用" in page


def test_a_password_is_changed_and_other_browsers_are_out(app: Flask, cast: Cast) -> None:
    here, there = Visitor(app, cast.reviewer), Visitor(app, cast.reviewer)
    answer = here.client.post(
        "/staff/account/password",
        data={"csrf_token": here.token(), "old_password": PASSWORD, "new_password": NEW, "repeated": NEW},
    )
    assert (answer.status_code, answer.location) == (303, "/staff/account")
    assert here.visit("/staff").status_code == 200
    assert there.visit("/staff").status_code == 303
    assert Visitor(app).send("/sign-in", username=cast.reviewer.username, password=NEW).status_code == 303


@pytest.mark.parametrize(
    ("old", "new", "repeated", "status", "said"),
    [
        ("wrong", NEW, NEW, 401, "原密码不正确"),
        (PASSWORD, NEW, "another", 422, "两次输入的新密码不一样"),
        (PASSWORD, PASSWORD, PASSWORD, 422, "新密码不能与原密码相同"),
    ],
)
def test_a_password_that_is_not_taken_is_said_and_never_shown(
    app: Flask, cast: Cast, old: str, new: str, repeated: str, status: int, said: str
) -> None:
    visitor = Visitor(app, cast.reviewer)
    data = {"csrf_token": visitor.token(), "old_password": old, "new_password": new, "repeated": repeated}
    answer = visitor.client.post("/staff/account/password", data=data)
    assert answer.status_code == status
    assert said in answer.text
    assert f'value="{new}"' not in answer.text


def test_a_second_factor_is_enrolled_and_ended(app: Flask, cast: Cast) -> None:
    visitor = Visitor(app, cast.reviewer)
    with clock.stopped_at(clock.now() - timedelta(minutes=1)):
        secret, codes = enrolled(visitor)
    assert len(codes) == 8
    page = visitor.visit("/staff/second-factor").text
    assert "已启用" in page
    assert secret not in page
    refused = visitor.client.post("/staff/second-factor/end", data={"csrf_token": visitor.token(), "otp": "000000"})
    assert (refused.status_code, refusal(refused)) == (401, "bad_credentials")
    ended = visitor.client.post("/staff/second-factor/end", data={"csrf_token": visitor.token(), "otp": otp(secret)})
    assert ended.status_code == 303
    assert first_step(app, cast)[1].status_code == 303


def test_a_wrong_code_keeps_the_same_picture_to_scan(app: Flask, cast: Cast) -> None:
    visitor = Visitor(app, cast.reviewer)
    visitor.send("/staff/second-factor")
    before = re.findall(r"<svg[^>]*>.*?</svg>", visitor.visit("/staff/second-factor").text, re.S)
    answer = visitor.client.post("/staff/second-factor/confirm", data={"csrf_token": visitor.token(), "otp": "000000"})
    assert (answer.status_code, refusal(answer)) == (422, "validation_failed")
    assert max(before, key=len) in answer.text


def test_who_must_enrol_is_led_there_and_can_do_nothing_else(app: Flask, cast: Cast) -> None:
    _ = cast.reviewer
    cast.settings(second_factor_required=True)
    visitor = Visitor(app, cast.reviewer)
    for path in ("/staff", "/staff/deeds", "/staff/account", "/staff/reasons"):
        assert visitor.visit(path).location == "/staff/second-factor", path
    page = visitor.visit("/staff/second-factor").text
    assert "社区要求工作人员启用动态验证码" in page
    assert "/staff/deeds" not in page
    enrolled(visitor)
    assert visitor.visit("/staff/deeds").status_code == 200


def test_the_code_is_asked_for_only_when_it_is_needed_and_the_password_never_comes_back(app: Flask, cast: Cast) -> None:
    assert 'name="otp"' not in Visitor(app).visit("/sign-in").text
    with clock.stopped_at(clock.now() - timedelta(minutes=1)):
        secret, _ = enrolled(Visitor(app, cast.reviewer))
    visitor, asked = first_step(app, cast)
    assert (asked.status_code, refusal(asked)) == (401, "otp_required")
    assert PASSWORD not in asked.text
    assert cast.reviewer.username in asked.text
    assert visitor.visit("/staff").status_code == 303
    wrong = visitor.send("/sign-in/code", ticket=ticket(asked), otp="000000")
    assert (wrong.status_code, refusal(wrong)) == (401, "bad_credentials")
    answer = visitor.send("/sign-in/code?next=/staff/deeds", ticket=ticket(wrong), otp=otp(secret))
    assert (answer.status_code, answer.location) == (303, "/staff/deeds")
    assert visitor.visit("/staff/deeds").status_code == 200


def test_a_recovery_code_opens_once(app: Flask, cast: Cast) -> None:
    _, codes = enrolled(Visitor(app, cast.reviewer))
    visitor, asked = first_step(app, cast)
    assert visitor.send("/sign-in/code", ticket=ticket(asked), otp=codes[0]).status_code == 303
    visitor, asked = first_step(app, cast)
    assert visitor.send("/sign-in/code", ticket=ticket(asked), otp=codes[0]).status_code == 401


@pytest.mark.parametrize("forged", ["", "nonsense", "gAAAAABnonsense"])
def test_a_ticket_that_is_not_ours_opens_nothing(app: Flask, cast: Cast, forged: str) -> None:
    secret, _ = enrolled(Visitor(app, cast.reviewer))
    answer = Visitor(app).send("/sign-in/code", ticket=forged, otp=otp(secret, 30))
    assert answer.status_code in (401, 422)
    assert 'name="password"' in answer.text


def test_a_ticket_is_good_for_five_minutes_and_not_after_the_password_changed(app: Flask, cast: Cast) -> None:
    with clock.stopped_at(clock.now() - timedelta(minutes=1)):
        secret, _ = enrolled(Visitor(app, cast.reviewer))
    visitor, asked = first_step(app, cast)
    with clock.stopped_at(clock.now() + timedelta(minutes=5)):
        late = visitor.send("/sign-in/code", ticket=ticket(asked), otp=otp(secret))
    assert refusal(late) == "ticket_expired"
    here = Visitor(app, cast.reviewer)
    data = {"csrf_token": here.token(), "old_password": PASSWORD, "new_password": NEW, "repeated": NEW}
    assert here.client.post("/staff/account/password", data=data).status_code == 303
    assert refusal(visitor.send("/sign-in/code", ticket=ticket(asked), otp=otp(secret))) == "ticket_expired"


def test_wrong_codes_lock_the_name_as_wrong_passwords_do_and_it_is_said_until_when(app: Flask, cast: Cast) -> None:
    secret, _ = enrolled(Visitor(app, cast.reviewer))
    visitor, asked = first_step(app, cast)
    with clock.stopped_at(clock.now()):
        for _ in range(10):
            assert visitor.send("/sign-in/code", ticket=ticket(asked), otp="000000").status_code == 401
        locked = visitor.send("/sign-in/code", ticket=ticket(asked), otp=otp(secret, 30))
        until = (clock.now() + timedelta(minutes=15)).astimezone(clock.zone())
        assert (locked.status_code, refusal(locked)) == (429, "too_many_attempts")
        assert f"{until:%H:%M}" in locked.text
        again = visitor.send("/sign-in", username=cast.reviewer.username, password=PASSWORD)
        assert refusal(again) == "too_many_attempts"
