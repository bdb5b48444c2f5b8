"""What tests say about answers: a refusal to the letter of the contract, and whether anything was written."""

import re
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
from werkzeug.test import TestResponse

SHANGHAI = ZoneInfo("Asia/Shanghai")
# A Monday in the past at ten in the morning: tokens given today are good then, and the days around it are known.
MONDAY = datetime(2025, 3, 3, 10, 0, tzinfo=SHANGHAI)
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def after(**time: float) -> datetime:
    """A moment after that Monday."""
    return MONDAY + timedelta(**time)


def refused(answer: TestResponse, status: int, code: str, *more: str) -> dict[str, Any]:
    """The problem in an answer, which must be this one and have the contract's fields, and `more`, and no others."""
    assert (answer.status_code, answer.json and answer.json.get("code")) == (status, code), answer.text[:500]
    assert answer.content_type == "application/problem+json"
    problem: dict[str, Any] = answer.json
    expected = {"type", "title", "status", "code", "detail", *more} | ({"errors"} if code == "validation_failed" else set())
    assert problem.keys() == expected
    assert problem["status"] == status
    assert problem["type"].endswith(code)
    assert CHINESE.search(problem["title"])
    return problem


def refused_fields(answer: TestResponse, *fields: str) -> dict[str, list[str]]:
    """The errors of a 422, which must name just these fields, each with sentences in Chinese."""
    errors: dict[str, list[str]] = refused(answer, 422, "validation_failed")["errors"]
    assert errors.keys() == set(fields)
    for messages in errors.values():
        assert isinstance(messages, list)
        assert messages
        assert all(isinstance(message, str) and CHINESE.search(message) for message in messages), messages
    return errors


def contents(superuser: psycopg.Connection, *but: str) -> dict[str, str | None]:
    """A digest of each table's rows, those of the divisions and of `but` left out."""
    tables = superuser.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
    names = sorted(row[0] for row in tables if row[0] not in ("divisions", "alembic_version", *but))
    digests = ", ".join(f"(SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {name} t)" for name in names)
    row = superuser.execute(f"SELECT {digests}").fetchone()
    assert row is not None
    return dict(zip(names, row, strict=True))
