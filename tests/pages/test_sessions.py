"""Browsers: signing in and out, how long a session lives, what is kept when it ends meanwhile."""

import html
import re
from datetime import timedelta

import psycopg
import pytest
from flask import Flask

from kernel import clock
from tests.cast import PASSWORD, Cast
from tests.visitors import Visitor, refusal


def test_staff_sign_in_with_a_password_and_come_to_their_start_page(app: Flask, cast: Cast) -> None:
    visitor = Visitor(app)
    answer = visitor.send("/sign-in", username=cast.reviewer.username, password=PASSWORD)
    assert (answer.status_code, answer.location) == (303, "/staff")
    assert visitor.visit("/staff").status_code == 200


def test_a_wrong_password_is_said_at_the_form_and_the_name_stays(app: Flask, cast: Cast) -> None:
    answer = Visitor(app).send("/sign-in", username=cast.reviewer.username, password="wrong")
    assert (answer.status_code, refusal(answer)) == (401, "bad_credentials")
    assert cast.reviewer.username in answer.text
    assert "wrong" not in answer.text.replace('class="wrong', "")


def test_who_is_not_signed_in_is_sent_to_sign_in_and_then_to_the_page_he_asked_for(app: Flask, cast: Cast) -> None:
    visitor = Visitor(app)
    sent = visitor.visit("/staff?tab=late")
    assert (sent.status_code, sent.location) == (303, "/sign-in?next=/staff?tab%3Dlate")
    answer = visitor.send(sent.location, username=cast.admin.username, password=PASSWORD)
    assert answer.location == "/staff?tab=late"


@pytest.mark.parametrize("elsewhere", ["//evil.example", "https://evil.example/", "/\\evil.example", "javascript:alert(1)"])
def test_no_address_of_ours_leads_away_to_another_site(app: Flask, cast: Cast, elsewhere: str) -> None:
    answer = Visitor(app).send(f"/sign-in?next={elsewhere}", username=cast.admin.username, password=PASSWORD)
    assert answer.location == "/staff"


def test_no_query_turns_a_link_of_a_list_into_something_else(app: Flask, cast: Cast) -> None:
    for _ in range(21):
        cast.give(cast.grandmother, 1)
    page = Visitor(app, cast.grandmother).visit("/points?_scheme=javascript&_external=1&_anchor=x&endpoint=y&self=1&limit=5")
    assert page.status_code == 200
    assert "cursor=" in page.text
    assert "javascript:" not in page.text
    odd = "_scheme=javascript&_external=1&endpoint=y&said=z"
    staff = Visitor(app, cast.reviewer)
    assert staff.visit(f"/staff/deeds?{odd}").status_code == 200
    assert staff.send(f"/staff/cards?{odd}", resident_ids=cast.grandmother.id).status_code == 303


def test_signing_out_kills_the_session_itself_and_not_only_the_cookie(app: Flask, cast: Cast) -> None:
    visitor, thief = Visitor(app, cast.reviewer), Visitor(app)
    thief.client.set_cookie("defen", visitor.cookie)
    assert thief.visit("/staff").status_code == 200
    assert visitor.send("/sign-out").status_code == 303
    assert visitor.visit("/staff").status_code == 303
    assert thief.visit("/staff").status_code == 303


def test_signing_in_gives_a_new_session_and_a_new_token(app: Flask, cast: Cast) -> None:
    visitor = Visitor(app)
    before = visitor.token()
    visitor.send("/sign-in", username=cast.reviewer.username, password=PASSWORD)
    with visitor.client.session_transaction() as cookie:
        first = cookie["session_id"]
    refused = visitor.client.post("/sign-out", data={"csrf_token": before})
    assert refused.status_code == 403
    visitor.send("/sign-in", username=cast.reviewer.username, password=PASSWORD)
    with visitor.client.session_transaction() as cookie:
        assert cookie["session_id"] != first


