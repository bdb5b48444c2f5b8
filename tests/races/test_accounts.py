"""Races over accounts: a one-time password opens once, an admin is always left, and no sign-in slips past a new password."""

import time
from datetime import timedelta
from uuid import UUID

import psycopg
import pyotp
from werkzeug.test import TestResponse

from kernel import clock
from kernel.database import db
from people.logins import Login
from people.staff import StaffMember
from tests.cast import COMMUNITY, PASSWORD, Caller, Cast
from tests.races.harness import WINDOW_S, dawdle, race, tally

SIGN_INS = 9


def enrolled(who: Caller) -> str:
    """Enrol somebody some minutes ago; the secret."""
    with clock.stopped_at(clock.now() - timedelta(minutes=5)):
        secret = str(who.post("/auth/totp").json["secret"])
        assert who.post("/auth/totp/confirm", {"otp": pyotp.TOTP(secret).at(clock.now())}).status_code == 200
    return secret


def test_of_9_sign_ins_with_one_one_time_password_one_is_let_in(cast: Cast, rounds: range) -> None:
    for _ in rounds:
        reviewer = cast.staff("reviewer", COMMUNITY)
        secret = enrolled(reviewer)
        with clock.stopped_at(clock.now()):
            body = {"username": reviewer.username, "password": PASSWORD, "otp": pyotp.TOTP(secret).at(clock.now())}
            answers = race(SIGN_INS, lambda _, body=body: cast.nobody.post("/auth/password", body))
        assert tally(answers) == {(200, ""): 1, (401, "bad_credentials"): SIGN_INS - 1}


def test_a_step_that_is_looked_at_before_it_is_used_up_lets_many_in(cast: Cast) -> None:
    secret, step = enrolled(cast.reviewer), int(clock.now().timestamp()) // 30
    wins = race(SIGN_INS, lambda _: cast.in_app(lambda: _naive_accept(cast.reviewer, secret, step)))
    assert wins.count(True) > 1


def _naive_accept(who: Caller, secret: str, step: int) -> bool:
    login = db.session.get_one(Login, who.login_id)
    used = login.totp_last_step or 0
    dawdle()
    if used >= step or not pyotp.TOTP(secret).generate_otp(step):
        return False
    login.totp_last_step = step
    return True


def test_of_two_admins_who_demote_each_other_one_stays(cast: Cast, superuser: psycopg.Connection, rounds: range) -> None:
    for _ in rounds:
        admins = [cast.staff("admin", COMMUNITY) for _ in range(2)]

        def demote(n: int, admins: list[Caller] = admins) -> TestResponse:
            return admins[n].patch(f"/staff/accounts/{admins[1 - n].id}", {"role": "reviewer"})

        answers = race(2, demote)
        assert tally(answers) == {(200, ""): 1, (403, "wrong_role"): 1}
        left = superuser.execute(
            "SELECT count(*) FROM staff WHERE role = 'admin' AND id = ANY(%s)", ([UUID(admin.id) for admin in admins],)
        ).fetchone()
        assert left == (1,)


def test_two_admins_who_close_each_others_accounts_leave_one_open(cast: Cast, rounds: range) -> None:
    for _ in rounds:
        admins = [cast.staff("admin", COMMUNITY) for _ in range(2)]
        answers = race(2, lambda n, admins=admins: admins[n].patch(f"/staff/accounts/{admins[1 - n].id}", {"active": False}))
        assert sorted(answer.status_code for answer in answers)[0] == 200
        assert sum(answer.status_code == 200 for answer in answers) == 1
        assert sum(admin.get("/staff/accounts").status_code == 200 for admin in admins) == 1


def test_demotions_that_look_at_the_rights_before_they_write_leave_no_admin(cast: Cast) -> None:
    admins = [cast.staff("admin", COMMUNITY) for _ in range(2)]
    assert race(2, lambda n: cast.in_app(lambda: _naive_demotion(admins[n], admins[1 - n]))) == [True, True]


def _naive_demotion(actor: Caller, other: Caller) -> bool:
    allowed = db.session.get_one(StaffMember, UUID(actor.id)).role == "admin"
    dawdle()
    if not allowed:
        return False
    db.session.get_one(StaffMember, UUID(other.id)).role = "reviewer"
    return True


def test_no_sign_in_with_the_old_password_outlives_the_new_one(cast: Cast, rounds: range) -> None:
    for _ in rounds:
        reviewer, admin = cast.staff("reviewer", COMMUNITY), cast.admin

        def work(n: int, reviewer: Caller = reviewer, admin: Caller = admin) -> TestResponse:
            if n == 0:
                return admin.patch(f"/staff/accounts/{reviewer.id}", {"password": "quite another one"})
            return cast.nobody.post("/auth/password", {"username": reviewer.username, "password": PASSWORD})

        changed, *sign_ins = race(7, work)
        assert changed.status_code == 200
        for tokens in (answer.json for answer in sign_ins if answer.status_code == 200):
            assert Caller(cast.app, tokens["access_token"]).get("/staff/deeds").status_code == 401


def test_a_sign_in_that_judges_the_password_before_the_change_outlives_it(cast: Cast, superuser: psycopg.Connection) -> None:
    """What happens without the lock on the login: the session is opened after all sessions were ended."""
    login_id = cast.reviewer.login_id

    connections = [psycopg.connect(superuser.info.dsn, autocommit=True) for _ in range(7)]

    def work(n: int) -> None:
        connection = connections[n]
        if n == 0:
            time.sleep(WINDOW_S / 2)  # while the others judge
            connection.execute("UPDATE logins SET password_hash = 'new' WHERE id = %s", (login_id,))
            connection.execute("UPDATE sessions SET ended_at = now() WHERE login_id = %s", (login_id,))
            return
        (judged,) = connection.execute("SELECT password_hash FROM logins WHERE id = %s", (login_id,)).fetchone() or ("",)
        time.sleep(2 * WINDOW_S)
        if judged != "new":
            connection.execute(
                "INSERT INTO sessions (id, login_id, created_at) VALUES (gen_random_uuid(), %s, now())", (login_id,)
            )

    race(7, work)
    for connection in connections:
        connection.close()
    alive = superuser.execute("SELECT count(*) FROM sessions WHERE login_id = %s AND ended_at IS NULL", (login_id,)).fetchone()
    assert alive is not None
    assert alive[0] > 0
