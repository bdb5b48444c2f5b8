"""Scans: a code is scanned once; every refusal is the contract's, judged in its order, on record, and writes nothing else."""

from collections.abc import Callable
from typing import Any

import pytest
from werkzeug.test import TestResponse

from kernel import clock, codes
from redeem import orders
from tests.answers import MONDAY, after, contents, refused, refused_fields
from tests.cast import Caller, Cast

pytestmark = pytest.mark.usefixtures("verified", "present")
REFUSED = "refused_scans"


@pytest.fixture
def present(cast: Cast) -> None:
    """The grandmother has 500 points; all are signed in today, wherever the clock is put later."""
    cast.give(cast.grandmother, 500)
    assert cast.barber
    assert cast.till


def order(cast: Cast, quantity: int = 1, **seconds: float) -> tuple[str, str]:
    """The id and the code of an order at the barber's, both made that long after Monday at ten."""
    item = cast.item()
    with clock.stopped_at(after(**seconds)):
        order_id = cast.order(cast.grandmother, item, quantity)
        return order_id, cast.token(cast.grandmother, order_id)


def scan(caller: Caller, token: object, seconds: float = 0, **more: Any) -> TestResponse:
    """The answer to a scan that long after Monday at ten."""
    key = more.pop("key", None)
    with clock.stopped_at(after(seconds=seconds)):
        return caller.post("/merchant/scans", {"token": token, **more}, key=key)


def on_record(superuser: Any) -> list[str]:
    return [row[0] for row in superuser.execute("SELECT code FROM refused_scans ORDER BY id")]


# --- what is scanned -------------------------------------------------------------------------------------------------------


def test_a_scan_hands_over_all_pieces_and_pays_the_merchant(cast: Cast) -> None:
    order_id, token = order(cast, quantity=2)
    done = scan(cast.barber, token, 12)
    assert done.status_code == 200
    assert done.json.keys() >= {"id", "order", "pieces", "resident_masked", "redeemed_at"}
    assert done.json["order"].keys() == {"id", "item", "quantity", "pieces_left", "points"}
    assert done.json["order"]["item"].keys() == {"id", "name"}
    shown = done.json["order"]
    assert (shown["id"], shown["item"]["name"], shown["quantity"], shown["pieces_left"]) == (order_id, "剪发一次", 2, 0)
    assert (shown["points"], done.json["pieces"], done.json["resident_masked"]) == (60, 2, "李**")
    assert done.json["redeemed_at"] == "2025-03-03T10:00:12+08:00"
    assert cast.grandmother.get(f"/orders/{order_id}").json["status"] == "redeemed"
    wallet = cast.grandmother.get("/me/wallet").json
    assert (wallet["balance"], wallet["held"], wallet["spent"]) == (440, 0, 60)


def test_pieces_are_handed_over_one_after_the_other(cast: Cast) -> None:
    order_id, token = order(cast, quantity=3)
    first = scan(cast.barber, token, pieces=1)
    assert (first.json["pieces"], first.json["order"]["pieces_left"]) == (1, 2)
    assert cast.grandmother.get(f"/orders/{order_id}").json["status"] == "reserved"
    refused(scan(cast.barber, token, pieces=3), 409, "not_enough_pieces")
    rest = scan(cast.barber, token)
    assert (rest.json["pieces"], rest.json["order"]["pieces_left"]) == (2, 0)
    refused(scan(cast.barber, token, pieces=1), 409, "code_already_redeemed", "redeemed_at")
    assert cast.grandmother.get("/me/wallet").json["spent"] == 90


def test_more_pieces_than_any_order_can_have_are_not_enough_pieces(cast: Cast) -> None:
    _, token = order(cast, quantity=3)
    refused(scan(cast.barber, token, pieces=100), 409, "not_enough_pieces")


def test_pieces_are_a_whole_number_of_at_least_one(cast: Cast) -> None:
    _, token = order(cast, quantity=3)
    for pieces in (0, -1, 1.5, "1", True, None, 2**63, 10**300):
        refused_fields(scan(cast.barber, token, pieces=pieces), "pieces")
    assert cast.grandmother.get("/me/wallet").json["spent"] == 0


