"""Second factors: enrolled by an authenticator app, asked for at sign-in, each step good once."""

from datetime import timedelta

import psycopg
import pyotp
import pytest
from werkzeug.test import TestResponse

from kernel import clock
from tests.answers import MONDAY, after, refused, refused_fields
from tests.cast import COMMUNITY, PASSWORD, TOWN, Caller, Cast

WRONG = "000000"


def otp(secret: str, **later: float) -> str:
    """The one-time password of an authenticator app, now or a little later."""
    return pyotp.TOTP(secret).at(clock.now() + timedelta(**later))


def sign_in(cast: Cast, who: Caller, password: str = PASSWORD, **more: str) -> TestResponse:
    return cast.nobody.post("/auth/password", {"username": who.username, "password": password, **more})


def enrolled(who: Caller) -> tuple[str, list[str]]:
    """Enrol somebody a minute ago; the secret and his recovery codes."""
    with clock.stopped_at(clock.now() - timedelta(minutes=1)):
        secret = who.post("/auth/totp").json["secret"]
        confirmed = who.post("/auth/totp/confirm", {"otp": otp(secret)})
        assert confirmed.status_code == 200, confirmed.text
    return secret, confirmed.json["recovery_codes"]


def require(cast: Cast, community_code: str = COMMUNITY) -> None:
    """Have a community require second factors."""
    cast.settings(community_code, second_factor_required=True)


def test_who_enrolled_is_asked_for_a_one_time_password_and_signs_in_with_it(cast: Cast) -> None:
    with clock.stopped_at(MONDAY):
        begun = cast.reviewer.post("/auth/totp")
        assert begun.status_code == 201
        secret = begun.json["secret"]
        assert begun.json["uri"].startswith("otpauth://totp/")
        assert secret in begun.json["uri"]
        assert sign_in(cast, cast.reviewer).status_code == 200  # not in use before it is confirmed
        confirmed = cast.reviewer.post("/auth/totp/confirm", {"otp": otp(secret)})
        assert confirmed.status_code == 200
        assert len(set(confirmed.json["recovery_codes"])) == 8
    with clock.stopped_at(after(minutes=1)):
        refused(sign_in(cast, cast.reviewer), 401, "otp_required")
        assert sign_in(cast, cast.reviewer, otp=otp(secret)).status_code == 200
    assert cast.admin.get(f"/staff/accounts/{cast.reviewer.id}").json["second_factor"] is True


def test_otp_required_is_heard_only_after_a_right_password(cast: Cast) -> None:
    secret, _ = enrolled(cast.reviewer)
    wrong_password = sign_in(cast, cast.reviewer, "a wrong guess")
    with_otp = sign_in(cast, cast.reviewer, "a wrong guess", otp=otp(secret))
    wrong_otp = sign_in(cast, cast.reviewer, otp=WRONG)
    refused(wrong_password, 401, "bad_credentials")
    assert wrong_password.data == with_otp.data == wrong_otp.data
    assert sign_in(cast, cast.reviewer, otp=otp(secret)).status_code == 200  # the guess did not use the step up


def test_wrong_one_time_passwords_lock_the_account_as_wrong_passwords_do(cast: Cast) -> None:
    secret, _ = enrolled(cast.reviewer)
    for number in range(10):
        more = {"otp": WRONG} if number % 2 else {}
        refused(sign_in(cast, cast.reviewer, PASSWORD if number % 2 else "a wrong guess", **more), 401, "bad_credentials")
    refused(sign_in(cast, cast.reviewer, otp=otp(secret)), 429, "too_many_attempts")


def test_a_step_is_good_once_and_the_one_before_it_no_more(cast: Cast) -> None:
    with clock.stopped_at(MONDAY):
        secret, _ = enrolled(cast.reviewer)
        now, before = otp(secret), otp(secret, seconds=-30)
        assert sign_in(cast, cast.reviewer, otp=now).status_code == 200
        refused(sign_in(cast, cast.reviewer, otp=now), 401, "bad_credentials")
        refused(sign_in(cast, cast.reviewer, otp=before), 401, "bad_credentials")
    with clock.stopped_at(after(seconds=29)):
        refused(sign_in(cast, cast.reviewer, otp=now), 401, "bad_credentials")
    with clock.stopped_at(after(seconds=30)):
        assert sign_in(cast, cast.reviewer, otp=otp(secret)).status_code == 200


