"""Refusals: whatever is sent, the answer is a problem in Chinese with a stable code, and never a 5xx."""

import io
import json
import time
from typing import Any
from uuid import uuid4

import pytest
from werkzeug.test import TestResponse

from tests.answers import CHINESE, contents, refused, refused_fields
from tests.cast import Caller, Cast

JSON = "application/json"


def send(caller: Caller, path: str, raw: str | bytes, content_type: str = JSON) -> TestResponse:
    return caller.post(path, data=raw, content_type=content_type)


# --- what is no JSON -------------------------------------------------------------------------------------------------------

BAD = {
    "cut off": '{"item_id": ',
    "no json": "item_id=1",
    "single quotes": "{'quantity': 1}",
    "two objects": "{} {}",
    "not a number": '{"quantity": NaN}',
    "infinity": '{"quantity": Infinity}',
    "minus infinity": '{"quantity": -Infinity}',
    "half a surrogate pair": '{"item_id": "\\ud800"}',
    "the other half": '{"item_id": "a\\udfffb"}',
    "half a pair as a name": '{"\\ud800": 1}',
    "a raw control character": '{"item_id": "a\x01b"}',
    "not utf-8": b'{"item_id": "\xff\xfe\xfa"}',
    "binary": bytes(range(256)),
    "deep lists": "[" * 100_000 + "]" * 100_000,
    "deep objects": '{"a":' * 50_000 + "1" + "}" * 50_000,
    "deep and open": '{"a":[' * 100_000,
    "deep inside a field": '{"quantity": ' + "[" * 5_000 + "]" * 5_000 + "}",
    "ten to the 5000": '{"quantity": 1' + "0" * 5_000 + "}",
    "a minus alone": '{"quantity": -}',
    "a leading zero": '{"quantity": 01}',
}


@pytest.mark.parametrize("raw", BAD.values(), ids=BAD)
def test_what_is_no_json_is_refused(cast: Cast, raw: str | bytes) -> None:
    for path in ("/orders", "/checkins", "/deeds"):
        refused(send(cast.grandmother, path, raw), 400, "bad_json")
    refused(send(cast.nobody, "/auth/password", raw), 400, "bad_json")


def test_json_that_is_no_object_is_refused_as_a_whole(cast: Cast) -> None:
    for raw in ("[]", "5", '"text"', "null", "true", "[{}]", "[" * 200 + "]" * 200):
        refused_fields(send(cast.grandmother, "/orders", raw), "body")
        refused_fields(send(cast.grandmother, "/checkins", raw), "body")


def test_deep_json_of_any_depth_is_never_more_than_a_refusal(cast: Cast) -> None:
    for depth in (10, 100, 300, 600, 900, 990, 1000, 1100, 2000, 10_000):
        for raw in ("[" * depth + "]" * depth, '{"quantity":' * depth + "1" + "}" * depth):
            answer = send(cast.grandmother, "/orders", raw)
            assert answer.status_code in (400, 422), (depth, answer.text)
            refused(answer, answer.status_code, "bad_json" if answer.status_code == 400 else "validation_failed")


def test_a_body_of_another_type_is_refused(cast: Cast) -> None:
    for content_type in ("text/plain", "application/x-www-form-urlencoded", "application/xml", "text/html", ""):
        refused(send(cast.grandmother, "/orders", '{"quantity": 1}', content_type), 415, "unsupported_media_type")
    refused(cast.grandmother.post("/orders", data={"quantity": "1"}), 415, "unsupported_media_type")
    refused(send(cast.grandmother, "/checkins", "x=1", "text/plain"), 415, "unsupported_media_type")
    for content_type in ("application/json; charset=utf-8", "application/merge-patch+json"):
        refused_fields(send(cast.grandmother, "/orders", "{}", content_type), "item_id", "quantity")


def test_where_no_body_is_needed_none_and_an_empty_object_are_taken(cast: Cast) -> None:
    for request in ({}, {"json": {}}, {"data": b"", "content_type": "text/plain"}, {"data": b"", "content_type": JSON}):
        assert cast.resident().call("POST", "/checkins", **request).status_code == 201