@pytest.mark.parametrize(
    ("who", "path", "lives"),
    [
        ("reviewer", "/staff", timedelta(minutes=30)),
        ("barber", "/merchant", timedelta(hours=12)),
        ("grandmother", "/", timedelta(days=30)),
    ],
)
def test_a_session_ends_when_nobody_was_there_for_its_time(app: Flask, cast: Cast, who: str, path: str, lives: timedelta) -> None:
    visitor, now = Visitor(app, getattr(cast, who)), clock.now()
    with clock.stopped_at(now + lives - timedelta(minutes=2)):
        assert visitor.visit(path).status_code == 200  # and that counts as having been there
    with clock.stopped_at(now + 2 * lives - timedelta(minutes=4)):
        assert visitor.visit(path).status_code == 200
    with clock.stopped_at(now + 3 * lives):
        assert visitor.visit(path).status_code == 303


def test_a_form_sent_after_the_session_ended_can_be_sent_after_signing_in_again(app: Flask, cast: Cast) -> None:
    visitor = Visitor(app, cast.grandmother)
    token = visitor.token()
    with clock.stopped_at(clock.now() + timedelta(days=31)):
        late = visitor.client.post("/checkins", data={"csrf_token": token, "_key": "1"})
        assert late.status_code == 401
        kept = html.unescape(re.findall(r'name="kept" value="([^"]+)"', late.text)[0])
        answer = visitor.send("/enter", code="grandmother-again", kept=kept)
        assert 'action="/checkins"' in answer.text


def test_a_form_that_was_not_kept_by_us_is_not_sent_on(app: Flask, cast: Cast) -> None:
    forged = '["/sign-out",[["a","b"]]].c2lnbmF0dXJl'
    answer = Visitor(app).send("/sign-in", username=cast.reviewer.username, password=PASSWORD, kept=forged)
    assert answer.status_code == 303


def test_a_form_without_the_browsers_token_is_refused_and_changes_nothing(app: Flask, cast: Cast) -> None:
    visitor = Visitor(app, cast.grandmother)
    answer = visitor.client.post("/checkins", data={})
    assert (answer.status_code, refusal(answer)) == (403, "form_expired")
    assert cast.grandmother.get("/me/wallet").json["balance"] == 0


def test_a_form_whose_token_is_too_old_is_shown_again_with_what_was_filled_in(app: Flask, cast: Cast) -> None:
    visitor = Visitor(app, cast.admin)
    answer = visitor.client.post("/staff/rules", data={"csrf_token": "old", "code": "B-01", "title": "参加治安巡逻"})
    assert (answer.status_code, refusal(answer)) == (403, "form_expired")
    assert 'value="参加治安巡逻"' in answer.text
    assert cast.admin.get("/staff/rules").json["items"] == []


def test_a_form_sent_twice_counts_once_and_leads_to_the_same_page(app: Flask, cast: Cast) -> None:
    visitor = Visitor(app, cast.grandmother)
    one, two = (visitor.send("/checkins", key="the same") for _ in range(2))
    assert (one.status_code, one.location) == (two.status_code, two.location) == (303, "/")
    assert two.headers["Idempotent-Replayed"] == "true"
    assert cast.grandmother.get("/me/wallet").json["balance"] == 1


def test_a_cookie_opens_no_api_and_a_token_no_page(app: Flask, cast: Cast) -> None:
    visitor = Visitor(app, cast.grandmother)
    assert visitor.client.get("/api/v1/me").status_code == 401
    headers = {"Authorization": f"Bearer {cast.grandmother.access_token}", "Accept": "text/html"}
    assert app.test_client().get("/", headers=headers).status_code == 303


def test_a_closed_account_is_out_at_once(app: Flask, cast: Cast, superuser: psycopg.Connection) -> None:
    visitor = Visitor(app, cast.reviewer)
    assert visitor.visit("/staff").status_code == 200
    superuser.execute("UPDATE logins SET disabled_at = now()")
    assert visitor.visit("/staff").status_code == 303


def test_pages_run_no_script_but_ours_and_are_kept_by_no_browser_of_staff(app: Flask, cast: Cast) -> None:
    page = Visitor(app, cast.reviewer).visit("/staff")
    policy = page.headers["Content-Security-Policy"]
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    assert page.headers["Cache-Control"] == "no-store"
    cookie = Visitor(app).client.get("/sign-in").headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


def test_an_address_that_is_none_is_a_page_for_browsers_and_a_problem_for_programs(app: Flask) -> None:
    assert "<h1>" in Visitor(app).visit("/nowhere").text
    assert app.test_client().get("/nowhere").json["code"] == "not_found"
    assert Visitor(app).visit("/api/v1/nowhere").json["code"] == "not_found"
