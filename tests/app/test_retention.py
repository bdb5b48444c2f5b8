"""Retention: one table of times in the code, the same in docs/privacy.md, for every table; and the worker keeps to it."""

import os
import re
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from flask import Flask

from app import jobs, retention
from kernel import clock, ids, uploads
from people import messages
from tests.cast import Cast, photo

DOCS = Path(__file__).parent.parent.parent / "docs" / "privacy.md"


def tables(superuser: psycopg.Connection) -> set[str]:
    return {row[0] for row in superuser.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()}


def documented() -> dict[str, list[str]]:
    """The cells of each table's row in the docs: what it holds, why, how long, who sees it."""
    rows = re.findall(r"^\| `(\w+)` \| (.+) \|$", DOCS.read_text(), re.M)
    assert len(rows) == len({table for table, _ in rows})
    return {table: cells.split(" | ") for table, cells in rows}


def test_every_table_has_a_time_and_a_reason(superuser: psycopg.Connection) -> None:
    assert retention.KEPT.keys() == tables(superuser)
    assert all(kept.why for kept in retention.KEPT.values())


def test_the_docs_say_of_every_table_what_it_holds_why_how_long_and_who_sees_it(superuser: psycopg.Connection) -> None:
    rows = documented()
    assert rows.keys() == tables(superuser)
    for table, cells in rows.items():
        assert len(cells) == 4, table
        assert all(cell.strip() for cell in cells), table
        assert re.match(rf"{re.escape(retention.in_words(retention.KEPT[table]))}\b", cells[2]), (table, cells[2])


def test_only_what_is_written_down_is_ever_deleted(superuser: psycopg.Connection) -> None:
    """The app's role may delete from tables with a time, from those of a person who leaves, and from no other."""
    granted = superuser.execute(
        "SELECT table_name FROM information_schema.role_table_grants WHERE grantee = 'defen_app' AND privilege_type = 'DELETE'"
    )
    timed = {table for table, kept in retention.KEPT.items() if kept.time is not None}
    assert {row[0] for row in granted.fetchall()} == timed | {
        *("deed_photos", "recovery_codes", "likes", "reason_templates"),
        *("daily_figures", "monthly_participants", "rolled_up_days"),  # which are made anew from the books
    }


AGES = {
    "messages": ("created_at", 365),
    "outbox": ("created_at", 30),
    "refused_scans": ("at", 180),
    "wechat_accounts": ("created_at", 30),
}


@pytest.fixture
def old_and_young(cast: Cast, superuser: psycopg.Connection) -> None:
    """Two rows in each table with a time: one an hour past it, one an hour short of it."""
    assert cast.grandmother.id  # who is welcomed today
    for hours in (1, -1):
        for table, (_, days) in AGES.items():
            at = clock.now() - timedelta(days=days, hours=hours)
            if table == "messages":
                with clock.stopped_at(at):
                    cast.in_app(
                        lambda: messages.tell(cast.grandmother.actor.id, "deed.approved", "已通过", "", "deed", ids.new())
                    )
            elif table == "outbox":
                superuser.execute("INSERT INTO outbox VALUES (%s, 'message', '{}', %s, %s, 1, %s)", (uuid4(), at, at, at))
            elif table == "refused_scans":
                superuser.execute(
                    "INSERT INTO refused_scans VALUES (%s, %s, NULL, 'code_invalid', %s)", (uuid4(), cast.barber.login_id, at)
                )
            else:
                superuser.execute(
                    "INSERT INTO wechat_accounts (id, appid, openid, created_at) VALUES (%s, 'app', %s, %s)",
                    (uuid4(), uuid4().hex, at),
                )
    superuser.execute("DELETE FROM outbox WHERE sent_at IS NULL")


@pytest.mark.usefixtures("old_and_young")
@pytest.mark.parametrize("table", sorted(AGES))
def test_a_row_is_deleted_when_its_time_is_over_and_not_before(app: Flask, superuser: psycopg.Connection, table: str) -> None:
    column, days = AGES[table]
    superuser.execute("UPDATE wechat_accounts SET created_at = now() WHERE resident_id IS NOT NULL")
    with app.app_context():
        assert jobs.forget_old()[f"{table}_forgotten"] == 1
        assert jobs.forget_old()[f"{table}_forgotten"] == 0
    oldest = superuser.execute(f"SELECT min({column}) FROM {table}").fetchone()[0]
    assert clock.now() - oldest < timedelta(days=days)


def test_a_linked_account_one_with_a_session_and_one_that_left_lately_are_kept(cast: Cast, superuser: psycopg.Connection) -> None:
    long_ago = clock.now() - timedelta(days=400)
    assert cast.grandmother.id
    assert cast.newcomer.access_token
    for left_on in (clock.today(), clock.today() - timedelta(days=32)):
        superuser.execute(
            "INSERT INTO wechat_accounts (id, appid, openid, created_at, left_on) VALUES (%s, 'app', %s, now(), %s)",
            (uuid4(), uuid4().hex, left_on),
        )
    superuser.execute("UPDATE wechat_accounts SET created_at = %s", (long_ago,))
    with cast.app.app_context():
        assert jobs.forget_old()["wechat_accounts_forgotten"] == 1
    rows = superuser.execute("SELECT left_on FROM wechat_accounts WHERE left_on IS NOT NULL").fetchall()
    assert rows == [(clock.today(),)]


def test_many_rows_go_in_small_batches(
    app: Flask, cast: Cast, superuser: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    superuser.execute(
        "INSERT INTO failed_sign_ins SELECT gen_random_uuid(), 'x', now() - interval '1 hour' FROM generate_series(1, 25)"
    )
    monkeypatch.setattr(retention, "BATCH", 10)
    monkeypatch.setattr(retention, "BATCHES", 2)
    with app.app_context():
        assert retention.forget("failed_sign_ins") == 20
        assert retention.forget("failed_sign_ins") == 5
    assert cast.in_app(lambda: retention.forget_batch("failed_sign_ins", 1)) == 0


def test_one_table_that_cannot_be_cleared_holds_up_no_other(
    app: Flask, cast: Cast, superuser: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    superuser.execute("INSERT INTO failed_sign_ins VALUES (gen_random_uuid(), 'x', now() - interval '1 hour')")
    broken = retention.Kept("broken", timedelta(0), "no_such_column < :before")
    monkeypatch.setitem(retention.KEPT, "idempotency_keys", broken)
    with app.app_context():
        done = jobs.forget_old()
    assert (done["idempotency_keys_forgotten"], done["failed_sign_ins_forgotten"]) == (0, 1)


def test_files_without_a_photo_go_within_a_day_and_all_others_stay(app: Flask, cast: Cast) -> None:
    kept = uploads.path_of(cast.in_app(lambda: uploads.store(cast.grandmother.actor.id, photo())).id)
    orphan, young, foreign = uploads.path_of(ids.new()), uploads.path_of(ids.new()), kept.parent / "readme.txt"
    unfinished = orphan.with_suffix(".part")
    for file in (orphan, young, foreign, unfinished):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"x")
    two_days_ago = (clock.now() - timedelta(days=2)).timestamp()
    for file in (kept, orphan, foreign, unfinished):
        os.utime(file, (two_days_ago, two_days_ago))
    deleted, start = 0, clock.now()
    for hour in range(24):
        with clock.stopped_at(start.replace(hour=hour)), app.app_context():
            deleted += jobs.forget_files()
    try:
        assert deleted == 2
        assert [file.exists() for file in (kept, orphan, young, foreign, unfinished)] == [True, False, True, True, False]
    finally:
        young.unlink()
        foreign.unlink()