@pytest.mark.parametrize(("seconds", "good"), [(-60, False), (-30, True), (0, True), (30, True), (60, False)])
def test_a_phone_may_be_one_step_off(cast: Cast, seconds: int, good: bool) -> None:
    with clock.stopped_at(after(hours=1)):
        secret, _ = enrolled(cast.reviewer)
    with clock.stopped_at(after(hours=2)):
        assert (sign_in(cast, cast.reviewer, otp=otp(secret, seconds=seconds)).status_code == 200) is good


def test_the_step_that_confirmed_is_used_up(cast: Cast) -> None:
    with clock.stopped_at(MONDAY):
        secret = cast.reviewer.post("/auth/totp").json["secret"]
        assert cast.reviewer.post("/auth/totp/confirm", {"otp": otp(secret)}).status_code == 200
        refused(sign_in(cast, cast.reviewer, otp=otp(secret)), 401, "bad_credentials")


def test_each_recovery_code_stands_in_once(cast: Cast) -> None:
    _, codes = enrolled(cast.reviewer)
    assert sign_in(cast, cast.reviewer, otp=codes[0]).status_code == 200
    refused(sign_in(cast, cast.reviewer, otp=codes[0]), 401, "bad_credentials")
    assert sign_in(cast, cast.reviewer, otp=codes[1].upper().replace("-", "")).status_code == 200
    other, _ = cast.admin, enrolled(cast.admin)
    refused(sign_in(cast, other, otp=codes[2]), 401, "bad_credentials")


def test_secrets_and_codes_are_not_readable_in_the_database(cast: Cast, superuser: psycopg.Connection) -> None:
    secret, codes = enrolled(cast.reviewer)
    for table in ("logins", "recovery_codes", "audit_log", "idempotency_keys"):
        stored = superuser.execute(f"SELECT coalesce(string_agg(t::text, ''), '') FROM {table} t").fetchone()[0]
        assert not any(value in stored for value in (secret, codes[0], codes[0].replace("-", "")))


def test_what_is_not_begun_is_not_confirmed_and_a_wrong_password_confirms_nothing(cast: Cast) -> None:
    refused(cast.reviewer.post("/auth/totp/confirm", {"otp": WRONG}), 409, "second_factor_not_begun")
    cast.reviewer.post("/auth/totp")
    refused_fields(cast.reviewer.post("/auth/totp/confirm", {"otp": WRONG}), "otp")
    assert sign_in(cast, cast.reviewer).status_code == 200


def test_beginning_again_replaces_the_secret_until_it_is_confirmed(cast: Cast) -> None:
    first, second = (cast.reviewer.post("/auth/totp").json["secret"] for _ in range(2))
    refused_fields(cast.reviewer.post("/auth/totp/confirm", {"otp": otp(first)}), "otp")
    assert cast.reviewer.post("/auth/totp/confirm", {"otp": otp(second)}).status_code == 200
    refused(cast.reviewer.post("/auth/totp"), 409, "second_factor_in_use")
    refused(cast.reviewer.post("/auth/totp/confirm", {"otp": otp(second)}), 409, "second_factor_in_use")


def test_it_is_ended_with_a_one_time_password_and_guesses_at_that_are_counted(cast: Cast) -> None:
    secret, codes = enrolled(cast.reviewer)
    refused(cast.reviewer.post("/auth/totp/disable", {"otp": WRONG}), 401, "bad_credentials")
    assert cast.reviewer.post("/auth/totp/disable", {"otp": otp(secret)}).status_code == 204
    assert sign_in(cast, cast.reviewer).status_code == 200
    refused(cast.reviewer.post("/auth/totp/disable", {"otp": codes[0]}), 409, "second_factor_not_in_use")
    enrolled(cast.admin)
    for _ in range(10):
        refused(cast.admin.post("/auth/totp/disable", {"otp": WRONG}), 401, "bad_credentials")
    refused(cast.admin.post("/auth/totp/disable", {"otp": WRONG}), 429, "too_many_attempts")


