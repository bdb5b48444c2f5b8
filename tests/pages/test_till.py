"""The till without scripts: what is scanned, what is refused and how that is said, each counted once."""

from datetime import timedelta

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from kernel import clock
from tests.cast import Cast
from tests.visitors import Visitor, refusal

pytestmark = pytest.mark.usefixtures("verified")


@pytest.fixture
def barber(app: Flask, cast: Cast) -> Visitor:
    """The barber's browser; the grandmother has 500 points."""
    cast.give(cast.grandmother, 500)
    return Visitor(app, cast.barber)


def code(cast: Cast, quantity: int = 1, **item: object) -> str:
    """The present code of a new order."""
    return cast.token(cast.grandmother, cast.order(cast.grandmother, cast.item(**item), quantity))


def scans(cast: Cast) -> list[dict[str, object]]:
    return list(cast.barber.get("/merchant/scans").json["items"])


def refused(answer: TestResponse, status: int, code: str) -> bool:
    """Whether a page says that nothing is to be handed over, with this status and for this reason."""
    return (answer.status_code, refusal(answer)) == (status, code) and "请不要交付" in answer.text


def test_a_code_that_was_typed_is_scanned_and_the_page_says_what_to_hand_over(cast: Cast, barber: Visitor) -> None:
    done = barber.send("/merchant/scans", token=code(cast, name="剪发"))
    assert done.status_code == 303
    page = barber.visit(done.location)
    assert "请交付：剪发 1 份" in page.text
    assert "李** · 30 分" in page.text
    assert [scan["points"] for scan in scans(cast)] == [30]
    assert cast.balance(cast.grandmother) == 470


@pytest.mark.parametrize("typed", ["{0:.2} {1:.4} {2:.4} {3:.4} {4:.4}", " {0}{1}{2}{3}{4}\t"])
def test_spaces_between_the_digits_are_no_mistake(cast: Cast, barber: Visitor, typed: str) -> None:
    token = code(cast)
    spaced = typed.format(token[:2], token[2:6], token[6:10], token[10:14], token[14:])
    assert barber.send("/merchant/scans", token=spaced).status_code == 303


def test_wide_digits_of_a_chinese_keyboard_are_digits(cast: Cast, barber: Visitor) -> None:
    wide = "".join(chr(ord(digit) + 0xFEE0) for digit in code(cast))
    assert barber.send("/merchant/scans", token=wide).status_code == 303


def test_a_scan_sent_again_with_its_key_counts_once_and_leads_to_the_same_page(cast: Cast, barber: Visitor) -> None:
    token = code(cast)
    one, two = (barber.send("/merchant/scans", key="the same", token=token) for _ in range(2))
    assert (one.status_code, one.location) == (two.status_code, two.location)
    assert two.headers["Idempotent-Replayed"] == "true"
    assert len(scans(cast)) == 1


def test_fewer_pieces_are_handed_over_where_that_is_said(cast: Cast, barber: Visitor) -> None:
    token = code(cast, quantity=3)
    page = barber.visit(barber.send("/merchant/scans", token=token, pieces="1").location)
    assert "剪发一次 1 份" in page.text
    assert "还有 2 份没有领" in page.text
    assert refused(barber.send("/merchant/scans", token=token, pieces="3"), 409, "not_enough_pieces")
    assert "剪发一次 2 份" in barber.visit(barber.send("/merchant/scans", token=token, pieces="").location).text


def test_a_second_scan_is_refused_and_says_when_the_first_was(cast: Cast, barber: Visitor) -> None:
    token = code(cast)
    barber.send("/merchant/scans", token=token)
    again = barber.send("/merchant/scans", token=token)
    assert refused(again, 409, "code_already_redeemed")
    assert f"今天 {clock.now().astimezone(clock.zone()):%H}:" in again.text


def test_an_old_code_says_that_the_customer_must_refresh(cast: Cast, barber: Visitor) -> None:
    token = code(cast)
    with clock.stopped_at(clock.now() + timedelta(minutes=5)):
        late = barber.send("/merchant/scans", token=token)
    assert refused(late, 410, "code_expired")
    assert "刷新" in late.text


def test_another_shops_code_and_a_cancelled_order_are_refused(cast: Cast, barber: Visitor) -> None:
    order = cast.order(cast.grandmother, cast.item(cast.till, name="大米"))
    assert refused(barber.send("/merchant/scans", token=cast.token(cast.grandmother, order)), 403, "code_other_merchant")
    order = cast.order(cast.grandmother)
    token = cast.token(cast.grandmother, order)
    cast.grandmother.post(f"/orders/{order}/cancel")
    assert refused(barber.send("/merchant/scans", token=token), 409, "order_not_open")


def test_what_is_no_code_is_refused_and_stays_in_the_form_as_text(cast: Cast, barber: Visitor) -> None:
    answer = barber.send("/merchant/scans", token='"><script>alert(1)</script>')
    assert refused(answer, 400, "code_invalid")
    assert "<script>alert" not in answer.text
    assert "&lt;script&gt;" in answer.text
    assert refused(barber.send("/merchant/scans", token=""), 422, "validation_failed")
    assert refused(barber.send("/merchant/scans", token=code(cast), pieces="多"), 422, "validation_failed")


def test_after_too_many_wrong_codes_the_till_is_told_how_long_to_wait(cast: Cast, barber: Visitor) -> None:
    for _ in range(30):
        barber.send("/merchant/scans", token="123")
    answer = barber.send("/merchant/scans", token=code(cast))
    assert refused(answer, 429, "too_many_requests")
    assert "5 分钟" in answer.text


def test_a_scan_that_is_looked_at_later_does_not_ask_to_hand_over_once_more(cast: Cast, barber: Visitor) -> None:
    path = barber.send("/merchant/scans", token=code(cast)).location
    with clock.stopped_at(clock.now() + timedelta(minutes=10)):
        page = barber.visit(path)
    assert page.status_code == 200
    assert "请交付" not in page.text
    assert "不要再交付" in page.text


def test_the_till_and_its_scans_are_the_merchants_alone(app: Flask, cast: Cast, barber: Visitor) -> None:
    path = barber.send("/merchant/scans", token=code(cast)).location
    assert Visitor(app, cast.till).visit(path).status_code == 404
    assert barber.visit("/merchant/scans/019dd1c2-0000-7000-8000-0000000000c1").status_code == 404
    for other in (cast.grandmother, cast.admin):
        assert Visitor(app, other).visit("/merchant").status_code == 403
        assert Visitor(app, other).visit(path).status_code == 403
    assert Visitor(app).visit(path).status_code == 303


def test_only_the_till_may_run_webassembly(barber: Visitor) -> None:
    till = barber.visit("/merchant")
    assert "'wasm-unsafe-eval'" in till.headers["Content-Security-Policy"]
    assert "camera=(self)" in till.headers["Permissions-Policy"]
    assert "wasm" not in barber.visit("/merchant/today").headers["Content-Security-Policy"]
