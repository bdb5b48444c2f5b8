"""Notices: every letter reaches the operator's address at least once, under one id, whatever goes wrong on the way."""

import dataclasses
import hashlib
import hmac
import socket
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from click.testing import Result
from flask import Flask

from app import jobs
from app.outside import notices as outside
from kernel import clock, ids, outbox
from kernel.outbox import Due
from tests.answers import MONDAY, after, refused
from tests.cast import COMMUNITY, Cast
from tests.notices_server import NoticesServer


@pytest.fixture
def notices(app: Flask) -> Iterator[NoticesServer]:
    """The operator's address, to which the app's letters go meanwhile."""
    with NoticesServer() as server:
        outside.install(app, dataclasses.replace(app.config["SETTINGS"], notices_url=server.url))
        yield server
    outside.install(app, app.config["SETTINGS"])


@pytest.fixture
def run(app: Flask) -> Callable[..., Result]:
    return lambda *args: app.test_cli_runner().invoke(args=list(args))


def work(app: Flask) -> int:
    """Let the worker run once; how many letters were taken."""
    with app.app_context():
        return jobs.run_due()["letters_delivered"]


def letter(cast: Cast, **body: Any) -> str:
    """A letter in the outbox; its id."""
    made = ids.new()
    cast.in_app(lambda: outbox.add_letter(made, "message", body or {"title": "申报已通过"}))
    return str(made)


def state(superuser: psycopg.Connection, letter_id: str) -> tuple[Any, ...]:
    """Of a letter: its attempts, whether it was sent, whether it is dead, and its last error."""
    query = "SELECT attempts, sent_at IS NOT NULL, dead_at IS NOT NULL, last_error FROM outbox WHERE id = %s"
    row = superuser.execute(query, (letter_id,)).fetchone()
    assert row is not None
    return tuple(row)


# --- what is sent -----------------------------------------------------------------------------------------------------------


def test_what_a_resident_is_told_is_posted_with_an_id_and_a_signature(cast: Cast, app: Flask, notices: NoticesServer) -> None:
    told_before = cast.grandmother and work(app)
    cast.give(cast.grandmother, 50)
    assert (told_before, work(app)) == (1, 2)  # with her a neighbour was welcomed
    welcome, _, approved = notices.received
    (told, _) = cast.grandmother.get("/me/messages").json["items"]
    assert approved.letter.keys() == {"id", "topic", "body", "created_at"}
    assert (approved.letter["id"], approved.letter["topic"]) == (told["id"], "message")
    assert approved.letter["body"] == {
        "resident_id": cast.grandmother.id,
        "kind": "deed.approved",
        "title": told["title"],
        "body": told["body"],
    }
    assert welcome.letter["body"]["kind"] == "resident.welcome"
    for received in notices.received:
        assert received.headers["Idempotency-Key"] == received.letter["id"]
        digest = hmac.new(outside.key(), received.raw, hashlib.sha256).hexdigest()
        assert received.headers["X-Defen-Signature"] == f"sha256={digest}"
    assert work(app) == 0
    assert len(notices.received) == 3


def test_what_was_rolled_back_is_never_sent(cast: Cast, app: Flask, notices: NoticesServer) -> None:
    deed = cast.deed(cast.grandmother)
    work(app)
    cast.reviewer.post(f"/staff/deeds/{deed}/reject", {"reason": "不符"})
    cast.reviewer.post(f"/staff/deeds/{deed}/approve")  # refused
    assert work(app) == 1
    assert notices.received[-1].letter["body"]["kind"] == "deed.rejected"


def test_without_an_address_letters_wait_and_are_forgotten_after_30_days(
    cast: Cast, app: Flask, superuser: psycopg.Connection
) -> None:
    with clock.stopped_at(MONDAY):
        waiting = letter(cast)
        assert work(app) == 0
        assert state(superuser, waiting) == (0, False, False, None)
    for moment, forgotten in ((after(days=30), 0), (after(days=30, seconds=1), 1)):
        with clock.stopped_at(moment), app.app_context():
            assert jobs.forget_old()["outbox_forgotten"] == forgotten


