"""What tests share: a real PostgreSQL, the app on it, and the cast of people."""

import atexit
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from flask import Flask
from flask_migrate import upgrade

from app import create_app, embedded
from app.settings import Settings
from kernel.database import transaction
from people import divisions
from tests.cast import Cast

DIVISIONS = Path(__file__).parent.parent / "data" / "chongqing-divisions.csv"
ENVIRON = {"SECRET_KEY": "a secret for tests that is long enough", "WEB_THREADS": "32"}


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """A folder for one run, with an embedded PostgreSQL that need not survive a power cut."""
    folder = Path(tempfile.mkdtemp(prefix="defen-tests-"))
    folder.chmod(0o755)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)  # runs after the database was stopped, which registers later
    return folder


@pytest.fixture(scope="session")
def app(data_dir: Path) -> Flask:
    """The app, migrated, with the official division list imported."""
    app = create_app(Settings.from_environ({**ENVIRON, "DATA_DIR": str(data_dir)}))
    with psycopg.connect(embedded.superuser_url(data_dir), autocommit=True) as connection:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            connection.execute(f"ALTER SYSTEM SET {setting} = off")
        connection.execute("SELECT pg_reload_conf()")
    with app.app_context():
        upgrade()
        with transaction():
            divisions.import_list(divisions.read_list(DIVISIONS.read_text(encoding="utf-8").splitlines(keepends=True)))
    return app


@pytest.fixture(scope="session")
def superuser(app: Flask, data_dir: Path) -> Iterator[psycopg.Connection]:
    """A connection that may do anything: to clear up between tests, and to play the owner who tampers."""
    with psycopg.connect(embedded.superuser_url(data_dir, embedded.DATABASE), autocommit=True) as connection:
        yield connection


@pytest.fixture(autouse=True)
def clean(request: pytest.FixtureRequest) -> None:
    """Before a test that uses the database, empty all tables but the official divisions."""
    if "app" in request.fixturenames:
        empty(request.getfixturevalue("app"), request.getfixturevalue("superuser"))


USED = """
    SELECT relname, pg_relation_size(oid) FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND pg_relation_size(oid) > 0
      AND relname NOT IN ('divisions', 'alembic_version')
"""
LARGE = 512 * 1024  # bytes; from here on emptying a table at once is cheaper than row by row
RESTART = "SELECT setval(format('%I', sequencename), 1, false) FROM pg_sequences WHERE last_value IS NOT NULL"


def empty(app: Flask, superuser: psycopg.Connection) -> None:
    """Empty all tables but the official divisions, and forget who asked how often."""
    used = dict(superuser.execute(USED).fetchall())
    superuser.execute("SET session_replication_role = replica")  # even a superuser may not empty the books otherwise
    if any(size > LARGE for size in used.values()):
        superuser.execute(f"TRUNCATE {', '.join(used)} CASCADE")
    elif used:
        superuser.execute("; ".join(f"DELETE FROM {table}" for table in used))
    superuser.execute("DELETE FROM divisions WHERE level IN ('grid', 'building')")  # the official list ends with the communities
    superuser.execute(RESTART)
    superuser.execute("SET session_replication_role = origin")
    app.extensions["defen-limiter"].storage.reset()


@pytest.fixture
def cast(app: Flask, clean: None) -> Cast:
    """The people of 融城社区 and their things; each comes to life when first named."""
    return Cast(app)


@pytest.fixture
def verified(app: Flask) -> Iterator[None]:
    """After the test, the books must be in order."""
    yield
    assert findings(app) == []


def findings(app: Flask) -> list[str]:
    """All that is wrong in the books."""
    from reports import books

    with app.app_context(), transaction():
        return [f"{finding.invariant}: {finding.row}" for finding in books.findings()]