def test_a_body_that_is_too_large_is_refused(cast: Cast) -> None:
    for caller, path in ((cast.grandmother, "/orders"), (cast.nobody, "/auth/wechat"), (cast.barber, "/merchant/scans")):
        refused(send(caller, path, b" " * (2 * 1024 * 1024 + 1)), 413, "too_large")


# --- fields ----------------------------------------------------------------------------------------------------------------

HUGE = [2**31, 2**63, -(2**63) - 1, 10**400, 1e300, 1e400]
WRONG: dict[str, tuple[str, str, dict[str, Any], list[Any]]] = {
    # kind of field: who sends where, which field, what else, and what it may not be
    "whole": ("grandmother", "/orders", {"quantity": None}, [True, False, "1", "", "一", 1.5, None, [], {}, 0, -1, 100, *HUGE]),
    "id": ("grandmother", "/orders", {"item_id": None}, [5, True, None, [], {}, 1.5]),
    "text": ("grandmother", "/deeds", {"description": None}, [5, True, None, [], {}, "", "  ", "长" * 501, "a\x00b", "\x1b[31m"]),
    "day": (
        "grandmother",
        "/deeds",
        {"occurred_on": None},
        [5, True, None, [], {}, "", "x", "2026-13-01", "2026-02-30", "2026-1-1", "0000-00-00", "9999-12-31", "2026-01-01\x00"],
    ),
    "list": ("grandmother", "/deeds", {"upload_ids": None}, ["", "x", 5, True, None, {}, [str(uuid4())] * 10]),
    "flag": ("admin", "/staff/rules", {"evidence_required": None}, [1, 0, "true", "yes", "", None, [], {}]),
    "choice": ("admin", "/staff/items", {"kind": None}, ["food", "", "GOODS", 5, True, None, [], {}, "goods\x00"]),
    "moment": (
        "admin",
        "/staff/items",
        {"on_shelf_from": None},
        [
            5,
            True,
            [],
            {},
            "",
            "x",
            "2026-11-21T08:00:00",
            "2026-02-30T00:00:00Z",
            "0001-01-01",
            "9999-12-31",
            "9999-12-31T23:59:59Z",
        ],
    ),
    "end": ("admin", "/staff/items", {"on_shelf_to": None}, ["0001-01-01", "9999-12-31", "9999-12-31T23:59:59-12:00", 10**12]),
    "inside": ("admin", "/staff/rules", {"limits": None}, [5, "x", [], None, True]),
    "secret": ("nobody", "/auth/password", {"password": None}, [5, True, None, [], {}, "", "p" * 257]),
    "name": ("nobody", "/auth/password", {"username": None}, [5, True, None, [], {}, "", "n" * 65, "a\x00b", "\u2028"]),
    "token": ("nobody", "/auth/refresh", {"refresh_token": None}, [5, True, None, [], {}, "", "t" * 513]),
    "code": ("nobody", "/auth/wechat", {"code": None}, [5, True, None, [], {}, "", "c" * 513, "a\x00b"]),
}


@pytest.mark.parametrize("kind", WRONG)
def test_a_field_that_makes_no_sense_is_refused_by_its_name_in_chinese(cast: Cast, superuser: Any, kind: str) -> None:
    who, path, fields, values = WRONG[kind]
    (field,) = fields
    caller = getattr(cast, who)
    valid = {
        "/orders": {"item_id": str(uuid4()), "quantity": 1},
        "/deeds": {"rule_id": str(uuid4()), "occurred_on": "2026-03-01", "description": "巡逻"},
        "/staff/rules": {"code": "A", "title": "巡逻", "category": "治理", "points": 5},
        "/staff/items": {"kind": "goods", "name": "酱油", "price": 5, "merchant_id": str(uuid4())},
        "/auth/password": {"username": "x", "password": "y"},
        "/auth/refresh": {"refresh_token": "x"},
        "/auth/wechat": {"code": "x"},
    }[path]
    before = contents(superuser)
    for value in values:
        refused_fields(send(caller, path, json.dumps({**valid, field: value}).replace("Infinity", "1e400")), field)
    assert contents(superuser) == before