def test_a_second_scan_is_refused_and_says_when_the_first_was(cast: Cast, superuser: Any) -> None:
    _, token = order(cast)
    scan(cast.barber, token, 10)
    before = contents(superuser, REFUSED)
    again = refused(scan(cast.barber, token, 20), 409, "code_already_redeemed", "redeemed_at")
    assert again["redeemed_at"] == "2025-03-03T10:00:10+08:00"
    assert contents(superuser, REFUSED) == before
    assert on_record(superuser) == ["code_already_redeemed"]


def test_a_code_is_good_in_its_own_step_and_in_the_two_after_it(cast: Cast) -> None:
    for seconds, status in ((0, 200), (29, 200), (30, 200), (89, 200), (90, 410), (3600, 410)):
        _, token = order(cast)
        assert scan(cast.barber, token, seconds).status_code == status, seconds


def test_codes_ahead_are_good_when_their_time_comes_and_not_before(cast: Cast, superuser: Any) -> None:
    order_id, _ = order(cast, quantity=4)
    with clock.stopped_at(MONDAY):
        ahead = [code["token"] for code in cast.grandmother.get(f"/orders/{order_id}/code?ahead=20").json["codes"]]
    refused(scan(cast.barber, ahead[1], 29, pieces=1), 400, "code_invalid")
    refused(scan(cast.barber, ahead[19], 0, pieces=1), 400, "code_invalid")
    assert scan(cast.barber, ahead[1], 30, pieces=1).status_code == 200
    assert scan(cast.barber, ahead[19], 570, pieces=1).status_code == 200
    assert scan(cast.barber, ahead[19], 659, pieces=1).status_code == 200
    refused(scan(cast.barber, ahead[19], 660, pieces=1), 410, "code_expired")


# --- what is no code -------------------------------------------------------------------------------------------------------


def test_what_is_no_order_code_is_refused_and_on_record_and_nothing_else_is_written(cast: Cast, superuser: Any) -> None:
    order_id, token = order(cast)
    with clock.stopped_at(MONDAY):
        identity = cast.grandmother.get("/me/code").json["token"]
        other_key = codes.ahead("door", 1)[0].token
    body = f"{token[:9]}{(int(token[9]) + 1) % 10}{token[10:17]}"
    another_order = body + codes.check_digit(body)
    wrong_prefix = "88" + token[2:17]
    before = contents(superuser, REFUSED)
    mutants = [
        identity,
        other_key,
        another_order,
        wrong_prefix + codes.check_digit(wrong_prefix),
        token[:-1],
        token + "0",
        token[:17] + str((int(token[17]) + 1) % 10),
        f" {token}",
        f"{token}\n",
        token.translate(str.maketrans("0123456789", "０１２３４５６７８９")),
        "",
        "0" * 18,
        "兑换码",
        "\u0000",
        f"https://example.org/{token}",
        order_id,
        "9" * 1_000_000,
        "'; DROP TABLE orders; --",
    ]
    for mutant in mutants:
        refused(scan(cast.barber, mutant), 400, "code_invalid")
    assert contents(superuser, REFUSED) == before
    assert on_record(superuser) == ["code_invalid"] * len(mutants)
    assert scan(cast.barber, token).status_code == 200


def test_every_single_wrong_digit_is_refused(cast: Cast) -> None:
    _, token = order(cast)
    for till, change in ((cast.barber, 1), (cast.second_till(cast.barber), 5)):
        for place in range(18):
            mutant = token[:place] + str((int(token[place]) + change) % 10) + token[place + 1 :]
            refused(scan(till, mutant), 400, "code_invalid")


def test_what_is_no_text_is_refused_as_a_field(cast: Cast, superuser: Any) -> None:
    for token in (870000000112345678, 1.5, True, None, [], {}, ["870000000112345678"]):
        refused_fields(scan(cast.barber, token), "token")
    refused_fields(cast.barber.post("/merchant/scans", {}), "token")
    refused_fields(cast.barber.post("/merchant/scans"), "token")
    refused_fields(cast.barber.post("/merchant/scans", {"token": "x", "merchant_id": "y"}), "merchant_id")
    assert on_record(superuser) == []


