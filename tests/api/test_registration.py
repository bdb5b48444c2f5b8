"""Joining a community: what a newcomer must say of himself, how his phone number is kept, and that he joins once."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import psycopg
import pytest
from flask import Flask
from werkzeug.test import TestResponse

from app.outside.wechat import WeChatHTTP
from kernel import signing
from people import residents, sessions, wechat_accounts
from people.residents import phone_hash
from tests.cast import COMMUNITY, NEXT_COMMUNITY, TOWN, Caller, Cast
from tests.wechat_server import WeChatServer

PHONE = "13983000001"
BODY = {"name": "李秀英", "phone": PHONE, "community_code": COMMUNITY, "consent_version": "2026-11"}


def problem(response: TestResponse) -> tuple[int, str]:
    assert response.mimetype == "application/problem+json"
    return response.status_code, response.json["code"]


def with_code(code: str, **other: Any) -> dict[str, Any]:
    return {name: value for name, value in BODY.items() if name != "phone"} | {"phone_code": code} | other


def newcomer(cast: Cast, openid: str) -> Caller:
    """Somebody signed in through WeChat; a second time with the same openid it is another phone of the same account."""

    def work() -> str:
        account_id, _ = wechat_accounts.seen("stand-in", openid, None)
        return sessions.open_for("resident", wechat_account_id=account_id, registered=False).access_token

    return Caller(cast.app, cast.in_app(work))


def entered_by_staff(cast: Cast, phone: str = PHONE, community_code: str = COMMUNITY, name: str = "王大福") -> str:
    """A person without WeChat whom staff entered; his id."""
    admin = cast.admin
    return str(cast.in_app(lambda: residents.enter(admin.actor, name=name, community_code=community_code, phone=phone)).id)


def count(superuser: psycopg.Connection, table: str) -> int:
    row = superuser.execute(f"SELECT count(*) FROM {table}").fetchone()
    assert row is not None
    return int(row[0])


@pytest.fixture
def wechat(app: Flask) -> Iterator[WeChatServer]:
    """The app asks this WeChat, over HTTP, for phone numbers."""
    before = app.extensions["defen-wechat"]
    with WeChatServer(phones={"p1": PHONE, "p2": PHONE, "landline": "02368900000"}) as server:
        app.extensions["defen-wechat"] = WeChatHTTP(server.base, server.appid, server.secret)
        yield server
    app.extensions["defen-wechat"] = before


# --- joining ----------------------------------------------------------------------------------------------------------------


def test_a_newcomer_joins_a_community_and_sees_himself(cast: Cast, verified: None) -> None:
    joined = cast.newcomer.post("/me/registration", BODY)
    assert joined.status_code == 201
    assert joined.json == {
        "id": joined.json["id"],
        "name": "李秀英",
        "name_shown": "masked",
        "phone_masked": "139****0001",
        "community": {"code": COMMUNITY, "name": "融城社区"},
        "household": None,
        "wallet": {"balance": 0, "held": 0},
        "streak": 0,
        "unread": 1,
        "confirmed": True,
    }
    assert UUID(joined.json["id"]).version == 7
    assert cast.newcomer.get("/me").json == joined.json
    assert cast.newcomer.post("/checkins").status_code == 201, "he can begin at once"
    assert cast.newcomer.get("/me").json | {} == joined.json | {"wallet": {"balance": 1, "held": 0}, "streak": 1}


def test_before_he_joins_a_newcomer_is_told_to_do_so(cast: Cast) -> None:
    for path in ("/me", "/me/wallet", "/rules", "/items", "/orders", "/checkins", "/deeds"):
        assert problem(cast.newcomer.get(path)) == (403, "not_registered")


def test_who_has_joined_cannot_join_again(cast: Cast) -> None:
    assert cast.newcomer.post("/me/registration", BODY).status_code == 201
    again = cast.newcomer.post("/me/registration", BODY | {"community_code": NEXT_COMMUNITY, "name": "别人"})
    assert problem(again) == (409, "already_registered")
    me = cast.newcomer.get("/me").json
    assert (me["name"], me["community"]["code"]) == ("李秀英", COMMUNITY)


def test_an_address_may_be_given(cast: Cast, superuser: psycopg.Connection) -> None:
    assert cast.newcomer.post("/me/registration", BODY | {"address": "融城路 1 号 3 单元"}).status_code == 201
    assert superuser.execute("SELECT address FROM residents").fetchall() == [("融城路 1 号 3 单元",)]


def test_consent_is_recorded_with_its_version_and_the_act_in_the_audit_log(cast: Cast, superuser: psycopg.Connection) -> None:
    me = cast.newcomer.post("/me/registration", BODY, headers={"X-Request-Id": "request-of-mine"}).json
    assert superuser.execute("SELECT resident_id::text, version FROM consents").fetchall() == [(me["id"], "2026-11")]
    rows = superuser.execute(
        "SELECT actor_kind, subject_id::text, community_code, request_id, details FROM audit_log"
        " WHERE action = 'resident.register'"
    ).fetchall()
    assert rows == [("newcomer", me["id"], COMMUNITY, "request-of-mine", {"consent_version": "2026-11"})]


def test_the_version_to_consent_to_is_the_one_that_is_served(cast: Cast) -> None:
    served = cast.nobody.get("/privacy").json
    assert served.keys() == {"version", "title", "url"}
    assert cast.newcomer.post("/me/registration", BODY | {"consent_version": served["version"]}).status_code == 201


def test_two_residents_may_share_a_phone(cast: Cast) -> None:
    """A couple has one; nothing is linked by it, so nothing is refused."""
    ids = {newcomer(cast, openid).post("/me/registration", BODY).json["id"] for openid in ("wife", "husband")}
    assert len(ids) == 2


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("consent_version", "2025-01"),
        ("consent_version", ""),
        ("phone", "12345678901"),
        ("phone", "1398300000"),
        ("phone", "139830000011"),
        ("phone", "+8613983000001"),
        ("phone", "１３９８３００００００"),
        ("phone", "13983000001\n1"),
        ("phone", 13983000001),
        ("phone", None),
        ("community_code", "500104101999"),
        ("community_code", TOWN),
        ("community_code", None),
        ("name", ""),
        ("name", "   "),
        ("name", "李" * 31),
        ("name", "李\u0000英"),
        ("name", ["李秀英"]),
        ("address", "x" * 101),
        ("role", "admin"),
        ("wallet", {"balance": 1000}),
        ("phone_verified", True),
    ],
)
def test_what_makes_no_sense_is_refused_by_name_and_nobody_joins(
    cast: Cast, superuser: psycopg.Connection, field: str, value: object
) -> None:
    refused = cast.newcomer.post("/me/registration", BODY | {field: value})
    assert problem(refused) == (422, "validation_failed")
    assert list(refused.json["errors"]) == [field]
    assert all(isinstance(message, str) for message in refused.json["errors"][field])
    assert count(superuser, "residents") == count(superuser, "consents") == 0
    assert problem(cast.newcomer.get("/me")) == (403, "not_registered")


@pytest.mark.parametrize("missing", ["name", "community_code", "consent_version"])
def test_what_is_missing_is_named(cast: Cast, missing: str) -> None:
    refused = cast.newcomer.post("/me/registration", {name: value for name, value in BODY.items() if name != missing})
    assert problem(refused) == (422, "validation_failed")
    assert list(refused.json["errors"]) == [missing]


def test_exactly_one_of_phone_and_phone_code_is_wanted(cast: Cast, wechat: WeChatServer) -> None:
    neither = {name: value for name, value in BODY.items() if name != "phone"}
    for body in (neither, BODY | {"phone_code": "p1"}):
        refused = cast.newcomer.post("/me/registration", body)
        assert problem(refused) == (422, "validation_failed")
        assert set(refused.json["errors"]) == {"phone", "phone_code"}
    assert wechat.asked == []


# --- the phone number ---------------------------------------------------------------------------------------------------------


def test_a_phone_number_is_encrypted_at_rest_and_found_by_a_keyed_hash(cast: Cast, superuser: psycopg.Connection) -> None:
    cast.newcomer.post("/me/registration", BODY)
    row = superuser.execute("SELECT residents::text, phone_sealed, phone_hash FROM residents").fetchone()
    assert row is not None
    assert PHONE not in row[0]
    assert PHONE.encode().hex() not in row[0]
    assert signing.decrypt("phone", row[1]) == PHONE
    assert row[2] == phone_hash(PHONE) != phone_hash("13983000002")
    with_another_key = superuser.execute("SELECT sha256(%s::bytea)", (PHONE.encode(),)).fetchone()
    assert with_another_key is not None
    assert row[2] != with_another_key[0], "a plain digest of eleven digits is found by trying all"


def test_the_same_number_is_sealed_differently_each_time(cast: Cast, superuser: psycopg.Connection) -> None:
    for openid in ("wife", "husband"):
        newcomer(cast, openid).post("/me/registration", BODY)
    rows = superuser.execute("SELECT phone_sealed, phone_hash FROM residents").fetchall()
    assert len({row[0] for row in rows}) == 2
    assert len({row[1] for row in rows}) == 1


def test_a_phone_code_gives_the_number_that_wechat_vouches_for(
    cast: Cast, wechat: WeChatServer, superuser: psycopg.Connection
) -> None:
    joined = cast.newcomer.post("/me/registration", with_code("p1"))
    assert (joined.status_code, joined.json["phone_masked"]) == (201, "139****0001")
    assert superuser.execute("SELECT phone_verified FROM residents").fetchall() == [(True,)]
    asked = wechat.asked[-1]
    assert asked == (
        "/wxa/business/getuserphonenumber",
        {"access_token": "token-0", "code": "p1", "openid": "newcomer"},
    )


def test_a_typed_number_is_not_taken_for_verified(cast: Cast, superuser: psycopg.Connection) -> None:
    cast.newcomer.post("/me/registration", BODY)
    assert superuser.execute("SELECT phone_verified FROM residents").fetchall() == [(False,)]


@pytest.mark.parametrize("code", ["unknown", "p1"])
def test_a_phone_code_that_wechat_refuses_is_refused(cast: Cast, wechat: WeChatServer, code: str) -> None:
    newcomer(cast, "first").post("/me/registration", with_code("p1"))
    refused = cast.newcomer.post("/me/registration", with_code(code))
    assert problem(refused) == (422, "validation_failed")
    assert list(refused.json["errors"]) == ["phone_code"]


def test_a_number_of_wechat_that_is_no_mobile_number_is_refused(cast: Cast, wechat: WeChatServer) -> None:
    assert problem(cast.newcomer.post("/me/registration", with_code("landline"))) == (422, "validation_failed")


def test_an_access_token_that_ran_out_does_not_show_outside(cast: Cast, wechat: WeChatServer) -> None:
    assert newcomer(cast, "first").post("/me/registration", with_code("p1")).status_code == 201
    wechat.expire_access_token()
    assert cast.newcomer.post("/me/registration", with_code("p2")).status_code == 201


def test_while_wechat_is_ill_a_phone_code_waits_and_a_typed_number_does(
    cast: Cast, wechat: WeChatServer, superuser: psycopg.Connection
) -> None:
    wechat.trouble = "busy"
    refused = cast.newcomer.post("/me/registration", with_code("p1"))
    assert problem(refused) == (503, "wechat_unavailable")
    assert refused.headers["Retry-After"]
    assert count(superuser, "residents") == 0
    assert cast.newcomer.post("/me/registration", BODY).status_code == 201


# --- linking to a person whom staff entered ----------------------------------------------------------------------------------


def test_a_verified_number_links_to_the_person_whom_staff_entered_with_it(
    cast: Cast, wechat: WeChatServer, superuser: psycopg.Connection, verified: None
) -> None:
    villager = entered_by_staff(cast)
    joined = cast.newcomer.post("/me/registration", with_code("p1"))
    assert joined.status_code == 201
    assert joined.json["id"] == villager
    assert joined.json["name"] == "王大福", "staff know his name"
    assert count(superuser, "residents") == 1
    assert cast.newcomer.post("/checkins").json["balance"] == 1
    assert superuser.execute("SELECT resident_id::text FROM consents").fetchall() == [(villager,)]


def test_a_typed_number_never_links(cast: Cast, superuser: psycopg.Connection) -> None:
    villager = entered_by_staff(cast)
    joined = cast.newcomer.post("/me/registration", BODY)
    assert joined.status_code == 201
    assert joined.json["id"] != villager
    assert count(superuser, "residents") == 2


def test_a_verified_number_does_not_link_into_another_community(cast: Cast, wechat: WeChatServer) -> None:
    villager = entered_by_staff(cast, community_code=NEXT_COMMUNITY)
    assert cast.newcomer.post("/me/registration", with_code("p1")).json["id"] != villager


def test_a_verified_number_does_not_link_to_a_resident_who_joined_by_himself(cast: Cast, wechat: WeChatServer) -> None:
    other = newcomer(cast, "other").post("/me/registration", BODY).json["id"]
    assert cast.newcomer.post("/me/registration", with_code("p1")).json["id"] != other


def test_a_verified_number_that_two_entered_people_share_links_to_neither(cast: Cast, wechat: WeChatServer) -> None:
    couple = {entered_by_staff(cast), entered_by_staff(cast, name="王大福的老伴")}
    assert cast.newcomer.post("/me/registration", with_code("p1")).json["id"] not in couple


def test_a_person_is_linked_to_one_account_only(cast: Cast, wechat: WeChatServer) -> None:
    villager = entered_by_staff(cast)
    assert newcomer(cast, "first").post("/me/registration", with_code("p1")).json["id"] == villager
    second = newcomer(cast, "second").post("/me/registration", with_code("p2"))
    assert second.status_code == 201
    assert second.json["id"] != villager


# --- at once --------------------------------------------------------------------------------------------------------------------


def _at_once(calls: list[Any]) -> list[TestResponse]:
    barrier = threading.Barrier(len(calls))

    def go(call: Any) -> TestResponse:
        barrier.wait()
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return [future.result() for future in [pool.submit(go, call) for call in calls]]


def test_one_account_that_registers_many_times_at_once_becomes_one_resident(
    cast: Cast, superuser: psycopg.Connection, verified: None
) -> None:
    phones = [newcomer(cast, "same") for _ in range(8)]
    answers = _at_once([lambda phone=phone: phone.post("/me/registration", BODY) for phone in phones])
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7
    assert {problem(answer) for answer in answers if answer.status_code == 409} == {(409, "already_registered")}
    assert count(superuser, "residents") == count(superuser, "consents") == 1
    kinds = superuser.execute("SELECT kind FROM accounts ORDER BY kind").fetchall()
    assert kinds == [("expired",), ("held",), ("issuance",), ("wallet",)]


def test_many_accounts_with_one_verified_number_at_once_link_one_of_them(
    cast: Cast, wechat: WeChatServer, superuser: psycopg.Connection, verified: None
) -> None:
    villager = entered_by_staff(cast)
    wechat.phones |= {f"at-once-{place}": PHONE for place in range(6)}
    people = [newcomer(cast, f"account-{place}") for place in range(6)]
    answers = _at_once(
        [
            lambda person=person, place=place: person.post("/me/registration", with_code(f"at-once-{place}"))
            for place, person in enumerate(people)
        ]
    )
    assert [answer.status_code for answer in answers] == [201] * 6
    assert [answer.json["id"] for answer in answers].count(villager) == 1
    assert count(superuser, "residents") == 6


def test_many_first_residents_of_a_community_at_once_all_get_a_wallet(cast: Cast, superuser: psycopg.Connection) -> None:
    people = [newcomer(cast, f"account-{place}") for place in range(8)]
    answers = _at_once([lambda person=person: person.post("/me/registration", BODY) for person in people])
    assert [answer.status_code for answer in answers] == [201] * 8
    kinds = superuser.execute("SELECT kind, count(*) FROM accounts GROUP BY kind ORDER BY kind").fetchall()
    assert kinds == [("expired", 1), ("held", 8), ("issuance", 1), ("wallet", 8)]