def test_unknown_fields_are_refused_by_name(cast: Cast) -> None:
    body = {"item_id": str(uuid4()), "quantity": 1}
    for name in ("points", "balance", "role", "resident_id", "__proto__", "品名", "a.b"):
        assert name in refused(cast.grandmother.post("/orders", {**body, name: 1}), 422, "validation_failed")["errors"]
    refused_fields(cast.grandmother.post("/checkins", {"date": "2026-01-01"}), "date")


def test_all_that_is_wrong_is_said_at_once(cast: Cast) -> None:
    refused_fields(
        cast.admin.post("/staff/rules", {"points": "x", "nonsense": 1}), "code", "title", "category", "points", "nonsense"
    )


def test_query_values_that_make_no_sense_are_refused_by_name(cast: Cast) -> None:
    wrong: list[tuple[Caller, str, str, list[str]]] = [
        (cast.grandmother, "/items", "limit", ["0", "101", "x", "1.5", "-1", str(2**63), "1" + "0" * 5000, "NaN", "\x00"]),
        (cast.grandmother, "/items", "cursor", ["x", "\x00", "漢字"]),
        (cast.grandmother, "/items", "q", ["\x00", "a" * 51]),
        (cast.grandmother, "/items", "kind", ["food", "\x00"]),
        (cast.grandmother, "/items", "affordable", ["maybe", "2"]),
        (cast.grandmother, "/checkins", "month", ["2026", "x", "\x00", "2026-11-21"]),
        (cast.grandmother, "/me/code", "ahead", ["0", "21", "x", str(2**63)]),
        (cast.barber, "/merchant/scans", "from", ["x", "\x00", "0001-01-01", "9999-12-31"]),
        (cast.barber, "/merchant/scans", "to", ["x", "\x00", "0001-01-01", "9999-12-31"]),
        (cast.admin, "/staff/deeds", "status", ["open", "\x00"]),
        (cast.nobody, "/communities", "q", ["\x00"]),
        (cast.nobody, "/communities", "cursor", ["x", "\x00"]),
    ]
    for caller, path, name, values in wrong:
        for value in values:
            refused_fields(caller.get(path, query_string={name: value}), name)


def test_an_id_in_a_query_that_is_none_finds_nothing(cast: Cast) -> None:
    cast.item()
    for value in ("x", "\x00", "' OR 1=1 --", str(uuid4())):
        assert cast.grandmother.get("/items", query_string={"merchant_id": value}).json["items"] == []
        assert cast.admin.get("/staff/deeds", query_string={"rule_id": value}).json["items"] == []


# --- paths and methods -----------------------------------------------------------------------------------------------------


def test_an_unknown_path_is_not_found_for_everybody(cast: Cast) -> None:
    for caller in (cast.nobody, cast.grandmother, cast.admin):
        for path in (
            "/nothing",
            "/orders/",
            "/orders/x/y",
            "/../etc/passwd",
            "/%00",
            "/%ff",
            "/" + "a" * 5000,
        ):
            refused(caller.get(path), 404, "not_found")


def test_a_method_that_a_path_has_not_is_refused_and_the_others_are_named(cast: Cast) -> None:
    answer = cast.grandmother.call("DELETE", "/orders")
    refused(answer, 405, "method_not_allowed")
    assert set(answer.headers["Allow"].split(", ")) >= {"GET", "POST"}
    for method, path in (("PUT", "/checkins"), ("GET", "/merchant/statement/x"), ("PATCH", "/me/wallet"), ("TRACE", "/me")):
        answer = cast.grandmother.call(method, path)
        assert answer.status_code in (404, 405)
        assert answer.content_type == "application/problem+json"


def test_what_is_not_found_is_told_in_the_same_words_whatever_was_asked_for(cast: Cast) -> None:
    cast.give(cast.volunteer, 30)
    foreign = cast.order(cast.volunteer)
    asked = [foreign, str(uuid4()), "no-id", "1", foreign.upper(), "0" * 36]
    answers = []
    for order_id in asked:
        for path in (f"/orders/{order_id}", f"/deeds/{order_id}", f"/items/{order_id}", f"/orders/{order_id}/code"):
            answer = cast.grandmother.get(path)
            problem = refused(answer, 404, "not_found")
            if len(order_id) > 5:
                assert order_id.lower() not in answer.text.lower()
            answers.append(problem)
    assert all(problem == answers[0] for problem in answers)


