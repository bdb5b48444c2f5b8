"""The check of the books: every invariant is a query that must find nothing; what it finds is named.

The queries run in one snapshot, so they may run while the product works.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import text

from kernel import signing
from kernel.database import db, execute
from points.ledger import Source, transfer_mac


@dataclass(frozen=True)
class Finding:
    """Something in the books that must not be: which invariant it breaks, and the row."""

    invariant: str
    row: str


# Each query answers the rows that break its invariant; the numbers are those of docs/invariants.md.
INVARIANTS: dict[str, str] = {
    "1 转账记在两个不同的账户之间，积分大于零": """
        SELECT t.id, t.amount FROM transfers t
        LEFT JOIN accounts d ON d.id = t.debit_account LEFT JOIN accounts c ON c.id = t.credit_account
        WHERE t.amount <= 0 OR t.debit_account = t.credit_account OR d.id IS NULL OR c.id IS NULL
    """,
    "1 每个有余额的账户，转账后的余额前后相连": """
        SELECT id, account, before, change, after FROM (
            SELECT sides.id, account, change, after,
                   coalesce(lag(after) OVER (PARTITION BY account ORDER BY number), 0) AS before
            FROM (SELECT id, number, debit_account AS account, -amount AS change, debit_balance AS after FROM transfers
                  UNION ALL SELECT id, number, credit_account, amount, credit_balance FROM transfers) sides
            JOIN accounts a ON a.id = account AND a.balance IS NOT NULL
        ) chain WHERE after IS NULL OR before + change <> after
    """,
    "2 余额等于转账之和，且不小于零": """
        SELECT a.id, a.kind, a.owner, a.balance, coalesce(s.sum, 0) AS sum FROM accounts a
        LEFT JOIN (SELECT account, sum(change) AS sum FROM (
            SELECT debit_account AS account, -amount AS change FROM transfers
            UNION ALL SELECT credit_account, amount FROM transfers) sides GROUP BY account) s ON s.account = a.id
        WHERE a.balance IS NOT NULL AND (a.balance < 0 OR a.balance <> coalesce(s.sum, 0))
    """,
    "3 发出的积分等于钱包、冻结与商户所有之和": """
        WITH sides AS (
            SELECT a.kind, sum(s.change) AS change FROM (
                SELECT debit_account AS account, -amount AS change FROM transfers
                UNION ALL SELECT credit_account, amount FROM transfers) s
            JOIN accounts a ON a.id = s.account GROUP BY a.kind
        )
        SELECT issued, elsewhere FROM (
            SELECT coalesce((SELECT -change FROM sides WHERE kind = 'issuance'), 0) AS issued,
                   coalesce((SELECT sum(balance) FROM accounts), 0)
                 + coalesce((SELECT sum(change) FROM sides WHERE kind IN ('merchant', 'expired')), 0) AS elsewhere
        ) sums WHERE issued <> elsewhere
    """,
    "3 转账只走规定的路": """
        SELECT t.id, t.kind, d.kind AS debit, c.kind AS credit FROM transfers t
        JOIN accounts d ON d.id = t.debit_account JOIN accounts c ON c.id = t.credit_account
        WHERE (t.kind, d.kind, c.kind) NOT IN (('checkin', 'issuance', 'wallet'), ('deed', 'issuance', 'wallet'),
            ('hold', 'wallet', 'held'), ('release', 'held', 'wallet'), ('spend', 'held', 'merchant'),
            ('reversal', 'wallet', 'issuance'), ('expiry', 'wallet', 'expired'))
           OR (t.kind IN ('hold', 'release') AND d.owner <> c.owner) OR (t.kind = 'reversal') <> (t.reverses IS NOT NULL)
    """,
    "4 每件通过的善行恰有一笔入账": """
        SELECT d.id, d.status, d.points, t.id AS transfer, t.amount FROM deeds d
        LEFT JOIN transfers t ON t.source_id = d.id AND t.kind = 'deed'
        LEFT JOIN accounts w ON w.id = t.credit_account
        WHERE (d.status IN ('approved', 'revoked')) <> (t.id IS NOT NULL)
           OR t.amount <> d.points OR w.owner <> d.wallet
           OR d.wallet IS NOT NULL AND NOT EXISTS (
                SELECT FROM residents r WHERE r.id = d.resident_id AND d.wallet = r.id::text UNION ALL
                SELECT FROM household_moves m WHERE m.resident_id = d.resident_id AND m.to_id::text = d.wallet)
    """,
    "4 每次签到恰有一笔入账": """
        SELECT c.id, c.points, t.id AS transfer, t.amount FROM checkins c
        LEFT JOIN transfers t ON t.source_id = c.id AND t.kind = 'checkin'
        LEFT JOIN accounts w ON w.id = t.credit_account
        WHERE t.id IS NULL OR t.amount <> c.points OR w.owner <> c.wallet
           OR NOT EXISTS (SELECT FROM residents r WHERE r.id = c.resident_id AND c.wallet = r.id::text UNION ALL
                          SELECT FROM household_moves m WHERE m.resident_id = c.resident_id AND m.to_id::text = c.wallet)
    """,
    "4 每笔入账都有来源": """
        SELECT t.id, t.kind, t.source_id FROM transfers t
        WHERE (t.kind = 'deed' AND NOT EXISTS (SELECT FROM deeds WHERE id = t.source_id))
           OR (t.kind = 'checkin' AND NOT EXISTS (SELECT FROM checkins WHERE id = t.source_id))
           OR (t.kind IN ('hold', 'release') AND NOT EXISTS (SELECT FROM orders WHERE id = t.source_id))
           OR (t.kind = 'spend' AND NOT EXISTS (SELECT FROM scans WHERE id = t.source_id))
    """,
    "5 订单的件数：已核销、剩余与退回之和等于总数": """
        SELECT o.id, o.quantity, o.pieces_left, o.pieces_returned, s.pieces FROM orders o
        LEFT JOIN (SELECT order_id, sum(pieces) AS pieces FROM scans GROUP BY order_id) s ON s.order_id = o.id
        WHERE coalesce(s.pieces, 0) + o.pieces_left + o.pieces_returned <> o.quantity
           OR (o.status = 'redeemed' AND coalesce(s.pieces, 0) <> o.quantity)
    """,
    "5 每次核销都是本商户的，且付了相应的积分": """
        SELECT s.id, s.points, t.amount FROM scans s JOIN orders o ON o.id = s.order_id JOIN logins l ON l.id = s.login_id
        LEFT JOIN transfers t ON t.source_id = s.id AND t.kind = 'spend' LEFT JOIN accounts m ON m.id = t.credit_account
        WHERE s.merchant_id <> o.merchant_id OR l.merchant_id IS DISTINCT FROM s.merchant_id OR t.id IS NULL
           OR t.amount <> s.points OR s.points <> s.pieces * o.unit_price OR m.owner <> s.merchant_id::text
    """,
    "6 冻结的积分等于未完成订单的积分": """
        SELECT a.owner, a.balance, coalesce(o.points, 0) AS open_orders FROM accounts a
        LEFT JOIN (SELECT wallet AS owner, sum(pieces_left * unit_price) AS points FROM orders
                   WHERE status = 'reserved' GROUP BY wallet) o ON o.owner = a.owner
        WHERE a.kind = 'held' AND a.balance <> coalesce(o.points, 0)
    """,
    "6 每个订单冻结、支付、退回的积分与件数相符": """
        SELECT o.id, h.amount AS held, r.amount AS released FROM orders o
        LEFT JOIN transfers h ON h.source_id = o.id AND h.kind = 'hold'
        LEFT JOIN transfers r ON r.source_id = o.id AND r.kind = 'release'
        WHERE h.id IS NULL OR h.amount <> o.quantity * o.unit_price OR coalesce(r.amount, 0) <> o.pieces_returned * o.unit_price
           OR NOT EXISTS (SELECT FROM residents r WHERE r.id = o.resident_id AND o.wallet = r.id::text UNION ALL
                          SELECT FROM household_moves m WHERE m.resident_id = o.resident_id AND m.to_id::text = o.wallet)
    """,
    "7 库存等于每次变动之和": """
        SELECT s.item_id, s.available, coalesce(m.sum, 0) AS moves FROM stocks s
        LEFT JOIN (SELECT item_id, sum(delta) AS sum FROM stock_moves GROUP BY item_id) m ON m.item_id = s.item_id
        WHERE s.available < 0 OR s.available <> coalesce(m.sum, 0)
    """,
    "7 入库的件数等于在架、预留、交付与报损之和": """
        SELECT s.item_id, s.available, i.received, o.pieces AS ordered FROM stocks s
        LEFT JOIN (SELECT item_id, sum(delta) AS received FROM stock_moves
                   WHERE kind IN ('opening', 'received', 'written_off') GROUP BY item_id) i ON i.item_id = s.item_id
        LEFT JOIN (SELECT item_id, sum(quantity - pieces_returned) AS pieces
                   FROM orders GROUP BY item_id) o ON o.item_id = s.item_id
        WHERE coalesce(i.received, 0) <> s.available + coalesce(o.pieces, 0)
    """,
    "8 冲正至多一次，且与原转账相等": """
        SELECT r.id, r.reverses FROM transfers r LEFT JOIN transfers t ON t.id = r.reverses
        WHERE r.reverses IS NOT NULL AND (t.id IS NULL OR r.amount <> t.amount OR r.debit_account <> t.credit_account
              OR r.credit_account <> t.debit_account OR (SELECT count(*) FROM transfers o WHERE o.reverses = r.reverses) > 1)
    """,
    "10 每个请求编号只有一个结果": """
        SELECT caller, key FROM idempotency_keys WHERE status IS NULL OR status NOT BETWEEN 200 AND 299
    """,
    "10 每次动用积分都在审计日志里，恰有一条": """
        SELECT t.id, t.kind, t.source_id FROM transfers t LEFT JOIN orders o ON o.id = t.source_id
        WHERE 1 <> (
            SELECT count(*) FROM audit_log a
            WHERE a.subject_id = CASE t.kind WHEN 'reversal' THEN t.id ELSE t.source_id END
              AND a.action = CASE t.kind WHEN 'checkin' THEN 'checkin.make' WHEN 'deed' THEN 'deed.approved'
                  WHEN 'hold' THEN 'order.place' WHEN 'release' THEN 'order.' || o.status
                  WHEN 'spend' THEN 'scan.redeem' WHEN 'reversal' THEN 'transfer.reverse' WHEN 'expiry' THEN 'resident.leave' END)
    """,
    "11 没有人审核自己的申报": """
        SELECT d.id, s.by_id FROM deeds d JOIN deed_steps s ON s.deed_id = d.id AND s.by_kind = 'staff'
        JOIN staff m ON m.id = s.by_id WHERE m.resident_id = d.resident_id AND s.action IN ('approved', 'rejected', 'returned')
    """,
    "11 没有超过规则的上限": """
        SELECT d.id, d.resident_id, d.rule_id, d.occurred_on FROM (
            SELECT deeds.*,
                   count(*) OVER (PARTITION BY resident_id, rule_id, occurred_on ORDER BY id) AS on_day,
                   count(*) OVER (PARTITION BY resident_id, rule_id, date_trunc('week', occurred_on) ORDER BY id) AS in_week,
                   count(*) OVER (PARTITION BY resident_id, rule_id, date_trunc('month', occurred_on) ORDER BY id) AS in_month
            FROM deeds WHERE status IN ('pending', 'returned', 'approved')) d
        JOIN rule_versions v ON v.rule_id = d.rule_id AND v.version = d.rule_version
        WHERE d.on_day > v.per_day OR d.in_week > v.per_week OR d.in_month > v.per_month
    """,
}

_SEALED = text(
    """
    SELECT t.id, t.amount, t.kind, t.source_type, t.source_id, t.title, t.created_at, t.reverses, t.mac,
           d.kind AS debit_kind, d.owner AS debit_owner, c.kind AS credit_kind, c.owner AS credit_owner
    FROM transfers t JOIN accounts d ON d.id = t.debit_account JOIN accounts c ON c.id = t.credit_account
    """
)


def findings() -> Iterator[Finding]:
    """All that is wrong in the books; nothing where they are in order."""
    execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
    execute(text("SET LOCAL statement_timeout = '10min'"))
    for invariant, query in INVARIANTS.items():
        for row in execute(text(query)):
            yield Finding(invariant, " ".join(f"{name}={value}" for name, value in row._mapping.items()))
    yield from _changed_transfers()


def _changed_transfers() -> Iterator[Finding]:
    for row in db.session.execute(_SEALED, execution_options={"yield_per": 5000}):
        expected = transfer_mac(
            row.id,
            (row.debit_kind, row.debit_owner),
            (row.credit_kind, row.credit_owner),
            row.amount,
            row.kind,
            Source(row.source_type, row.source_id, row.title),
            row.created_at,
            row.reverses,
        )
        if not signing.same(expected, row.mac):
            yield Finding("1 转账从未被改动", f"id={row.id}")


def count_transfers() -> int:
    """How many transfers the books hold."""
    return int(execute(text("SELECT count(*) FROM transfers")).scalar_one())