# --- the order of the refusals ---------------------------------------------------------------------------------------------

WEEK_S = 7 * 24 * 3600


def _redeemed(cast: Cast, order_id: str, token: str) -> None:
    assert scan(cast.barber, token).status_code == 200


def _cancelled(cast: Cast, order_id: str, token: str) -> None:
    assert cast.grandmother.post(f"/orders/{order_id}/cancel").status_code == 200


def _lapsed(cast: Cast, order_id: str, token: str) -> None:
    with clock.stopped_at(after(seconds=WEEK_S)):
        assert cast.in_app(lambda: [orders.lapse(due) for due in orders.due()]) == [True]


def _open(cast: Cast, order_id: str, token: str) -> None:
    pass


FRESH, STALE, FORGOTTEN = 60, 600, 3700
ORDER: list[tuple[str, Callable[[Cast, str, str], None], int, dict[str, int], int, str]] = [
    # who scans, what became of the order, how old the code is, how many pieces: what is answered
    ("barber", _open, FRESH, {"pieces": 5}, 409, "not_enough_pieces"),
    ("barber", _open, STALE, {}, 410, "code_expired"),
    ("barber", _open, STALE, {"pieces": 5}, 410, "code_expired"),
    ("barber", _open, FORGOTTEN, {}, 400, "code_invalid"),
    ("barber", _cancelled, FRESH, {}, 409, "order_not_open"),
    ("barber", _cancelled, STALE, {}, 409, "order_not_open"),
    ("barber", _cancelled, FRESH, {"pieces": 5}, 409, "order_not_open"),
    ("barber", _lapsed, FRESH, {}, 409, "order_not_open"),
    ("barber", _lapsed, STALE, {"pieces": 5}, 409, "order_not_open"),
    ("barber", _redeemed, FRESH, {}, 409, "code_already_redeemed"),
    ("barber", _redeemed, STALE, {}, 409, "code_already_redeemed"),
    ("barber", _redeemed, STALE, {"pieces": 5}, 409, "code_already_redeemed"),
    ("barber", _redeemed, FORGOTTEN, {}, 400, "code_invalid"),
    ("till", _open, FRESH, {}, 403, "code_other_merchant"),
    ("till", _open, STALE, {"pieces": 5}, 403, "code_other_merchant"),
    ("till", _cancelled, STALE, {}, 403, "code_other_merchant"),
    ("till", _lapsed, FRESH, {}, 403, "code_other_merchant"),
    ("till", _redeemed, FRESH, {}, 403, "code_other_merchant"),
    ("till", _redeemed, STALE, {}, 403, "code_other_merchant"),
    ("till", _redeemed, FORGOTTEN, {}, 400, "code_invalid"),
]


@pytest.mark.parametrize(
    ("who", "became", "age", "more", "status", "code"), ORDER, ids=[f"{w}{b.__name__}-{a}s-{c}" for w, b, a, _, _, c in ORDER]
)
def test_refusals_are_judged_in_the_contracts_order(
    cast: Cast,
    superuser: Any,
    who: str,
    became: Callable[[Cast, str, str], None],
    age: int,
    more: dict[str, int],
    status: int,
    code: str,
) -> None:
    order_id, token = order(cast, quantity=2)
    became(cast, order_id, token)
    before = contents(superuser, REFUSED)
    extra = ("redeemed_at",) if code == "code_already_redeemed" else ()
    refused(scan(getattr(cast, who), token, age, **more), status, code, *extra)
    assert contents(superuser, REFUSED) == before
    assert on_record(superuser) == [code]


def test_an_order_whose_time_is_over_is_not_open_before_the_worker_comes(cast: Cast) -> None:
    order_id, _ = order(cast)
    with clock.stopped_at(after(seconds=WEEK_S - 30)):
        token = cast.token(cast.grandmother, order_id)
    refused(scan(cast.barber, token, WEEK_S), 409, "order_not_open")
    refused(scan(cast.barber, token, WEEK_S + 600), 409, "order_not_open")


