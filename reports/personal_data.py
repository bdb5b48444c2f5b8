"""What is stored about one person, all of it: PIPL article 45. Every table is either read here or says why it is not."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from kernel import audit, clock, signing
from kernel.database import execute
from people.actors import Resident


@dataclass(frozen=True)
class Section:
    """A part of the export: the tables it reads, and the query. `:id` is the resident, `:wallet` whose points he spends."""

    tables: tuple[str, ...]
    query: str


# The wallet he spends from, and the one he had before he shared it; not that of a household which he founded and left to others.
_OWN_WALLETS = """
    (:wallet, CASE WHEN NOT EXISTS (
        SELECT FROM residents others WHERE others.household_id = :id AND others.id <> :id) THEN CAST(:id AS text) END)
"""
# A new table that holds something about people gets its section here, and a column that is a photo's id is called upload_id.
SECTIONS: dict[str, Section] = {
    "resident": Section(
        ("residents",),
        """
        SELECT id, number, community_code, place_code, name, name_shown, phone_sealed, phone_verified, address, born_on,
               household_id, entered_by IS NOT NULL AS entered_by_staff, created_at, confirmed_at
        FROM residents WHERE id = :id
        """,
    ),
    "cards": Section(("cards",), "SELECT number, issued_at, revoked_at FROM cards WHERE resident_id = :id ORDER BY issued_at"),
    "days_of_taking_part": Section(
        ("monthly_participants",), "SELECT month, days FROM monthly_participants WHERE resident_id = :id ORDER BY month"
    ),
    "likes": Section(("likes",), "SELECT entry_id, created_at FROM likes WHERE resident_id = :id ORDER BY created_at"),
    "donations": Section(
        ("donations", "donation_lines"),
        """
        SELECT d.id, d.note, d.thanked, d.created_at, l.name, l.quantity, l.unit, l.points
        FROM donations d JOIN donation_lines l ON l.donation_id = d.id WHERE d.resident_id = :id ORDER BY d.id, l.position
        """,
    ),
    "consents": Section(("consents",), "SELECT version, given_at FROM consents WHERE resident_id = :id ORDER BY given_at"),
    "household": Section(
        ("households",),
        """
        SELECT h.id, h.number, h.name, h.address, h.head_id IS NOT DISTINCT FROM r.id AS head, h.created_at
        FROM residents r JOIN households h ON h.id = r.household_id WHERE r.id = :id
        """,
    ),
    "household_moves": Section(
        ("household_moves",),
        "SELECT kind, from_id, to_id, by_kind, reason, at FROM household_moves WHERE resident_id = :id ORDER BY at",
    ),
    "checkins": Section(
        ("checkins",), "SELECT day, points, streak, made_up, created_at FROM checkins WHERE resident_id = :id ORDER BY day"
    ),
    "deeds": Section(
        ("deeds", "waiting_credits"),
        """
        SELECT d.id, v.title AS rule, d.occurred_on, d.description, d.channel, d.status, d.points, d.declared_at, d.approved_at,
               w.waits_for, w.until AS waits_until
        FROM deeds d JOIN rule_versions v ON v.rule_id = d.rule_id AND v.version = d.rule_version
        LEFT JOIN waiting_credits w ON w.deed_id = d.id AND w.ended_at IS NULL
        WHERE d.resident_id = :id ORDER BY d.id
        """,
    ),
    "deed_steps": Section(
        ("deed_steps",),
        """
        SELECT s.deed_id, s.action, s.at, s.by_kind, s.note FROM deed_steps s JOIN deeds d ON d.id = s.deed_id
        WHERE d.resident_id = :id ORDER BY s.id
        """,
    ),
    "deed_photos": Section(
        ("deed_photos",),
        """
        SELECT p.deed_id, p.position, p.upload_id FROM deed_photos p JOIN deeds d ON d.id = p.deed_id
        WHERE d.resident_id = :id ORDER BY p.deed_id, p.position
        """,
    ),
    "uploads": Section(
        ("uploads",), "SELECT id AS upload_id, width, height, created_at FROM uploads WHERE owner_id = :id ORDER BY id"
    ),
    "feed": Section(
        ("feed_entries",),
        """
        SELECT id, kind, category, title, description, occurred_on, created_at, off_at, off_reason FROM feed_entries
        WHERE resident_id = :id ORDER BY number
        """,
    ),
    "wallet": Section(("accounts",), f"SELECT kind, balance, owed FROM accounts WHERE owner IN {_OWN_WALLETS}"),
    "transfers": Section(
        ("transfers",),
        f"""
        SELECT t.id, t.kind, t.title, CASE WHEN w.id = t.credit_account THEN t.amount ELSE -t.amount END AS points,
               t.source_type, t.source_id, t.created_at
        FROM accounts w JOIN transfers t ON w.id IN (t.debit_account, t.credit_account)
        WHERE w.owner IN {_OWN_WALLETS} AND w.kind = 'wallet' ORDER BY t.number
        """,
    ),
    "debts": Section(
        ("debt_moves",),
        f"""
        SELECT change, source_type, source_id, at FROM debt_moves WHERE wallet IN {_OWN_WALLETS} ORDER BY at
        """,
    ),
    "orders": Section(
        ("orders",),
        """
        SELECT o.id, o.number, i.name AS item, m.name AS merchant, o.quantity, o.pieces_left, o.pieces_returned, o.unit_price,
               o.status, o.placed_at, o.expires_at, o.redeemed_at
        FROM orders o JOIN items i ON i.id = o.item_id JOIN merchants m ON m.id = o.merchant_id
        WHERE o.resident_id = :id ORDER BY o.id
        """,
    ),
    "scans": Section(
        ("scans",),
        """
        SELECT s.order_id, s.pieces, s.points, s.at FROM scans s JOIN orders o ON o.id = s.order_id
        WHERE o.resident_id = :id ORDER BY s.id
        """,
    ),
    "refused_scans": Section(
        ("refused_scans",),
        """
        SELECT o.id AS order_id, s.code, s.at FROM refused_scans s JOIN orders o ON o.number = s.order_number
        WHERE o.resident_id = :id ORDER BY s.id
        """,
    ),
    "messages": Section(
        ("messages",),
        "SELECT kind, title, body, created_at, read_at FROM messages WHERE resident_id = :id ORDER BY id",
    ),
    "letters": Section(
        ("outbox",),
        """
        SELECT o.topic, o.body, o.created_at, o.sent_at FROM outbox o JOIN messages m ON m.id = o.id
        WHERE m.resident_id = :id ORDER BY o.id
        """,
    ),
    "wechat": Section(
        ("wechat_accounts",),
        # By the unionid the same person's account at the service account too, which has no resident of its own.
        """
        SELECT appid, openid, unionid, created_at, left_on FROM wechat_accounts
        WHERE resident_id = :id OR unionid IN (SELECT unionid FROM wechat_accounts WHERE resident_id = :id)
        ORDER BY created_at, id
        """,
    ),
    "sign_ins": Section(
        ("sessions",),
        """
        SELECT s.created_at, s.ended_at FROM sessions s JOIN wechat_accounts w ON w.id = s.wechat_account_id
        WHERE w.resident_id = :id ORDER BY s.id
        """,
    ),
    "staff_account": Section(
        ("staff", "logins"),
        """
        SELECT s.name, s.role, s.scope_code, s.created_at, l.username FROM staff s JOIN logins l ON l.staff_id = s.id
        WHERE s.resident_id = :id
        """,
    ),
    # Where others did something about him, their address is theirs.
    "audit": Section(
        ("audit_log",),
        """
        SELECT at, action, actor_kind, CASE WHEN actor_id = :id THEN address END AS address, details FROM audit_log
        WHERE subject_id = :id OR actor_id = :id ORDER BY at
        """,
    ),
}
# Tables that the export does not read, and why.
LEFT_OUT: dict[str, str] = {
    "daily_figures": "sums of a whole community",
    "donation_tariffs": "what a community gives for goods",
    "imports": "lists that staff brought in; the people of them are residents now",
    "reason_templates": "words that staff use",
    "rolled_up_days": "which days are summed up",
    "unit_agreements": "of enterprises and institutions",
    "unit_records": "of enterprises and institutions",
    "units": "enterprises and institutions",
    "alembic_version": "the version of the schema",
    "budget_months": "sums of a whole community",
    "community_settings": "what a community decided",
    "divisions": "the organisation tree",
    "failed_sign_ins": "usernames of staff and merchants, and not readable",
    "idempotency_keys": "copies of answers whose contents are here, deleted after two days",
    "items": "what merchants offer",
    "merchants": "shops and partners",
    "recovery_codes": "digests of secrets of staff",
    "refresh_tokens": "digests of secrets; the sign-ins they belong to are here",
    "sign_in_codes": "digests of secrets, good for five minutes",
    "rule_versions": "rules of a community",
    "rules": "rules of a community",
    "stock_moves": "pieces on a shelf; the order that moved them is here",
    "stocks": "pieces on a shelf",
}


def of(actor: Resident, photo_url: Callable[[UUID], str]) -> dict[str, Any]:
    """All that is stored about the actor, by section, for a JSON file; that he asked for it is on record."""
    found: dict[str, Any] = {"exported_at": _plain(clock.now())}
    for name, section in SECTIONS.items():
        rows = execute(text(section.query), id=actor.id, wallet=actor.wallet)
        found[name] = [_readable(dict(row._mapping), photo_url) for row in rows]
    audit.record(actor, "resident.export", actor.id, actor.community_code)
    return found


def _readable(row: dict[str, Any], photo_url: Callable[[UUID], str]) -> dict[str, Any]:
    shown = {name: _plain(value) for name, value in row.items() if name not in ("phone_sealed", "upload_id")}
    if "phone_sealed" in row:
        shown["phone"] = signing.decrypt("phone", row["phone_sealed"]) if row["phone_sealed"] else None
    if "upload_id" in row:
        shown["photo"] = photo_url(row["upload_id"])
    return shown


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(clock.zone()).isoformat()
    return str(value) if isinstance(value, date | UUID) else value