def test_an_admin_takes_a_lost_second_factor_away_on_record_and_the_old_codes_are_dead(
    cast: Cast, superuser: psycopg.Connection
) -> None:
    _, codes = enrolled(cast.reviewer)
    refused(cast.neighbour_staff.patch(f"/staff/accounts/{cast.reviewer.id}", {"reset_second_factor": True}), 404, "not_found")
    reset = cast.admin.patch(f"/staff/accounts/{cast.reviewer.id}", {"reset_second_factor": True})
    assert (reset.status_code, reset.json["second_factor"]) == (200, False)
    refused(cast.reviewer.get("/staff/deeds"), 401, "unauthenticated")
    assert sign_in(cast, cast.reviewer).status_code == 200
    assert superuser.execute("SELECT count(*) FROM recovery_codes").fetchone() == (0,)
    (details,) = superuser.execute("SELECT details FROM audit_log WHERE action = 'staff.change'").fetchone()
    assert (details["before"]["second_factor"], details["after"]["second_factor"]) == (True, False)
    assert details["also"] == ["second_factor_reset"]
    assert codes


def test_merchants_and_residents_have_none(cast: Cast) -> None:
    for caller in (cast.barber, cast.grandmother):
        refused(caller.post("/auth/totp"), 403, "wrong_role")


# --- where the community requires it -------------------------------------------------------------------------------------------


def test_where_it_is_required_staff_without_one_may_only_enrol_and_sign_out(cast: Cast) -> None:
    cast.reviewer.get("/staff/deeds")
    require(cast)
    signed_in = sign_in(cast, cast.reviewer)
    assert signed_in.status_code == 200
    who = Caller(cast.app, signed_in.json["access_token"])
    for path in ("/staff/deeds", "/staff/items", "/staff/roles"):
        refused(who.get(path), 403, "second_factor_required")
    body = {"old_password": PASSWORD, "new_password": "quite another one"}
    refused(who.post("/auth/password/change", body), 403, "second_factor_required")
    refused(cast.reviewer.post("/uploads"), 403, "second_factor_required")
    refused(who.get("/staff/accounts"), 403, "wrong_role")
    secret = who.post("/auth/totp").json["secret"]
    assert who.post("/auth/totp/confirm", {"otp": otp(secret)}).status_code == 200
    assert who.get("/staff/deeds").status_code == 200
    assert cast.admin.post("/auth/logout").status_code == 204


def test_it_is_required_in_the_grids_of_that_community_and_not_next_door_nor_above(
    cast: Cast, superuser: psycopg.Connection
) -> None:
    require(cast)
    superuser.execute(
        "INSERT INTO divisions (code, name, level, parent_code, lineage, path) SELECT code || '-01', '一网格', 'grid', code, "
        "lineage || code || '-01/', path || '/一网格' FROM divisions WHERE code = %s",
        (COMMUNITY,),
    )
    try:
        refused(cast.staff("grid_worker", f"{COMMUNITY}-01").get("/staff/deeds"), 403, "second_factor_required")
        assert cast.neighbour_staff.get("/staff/deeds").status_code == 200
        assert cast.staff("reviewer", TOWN).get("/staff/deeds").status_code == 200
        for caller, path in ((cast.grandmother, "/me"), (cast.barber, "/merchant/scans")):
            assert caller.get(path).status_code == 200
    finally:
        superuser.execute("SET session_replication_role = replica")
        superuser.execute("DELETE FROM divisions WHERE code = %s", (f"{COMMUNITY}-01",))
        superuser.execute("SET session_replication_role = origin")