# --- what goes wrong ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("trouble", "error"),
    [
        ("503", "HTTP 503"),
        ("404", "HTTP 404"),
        ("redirect", "HTTP 302"),
        ("hang up", "ConnectionError"),
        ("silent", "ReadTimeout"),
    ],
)
def test_a_letter_that_was_not_taken_is_sent_again_later_under_its_id(
    cast: Cast,
    app: Flask,
    superuser: psycopg.Connection,
    monkeypatch: pytest.MonkeyPatch,
    notices: NoticesServer,
    trouble: str,
    error: str,
) -> None:
    monkeypatch.setattr(outside, "TIMEOUT_S", (0.3, 0.3))
    notices.answers = [trouble, trouble]
    with clock.stopped_at(MONDAY):
        wanted = letter(cast)
        assert work(app) == 0
        assert state(superuser, wanted) == (1, False, False, error)
    for moment, taken, asked in (
        (after(seconds=59), 0, 1),
        (after(seconds=60), 0, 2),
        (after(seconds=60 + 119), 0, 2),
        (after(seconds=60 + 120), 1, 3),
        (after(days=1), 0, 3),
    ):
        with clock.stopped_at(moment):
            assert work(app) == taken
            assert notices.ids() == [wanted] * asked
    assert state(superuser, wanted) == (3, True, False, None)