# --- too many misses -------------------------------------------------------------------------------------------------------


def test_after_thirty_invalid_codes_a_till_waits_and_the_merchants_other_till_goes_on(cast: Cast, superuser: Any) -> None:
    _, token = order(cast, seconds=290)
    other = cast.second_till(cast.barber)
    for second in range(30):
        refused(scan(cast.barber, "no code", second), 400, "code_invalid")
    before = contents(superuser, REFUSED)
    for attempt in (token, "no code"):
        blocked = scan(cast.barber, attempt, 295)
        refused(blocked, 429, "too_many_requests")
        assert 1 <= int(blocked.headers["Retry-After"]) <= 300
    assert contents(superuser, REFUSED) == before
    refused(scan(other, "no code", 295), 400, "code_invalid")
    assert scan(other, token, 296).status_code == 200


def test_a_till_that_waited_goes_on(cast: Cast) -> None:
    _, token = order(cast, seconds=305)
    for _ in range(30):
        scan(cast.barber, "no code", 5)
    assert scan(cast.barber, token, 304).status_code == 429
    assert scan(cast.barber, token, 306).status_code == 200


def test_only_invalid_codes_count_towards_a_tills_limit(cast: Cast) -> None:
    _, used = order(cast)
    scan(cast.barber, used)
    for _ in range(35):
        assert scan(cast.barber, used).status_code == 409
        assert scan(cast.till, used).status_code == 403
    for _ in range(29):
        assert scan(cast.barber, "no code").status_code == 400
    _, token = order(cast)
    assert scan(cast.barber, token).status_code == 200


# --- keys ------------------------------------------------------------------------------------------------------------------


def test_a_scan_sent_again_with_its_key_gets_its_first_answer_even_when_the_code_is_old(cast: Cast) -> None:
    _, token = order(cast)
    first = scan(cast.barber, token, key="scan")
    again = scan(cast.barber, token, 4000, key="scan")
    assert (again.status_code, again.json) == (200, first.json)
    assert again.headers["Idempotent-Replayed"] == "true"
    other_till = scan(cast.second_till(cast.barber), token, key="scan")
    refused(other_till, 409, "code_already_redeemed", "redeemed_at")


def test_a_refused_scan_does_not_use_up_its_key(cast: Cast) -> None:
    _, token = order(cast)
    refused(scan(cast.barber, token, -30, key="k"), 400, "code_invalid")
    assert scan(cast.barber, token, 0, key="k").status_code == 200


# --- what was scanned ------------------------------------------------------------------------------------------------------


def _scan_at(cast: Cast, seconds: float, quantity: int = 1, **more: Any) -> str:
    _, token = order(cast, quantity, seconds=seconds)
    return str(scan(cast.barber, token, seconds, **more).json["id"])


def test_scans_are_listed_newest_first_and_from_and_to_include_their_days(cast: Cast) -> None:
    day = 24 * 3600
    to_midnight = 14 * 3600  # from ten in the morning
    monday, last_minute, tuesday, thursday = (_scan_at(cast, seconds) for seconds in (0, to_midnight - 60, to_midnight, 3 * day))

    def found(**query: str) -> list[str]:
        answer = cast.barber.get("/merchant/scans", query_string=query)
        assert answer.status_code == 200, answer.text
        return [scan["id"] for scan in answer.json["items"]]

    assert found() == [thursday, tuesday, last_minute, monday]
    assert found(**{"from": "2025-03-03", "to": "2025-03-03"}) == [last_minute, monday]
    assert found(**{"from": "2025-03-04"}) == [thursday, tuesday]
    assert found(to="2025-03-04") == [tuesday, last_minute, monday]
    assert found(**{"from": "2025-03-03T10:00:01+08:00", "to": "2025-03-03T16:00:00Z"}) == [last_minute]
    assert found(**{"from": "2025-03-05", "to": "2025-03-04"}) == []
    first = cast.barber.get("/merchant/scans?limit=3").json
    rest = cast.barber.get("/merchant/scans", query_string={"limit": 3, "cursor": first["next"]}).json
    assert [scan["id"] for scan in first["items"] + rest["items"]] == [thursday, tuesday, last_minute, monday]
    assert rest["next"] is None


