"""Signing in and out: through WeChat, with a password, with a refresh token; and what a session may do while it lives."""

import base64
import dataclasses
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from flask import Flask
from werkzeug.test import TestResponse

from app import jobs, retention
from app.outside import wechat as outside
from app.outside.wechat import WeChatHTTP, WeChatUnavailable
from app.web import limits
from kernel import clock
from kernel.errors import ValidationFailed
from people import merchants, staff
from people.actors import COMMAND_LINE
from tests.cast import COMMUNITY, PASSWORD, Caller, Cast
from tests.wechat_server import WeChatServer


@pytest.fixture
def wechat(app: Flask) -> Iterator[WeChatServer]:
    """The app asks this WeChat, over HTTP, for the length of a test."""
    before = app.extensions["defen-wechat"]
    with WeChatServer(codes={"code-1": "openid-1", "code-2": "openid-1", "code-3": "openid-2"}) as server:
        app.extensions["defen-wechat"] = WeChatHTTP(server.base, server.appid, server.secret)
        yield server
    app.extensions["defen-wechat"] = before


def problem(response: TestResponse) -> tuple[int, str]:
    assert response.mimetype == "application/problem+json"
    return response.status_code, response.json["code"]


def sign_in(cast: Cast, username: str, password: str = PASSWORD) -> TestResponse:
    return cast.nobody.post("/auth/password", {"username": username, "password": password})


def refresh(cast: Cast, token: str) -> TestResponse:
    return cast.nobody.post("/auth/refresh", {"refresh_token": token})


def holding(cast: Cast, access_token: str) -> Caller:
    return Caller(cast.app, access_token)


# --- through WeChat -----------------------------------------------------------------------------------------------------------


def test_a_code_of_wechat_signs_a_newcomer_in(cast: Cast, wechat: WeChatServer) -> None:
    answer = cast.nobody.post("/auth/wechat", {"code": "code-1"})
    assert answer.status_code == 200
    assert answer.json.keys() == {"access_token", "refresh_token", "expires_in", "role", "registered"}
    assert (answer.json["expires_in"], answer.json["role"], answer.json["registered"]) == (1800, "resident", False)
    assert problem(holding(cast, answer.json["access_token"]).get("/me")) == (403, "not_registered")
    given = {"appid": wechat.appid, "secret": wechat.secret, "js_code": "code-1", "grant_type": "authorization_code"}
    assert wechat.asked == [("/sns/jscode2session", given)]


def test_who_has_joined_a_community_is_registered_at_his_next_sign_in(cast: Cast, wechat: WeChatServer) -> None:
    first = cast.nobody.post("/auth/wechat", {"code": "code-1"}).json
    body = {"name": "李秀英", "phone": "13800000001", "community_code": COMMUNITY, "consent_version": "2026-11"}
    me = holding(cast, first["access_token"]).post("/me/registration", body)
    assert me.status_code == 201
    again = cast.nobody.post("/auth/wechat", {"code": "code-2"}).json
    assert again["registered"] is True
    assert holding(cast, again["access_token"]).get("/me").json["id"] == me.json["id"]
    assert refresh(cast, first["refresh_token"]).json["registered"] is True


def test_two_wechat_accounts_are_two_people(cast: Cast, wechat: WeChatServer, superuser: psycopg.Connection) -> None:
    wechat.unionids["openid-1"] = "union-1"
    for code in ("code-1", "code-2", "code-3"):
        assert cast.nobody.post("/auth/wechat", {"code": code}).status_code == 200
    rows = superuser.execute("SELECT appid, openid, unionid FROM wechat_accounts ORDER BY openid").fetchall()
    assert rows == [("wx-tests", "openid-1", "union-1"), ("wx-tests", "openid-2", None)]


def test_the_same_openid_at_another_mini_program_is_another_account(cast: Cast, wechat: WeChatServer) -> None:
    joined = cast.nobody.post("/auth/wechat", {"code": "code-1"}).json
    body = {"name": "李秀英", "phone": "13800000001", "community_code": COMMUNITY, "consent_version": "2026-11"}
    holding(cast, joined["access_token"]).post("/me/registration", body)
    with WeChatServer(codes={"code": "openid-1"}, appid="wx-other") as other:
        cast.app.extensions["defen-wechat"] = WeChatHTTP(other.base, other.appid, other.secret)
        assert cast.nobody.post("/auth/wechat", {"code": "code"}).json["registered"] is False


