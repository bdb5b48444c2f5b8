"""How long each table keeps its rows: the one table of times, which the worker enforces in small batches.

A new table gets its line here, in docs/privacy.md and in reports/personal_data.py; tests compare them.
"""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import text

from kernel import clock, idempotency, uploads
from kernel.database import execute, transaction
from people import logins, sessions
from points import imports

BATCH = 1000  # rows deleted in one transaction, so that nobody waits for it
BATCHES = 100  # for one table in one run; what is left comes next hour


@dataclass(frozen=True)
class Kept:
    """How long rows are kept and why. `over` is the SQL condition of a row whose time is over; `:before` is that time ago."""

    why: str
    time: timedelta | None = None
    over: str = ""


UPLOADS_IN_USE = """
    SELECT FROM deed_photos WHERE upload_id = uploads.id UNION ALL SELECT FROM items WHERE upload_id = uploads.id
"""
_BOOKS = "the books and what they rest on"
_COMMUNITY = "what the community works with"
_PERSON = "until the person leaves the community, then blanked or deleted"

# In the order of deleting: what names a row goes before the row it names.
KEPT: dict[str, Kept] = {
    "idempotency_keys": Kept("a request may be sent again", idempotency.KEPT, "created_at < :before"),
    "failed_sign_ins": Kept("guesses are counted", logins.FAILURES_COUNT_FOR, "at < :before"),
    "refresh_tokens": Kept(f"{sessions.REFRESH_LIVES.days} days of use, then nothing", timedelta(0), "expires_at < :before"),
    "sign_in_codes": Kept("five minutes to sign in by it", timedelta(0), "expires_at < :before"),
    "sessions": Kept(
        "until its last token is over, or a browser was not used for as long as any may be",
        sessions.ACCESS_LIVES,
        f"""
        coalesce(seen_at + interval '{sessions.IDLE_ON_A_PHONE.days} days', created_at) < :before
        AND NOT EXISTS (SELECT FROM refresh_tokens t WHERE t.session_id = sessions.id)
        """,
    ),
    "wechat_accounts": Kept(
        "while joined to a resident; after that, so that leaving and joining again is no way to earn",
        timedelta(days=30),
        """
        resident_id IS NULL AND greatest(created_at, left_on::timestamptz) < :before
        AND NOT EXISTS (SELECT FROM sessions s WHERE s.wechat_account_id = wechat_accounts.id)
        """,
    ),
    "refused_scans": Kept("disputes at the till, tries with wrong codes", timedelta(days=180), "at < :before"),
    "outbox": Kept("letters, delivered or not: later nobody waits for them", timedelta(days=30), "created_at < :before"),
    "imports": Kept(
        "what became of a list; its lines go when it is applied or after a week", imports.KEPT, "created_at < :before"
    ),
    "messages": Kept("the inbox", timedelta(days=365), "created_at < :before"),
    "uploads": Kept("photos that show nothing any more", uploads.UNUSED_KEPT),  # with their files: `jobs.forget_uploads`
    "accounts": Kept(_BOOKS),
    "alembic_version": Kept("the version of the schema"),
    "audit_log": Kept("proof of who did what; the law asks for six months at least"),
    "budget_months": Kept(_BOOKS),
    "cards": Kept(_PERSON),
    "checkins": Kept(_BOOKS),
    "daily_figures": Kept("sums, made of the books"),
    "monthly_participants": Kept("who took part on which days, made of the books"),
    "rolled_up_days": Kept("which days are summed up"),
    "donation_lines": Kept(_BOOKS),
    "donation_tariffs": Kept(_COMMUNITY),
    "donations": Kept(_BOOKS),
    "likes": Kept(_PERSON),
    "reason_templates": Kept(_COMMUNITY),
    "unit_agreements": Kept(_COMMUNITY),
    "unit_records": Kept(_COMMUNITY),
    "units": Kept(_COMMUNITY),
    "community_settings": Kept(_COMMUNITY),
    "consents": Kept("proof of consent"),
    "debt_moves": Kept(_BOOKS),
    "deed_photos": Kept(_PERSON),
    "deed_steps": Kept(_BOOKS),
    "deeds": Kept(_BOOKS),
    "divisions": Kept(_COMMUNITY),
    "feed_entries": Kept(_PERSON),
    "household_moves": Kept(_BOOKS),
    "households": Kept(_COMMUNITY),
    "items": Kept(_COMMUNITY),
    "logins": Kept("accounts are closed, not deleted: the records name them"),
    "merchants": Kept(_COMMUNITY),
    "orders": Kept(_BOOKS),
    "recovery_codes": Kept("until the second factor is ended or enrolled anew"),
    "residents": Kept(_PERSON),
    "rule_versions": Kept(_BOOKS),
    "rules": Kept(_COMMUNITY),
    "scans": Kept(_BOOKS),
    "staff": Kept("accounts are closed, not deleted: the records name them"),
    "stock_moves": Kept(_BOOKS),
    "stocks": Kept(_COMMUNITY),
    "transfers": Kept(_BOOKS),
    "waiting_credits": Kept(_BOOKS),
}


def forget(table: str) -> int:
    """Delete the rows of a table whose time is over, a batch in a transaction; how many were deleted."""
    deleted = 0
    for _ in range(BATCHES):
        with transaction():
            execute(text("SET LOCAL statement_timeout = '5min'"))  # some look through whole tables
            batch = forget_batch(table, BATCH)
        deleted += batch
        if batch < BATCH:
            break
    return deleted


def forget_batch(table: str, limit: int = BATCH) -> int:
    """Delete at most `limit` rows of a table whose time is over, in the present transaction; how many were deleted."""
    kept = KEPT[table]
    assert kept.time is not None
    # A row that changed since it was found has moved, and is left for the next time.
    statement = f"""
        DELETE FROM {table} WHERE ctid = ANY(ARRAY(SELECT ctid FROM {table} WHERE {kept.over} LIMIT :limit)) AND {kept.over}
    """
    return execute(text(statement), before=clock.now() - kept.time, limit=limit).rowcount


def in_words(kept: Kept) -> str:
    """The time in words, as docs/privacy.md has it."""
    if kept.time is None:
        return "for good"
    if kept.time >= timedelta(days=2):
        return f"{kept.time.days} days"
    minutes = int(kept.time.total_seconds()) // 60
    return f"{minutes} minutes" if minutes else "until it expires"