def test_nobody_is_told_how_to_sign_in(cast: Cast) -> None:
    wrong = [
        "",
        "Bearer",
        "Bearer ",
        "Bearer x",
        "Basic eDp5",
        "Bearer " + "A" * 60,
        "Bearer é",
        "bearer a b c",
        "Bearer " + "A" * 9000,
    ]
    for value in wrong:
        answer = cast.nobody.get("/me", headers={"Authorization": value})
        refused(answer, 401, "unauthenticated")
        assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_an_answer_is_never_html_and_names_no_program(cast: Cast) -> None:
    answers = [
        cast.nobody.get("/nothing"),
        cast.nobody.get("/me"),
        send(cast.nobody, "/auth/password", "{"),
        cast.nobody.call("DELETE", "/orders"),
        cast.grandmother.post("/orders", {}),
    ]
    for answer in answers:
        assert answer.content_type == "application/problem+json"
        assert not any(word in answer.text for word in ("<", "Traceback", "werkzeug", "sqlalchemy", "psycopg", "marshmallow"))
        assert CHINESE.search(answer.json["detail"])


def test_what_goes_wrong_inside_is_told_without_its_reason(cast: Cast, superuser: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from points import checkins

    def broken(*_: object) -> None:
        raise RuntimeError("the secret reason")

    monkeypatch.setattr(checkins, "check_in", broken)
    before = contents(superuser)
    caller = cast.grandmother
    before = contents(superuser)
    answer = caller.post("/checkins", key="k")
    refused(answer, 500, "internal_error")
    assert "secret" not in answer.text
    assert contents(superuser) == before


def test_a_blank_filter_is_none(cast: Cast) -> None:
    cast.deed(cast.grandmother)
    assert len(cast.reviewer.get("/staff/deeds?status=&rule_id=&q=&cursor=&limit=").json["items"]) == 1


def test_a_path_with_two_slashes_leads_nowhere_and_not_to_a_page(cast: Cast) -> None:
    refused(cast.grandmother.get("/api/v1//me"), 404, "not_found")


def test_text_that_is_no_id_is_answered_as_an_id_that_names_nothing(cast: Cast) -> None:
    for path in ("/orders/abc", "/deeds/%E4%BD%A0", "/items/" + "a" * 5000):
        refused(cast.nobody.get(path), 401, "unauthenticated")
        refused(cast.barber.get(path), 403, "wrong_role")
        refused(cast.grandmother.get(path), 404, "not_found")


def test_a_body_without_a_length_is_too_large_when_it_is(cast: Cast) -> None:
    body = b"{}" + b" " * (2 * 1024 * 1024) + b"}}}} no json at all"
    stream = {"wsgi.input_terminated": True, "wsgi.input": io.BytesIO(body)}
    answer = cast.grandmother.post("/checkins", environ_overrides=stream, content_type="application/json")
    refused(answer, 413, "too_large")
    assert cast.balance(cast.grandmother) == 0


@pytest.mark.parametrize("name", ["\u200b", "\u200d\u200d", "李\u202e英", "\ufeff李"])
def test_a_name_in_which_nothing_can_be_seen_or_that_turns_others_round_is_refused(cast: Cast, name: str) -> None:
    refused_fields(cast.admin.post("/staff/merchants", {"name": name}), "name")


def test_an_emoji_is_text(cast: Cast) -> None:
    assert cast.admin.post("/staff/merchants", {"name": "一家人👨\u200d👩\u200d👧小吃"}).status_code == 201


def test_a_long_text_with_a_control_character_at_its_end_is_refused_at_once(cast: Cast) -> None:
    admin, began = cast.admin, time.process_time()
    refused_fields(admin.post("/staff/merchants", {"name": "a" * 30_000 + "\0"}), "name")
    assert time.process_time() - began < 1
