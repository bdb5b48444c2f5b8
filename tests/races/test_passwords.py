"""Guessing at once: no more passwords are judged than one after the other would be."""

from collections import Counter

import psycopg

from tests.cast import PASSWORD, Cast
from tests.races.harness import dawdle, race, tally


def test_of_many_guesses_at_once_only_ten_are_judged(cast: Cast) -> None:
    body = {"username": cast.reviewer.username, "password": "a wrong guess"}
    answers = race(24, lambda _: cast.nobody.post("/auth/password", body))
    assert tally(answers) == {(401, "bad_credentials"): 10, (429, "too_many_attempts"): 14}


def test_many_tills_of_one_account_may_sign_in_at_once(cast: Cast) -> None:
    body = {"username": cast.barber.username, "password": PASSWORD}
    assert tally(race(24, lambda _: cast.nobody.post("/auth/password", body))) == {(200, ""): 24}


def test_control_guesses_that_are_counted_after_they_were_judged_are_too_many(cast: Cast, superuser: psycopg.Connection) -> None:
    def guess(_: int) -> int:
        with psycopg.connect(superuser.info.dsn, autocommit=True) as connection:
            (failures,) = connection.execute("SELECT count(*) FROM failed_sign_ins").fetchone() or (0,)
            if failures >= 10:
                return 429
            dawdle()
            connection.execute("INSERT INTO failed_sign_ins VALUES (gen_random_uuid(), 'x', now())")
            return 401

    assert Counter(race(24, guess))[401] > 10
