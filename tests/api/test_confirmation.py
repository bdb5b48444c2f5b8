"""Where a community asks for it, a newcomer looks but does not act until staff have confirmed him."""

from uuid import uuid4

import psycopg
import pytest

from app.web import audience
from people.actors import Resident
from tests.answers import refused
from tests.api.test_registration import BODY
from tests.api.test_residents import entered, found
from tests.cast import COMMUNITY, Cast
from tests.web.test_audience import PREFIX, routes_of


@pytest.fixture
def careful(superuser: psycopg.Connection, clean: None) -> None:
    """The community confirms who joins."""
    superuser.execute(
        """
        INSERT INTO community_settings (community_code, counts_by, registration_confirmed, checkin_points, streak_bonuses,
            make_up_cards, same_rule_once_a_day, notice_days, order_lapses_after_days, second_factor_required)
        VALUES (%s, 'person', true, 1, '[]', 0, false, 0, 7, false)
        """,
        (COMMUNITY,),
    )


def test_a_newcomer_waits_until_staff_confirm_him_once(
    cast: Cast, careful: None, superuser: psycopg.Connection, verified: None
) -> None:
    joined = cast.newcomer.post("/me/registration", BODY)
    assert (joined.status_code, joined.json["confirmed"]) == (201, False)
    refused(cast.newcomer.post("/checkins"), 403, "not_confirmed")
    assert cast.newcomer.get("/me").json["confirmed"] is False
    assert cast.newcomer.get("/rules").status_code == 200
    assert found(cast.admin, confirmed="false") == ["李秀英"]
    confirmed = cast.reviewer.post(f"/staff/residents/{joined.json['id']}/confirm")
    assert (confirmed.status_code, confirmed.json["confirmed"]) == (200, True)
    refused(cast.reviewer.post(f"/staff/residents/{joined.json['id']}/confirm"), 409, "already_confirmed")
    assert cast.newcomer.post("/checkins").status_code == 201
    assert cast.newcomer.get("/me").json["confirmed"] is True
    told = superuser.execute("SELECT resident_id::text, kind FROM messages WHERE kind = 'resident.confirmed'").fetchall()
    assert told == [(joined.json["id"], "resident.confirmed")]
    assert superuser.execute("SELECT count(*) FROM audit_log WHERE action = 'resident.confirm'").fetchone() == (1,)


def test_who_was_entered_by_staff_is_confirmed(cast: Cast, careful: None) -> None:
    person = entered(cast.admin)
    assert cast.admin.get(f"/staff/residents/{person}").json["confirmed"] is True
    refused(cast.admin.post(f"/staff/residents/{person}/confirm"), 409, "already_confirmed")


OPEN = ("PATCH /me", "POST /me/sign-in-codes")  # how he is shown, and signing in on another device


def test_until_then_every_write_is_refused_but_how_he_is_shown_and_signing_in_and_out(cast: Cast, careful: None) -> None:
    cast.newcomer.post("/me/registration", BODY)
    tried = 0
    for route, endpoint in routes_of(cast.app).items():
        method, path = route.split(" ")
        who = audience.of(cast.app, endpoint)
        if method == "GET" or Resident not in who.kinds or path.startswith("/auth/") or route in OPEN:
            continue
        parts = [str(uuid4()) if part.startswith("<id:") else part for part in path.split("/")]
        refused(cast.newcomer.call(method, PREFIX + "/".join(parts), json={}), 403, "not_confirmed")
        tried += 1
    assert tried >= 7
    assert cast.newcomer.patch("/me", {"name_shown": "hidden"}).json["name_shown"] == "hidden"
    assert cast.newcomer.post("/auth/logout").status_code == 204


def test_communities_that_do_not_ask_for_it_take_everybody_at_once(cast: Cast) -> None:
    assert cast.newcomer.post("/me/registration", BODY).json["confirmed"] is True
