"""Starting and ending: `make run` leaves nothing behind, starts again after any death, and says in one line what it lacks."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from tests.server import BIN, ROOT, PlainPostgres, Server, environ, free_port, port_is_free, run_flask

pytestmark = pytest.mark.slow
MAKE_RUN = ["make", "run", f"PYTHON={sys.executable}"]
GUNICORN = [sys.executable, "-m", "gunicorn", "wsgi:app"]
SECRET = "a secret for tests that is long enough"
PRODUCTION = {
    "DEFEN_ENV": "production",
    "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing",
    "SECRET_KEY": SECRET,
    "WECHAT_APP_ID": "wx-tests",
    "WECHAT_APP_SECRET": "a secret of wechat",
}
DEMO_PASSWORD = "defen-demo-2026"


# --- ending ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_make_run_ends_all_it_started(sign: signal.Signals) -> None:
    with Server(MAKE_RUN) as server:
        server.start()
        assert server.postmaster is not None
        assert server.stop(sign) < 10
        assert "Traceback" not in server.said()


def test_a_second_ctrl_c_does_not_keep_it_from_ending_all() -> None:
    with Server() as server:
        server.start()
        assert server.process is not None
        os.killpg(server.process.pid, signal.SIGINT)
        time.sleep(0.2)
        server.stop(signal.SIGINT)


def test_told_to_end_at_any_moment_of_its_start_it_leaves_nothing_running() -> None:
    chance = random.Random(20261121)
    with Server() as server:
        for _ in range(6):
            server.start(wait=False)
            time.sleep(chance.uniform(0.2, 3.0))
            server.stop(signal.SIGTERM)
        server.start()
        server.stop()


# --- starting again --------------------------------------------------------------------------------------------------------


def test_killed_at_any_moment_it_starts_again_on_the_same_folder() -> None:
    chance = random.Random(20261122)
    for _ in range(4):
        with Server() as server:
            server.start(wait=False)
            time.sleep(chance.uniform(0.3, 2.0))  # in the middle of making the database, of the migrations, of the demo
            server.kill_all()
            server.start()
            assert server.flask("ledger", "verify").returncode == 0
            server.kill_all()
            server.start()
            server.stop()


def test_when_only_the_supervisor_is_killed_the_rest_makes_room_for_the_next() -> None:
    with Server() as server:
        server.start()
        assert server.process is not None
        old = server.master
        os.kill(server.process.pid, signal.SIGKILL)
        server.process.wait(5)
        server.start(wait=False)
        old.wait(10)
        server.wait_ready()
        server.stop()


def test_a_pid_file_that_names_another_program_does_not_keep_postgresql_from_starting() -> None:
    with Server() as server:
        server.start()
        server.kill_all()
        pid_file = server.data_dir / "postgres" / "postmaster.pid"
        lines = pid_file.read_text().splitlines()
        pid_file.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
        assert server.start() < 20
        server.stop()


def test_the_supervisor_ends_with_an_error_where_its_port_is_taken() -> None:
    with Server() as first:
        first.start()
        with Server(BIND=f"127.0.0.1:{first.port}") as second:
            second.start(wait=False)
            assert second.process is not None
            assert second.process.wait(30) != 0
            second.port = free_port()
            second.assert_gone()
        assert first.is_ready()
        first.stop()


# --- production ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", [GUNICORN, [str(BIN / "flask"), "--app", "wsgi", "ledger", "verify"], MAKE_RUN])
@pytest.mark.parametrize(
    "change", [{"DATABASE_URL": None}, {"SECRET_KEY": None}, {"SECRET_KEY": "short"}, {"WECHAT_APP_ID": None}]
)
def test_in_production_a_missing_setting_stops_the_start_with_one_line(
    command: list[str], change: dict[str, str | None], tmp_path: Path
) -> None:
    port = free_port()
    settings = environ(**PRODUCTION | change, DATA_DIR=str(tmp_path / "data"), BIND=f"127.0.0.1:{port}")
    ended = subprocess.run(command, cwd=ROOT, env=settings, capture_output=True, text=True, timeout=60)
    assert ended.returncode != 0
    said = [line for line in ended.stderr.splitlines() if line and not line.startswith("make")]
    assert len(said) == 1
    assert said[0].startswith("defen: ")
    assert next(iter(change)) in said[0]
    assert SECRET not in ended.stdout + ended.stderr
    assert port_is_free(port)


@pytest.fixture(scope="module")
def postgres() -> Iterator[PlainPostgres]:
    with PlainPostgres() as postgres:
        yield postgres


def test_many_may_start_and_migrate_an_empty_database_at_once(postgres: PlainPostgres) -> None:
    postgres.database("at_once")
    settings = PRODUCTION | {"DATABASE_URL": postgres.url(database="at_once"), "WEB_CONCURRENCY": "2"}
    servers = [Server(GUNICORN, **settings) for _ in range(3)]
    try:
        for server in servers:
            server.start(wait=False)
        command = [str(BIN / "flask"), "--app", "wsgi", "db", "upgrade"]
        upgrades = [
            subprocess.Popen(
                command, cwd=ROOT, env=servers[0].environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
            )
            for _ in range(3)
        ]
        for upgrade in upgrades:
            said, _ = upgrade.communicate(timeout=60)
            assert upgrade.returncode == 0, said
        for server in servers:
            server.wait_ready()
        for server in servers:
            server.stop()
    finally:
        for server in servers:
            server.close()


@pytest.mark.parametrize("login", ["superuser", "owner who may create roles", "plain owner, the role made beforehand"])
def test_in_production_it_acts_as_its_own_role_whoever_it_logs_in_as(login: str) -> None:
    with PlainPostgres() as postgres:
        match login:
            case "superuser":
                user = "postgres"
            case "owner who may create roles":
                user = "town"
                postgres.execute("CREATE ROLE town LOGIN CREATEROLE")
            case _:
                user = "town"
                postgres.execute("CREATE ROLE town LOGIN", "CREATE ROLE defen_app NOLOGIN", "GRANT defen_app TO town")
        postgres.database("town", user)
        settings = PRODUCTION | {"DATABASE_URL": postgres.url(user, "town")}
        with Server(**settings) as server:
            server.start()
            assert _role_in(server) == ("defen_app", user)
            _assert_no_demo(server)
            server.stop()
            assert "演示社区" not in server.said()


def _role_in(server: Server) -> tuple[str, str]:
    code = (
        "from wsgi import app\nfrom kernel.database import db\nfrom sqlalchemy import text\n"
        "with app.app_context(): print(*db.session.execute(text('SELECT current_user, session_user')).one())"
    )
    asked = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=server.environ, capture_output=True, text=True, check=True)
    role, user = asked.stdout.split()
    return role, user


def _assert_no_demo(server: Server) -> None:
    refused = server.flask("demo")
    assert refused.returncode != 0
    assert "Traceback" not in refused.stderr
    # Demo logins that came with a copy of the demo's database are refused as if they did not exist.
    loaded = run_flask(server.environ | {"DEFEN_ENV": "demo"}, "demo")
    assert loaded.returncode == 0, loaded.stderr
    answer = server.post("/auth/password", {"username": "admin", "password": DEMO_PASSWORD})
    assert (answer.status_code, answer.json()["code"]) == (401, "bad_credentials")
    wechat = server.post("/auth/wechat", {"code": "grandmother"})
    assert wechat.status_code in (401, 503), "no stand-in answers for WeChat"


def test_the_database_itself_refuses_the_apps_role_to_change_the_books() -> None:
    with Server() as server:
        server.start()
        with server.superuser() as connection:
            connection.execute("SET ROLE defen_app")
            for change in (
                "UPDATE transfers SET amount = amount + 1",
                "DELETE FROM transfers",
                "TRUNCATE transfers CASCADE",
                "ALTER TABLE transfers DISABLE TRIGGER ALL",
                "UPDATE accounts SET owner = 'somebody else'",
                "DELETE FROM audit_log",
                "DROP TABLE transfers",
            ):
                with pytest.raises(psycopg.Error):
                    connection.execute(change)
        assert psutil.pid_exists(server.postmaster or 0)
        server.stop()


def test_a_worker_that_dies_is_replaced_and_the_product_stays() -> None:
    with Server(DEFEN_ENV="demo") as server:
        server.start()
        (first,) = workers_of(server)
        first.kill()
        deadline = time.monotonic() + 20
        while workers_of(server) in ([], [first]):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert server.is_ready()
        server.stop()


def workers_of(server: Server) -> list[psutil.Process]:
    """The processes that do what falls due."""
    assert server.process is not None
    alive = [p for p in psutil.Process(server.process.pid).children() if p.status() != psutil.STATUS_ZOMBIE]
    return [p for p in alive if p.cmdline()[-1:] == ["worker"]]
