"""Limits are generous to honest use, and bounded for the rest."""

from collections.abc import Iterator

import pytest
from flask import Flask

from app.web import limits
from tests.cast import PASSWORD, Cast


@pytest.fixture
def counting_elsewhere(app: Flask) -> Iterator[None]:
    """Requests are counted in a Redis that is not there."""
    before = app.extensions["defen-limiter"]
    limits.install(app, "redis://127.0.0.1:1")
    yield
    app.extensions["defen-limiter"] = before


def sign_in(cast: Cast, code: str = "0") -> int:
    return cast.nobody.post("/auth/wechat", {"code": code}).status_code


def test_an_address_may_sign_in_at_least_120_times_a_minute(cast: Cast) -> None:
    assert {sign_in(cast) for _ in range(121)} == {200}


def test_beyond_that_an_address_is_told_when_to_come_back(cast: Cast) -> None:
    for _ in range(limits.SIGN_INS.amount):
        sign_in(cast)
    refused = cast.nobody.post("/auth/wechat", {"code": "0"})
    assert (refused.status_code, refused.json["code"]) == (429, "too_many_requests")
    assert 1 <= int(refused.headers["Retry-After"]) <= 61


def test_a_caller_may_write_in_bursts_and_another_is_not_held_up_by_him(cast: Cast) -> None:
    assert {cast.grandmother.post("/checkins").status_code for _ in range(130)} <= {200, 201}
    for _ in range(limits.WRITES.amount):
        refused = cast.grandmother.post("/orders")
    assert refused.status_code == 429
    assert cast.volunteer.post("/checkins").status_code == 201


def test_reading_is_not_limited(cast: Cast) -> None:
    for _ in range(limits.WRITES.amount):
        cast.grandmother.post("/orders")
    assert cast.grandmother.get("/me").status_code == 200


def test_failed_passwords_of_one_account_keep_nobody_else_out(cast: Cast) -> None:
    for _ in range(limits.SIGN_INS.amount + 10):
        cast.nobody.post("/auth/password", {"username": "somebody", "password": "wrong password"})
    assert sign_in(cast) == 200
    right = cast.nobody.post("/auth/password", {"username": cast.reviewer.username, "password": PASSWORD})
    assert right.status_code == 200


@pytest.mark.usefixtures("counting_elsewhere")
def test_when_requests_cannot_be_counted_the_product_stays_open(cast: Cast) -> None:
    assert sign_in(cast) == 200
    assert cast.grandmother.post("/checkins").status_code == 201
