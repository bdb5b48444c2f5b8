"""Linking at the counter: staff scan the code on a newcomer's phone, and his WeChat account is the person's they had entered."""

from datetime import timedelta

import psycopg
import pytest

from kernel import clock, codes
from people import sessions, wechat_accounts
from people.privacy import VERSION
from tests.answers import refused, refused_fields
from tests.api.test_registration import newcomer
from tests.api.test_residents import PHONE, entered
from tests.cast import Caller, Cast


def link(staff: Caller, person: str, code: object, **more: object):  # type: ignore[no-untyped-def]
    return staff.post(f"/staff/residents/{person}/link", {"code": code, "consent_version": VERSION, **more})


def shown_code(phone: Caller) -> str:
    return str(phone.get("/me/link-code").json["token"])


def test_a_newcomer_is_linked_to_the_person_whom_staff_had_entered(
    cast: Cast, superuser: psycopg.Connection, verified: None
) -> None:
    person = entered(cast.admin, phone=PHONE)
    answer = cast.newcomer.get("/me/link-code").json
    assert answer.keys() == {"token", "expires_at", "refresh_after_s"}
    linked = link(cast.reviewer, person, answer["token"])
    assert (linked.status_code, linked.json["linked"], linked.json["phone"]) == (200, True, None)
    assert cast.newcomer.get("/me").json["id"] == person, "the sign-in he has goes on"
    assert cast.newcomer.post("/checkins").json["balance"] == 1
    assert superuser.execute("SELECT resident_id::text, version, recorded_by::text FROM consents").fetchall() == [
        (person, VERSION, cast.reviewer.id)
    ]
    rows = superuser.execute("SELECT actor_id::text, subject_id::text FROM audit_log WHERE action = 'resident.link'").fetchall()
    assert rows == [(cast.reviewer.id, person)]


def test_a_number_or_anything_else_that_is_typed_links_nobody(cast: Cast) -> None:
    person = entered(cast.admin, phone=PHONE)
    own, card = cast.grandmother.get("/me/code").json["token"], cast.admin.post(f"/staff/residents/{person}/card").json["token"]
    for typed in (PHONE, "0017", "", "newcomer", own, card, "8" * 18, codes.ahead("link", 99_999)[0].token, "x" * 10_000):
        refused(link(cast.admin, person, typed), 400, "code_invalid")
    refused_fields(link(cast.admin, person, 5), "code")
    refused(cast.newcomer.get("/me"), 403, "not_registered")


def test_a_code_whose_time_is_over_links_nobody(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    person, code = entered(cast.admin), shown_code(cast.newcomer)
    now = clock.now() + timedelta(minutes=3)
    monkeypatch.setattr(clock, "now", lambda: now)
    refused(link(cast.admin, person, code), 410, "code_expired")
    assert link(cast.admin, person, shown_code(cast.newcomer)).status_code == 200


def test_a_person_has_one_account_and_an_account_one_person(cast: Cast) -> None:
    person, other = entered(cast.admin), entered(cast.admin, name="李四")
    second = newcomer(cast, "second")
    code, code_of_second = shown_code(cast.newcomer), shown_code(second)
    assert link(cast.admin, person, code).status_code == 200
    refused(link(cast.admin, other, code), 409, "account_joined")
    refused(link(cast.admin, person, code_of_second), 409, "already_linked")
    refused(cast.newcomer.get("/me/link-code"), 409, "already_registered")
    refused(second.get("/me"), 403, "not_registered")


def test_consent_to_an_old_statement_links_nobody(cast: Cast) -> None:
    refused_fields(link(cast.admin, entered(cast.admin), shown_code(cast.newcomer), consent_version="2025-01"), "consent_version")


def test_staff_of_elsewhere_link_nobody_here(cast: Cast) -> None:
    refused(link(cast.neighbour_staff, entered(cast.admin), shown_code(cast.newcomer)), 404, "not_found")


def test_an_account_keeps_its_number_however_often_it_signs_in(cast: Cast, superuser: psycopg.Connection) -> None:
    for _ in range(5):
        newcomer(cast, "one")
    newcomer(cast, "other")
    assert superuser.execute("SELECT number FROM wechat_accounts ORDER BY number").fetchall() == [(1,), (2,)]


def test_an_account_of_somebody_who_has_joined_by_another_app_is_not_linked_to_another_person(cast: Cast) -> None:
    def seen(appid: str) -> Caller:
        account_id, _ = wechat_accounts.seen(appid, "openid", "union")
        return Caller(cast.app, sessions.open_for("resident", wechat_account_id=account_id).access_token)

    phone, browser = (cast.in_app(lambda appid=appid: seen(appid)) for appid in ("wx-mini", "wx-web"))  # type: ignore[misc]
    one, other = entered(cast.admin), entered(cast.admin, name="王二")
    assert link(cast.reviewer, one, shown_code(phone)).status_code == 200
    refused(link(cast.reviewer, other, shown_code(browser)), 409, "account_joined")
