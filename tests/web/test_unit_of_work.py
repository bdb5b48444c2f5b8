"""One request is one transaction: all of it is kept or none, it is run again where the database asks for it, and never a 500."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any
from uuid import UUID

import psycopg
import pytest
from flask import Flask
from sqlalchemy import text
from werkzeug.test import TestResponse

from app.web import audience, limits, problems, unit_of_work
from kernel import ids
from kernel.database import db, engine_options, execute, first
from kernel.errors import Conflict
from tests.cast import Cast

Ask = Callable[[Callable[[], str]], TestResponse]
_NOTE = text("INSERT INTO failed_sign_ins (id, username_hash, at) VALUES (:id, CAST(CAST(:word AS text) AS bytea), now())")


class Refused(Conflict):
    title = "不行"


@pytest.fixture
def ask(app: Flask) -> Iterator[Ask]:
    """Put a view of the test's own behind the product's unit of work, on the product's database, and call it."""
    made: list[Flask] = []

    def call(view: Callable[[], str]) -> TestResponse:
        workshop = Flask("workshop")
        workshop.config["SQLALCHEMY_DATABASE_URI"] = app.config["SQLALCHEMY_DATABASE_URI"]
        workshop.config["SQLALCHEMY_ENGINE_OPTIONS"] = engine_options(1) | {"pool_timeout": 1}
        db.init_app(workshop)
        problems.install(workshop)
        limits.install(workshop, "memory://")
        workshop.post("/")(audience.anyone(view))
        unit_of_work.wrap_all(workshop)
        made.append(workshop)
        return workshop.test_client().post("/")

    yield call
    for workshop in made:
        with workshop.app_context():
            db.engine.dispose()


def note(word: str) -> None:
    """Write something, by which a test sees what was kept."""
    execute(_NOTE, id=ids.new(), word=word)


@pytest.fixture
def notes(superuser: psycopg.Connection) -> Callable[[], list[str]]:
    """What was kept, in order."""

    def read() -> list[str]:
        rows = superuser.execute("SELECT convert_from(username_hash, 'UTF8') FROM failed_sign_ins ORDER BY id")
        return [row[0] for row in rows]

    return read


@pytest.fixture
def other(superuser: psycopg.Connection) -> Iterator[psycopg.Connection[Any]]:
    """Another connection, which holds what it locks until it commits, and is never the one to yield in a deadlock."""
    with psycopg.connect(superuser.info.dsn) as connection:
        connection.execute("SET deadlock_timeout = '60s'")
        yield connection
        connection.rollback()


@pytest.fixture
def aside() -> Iterator[ThreadPoolExecutor]:
    """Threads to ask from while the test does something else."""
    with ThreadPoolExecutor(4) as threads:
        yield threads


def wait_for_waiting(superuser: psycopg.Connection, how_many: int = 1) -> None:
    """Until so many of the app's connections wait for a lock."""
    for _ in range(300):
        waiting = superuser.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE usename = 'defen_app' AND wait_event_type = 'Lock'"
        ).fetchone()
        if waiting == (how_many,):
            return
        time.sleep(0.01)
    raise AssertionError("nobody waits")


# --- run again --------------------------------------------------------------------------------------------------------------


def test_an_order_that_meets_a_deadlock_is_run_again_and_placed_once(
    cast: Cast,
    superuser: psycopg.Connection,
    other: psycopg.Connection[Any],
    aside: ThreadPoolExecutor,
    verified: None,
) -> None:
    cast.give(cast.grandmother, 60)
    item = cast.item(kind="goods", name="洗衣液", stock=5)
    other.execute("SELECT FROM stocks WHERE item_id = %s FOR UPDATE", (item,))
    asked = aside.submit(cast.grandmother.post, "/orders", {"item_id": item, "quantity": 1}, key="one")
    wait_for_waiting(superuser)  # the order holds the wallet and waits for the stock; now the other way round
    other.execute("SELECT FROM accounts WHERE owner = %s AND kind = 'wallet' FOR UPDATE", (cast.grandmother.id,))
    other.commit()  # only a rollback of the order's first run can have let us get here
    answer = asked.result(timeout=10)
    assert (answer.status_code, answer.json.get("code")) == (201, None)
    assert [order["id"] for order in cast.grandmother.get("/orders").json["items"]] == [answer.json["id"]]
    assert cast.balance(cast.grandmother) == 30
    again = cast.grandmother.post("/orders", {"item_id": item, "quantity": 1}, key="one")
    assert (again.headers["Idempotent-Replayed"], again.json) == ("true", answer.json)


@pytest.mark.parametrize("conflicts", [1, 4])
def test_a_request_that_meets_serialization_failures_is_run_again_until_it_succeeds(
    conflicts: int, cast: Cast, ask: Ask, superuser: psycopg.Connection, notes: Callable[[], list[str]]
) -> None:
    view, runs = _conflicting(cast, superuser, conflicts)
    assert ask(view).status_code == 200
    assert len(runs) == conflicts + 1
    assert notes() == ["done"]