@pytest.mark.parametrize("code", ["unknown", "code-1"])
def test_a_code_that_wechat_refuses_is_refused(cast: Cast, wechat: WeChatServer, code: str) -> None:
    """40029: WeChat never gave it. 40163: it was used before."""
    assert cast.nobody.post("/auth/wechat", {"code": "code-1"}).status_code == 200
    refused = cast.nobody.post("/auth/wechat", {"code": code})
    assert problem(refused) == (401, "wechat_rejected")
    assert code not in refused.text


def test_a_wrong_app_secret_signs_nobody_in(cast: Cast, wechat: WeChatServer) -> None:
    wechat.secret = "another"
    assert problem(cast.nobody.post("/auth/wechat", {"code": "code-1"})) == (401, "wechat_rejected")


@pytest.mark.parametrize("trouble", ["busy", "error", "html", "list", "silent"])
def test_an_ill_wechat_is_unavailable_and_says_when_to_try_again(
    cast: Cast, wechat: WeChatServer, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    monkeypatch.setattr(outside, "TIMEOUT_S", (0.3, 0.3))
    wechat.trouble = trouble
    refused = cast.nobody.post("/auth/wechat", {"code": "code-1"})
    assert problem(refused) == (503, "wechat_unavailable")
    assert int(refused.headers["Retry-After"]) >= 1
    wechat.trouble = None
    assert cast.nobody.post("/auth/wechat", {"code": "code-1"}).status_code == 200


def test_wechat_out_of_reach_is_unavailable(cast: Cast) -> None:
    before = cast.app.extensions["defen-wechat"]
    with WeChatServer() as gone:
        base = gone.base
    try:
        cast.app.extensions["defen-wechat"] = WeChatHTTP(base, "wx-tests", "secret")
        refused = cast.nobody.post("/auth/wechat", {"code": "code-1"})
    finally:
        cast.app.extensions["defen-wechat"] = before
    assert problem(refused) == (503, "wechat_unavailable")
    assert refused.headers["Retry-After"]


def test_an_ill_wechat_does_not_keep_staff_out(cast: Cast, wechat: WeChatServer) -> None:
    wechat.trouble = "error"
    assert sign_in(cast, cast.reviewer.username).status_code == 200


def test_a_slow_wechat_holds_no_connection_to_the_database(
    cast: Cast, wechat: WeChatServer, monkeypatch: pytest.MonkeyPatch, superuser: psycopg.Connection
) -> None:
    """For a sign-in, and for a registration, which has looked at its caller before it asks."""
    newcomer = cast.newcomer
    monkeypatch.setattr(outside, "TIMEOUT_S", (2, 2))
    wechat.trouble = "silent"
    body = {"name": "新来的", "phone_code": "p", "community_code": COMMUNITY, "consent_version": "2026-11"}
    calls = [lambda: cast.nobody.post("/auth/wechat", {"code": "code-1"}), lambda: newcomer.post("/me/registration", body)]
    with ThreadPoolExecutor(2) as pool:
        waiting = [pool.submit(call) for call in calls]
        threading.Event().wait(0.5)
        busy = superuser.execute(
            "SELECT query FROM pg_stat_activity WHERE usename = 'defen_app' AND state <> 'idle' AND pid <> pg_backend_pid()"
        ).fetchall()
        assert not any(answer.done() for answer in waiting)
        wechat._ended.set()
        assert [problem(answer.result()) for answer in waiting] == [(503, "wechat_unavailable")] * 2
    assert busy == []


@pytest.mark.parametrize(
    "body", [{}, {"code": ""}, {"code": 7}, {"code": None}, {"code": "x" * 513}, {"code": "a", "role": "admin"}]
)
def test_a_sign_in_that_makes_no_sense_is_not_shown_to_wechat(cast: Cast, wechat: WeChatServer, body: dict[str, Any]) -> None:
    assert problem(cast.nobody.post("/auth/wechat", body)) == (422, "validation_failed")
    assert wechat.asked == []


# --- WeChat's phone numbers ---------------------------------------------------------------------------------------------------


def test_a_phone_code_gives_the_number_and_the_access_token_is_asked_for_once() -> None:
    with WeChatServer(phones={"p1": "13800000001", "p2": "13800000002"}) as server:
        gateway = WeChatHTTP(server.base, server.appid, server.secret)
        assert [gateway.phone("p1", "openid-1"), gateway.phone("p2", "openid-1")] == ["13800000001", "13800000002"]
        asking = "/wxa/business/getuserphonenumber"
        assert server.paths_asked() == ["/cgi-bin/stable_token", asking, asking]
        assert server.asked[1][1] == {"access_token": "token-0", "code": "p1", "openid": "openid-1"}
        assert server.asked[0][1]["grant_type"] == "client_credential"


def test_an_access_token_that_ran_out_is_renewed_and_the_question_asked_again() -> None:
    with WeChatServer(phones={"p1": "13800000001", "p2": "13800000002"}) as server:
        gateway = WeChatHTTP(server.base, server.appid, server.secret)
        gateway.phone("p1", "openid-1")
        server.expire_access_token()
        assert gateway.phone("p2", "openid-1") == "13800000002"
        assert server.paths_asked().count("/cgi-bin/stable_token") == 2


@pytest.mark.parametrize("answer", [{}, {"access_token": 7}, {"access_token": "t", "expires_in": "soon"}, {"errcode": 40125}])
def test_an_access_token_that_makes_no_sense_means_that_wechat_is_unavailable(answer: dict[str, Any]) -> None:
    with WeChatServer(phones={"p1": "13800000001"}) as server:
        server.says["/cgi-bin/stable_token"] = answer
        with pytest.raises((WeChatUnavailable, ValidationFailed)):
            WeChatHTTP(server.base, server.appid, server.secret).phone("p1", "openid-1")


@pytest.mark.parametrize("info", [None, [], "13800000001", {}, {"purePhoneNumber": 13800000001}])
def test_a_phone_answer_that_makes_no_sense_gives_no_number(info: object) -> None:
    with WeChatServer() as server:
        server.says["/wxa/business/getuserphonenumber"] = {"errcode": 0, "phone_info": info}
        with pytest.raises(ValidationFailed):
            WeChatHTTP(server.base, server.appid, server.secret).phone("p1", "openid-1")


@pytest.mark.parametrize("answer", [{}, {"openid": 7}, {"openid": None, "errcode": 0}, {"openid": "o", "errcode": 40226}])
def test_an_identity_that_makes_no_sense_signs_nobody_in(cast: Cast, wechat: WeChatServer, answer: dict[str, Any]) -> None:
    wechat.says["/sns/jscode2session"] = answer
    assert problem(cast.nobody.post("/auth/wechat", {"code": "code-1"})) == (401, "wechat_rejected")


# --- with a password ----------------------------------------------------------------------------------------------------------


def test_staff_and_merchants_sign_in_with_a_password(cast: Cast) -> None:
    for person, role, path in ((cast.reviewer, "staff", "/staff/deeds"), (cast.barber, "merchant", "/merchant/scans")):
        answer = sign_in(cast, person.username)
        assert answer.status_code == 200
        assert answer.json.keys() == {"access_token", "refresh_token", "expires_in", "role", "registered"}
        assert (answer.json["role"], answer.json["registered"], answer.json["expires_in"]) == (role, None, 1800)
        assert holding(cast, answer.json["access_token"]).get(path).status_code == 200


def test_an_unknown_name_and_a_wrong_password_get_the_same_answer(cast: Cast) -> None:
    wrong = sign_in(cast, cast.reviewer.username, "not the password")
    unknown = sign_in(cast, "nobody-by-this-name", "not the password")
    assert problem(wrong) == problem(unknown) == (401, "bad_credentials")
    assert wrong.data == unknown.data


@pytest.mark.parametrize("password", [PASSWORD + " ", " " + PASSWORD, PASSWORD.upper(), PASSWORD[:-1], "x" * 256])
def test_a_password_is_taken_to_the_letter(cast: Cast, password: str) -> None:
    assert problem(sign_in(cast, cast.reviewer.username, password)) == (401, "bad_credentials")


def test_passwords_are_kept_as_argon2_and_tokens_as_digests(cast: Cast, superuser: psycopg.Connection) -> None:
    tokens = sign_in(cast, cast.reviewer.username).json
    (kept,) = superuser.execute("SELECT password_hash FROM logins WHERE id = %s", (cast.reviewer.login_id,)).fetchone()
    assert kept.startswith("$argon2id$")
    digests = [row[0] for row in superuser.execute("SELECT digest FROM refresh_tokens").fetchall()]
    assert digests
    assert all(len(digest) == 32 and tokens["refresh_token"].encode() not in digest for digest in digests)


def test_ten_wrong_passwords_close_an_account_even_to_the_right_one(cast: Cast) -> None:
    for _ in range(10):
        assert problem(sign_in(cast, cast.reviewer.username, "not the password")) == (401, "bad_credentials")
    refused = sign_in(cast, cast.reviewer.username)
    assert problem(refused) == (429, "too_many_attempts")
    assert 1 <= int(refused.headers["Retry-After"]) <= 15 * 60


def test_nine_wrong_passwords_do_not_and_a_right_one_forgets_them(cast: Cast) -> None:
    for _ in range(2):
        for _ in range(9):
            assert sign_in(cast, cast.reviewer.username, "not the password").status_code == 401
        assert sign_in(cast, cast.reviewer.username).status_code == 200


def test_an_unknown_name_is_closed_just_like_one_that_exists(cast: Cast) -> None:
    answers = [sign_in(cast, "nobody-by-this-name", "not the password") for _ in range(11)]
    assert [problem(answer) for answer in answers] == [(401, "bad_credentials")] * 10 + [(429, "too_many_attempts")]
    known = [sign_in(cast, cast.reviewer.username, "not the password") for _ in range(11)]
    assert known[10].data == answers[10].data


def test_a_closed_account_closes_no_other_and_not_wechat(cast: Cast) -> None:
    for _ in range(12):
        sign_in(cast, cast.reviewer.username, "not the password")
    assert sign_in(cast, cast.admin.username).status_code == 200
    assert sign_in(cast, cast.barber.username).status_code == 200
    assert cast.nobody.post("/auth/wechat", {"code": "somebody"}).status_code == 200
    assert cast.reviewer.get("/staff/deeds").status_code == 200, "a session that is open stays open"


def test_hammering_one_account_closes_no_other_and_not_wechat_from_the_same_address(cast: Cast) -> None:
    answers = [sign_in(cast, "hammered", "not the password") for _ in range(260)]
    assert {problem(answer)[0] for answer in answers} == {401, 429}
    assert answers[-1].headers["Retry-After"]
    assert sign_in(cast, cast.admin.username).status_code == 200
    assert cast.nobody.post("/auth/wechat", {"code": "somebody"}).status_code == 200


def test_guessing_at_many_accounts_from_one_address_is_slowed(cast: Cast) -> None:
    answers = []
    for place in range(limits.SIGN_INS.amount + 1):
        body = {"username": f"guess-{place}", "password": "x"}
        answers.append(cast.nobody.post("/auth/password", body | {"unknown": 1}).status_code)  # refused before any hashing
    assert answers[:120] == [422] * 120
    assert answers[-1] == 429


def test_a_closed_account_opens_again_after_fifteen_minutes(cast: Cast) -> None:
    now = clock.now()
    with clock.stopped_at(now):
        for _ in range(10):
            sign_in(cast, cast.reviewer.username, "not the password")
    with clock.stopped_at(now + timedelta(minutes=14, seconds=59)):
        refused = sign_in(cast, cast.reviewer.username)
        assert (problem(refused), refused.headers["Retry-After"]) == ((429, "too_many_attempts"), "1")
    with clock.stopped_at(now + timedelta(minutes=15, seconds=1)):
        assert sign_in(cast, cast.reviewer.username).status_code == 200


def test_being_refused_while_closed_does_not_keep_an_account_closed(cast: Cast) -> None:
    now = clock.now()
    with clock.stopped_at(now):
        for _ in range(10):
            sign_in(cast, cast.reviewer.username, "not the password")
    with clock.stopped_at(now + timedelta(minutes=10)):
        assert problem(sign_in(cast, cast.reviewer.username, "not the password")) == (429, "too_many_attempts")
    with clock.stopped_at(now + timedelta(minutes=15, seconds=1)):
        assert sign_in(cast, cast.reviewer.username).status_code == 200


def test_failed_sign_ins_are_kept_without_a_readable_name_and_forgotten_in_time(
    cast: Cast, superuser: psycopg.Connection
) -> None:
    sign_in(cast, "a-name-to-hide", "not the password")
    (row,) = superuser.execute("SELECT username_hash FROM failed_sign_ins").fetchall()
    assert b"a-name-to-hide" not in row[0]
    assert cast.in_app(lambda: retention.forget_batch("failed_sign_ins")) == 0
    with clock.stopped_at(clock.now() + timedelta(minutes=16)):
        assert cast.in_app(lambda: retention.forget_batch("failed_sign_ins")) == 1


# --- refreshing and signing out -----------------------------------------------------------------------------------------------


def test_a_refresh_token_gives_new_tokens(cast: Cast) -> None:
    for person, role, path in (
        (cast.reviewer, "staff", "/staff/deeds"),
        (cast.barber, "merchant", "/merchant/scans"),
        (cast.newcomer, "resident", "/communities"),
    ):
        answer = refresh(cast, person.refresh_token)
        assert (answer.status_code, answer.json["role"], answer.json["expires_in"]) == (200, role, 1800)
        assert answer.json["refresh_token"] != person.refresh_token
        assert holding(cast, answer.json["access_token"]).get(path).status_code == 200
    assert answer.json["registered"] is False


def test_a_used_refresh_token_ends_its_whole_family(cast: Cast) -> None:
    first = sign_in(cast, cast.reviewer.username).json
    second = refresh(cast, first["refresh_token"]).json
    assert holding(cast, second["access_token"]).get("/staff/deeds").status_code == 200
    assert problem(refresh(cast, first["refresh_token"])) == (401, "unauthenticated")
    for tokens in (first, second):
        assert problem(holding(cast, tokens["access_token"]).get("/staff/deeds")) == (401, "unauthenticated")
    assert problem(refresh(cast, second["refresh_token"])) == (401, "unauthenticated")
    assert cast.reviewer.get("/staff/deeds").status_code == 200, "his other sign-in is another family"


def test_a_refresh_token_used_by_many_at_once_is_good_for_one(cast: Cast) -> None:
    token = sign_in(cast, cast.reviewer.username).json["refresh_token"]
    barrier = threading.Barrier(8)

    def use() -> int:
        barrier.wait()
        return refresh(cast, token).status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = sorted(future.result() for future in [pool.submit(use) for _ in range(8)])
    assert statuses == [200] + [401] * 7


def test_an_unknown_refresh_token_is_refused(cast: Cast) -> None:
    assert problem(refresh(cast, "never-given")) == (401, "unauthenticated")
    assert problem(refresh(cast, cast.reviewer.access_token)) == (401, "unauthenticated")


def test_a_refresh_token_lives_thirty_days(cast: Cast) -> None:
    tokens = sign_in(cast, cast.reviewer.username).json
    with clock.stopped_at(clock.now() + timedelta(days=30, seconds=1)):
        assert problem(refresh(cast, tokens["refresh_token"])) == (401, "unauthenticated")
    with clock.stopped_at(clock.now() + timedelta(days=29)):
        assert refresh(cast, tokens["refresh_token"]).status_code == 200


def test_signing_out_ends_this_sign_in_and_no_other(cast: Cast) -> None:
    tokens = sign_in(cast, cast.reviewer.username).json
    caller = holding(cast, tokens["access_token"])
    out = caller.post("/auth/logout")
    assert (out.status_code, out.data) == (204, b"")
    assert problem(caller.get("/staff/deeds")) == (401, "unauthenticated")
    assert problem(caller.post("/auth/logout")) == (401, "unauthenticated")
    assert problem(refresh(cast, tokens["refresh_token"])) == (401, "unauthenticated")
    assert cast.reviewer.get("/staff/deeds").status_code == 200


def test_signing_out_takes_an_empty_object_too(cast: Cast) -> None:
    for person in (cast.reviewer, cast.barber, cast.grandmother, cast.newcomer):
        assert person.post("/auth/logout", {}).status_code == 204


def test_a_second_sign_in_does_not_end_the_first(cast: Cast) -> None:
    first, second = (sign_in(cast, cast.reviewer.username).json for _ in range(2))
    for tokens in (first, second):
        assert holding(cast, tokens["access_token"]).get("/staff/deeds").status_code == 200
        assert refresh(cast, tokens["refresh_token"]).status_code == 200


def test_old_sessions_are_forgotten_and_living_ones_kept(cast: Cast, superuser: psycopg.Connection) -> None:
    sign_in(cast, cast.reviewer.username)
    (kept,) = superuser.execute("SELECT count(*) FROM sessions").fetchone()
    with cast.app.app_context():
        assert jobs.forget_old()["sessions_forgotten"] == 0
    with clock.stopped_at(clock.now() + timedelta(days=31)), cast.app.app_context():
        assert jobs.forget_old()["sessions_forgotten"] == kept


# --- access tokens ------------------------------------------------------------------------------------------------------------


def test_an_access_token_lives_thirty_minutes(cast: Cast) -> None:
    now = clock.now()
    with clock.stopped_at(now):
        caller = holding(cast, sign_in(cast, cast.reviewer.username).json["access_token"])
    with clock.stopped_at(now + timedelta(minutes=29, seconds=58)):
        assert caller.get("/staff/deeds").status_code == 200
    with clock.stopped_at(now + timedelta(minutes=30)):
        refused = caller.get("/staff/deeds")
        assert problem(refused) == (401, "unauthenticated")
        assert refused.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_token_with_any_bit_changed_is_refused(cast: Cast) -> None:
    raw = base64.urlsafe_b64decode(cast.reviewer.access_token + "==")
    for place in range(len(raw)):
        forged = bytearray(raw)
        forged[place] ^= 1 << (place % 8)
        token = base64.urlsafe_b64encode(bytes(forged)).decode().rstrip("=")
        assert problem(holding(cast, token).get("/staff/deeds")) == (401, "unauthenticated")


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "Basic cmV2aWV3ZXI6eA==",
        "Bearer x",
        "Bearer ÿ",
        "Bearer " + "A" * 50,
        "Bearer " + "A" * 9000,
        "Bearer ==",
    ],
)
def test_what_is_no_token_is_refused_like_no_token(cast: Cast, header: str) -> None:
    without = cast.nobody.get("/staff/deeds")
    refused = cast.nobody.get("/staff/deeds", headers={"Authorization": header})
    assert problem(refused) == (401, "unauthenticated")
    assert refused.data == without.data


