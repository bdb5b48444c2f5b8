"""Races at the door: a code signs in once, a person who comes by two apps joins once."""

from uuid import UUID

from flask import Flask
from sqlalchemy import text

from kernel import clock, signing
from kernel.database import execute, first
from people import sessions, wechat_accounts
from people.privacy import VERSION
from tests.cast import COMMUNITY, Caller, Cast
from tests.races.harness import dawdle, race, tally
from tests.visitors import Visitor

BROWSERS = 8


def test_of_browsers_that_use_a_code_at_once_one_is_signed_in(app: Flask, cast: Cast, rounds: range) -> None:
    for _ in rounds:
        code = cast.grandmother.post("/me/sign-in-codes").json["code"]
        browsers = [Visitor(app) for _ in range(BROWSERS)]
        tokens = [browser.token() for browser in browsers]

        def use(i: int, code: str = code, browsers: list[Visitor] = browsers, tokens: list[str] = tokens) -> int:
            return browsers[i].client.post("/enter/code", data={"csrf_token": tokens[i], "sign_in_code": code}).status_code

        assert sorted(race(BROWSERS, use)) == [303] + [401] * (BROWSERS - 1)
        app.extensions["defen-limiter"].storage.reset()


def test_a_use_that_looks_before_it_writes_signs_many_in(cast: Cast) -> None:
    code = cast.grandmother.post("/me/sign-in-codes").json["code"]
    assert race(BROWSERS, lambda _: cast.in_app(lambda: _naive_use(code))).count(True) > 1


def test_one_person_who_joins_by_two_apps_at_once_becomes_one_resident(cast: Cast, verified: None, rounds: range) -> None:
    for n in rounds:
        ways = [_newcomer(cast, f"app-{i}", f"openid-{n}", f"union-{n}") for i in range(4)]
        answers = race(4, lambda i, ways=ways: ways[i].post("/me/registration", _person()))
        assert tally(answers) == {(201, ""): 1, (409, "already_registered"): 3}


def test_joining_that_looks_before_it_writes_makes_two_residents_of_one_person(cast: Cast) -> None:
    ways = [_newcomer(cast, f"app-{i}", "openid", "union") for i in range(4)]
    people = [cast.resident(f"王{i}") for i in range(4)]
    assert race(4, lambda i: cast.in_app(lambda: _naive_join(ways[i].account_id, UUID(people[i].id)))).count(True) > 1


def _person() -> dict[str, str]:
    return {"name": "李秀英", "phone": "13800000001", "community_code": COMMUNITY, "consent_version": VERSION}


def _newcomer(cast: Cast, appid: str, openid: str, unionid: str) -> Caller:
    def work() -> Caller:
        account_id, _ = wechat_accounts.seen(appid, openid, unionid)
        token = sessions.open_for("resident", wechat_account_id=account_id, registered=False).access_token
        return Caller(cast.app, token, account_id=account_id)

    return cast.in_app(work)


def _naive_use(code: str) -> bool:
    values = {"digest": signing.token_digest(code), "now": clock.now()}
    if first(text("SELECT FROM sign_in_codes WHERE digest = :digest AND used_at IS NULL"), digest=values["digest"]) is None:
        return False
    dawdle()
    execute(text("UPDATE sign_in_codes SET used_at = :now WHERE digest = :digest"), **values)
    return True


def _naive_join(account_id: UUID, resident_id: UUID) -> bool:
    joined = text("SELECT FROM wechat_accounts WHERE unionid = 'union' AND resident_id IS NOT NULL")
    if first(joined) is not None:
        return False
    dawdle()
    execute(text("UPDATE wechat_accounts SET resident_id = NULL WHERE resident_id = :id"), id=resident_id)
    execute(text("UPDATE wechat_accounts SET resident_id = :id WHERE id = :account_id"), id=resident_id, account_id=account_id)
    return True