def test_a_request_that_meets_a_serialization_failure_five_times_is_answered_with_503(
    cast: Cast, ask: Ask, superuser: psycopg.Connection, notes: Callable[[], list[str]]
) -> None:
    view, runs = _conflicting(cast, superuser, 99)
    _assert_unavailable(ask(view))
    assert len(runs) == 5
    assert notes() == []


def _conflicting(cast: Cast, superuser: psycopg.Connection, conflicts: int) -> tuple[Callable[[], str], list[int]]:
    """A view that changes a row which another one changes in the meantime, for its first so many runs; and its runs."""
    item, runs = UUID(cast.item(kind="goods", name="洗衣液", stock=5)), []

    def view() -> str:
        execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
        first(text("SELECT available FROM stocks WHERE item_id = :id"), id=item)
        runs.append(1)
        note("done")
        if len(runs) <= conflicts:
            superuser.execute("UPDATE stocks SET available = available + 1 WHERE item_id = %s", (item,))
        execute(text("UPDATE stocks SET available = available + 1 WHERE item_id = :id"), id=item)
        return "done"

    return view, runs


@pytest.mark.parametrize(
    ("sqlstate", "runs", "status"),
    [
        ("40001", 5, 503),  # serialization failure
        ("40P01", 5, 503),  # deadlock
        ("55P03", 1, 503),  # a lock was held too long
        ("57014", 1, 503),  # a statement took too long
        ("53100", 1, 503),  # disk full
        ("53300", 1, 503),  # too many connections
        ("57P01", 1, 503),  # the database is being stopped
        ("25006", 1, 503),  # the database only reads, as after a change of the machine
        ("23514", 1, 500),  # our own mistake
        ("42601", 1, 500),
    ],
)
def test_only_deadlocks_and_serialization_failures_are_run_again_and_only_our_own_mistakes_are_500(
    sqlstate: str, runs: int, status: int, ask: Ask, notes: Callable[[], list[str]], app: Flask
) -> None:
    counted = []

    def view() -> str:
        counted.append(1)
        note("half done")
        execute(text(f"DO $$ BEGIN RAISE EXCEPTION 'forced' USING ERRCODE = '{sqlstate}'; END $$"))
        return "done"

    answer = ask(view)
    assert answer.status_code == status
    assert (len(counted), notes()) == (runs, [])
    assert "forced" not in answer.text
    if status == 503:
        _assert_unavailable(answer)


# --- waiting ----------------------------------------------------------------------------------------------------------------


def test_a_second_request_with_the_key_waits_for_the_first_ones_answer(
    cast: Cast,
    superuser: psycopg.Connection,
    other: psycopg.Connection[Any],
    aside: ThreadPoolExecutor,
    verified: None,
) -> None:
    cast.give(cast.grandmother, 60)
    body = {"item_id": cast.item(), "quantity": 1}
    _lock_wallet(other, cast)
    asked = [aside.submit(cast.grandmother.post, "/orders", body, key="one") for _ in range(2)]
    wait_for_waiting(superuser, 2)
    other.commit()
    one, two = (future.result(timeout=10) for future in asked)
    assert (one.status_code, two.status_code) == (201, 201)
    assert one.json == two.json
    assert sorted(answer.headers.get("Idempotent-Replayed", "") for answer in (one, two)) == ["", "true"]


@pytest.mark.slow
def test_a_lock_that_somebody_holds_for_more_than_two_seconds_gives_503_and_leaves_nothing(
    cast: Cast, other: psycopg.Connection[Any], superuser: psycopg.Connection, verified: None
) -> None:
    cast.give(cast.grandmother, 60)
    body = {"item_id": cast.item(), "quantity": 1}
    _lock_wallet(other, cast)
    start = time.monotonic()
    _assert_unavailable(cast.grandmother.post("/orders", body, key="one"))
    assert 1.9 < time.monotonic() - start < 4
    assert superuser.execute("SELECT (SELECT count(*) FROM orders), (SELECT count(*) FROM idempotency_keys)").fetchone() == (0, 0)
    other.commit()
    assert cast.grandmother.post("/orders", body, key="one").status_code == 201


@pytest.mark.slow
def test_a_key_whose_first_request_takes_more_than_two_seconds_gives_409_in_progress(
    cast: Cast, other: psycopg.Connection[Any], verified: None
) -> None:
    cast.give(cast.grandmother, 60)
    body = {"item_id": cast.item(), "quantity": 1}
    claim = "INSERT INTO idempotency_keys (caller, key, fingerprint, created_at) VALUES (%s, 'one', '', now())"
    other.execute(claim, (f"resident:{cast.grandmother.id}",))
    answer = cast.grandmother.post("/orders", body, key="one")
    assert (answer.status_code, answer.json["code"]) == (409, "idempotency_in_progress")
    assert answer.headers["Retry-After"] == "1"
    assert cast.grandmother.post("/orders", body, key="two").status_code == 201  # another key does not wait
    other.rollback()  # the first one died: its key is free
    assert cast.grandmother.post("/orders", body, key="one").status_code == 201