def test_a_token_signed_with_another_secret_is_refused(cast: Cast) -> None:
    session_id = cast.reviewer.actor.session_id
    expires = int((clock.now() + timedelta(minutes=30)).timestamp())
    payload = session_id.bytes + expires.to_bytes(5, "big")
    token = base64.urlsafe_b64encode(payload + bytes(16)).decode().rstrip("=")
    assert problem(holding(cast, token).get("/staff/deeds")) == (401, "unauthenticated")


# --- rights are read at each request ------------------------------------------------------------------------------------------


def test_a_disabled_login_ends_its_running_sessions(cast: Cast, superuser: psycopg.Connection) -> None:
    for person, path in ((cast.reviewer, "/staff/deeds"), (cast.barber, "/merchant/scans")):
        assert person.get(path).status_code == 200
        superuser.execute("UPDATE logins SET disabled_at = now() WHERE id = %s", (person.login_id,))
        assert problem(person.get(path)) == (401, "unauthenticated")
        assert problem(refresh(cast, person.refresh_token)) == (401, "unauthenticated")
        assert problem(sign_in(cast, person.username)) == (401, "bad_credentials")


def test_a_merchant_that_is_switched_off_cannot_go_on(cast: Cast) -> None:
    barber = cast.barber
    assert cast.admin.patch(f"/staff/merchants/{barber.merchant_id}", {"active": False}).status_code == 200
    assert problem(barber.get("/merchant/scans")) == (401, "unauthenticated")
    assert problem(refresh(cast, barber.refresh_token)) == (401, "unauthenticated")
    assert problem(sign_in(cast, barber.username)) == (401, "bad_credentials")
    cast.admin.patch(f"/staff/merchants/{barber.merchant_id}", {"active": True})
    assert problem(barber.get("/merchant/scans")) == (401, "unauthenticated"), "what was signed out stays so"
    assert sign_in(cast, barber.username).status_code == 200


