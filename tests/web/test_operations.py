"""For those who operate it: health, metrics, logs that say enough and nothing personal."""

import io
import json
import logging
import re
from collections.abc import Iterator

import psycopg
import pytest
from flask import Flask

from app.web import logs, operations
from tests.cast import Cast


@pytest.fixture
def logged(app: Flask) -> Iterator[io.StringIO]:
    """What the product logs meanwhile."""
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(logs.Line())
    logs.log.addHandler(handler)
    yield out
    logs.log.removeHandler(handler)


def lines(logged: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in logged.getvalue().splitlines()]


def test_healthz_says_that_the_process_is_alive(app: Flask) -> None:
    assert app.test_client().get("/healthz").status_code == 200


def test_readyz_says_503_where_the_schema_is_not_the_one_the_code_expects(app: Flask, superuser: psycopg.Connection) -> None:
    assert app.test_client().get("/readyz").status_code == 200
    superuser.execute("UPDATE alembic_version SET version_num = '0000'")
    try:
        answer = app.test_client().get("/readyz")
    finally:
        superuser.execute("UPDATE alembic_version SET version_num = %s", (operations.newest_migration(),))
    assert (answer.status_code, answer.json["code"], "Retry-After" in answer.headers) == (503, "not_ready", True)


def test_metrics_count_requests_by_route_and_status(app: Flask, cast: Cast) -> None:
    def counted() -> float:
        name = 'defen_requests_total{method="POST",route="/api/v1/checkins",status="401"}'
        found = [line for line in app.test_client().get("/metrics").text.splitlines() if line.startswith(name)]
        return float(found[0].split()[-1]) if found else 0

    before = counted()
    cast.nobody.post("/checkins")
    assert counted() == before + 1


def test_every_request_is_one_line_with_its_id_route_and_status(cast: Cast, logged: io.StringIO) -> None:
    answer = cast.nobody.get("/communities", headers={"X-Request-Id": "from-the-proxy-1"})
    assert answer.headers["X-Request-Id"] == "from-the-proxy-1"
    (line,) = lines(logged)
    assert (line["request_id"], line["route"], line["status"]) == ("from-the-proxy-1", "/api/v1/communities", 200)


def test_a_request_id_that_makes_no_sense_is_replaced(cast: Cast) -> None:
    answer = cast.nobody.get("/privacy", headers={"X-Request-Id": "<script>alert(1)</script>"})
    assert answer.headers["X-Request-Id"].isalnum()


def test_the_log_holds_nothing_personal(cast: Cast, logged: io.StringIO, superuser: psycopg.Connection) -> None:
    body = {"name": "王小明", "phone": "13812345678", "community_code": "500104101009", "consent_version": "2026-11"}
    assert cast.newcomer.post("/me/registration", body).status_code == 201
    cast.nobody.post("/auth/password", {"username": "wangxiaoming", "password": "my dear password"})
    cast.newcomer.get("/items?q=王小明")
    superuser.execute("ALTER TABLE residents RENAME TO gone")  # and an unexpected error, with its trace
    try:
        assert cast.newcomer.get("/me").status_code == 500
    finally:
        superuser.execute("ALTER TABLE gone RENAME TO residents")
    said = logged.getvalue()
    assert '"trace"' in said
    for secret in ("王小明", "13812345678", "wangxiaoming", "my dear password", cast.newcomer.access_token):
        assert secret not in said


def test_the_audit_log_says_who_did_what_to_whom_by_which_request_and_from_where(
    cast: Cast, superuser: psycopg.Connection
) -> None:
    deed = cast.deed(cast.grandmother)
    cast.reviewer.post(f"/staff/deeds/{deed}/approve", headers={"X-Request-Id": "monday-morning"})
    query = """SELECT actor_kind, actor_id::text, action, community_code, request_id, address
               FROM audit_log WHERE subject_id = %s AND action = 'deed.approved'"""
    who = ("staff", cast.reviewer.id, "deed.approved", "500104101009", "monday-morning", "127.0.0.1")
    assert superuser.execute(query, (deed,)).fetchall() == [who]


def test_the_pages_load_nothing_from_outside_and_run_no_inline_script(app: Flask) -> None:
    for path in ("/privacy", "/api/docs"):
        page = app.test_client().get(path)
        assert page.status_code == 200
        assert "http://" not in page.text
        assert "https://" not in page.text
        assert "default-src" in page.headers["Content-Security-Policy"]
        assert "script-src" not in page.headers["Content-Security-Policy"]
    for path in ("/enter", "/sign-in"):
        page = app.test_client().get(path)
        assert page.status_code == 200
        assert "http://" not in page.text
        assert "https://" not in page.text
        assert "script-src 'self';" in page.headers["Content-Security-Policy"]
        assert not re.search(r"<script(?![^>]*\bsrc=)|\son\w+=|\sstyle=", page.text)
    for asset in ("swagger-ui.css", "swagger-ui-bundle.js"):
        assert app.test_client().get(f"/api/docs/{asset}").status_code == 200
    assert app.test_client().get("/api/docs/index.html").status_code == 404