def _lock_wallet(other: psycopg.Connection[Any], cast: Cast) -> None:
    other.execute("SELECT FROM accounts WHERE owner = %s AND kind = 'wallet' FOR UPDATE", (cast.grandmother.id,))


# --- kept or not ------------------------------------------------------------------------------------------------------------


def test_what_a_view_writes_is_kept_before_the_answer_leaves(ask: Ask, notes: Callable[[], list[str]]) -> None:
    assert ask(lambda: note("kept") or "done").status_code == 200
    assert notes() == ["kept"]


def test_an_exception_in_a_view_leaves_nothing_and_tells_nothing(ask: Ask, notes: Callable[[], list[str]]) -> None:
    def view() -> str:
        note("half done")
        raise RuntimeError("a secret of ours")

    answer = ask(view)
    assert (answer.status_code, answer.json["code"], answer.content_type) == (500, "internal_error", "application/problem+json")
    assert "secret" not in answer.text
    assert notes() == []


def test_a_refusal_leaves_nothing_but_what_must_be_remembered_of_it(ask: Ask, notes: Callable[[], list[str]]) -> None:
    def view() -> str:
        note("half done")
        raise Refused().remembering(lambda: note("refused"))

    answer = ask(view)
    assert (answer.status_code, answer.json["code"]) == (409, "refused")
    assert notes() == ["refused"]


def test_a_view_that_is_done_is_not_answered_so_where_its_commit_fails(
    cast: Cast, ask: Ask, superuser: psycopg.Connection, notes: Callable[[], list[str]]
) -> None:
    rule = UUID(cast.rule())

    def view() -> str:
        note("half done")
        execute(text("UPDATE rules SET version = 99 WHERE id = :id"), id=rule)  # there is no such version: checked at the commit
        return "done"

    answer = ask(view)
    assert (answer.status_code, answer.json["code"]) == (500, "internal_error")
    assert notes() == []
    assert superuser.execute("SELECT version FROM rules WHERE id = %s", (rule,)).fetchone() == (1,)


def test_a_refused_scan_is_on_record_though_its_request_was_rolled_back_key_and_all(
    cast: Cast, superuser: psycopg.Connection, verified: None
) -> None:
    answer = cast.barber.post("/merchant/scans", {"token": "870000000100000000"}, key="one")
    assert (answer.status_code, answer.json["code"]) == (400, "code_invalid")
    rows = superuser.execute("SELECT login_id, code FROM refused_scans").fetchall()
    assert rows == [(cast.barber.login_id, "code_invalid")]
    assert superuser.execute("SELECT count(*) FROM idempotency_keys").fetchone() == (0,)


# --- connections ------------------------------------------------------------------------------------------------------------


def test_a_request_whose_connection_is_cut_is_answered_with_503_and_the_next_one_served(
    cast: Cast,
    app: Flask,
    superuser: psycopg.Connection,
    other: psycopg.Connection[Any],
    aside: ThreadPoolExecutor,
    verified: None,
) -> None:
    cast.give(cast.grandmother, 60)
    body = {"item_id": cast.item(), "quantity": 1}
    _lock_wallet(other, cast)
    asked: Future[TestResponse] = aside.submit(cast.grandmother.post, "/orders", body, key="one")
    wait_for_waiting(superuser)
    superuser.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'defen_app' AND wait_event_type = 'Lock'"
    )
    _assert_unavailable(asked.result(timeout=10))
    other.commit()
    assert cast.grandmother.post("/orders", body, key="one").status_code == 201
    assert cast.balance(cast.grandmother) == 30


def test_a_transaction_that_stood_idle_too_long_is_answered_with_503(ask: Ask, notes: Callable[[], list[str]]) -> None:
    def view() -> str:
        note("half done")
        execute(text("SET LOCAL idle_in_transaction_session_timeout = '50ms'"))
        time.sleep(0.2)
        note("too late")
        return "done"

    _assert_unavailable(ask(view))
    assert notes() == []


def test_no_failing_request_keeps_a_connection(app: Flask, cast: Cast) -> None:
    with app.app_context():
        before = db.engine.pool.checkedout()  # type: ignore[attr-defined]
    for _ in range(3):
        assert cast.grandmother.post("/orders", {"item_id": str(ids.new()), "quantity": 1}).status_code == 404
        assert cast.grandmother.post("/orders", {"nonsense": 1}).status_code == 422
        assert cast.nobody.post("/checkins").status_code == 401
    with app.app_context():
        assert db.engine.pool.checkedout() == before  # type: ignore[attr-defined]


def _assert_unavailable(answer: TestResponse) -> None:
    assert (answer.status_code, answer.json["code"]) == (503, "unavailable")
    assert int(answer.headers["Retry-After"]) >= 1