def test_a_listed_scan_is_as_it_was_answered(cast: Cast) -> None:
    _, token = order(cast, quantity=3)
    first, rest = scan(cast.barber, token, pieces=1).json, scan(cast.barber, token, 5).json
    listed = cast.barber.get("/merchant/scans").json["items"]
    assert listed[0] == rest
    assert listed[1] == {**first, "order": {**first["order"], "pieces_left": 0}}


def test_a_span_that_makes_no_sense_is_refused(cast: Cast) -> None:
    for name in ("from", "to"):
        for value in ("yesterday", "2025-02-30", "2025-03-03T10:00:00", "0001-01-01", "9999-12-31", "2025", "9" * 30, "\u0000"):
            refused_fields(cast.barber.get("/merchant/scans", query_string={name: value}), name)
    for month in ("2025-13", "0001-01", "9999-12"):
        refused_fields(cast.barber.get("/merchant/statement", query_string={"month": month}), "month")


def test_a_statement_adds_up_line_by_line_and_month_by_month(cast: Cast) -> None:
    day = 24 * 3600
    end_of_march = 28 * day + 14 * 3600  # from Monday the 3rd at ten to midnight before the 1st of April
    first = _scan_at(cast, 0, quantity=2)
    second = _scan_at(cast, end_of_march - 1)
    third = _scan_at(cast, end_of_march, quantity=3, pieces=2)
    march, april, may = (cast.barber.get(f"/merchant/statement?month=2025-0{month}").json for month in (3, 4, 5))
    assert march == {
        "month": "2025-03",
        "opening": 0,
        "taken": 90,
        "refunded": 0,
        "settled": 0,
        "closing": 90,
        "lines": [
            {
                "scan_id": first,
                "at": "2025-03-03T10:00:00+08:00",
                "item": "剪发一次",
                "pieces": 2,
                "points": 60,
                "status": "redeemed",
            },
            {
                "scan_id": second,
                "at": "2025-03-31T23:59:59+08:00",
                "item": "剪发一次",
                "pieces": 1,
                "points": 30,
                "status": "redeemed",
            },
        ],
    }
    assert (april["opening"], april["taken"], april["closing"]) == (90, 60, 150)
    assert [(line["scan_id"], line["pieces"], line["points"]) for line in april["lines"]] == [(third, 2, 60)]
    assert (may["opening"], may["taken"], may["closing"], may["lines"]) == (150, 0, 150, [])
    for month in (march, april, may):
        assert month["opening"] + month["taken"] - month["refunded"] - month["settled"] == month["closing"]
        assert sum(line["points"] for line in month["lines"]) == month["taken"]


def test_the_statement_of_the_present_month_is_given_where_none_is_named(cast: Cast) -> None:
    _scan_at(cast, 0)
    with clock.stopped_at(MONDAY):
        assert cast.barber.get("/merchant/statement").json["taken"] == 30
    assert cast.barber.get("/merchant/statement").json["month"] == f"{clock.today():%Y-%m}"


def test_a_merchant_sees_its_own_scans_only_and_all_of_its_tills(cast: Cast) -> None:
    mine = _scan_at(cast, 0)
    assert cast.till.get("/merchant/scans").json == {"items": [], "next": None}
    assert cast.till.get("/merchant/statement?month=2025-03").json["closing"] == 0
    other_till = cast.second_till(cast.barber)
    assert [scan["id"] for scan in other_till.get("/merchant/scans").json["items"]] == [mine]


def test_only_merchants_scan(cast: Cast, superuser: Any) -> None:
    _, token = order(cast)
    refused(scan(cast.nobody, token), 401, "unauthenticated")
    for caller in (cast.grandmother, cast.admin, cast.newcomer):
        refused(scan(caller, token), 403, "wrong_role")
        refused(caller.get("/merchant/scans"), 403, "wrong_role")
        refused(caller.get("/merchant/statement"), 403, "wrong_role")
    assert on_record(superuser) == []