def test_a_demoted_member_of_staff_loses_the_right_in_his_running_session(cast: Cast, superuser: psycopg.Connection) -> None:
    admin = cast.admin
    body = {"code": "X-1", "title": "参加治安巡逻", "category": "社区治理", "points": 5}
    assert admin.post("/staff/rules", body).status_code == 201
    superuser.execute("UPDATE staff SET role = 'auditor' WHERE id = %s", (admin.id,))
    assert problem(admin.post("/staff/rules", {**body, "code": "X-2"})) == (403, "wrong_role")
    assert admin.get("/staff/rules").status_code == 200


def test_a_member_of_staff_who_is_moved_sees_only_his_new_community(cast: Cast, superuser: psycopg.Connection) -> None:
    rule = cast.patrol
    admin = cast.admin
    assert [r["id"] for r in admin.get("/staff/rules").json["items"]] == [rule]
    superuser.execute("UPDATE staff SET scope_code = '500104101010' WHERE id = %s", (admin.id,))
    assert admin.get("/staff/rules").json["items"] == []
    assert problem(admin.patch(f"/staff/rules/{rule}", {"points": 9})) == (404, "not_found")


# --- the demo's logins --------------------------------------------------------------------------------------------------------


@pytest.fixture
def production(app: Flask) -> Iterator[None]:
    """The app as it is in production, as far as signing in goes."""
    before = app.config["SETTINGS"]
    app.config["SETTINGS"] = dataclasses.replace(before, env="production")
    yield
    app.config["SETTINGS"] = before


