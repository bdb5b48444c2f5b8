"""The database: one PostgreSQL, one session per request, command or job, and guarded statements on it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any, ClassVar
from uuid import UUID

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import BigInteger, CursorResult, Date, DateTime, LargeBinary, MetaData, Row, Text, TextClause, Uuid
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import DeclarativeBase

from kernel.errors import Refusal

# The role under which the app works: it owns nothing and may only do what the migrations grant.
APP_ROLE = "defen_app"


class Model(DeclarativeBase):
    """A table. Names of constraints follow PostgreSQL's own, so that models and migrations agree."""

    metadata: ClassVar[MetaData] = MetaData(
        naming_convention={
            "pk": "%(table_name)s_pkey",
            "uq": "%(table_name)s_%(column_0_N_name)s_key",
            "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
            "ix": "%(table_name)s_%(column_0_N_name)s_idx",
            "ck": "%(table_name)s_%(constraint_name)s_check",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        int: BigInteger,
        str: Text,
        bytes: LargeBinary,
        date: Date,
        datetime: DateTime(timezone=True),
        UUID: Uuid,
    }


db = SQLAlchemy(metadata=Model.metadata, session_options={"expire_on_commit": False, "autoflush": False})


def engine_options(pool_size: int) -> dict[str, Any]:
    """How the app connects: as the app's role, with every wait bounded.

    The timeouts travel with the connection rather than standing on the role, so they hold for every login that may act as
    the role (docs/adr/0005). `client_connection_check_interval` lets a killed worker's locks go within half a second.
    """
    session = {
        "role": APP_ROLE,
        "timezone": "UTC",
        "statement_timeout": "10s",
        "lock_timeout": "2s",
        "idle_in_transaction_session_timeout": "15s",
        "client_connection_check_interval": "500ms",
        "jit": "off",  # our statements are short; compiling them costs more than it saves
    }
    return {
        "pool_size": pool_size,
        "max_overflow": 0,
        "pool_timeout": 5,
        "hide_parameters": True,  # what was sent must not reach the log with an error
        "connect_args": {
            "options": " ".join(f"-c {name}={value}" for name, value in session.items()),
            "connect_timeout": 3,
        },
    }


def execute(statement: TextClause, /, **values: Any) -> CursorResult[Any]:
    """Run one SQL statement in the present transaction."""
    result = db.session.execute(statement, values)
    assert isinstance(result, CursorResult)
    return result


def first(statement: TextClause, /, **values: Any) -> Row[Any] | None:
    """Run one SQL statement; its first row, or None where a guard matched nothing."""
    return execute(statement, **values).first()


def add(row: Model) -> None:
    """Insert one row now, in the present transaction."""
    db.session.add(row)
    db.session.flush()


@contextmanager
def transaction() -> Iterator[None]:
    """One transaction: committed at the end, rolled back on any exception; then what a refusal must leave is written."""
    try:
        yield
        db.session.commit()
    except BaseException as error:
        if isinstance(error, Refusal) and error.kept:
            db.session.commit()
        else:
            db.session.rollback()
        if isinstance(error, Refusal) and error.remember:
            error.remember()
            db.session.commit()
        raise
    finally:
        db.session.remove()


def sqlstate(error: BaseException) -> str | None:
    """PostgreSQL's five-character code of a database error, None for any other exception."""
    return getattr(error.orig, "sqlstate", None) if isinstance(error, DBAPIError) else None


LOCK_NOT_AVAILABLE = "55P03"
RETRYABLE = frozenset({"40001", "40P01"})
# It ended a transaction that stood idle too long; it only reads, as a standby does. The driver calls both an internal error.
NOT_AT_WORK = frozenset({"25P03", "25006"})


def let_go() -> None:
    """End the transaction, in which nothing was written yet, so that no connection waits for something slow that needs none."""
    db.session.rollback()