def test_where_nobody_listens_letters_wait_and_arrive_when_somebody_does(
    cast: Cast, app: Flask, superuser: psycopg.Connection
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    wanted = letter(cast)
    outside.install(app, dataclasses.replace(app.config["SETTINGS"], notices_url=f"http://127.0.0.1:{port}/"))
    try:
        assert work(app) == 0
    finally:
        outside.install(app, app.config["SETTINGS"])
    assert state(superuser, wanted) == (1, False, False, "ConnectionError")


def test_one_letter_that_is_refused_does_not_hold_up_the_others(cast: Cast, app: Flask, notices: NoticesServer) -> None:
    wanted = [letter(cast) for _ in range(4)]
    notices.answers = ["ok", "400", "ok", "ok"]
    assert work(app) == 3
    assert notices.ids() == wanted


def test_where_three_in_a_row_fail_the_rest_waits_for_the_next_run(cast: Cast, app: Flask, notices: NoticesServer) -> None:
    for _ in range(5):
        letter(cast)
    notices.answers = ["503"] * 3
    assert work(app) == 0
    assert len(notices.received) == 3
    assert work(app) == 2


class Killed(BaseException):
    """What ends a process ends it here."""


def test_who_is_killed_after_sending_sends_the_same_letter_again(
    cast: Cast, app: Flask, superuser: psycopg.Connection, notices: NoticesServer
) -> None:
    send = outside.Webhook(notices.url).send

    def send_and_die(due: Due) -> None:
        send(due)
        raise Killed()

    with clock.stopped_at(MONDAY):
        wanted = letter(cast)
        with app.app_context(), pytest.raises(Killed):
            outbox.deliver_due(send_and_die)
        assert state(superuser, wanted) == (1, False, False, None)
        assert work(app) == 0  # nobody else has it while it may still be on its way
    with clock.stopped_at(MONDAY + outbox.LEASE):
        assert work(app) == 1
    assert notices.ids() == [wanted, wanted]
    assert notices.received[0].raw == notices.received[1].raw


def test_who_comes_back_after_his_lease_does_not_touch_the_letter_of_another(
    cast: Cast, app: Flask, superuser: psycopg.Connection, notices: NoticesServer
) -> None:
    def slow(due: Due) -> None:
        with clock.stopped_at(MONDAY + outbox.LEASE):
            assert work(app) == 1
        raise outbox.Undelivered("too late")

    with clock.stopped_at(MONDAY):
        wanted = letter(cast)
        with app.app_context():
            assert outbox.deliver_due(slow) == 0
    assert state(superuser, wanted) == (2, True, False, None)


def test_no_transaction_is_open_while_a_letter_is_on_its_way(cast: Cast, app: Flask, superuser: psycopg.Connection) -> None:
    open_now = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND xact_start IS NOT NULL"
    seen: list[int] = []

    def look(_: Due) -> None:
        row = superuser.execute(open_now + " AND pid <> pg_backend_pid() AND backend_type = 'client backend'").fetchone()
        seen.append(row[0] if row else -1)

    letter(cast)
    with app.app_context():
        assert outbox.deliver_due(look) == 1
    assert seen == [0]


# --- dead letters -------------------------------------------------------------------------------------------------------------


def die(cast: Cast, app: Flask, notices: NoticesServer) -> str:
    """A letter that nobody took in ten attempts; its id."""
    wanted = letter(cast)
    notices.answers = ["500"] * outbox.MAX_ATTEMPTS
    moment = clock.now()
    for _ in range(outbox.MAX_ATTEMPTS):
        with clock.stopped_at(moment):
            assert work(app) == 0
        moment += timedelta(hours=4)
    notices.answers.clear()
    return wanted


def test_after_ten_attempts_a_letter_is_dead_until_somebody_retries_it(
    cast: Cast, app: Flask, superuser: psycopg.Connection, notices: NoticesServer, run: Callable[..., Result]
) -> None:
    wanted = die(cast, app, notices)
    assert state(superuser, wanted) == (10, False, True, "HTTP 500")
    with clock.stopped_at(clock.now() + timedelta(days=20)):
        assert work(app) == 0
    assert notices.ids() == [wanted] * 10
    other = letter(cast)
    result = run("outbox", "list", "--dead")
    assert (result.exit_code, result.stderr) == (0, "waiting=1 dead=1\n")
    assert result.stdout.startswith(f"{wanted} message attempts=10 ")
    assert result.stdout.endswith(" HTTP 500\n")
    assert run("outbox", "list").stdout.startswith(f"{other} message attempts=0 ")
    assert run("outbox", "retry", wanted).exit_code == 0
    assert work(app) == 2
    assert state(superuser, wanted) == (1, True, False, None)
    assert superuser.execute("SELECT subject_id::text FROM audit_log WHERE action = 'letter.retry'").fetchall() == [(wanted,)]


def test_a_letter_whose_sender_was_killed_ten_times_is_dead_too(
    cast: Cast, app: Flask, superuser: psycopg.Connection, notices: NoticesServer
) -> None:
    wanted = letter(cast)
    superuser.execute("UPDATE outbox SET attempts = 10")
    assert work(app) == 0
    assert state(superuser, wanted) == (10, False, True, "never answered")
    assert notices.received == []


def test_only_a_dead_letter_can_be_retried(cast: Cast, app: Flask, notices: NoticesServer, run: Callable[..., Result]) -> None:
    for wanted in (letter(cast), str(uuid4())):
        result = run("outbox", "retry", wanted)
        assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (1, "", 1)
    assert run("outbox", "retry", "nonsense").exit_code == 2


def test_the_key_of_the_signature_can_be_printed(app: Flask, run: Callable[..., Result]) -> None:
    assert run("outbox", "key").stdout == outside.key().hex() + "\n"


def test_dead_and_waiting_letters_are_measured(cast: Cast, app: Flask, notices: NoticesServer) -> None:
    die(cast, app, notices)
    letter(cast)
    letter(cast)
    lines = app.test_client().get("/metrics").text.splitlines()
    assert 'defen_outbox_letters{state="waiting"} 2.0' in lines
    assert 'defen_outbox_letters{state="dead"} 1.0' in lines


def test_metrics_are_there_where_the_outbox_cannot_be_read(app: Flask, superuser: psycopg.Connection) -> None:
    superuser.execute("ALTER TABLE outbox RENAME TO gone")
    try:
        answer = app.test_client().get("/metrics")
    finally:
        superuser.execute("ALTER TABLE gone RENAME TO outbox")
    assert answer.status_code == 200
    assert "defen_requests" in answer.text
    assert "defen_outbox_letters" not in answer.text


def test_the_admin_sees_what_could_not_be_carried_further_to_his_residents(
    cast: Cast, app: Flask, superuser: psycopg.Connection
) -> None:
    cast.give(cast.grandmother, 5)
    assert cast.neighbour.get("/me").status_code == 200
    superuser.execute(
        "UPDATE outbox SET dead_at = now(), attempts = 10, last_error = 'HTTP 500' WHERE body->>'kind' = 'deed.approved'"
    )
    admin = cast.admin
    dead, waiting = admin.get("/staff/outbox").json["items"]
    assert (dead["kind"], dead["attempts"], dead["last_error"]) == ("deed.approved", 10, "HTTP 500")
    assert dead["resident"] == {"id": cast.grandmother.id, "name": "李秀英"}
    assert dead["dead_at"] is not None
    assert (waiting["kind"], waiting["dead_at"]) == ("resident.welcome", None)
    assert admin.get("/staff/outbox?dead=true").json["items"] == [dead]
    assert admin.get("/staff/outbox?dead=false").json["items"] == [waiting]
    assert dead["id"] not in cast.neighbour_staff.get("/staff/outbox").text
    for role in ("reviewer", "auditor"):
        refused(cast.staff(role, COMMUNITY).get("/staff/outbox"), 403, "wrong_role")
    first = admin.get("/staff/outbox?limit=1").json
    rest = admin.get("/staff/outbox", query_string={"limit": 1, "cursor": first["next"]}).json
    assert (first["items"], rest["items"], rest["next"]) == ([dead], [waiting], None)
    assert UUID(dead["id"]) > UUID(waiting["id"])