def _logins(cast: Cast, *, demo: bool) -> list[str]:
    names = [uuid4().hex, uuid4().hex]

    def make() -> None:
        staff.create(COMMAND_LINE, username=names[0], password=PASSWORD, role="admin", scope_code=COMMUNITY, demo=demo)
        merchants.create(COMMAND_LINE, name="理发店", community_code=COMMUNITY, username=names[1], password=PASSWORD, demo=demo)

    cast.in_app(make)
    return names


def test_the_logins_of_the_demo_are_refused_in_production(cast: Cast, production: None) -> None:
    for username in _logins(cast, demo=True):
        assert problem(sign_in(cast, username)) == (401, "bad_credentials")
    for username in _logins(cast, demo=False):
        assert sign_in(cast, username).status_code == 200


def test_the_logins_of_the_demo_are_good_in_the_demo(cast: Cast) -> None:
    for username in _logins(cast, demo=True):
        assert sign_in(cast, username).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"username": "reviewer"},
        {"username": "reviewer", "password": None},
        {"username": ["reviewer"], "password": "x"},
        {"username": "reviewer", "password": {"$ne": ""}},
        {"username": "a\u0000b", "password": "x"},
        {"username": "reviewer", "password": "x" * 257},
        {"username": "reviewer", "password": "x", "role": "admin"},
    ],
)
def test_a_password_sign_in_that_makes_no_sense_is_refused(cast: Cast, body: dict[str, Any]) -> None:
    assert problem(cast.nobody.post("/auth/password", body)) == (422, "validation_failed")
