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
    "3 发出的积分等于钱包、冻结、商户所有与作废之和": """
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
            ('donation', 'issuance', 'wallet'),
            ('hold', 'wallet', 'held'), ('release', 'held', 'wallet'), ('spend', 'held', 'merchant'),
            ('reversal', 'wallet', 'issuance'), ('revocation', 'wallet', 'issuance'), ('repayment', 'wallet', 'issuance'),
            ('move', 'wallet', 'wallet'), ('expiry', 'wallet', 'expired'))
           OR (t.kind IN ('hold', 'release') AND d.owner <> c.owner) OR (t.kind = 'reversal') <> (t.reverses IS NOT NULL)
    """,
    "4 每件通过的善行恰有一笔入账，或恰有一笔等待入账": """
        SELECT d.id, d.status, d.points, t.id AS transfer, t.amount FROM deeds d
        LEFT JOIN transfers t ON t.source_id = d.id AND t.kind = 'deed'
        LEFT JOIN accounts w ON w.id = t.credit_account LEFT JOIN waiting_credits q ON q.deed_id = d.id
        WHERE (d.status IN ('approved', 'revoked')) <> (t.id IS NOT NULL OR q.deed_id IS NOT NULL)
           OR (q.deed_id IS NOT NULL AND q.ended_at IS NULL AND (t.id IS NOT NULL OR d.status <> 'approved'))
           OR (d.status = 'approved' AND q.ended_at IS NOT NULL AND t.id IS NULL)
           OR t.amount <> d.points OR w.owner <> d.wallet
           OR d.wallet IS NOT NULL AND NOT EXISTS (
                SELECT FROM residents r WHERE r.id = d.resident_id AND d.wallet = r.id::text UNION ALL
                SELECT FROM household_moves m WHERE m.resident_id = d.resident_id AND m.to_id::text = d.wallet)
    """,
    "4 每次签到恰有一笔入账": """
        SELECT c.id, c.points, t.id AS transfer, t.amount FROM checkins c
        LEFT JOIN transfers t ON t.source_id = c.id AND t.kind = 'checkin'
        LEFT JOIN accounts w ON w.id = t.credit_account
        WHERE (t.id IS NULL) <> (c.points = 0) OR t.amount <> c.points OR w.owner <> c.wallet
           OR NOT EXISTS (SELECT FROM residents r WHERE r.id = c.resident_id AND c.wallet = r.id::text UNION ALL
                          SELECT FROM household_moves m WHERE m.resident_id = c.resident_id AND m.to_id::text = c.wallet)
    """,
    "4 每次捐赠恰有一笔入账，等于各项之和": """
        SELECT d.id, d.points, l.points AS lines, t.id AS transfer, t.amount FROM donations d
        LEFT JOIN (SELECT donation_id, sum(points) AS points FROM donation_lines GROUP BY donation_id) l ON l.donation_id = d.id
        LEFT JOIN transfers t ON t.source_id = d.id AND t.kind = 'donation'
        LEFT JOIN accounts w ON w.id = t.credit_account
        WHERE t.id IS NULL OR t.amount <> d.points OR l.points IS DISTINCT FROM d.points OR w.owner <> d.wallet
           OR NOT EXISTS (SELECT FROM residents r WHERE r.id = d.resident_id AND d.wallet = r.id::text UNION ALL
                          SELECT FROM household_moves m WHERE m.resident_id = d.resident_id AND m.to_id::text = d.wallet)
    """,
    "4 每笔入账都有来源": """
        SELECT t.id, t.kind, t.source_id FROM transfers t
        WHERE (t.kind = 'deed' AND NOT EXISTS (SELECT FROM deeds WHERE id = t.source_id))
           OR (t.kind = 'checkin' AND NOT EXISTS (SELECT FROM checkins WHERE id = t.source_id))
           OR (t.kind = 'donation' AND NOT EXISTS (SELECT FROM donations WHERE id = t.source_id))
           OR (t.kind IN ('hold', 'release') AND NOT EXISTS (SELECT FROM orders WHERE id = t.source_id))
           OR (t.kind = 'spend' AND NOT EXISTS (SELECT FROM scans WHERE id = t.source_id))
           OR (t.kind = 'revocation' AND NOT EXISTS (SELECT FROM deeds WHERE id = t.source_id AND status = 'revoked'))
           OR (t.kind = 'repayment' AND NOT EXISTS (SELECT FROM debt_moves m WHERE m.source_id = t.source_id
                                                   AND m.change = -t.amount))
           OR (t.kind = 'move' AND 2 <> (SELECT count(*) FROM households h JOIN accounts a ON a.owner = h.id::text
                                         WHERE a.id IN (t.debit_account, t.credit_account)))
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
                   WHERE kind IN ('opening', 'received', 'donated', 'written_off') GROUP BY item_id) i ON i.item_id = s.item_id
        LEFT JOIN (SELECT item_id, sum(quantity - pieces_returned) AS pieces
                   FROM orders GROUP BY item_id) o ON o.item_id = s.item_id
        WHERE coalesce(i.received, 0) <> s.available + coalesce(o.pieces, 0)
    """,
    "7 每件有物品的捐赠恰有一笔入库": """
        SELECT coalesce(l.donation_id, m.source_id) AS donation, coalesce(l.item_id, m.item_id) AS item, l.quantity, m.delta
        FROM (SELECT donation_id, item_id, sum(quantity) AS quantity FROM donation_lines
              WHERE item_id IS NOT NULL GROUP BY donation_id, item_id) l
        FULL JOIN (SELECT source_id, item_id, sum(delta) AS delta, count(*) AS moves FROM stock_moves
                   WHERE kind = 'donated' GROUP BY source_id, item_id) m
               ON m.source_id = l.donation_id AND m.item_id = l.item_id
        WHERE l.quantity IS DISTINCT FROM m.delta OR m.moves <> 1
    """,
    "8 冲正至多一次，且与原转账相等": """
        SELECT r.id, r.reverses FROM transfers r LEFT JOIN transfers t ON t.id = r.reverses
        WHERE r.reverses IS NOT NULL AND (t.id IS NULL OR r.amount <> t.amount
              OR NOT EXISTS (SELECT FROM accounts gave, accounts got LEFT JOIN households h ON h.id::text = got.owner
                             WHERE gave.id = r.debit_account AND got.id = t.credit_account
                               AND gave.owner IN (got.owner, h.merged_into::text))
              OR r.credit_account <> t.debit_account OR (SELECT count(*) FROM transfers o WHERE o.reverses = r.reverses) > 1)
    """,
    "8 收回的善行，收回的与欠下的之和等于入账的": """
        SELECT d.id, d.points, t.amount AS taken, m.change AS owed FROM deeds d
        JOIN transfers c ON c.source_id = d.id AND c.kind = 'deed'
        LEFT JOIN transfers t ON t.source_id = d.id AND t.kind = 'revocation'
        LEFT JOIN debt_moves m ON m.source_id = d.id AND m.source_type = 'deed'
        WHERE d.status = 'revoked' AND coalesce(t.amount, 0) + coalesce(m.change, 0)
              <> CASE WHEN EXISTS (SELECT FROM transfers r WHERE r.reverses = c.id) THEN 0 ELSE c.amount END
    """,
    "8 欠分等于每次欠下与补扣之和，欠分的钱包是空的": """
        SELECT a.owner, a.balance, a.owed, coalesce(m.sum, 0) AS moves FROM accounts a
        LEFT JOIN (SELECT wallet, sum(change) AS sum FROM debt_moves GROUP BY wallet) m ON m.wallet = a.owner
        WHERE a.kind = 'wallet' AND (a.owed <> coalesce(m.sum, 0) OR a.owed < 0 OR (a.owed > 0 AND a.balance > 0))
    """,
    "8 并入别户的家庭没有成员，也没有积分": """
        SELECT h.id, h.merged_into, a.balance, a.owed FROM households h
        LEFT JOIN accounts a ON a.owner = h.id::text AND a.kind = 'wallet'
        WHERE a.id IS NULL AND EXISTS (SELECT FROM residents r WHERE r.household_id = h.id)
           OR h.merged_into IS NOT NULL AND (a.balance <> 0 OR a.owed <> 0
              OR EXISTS (SELECT FROM residents r WHERE r.household_id = h.id AND r.left_at IS NULL))
    """,
    "8 每个家庭的成员都在同一个社区，户主是其中一员": """
        SELECT h.id, r.id AS resident FROM households h JOIN residents r ON r.household_id = h.id
        WHERE r.community_code <> h.community_code
        UNION ALL
        SELECT h.id, h.head_id FROM households h JOIN residents r ON r.id = h.head_id
        JOIN community_settings s ON s.community_code = h.community_code AND s.counts_by = 'household'
        WHERE r.household_id IS DISTINCT FROM h.id
    """,
    "8 每位居民都在他最后搬入的家庭": """
        SELECT r.id, r.household_id, m.to_id FROM residents r
        LEFT JOIN LATERAL (SELECT to_id FROM household_moves WHERE resident_id = r.id ORDER BY at DESC, id DESC LIMIT 1) m ON true
        WHERE r.household_id IS NOT NULL AND r.household_id IS DISTINCT FROM m.to_id
    """,
    "10 每个请求编号只有一个结果": """
        SELECT caller, key FROM idempotency_keys
        WHERE status IS NULL OR NOT (status BETWEEN 200 AND 299 OR status = 303) -- a page's answer is where to go on
    """,
    "10 每次动用积分都在审计日志里，恰有一条": """
        SELECT t.id, t.kind, t.source_id FROM transfers t LEFT JOIN orders o ON o.id = t.source_id
        WHERE t.kind <> 'repayment' AND 1 <> ( -- which belongs to what came in, and is on record with it
            SELECT count(*) FROM audit_log a
            WHERE a.subject_id = CASE t.kind WHEN 'reversal' THEN t.id ELSE t.source_id END
              AND a.action = CASE t.kind WHEN 'checkin' THEN 'checkin.make' WHEN 'deed' THEN 'deed.approved'
                  WHEN 'donation' THEN 'donation.record' WHEN 'hold' THEN 'order.place' WHEN 'release' THEN 'order.' || o.status
                  WHEN 'spend' THEN 'scan.redeem' WHEN 'reversal' THEN 'transfer.reverse'
                  WHEN 'revocation' THEN 'deed.revoked' WHEN 'move' THEN 'household.points'
                  WHEN 'expiry' THEN CASE t.source_type WHEN 'order' THEN 'order.' || o.status ELSE 'resident.leave' END END)
    """,
    "11 没有人审核自己或家人的申报": """
        SELECT d.id, s.by_id FROM deeds d JOIN deed_steps s ON s.deed_id = d.id AND s.by_kind = 'staff'
        JOIN staff m ON m.id = s.by_id
        LEFT JOIN LATERAL (SELECT to_id FROM household_moves h WHERE h.resident_id = m.resident_id AND h.at <= s.at
                           ORDER BY at DESC, id DESC LIMIT 1) home ON true
        LEFT JOIN LATERAL (SELECT to_id FROM household_moves h WHERE h.resident_id = d.resident_id AND h.at <= s.at
                           ORDER BY at DESC, id DESC LIMIT 1) his ON true
        WHERE s.action IN ('approved', 'rejected', 'returned', 'revoked')
          AND (m.resident_id = d.resident_id OR (s.action = 'approved' AND home.to_id = his.to_id))
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
