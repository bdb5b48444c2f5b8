"""The check of the books names what is wrong: for every invariant the owner tampers so that exactly that one finds the row."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from flask import Flask

from kernel import audit, clock, ids
from kernel.database import transaction
from people.actors import COMMAND_LINE
from points import ledger
from points.ledger import HELD, ISSUANCE, WALLET, Source
from reports import books
from tests.cast import COMMUNITY, NEXT_COMMUNITY, Caller, Cast
from tests.conftest import findings

CHANGED = "1 转账从未被改动"


@dataclass
class Owner:
    """The owner of the tables, who turns off what stands in his way. `dropped` constraints are put back after the test."""

    connection: psycopg.Connection[Any]
    dropped: list[tuple[str, str, str]] = field(default_factory=list)

    def run(self, statement: str, *values: object) -> list[Any]:
        result = self.connection.execute(statement, values)
        return result.fetchall() if result.description else []

    def one(self, statement: str, *values: object) -> Any:
        ((value,),) = self.run(statement, *values)
        return value

    def drop(self, table: str, constraint: str) -> None:
        definition = self.one("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = %s", constraint)
        self.dropped.append((table, constraint, definition))
        self.run(f"ALTER TABLE {table} DROP CONSTRAINT {constraint}")


@dataclass
class Book:
    """A small book in order, in which everything happened once; and who is in it."""

    cast: Cast
    anna: Caller
    bert: Caller
    haircut: str
    soap: str
    order: str
    other_order: str
    cancelled: str
    open_order: str
    deed: str
    reversal: str
    donation: str
    head: Caller  # of a household that owes what a revoked deed of the son's left owing
    son: Caller
    revoked: str


@pytest.fixture
def owner(superuser: psycopg.Connection) -> Iterator[Owner]:
    owner = Owner(superuser)
    superuser.execute("SET session_replication_role = replica")
    yield owner
    for table, constraint, definition in owner.dropped:
        owner.run(f"TRUNCATE {table} CASCADE")
        owner.run(f"ALTER TABLE {table} ADD CONSTRAINT {constraint} {definition}")
    superuser.execute("SET session_replication_role = origin")


@pytest.fixture
def book(cast: Cast) -> Book:
    anna, bert = cast.grandmother, cast.volunteer
    for resident in (anna, bert):
        assert resident.post("/checkins", key="morning").status_code == 201
    deed = cast.give(anna, 300)
    cast.give(bert, 100)
    credit = bert.get("/me/transfers").json["items"][0]["id"]
    haircut, soap = cast.item(), cast.item(cast.till, kind="goods", name="洗衣液", stock=9)
    order, other_order = cast.order(anna, haircut), cast.order(anna, haircut)
    for redeemed in (order, other_order):
        assert cast.barber.post("/merchant/scans", {"token": cast.token(anna, redeemed)}).status_code == 200
    cancelled, open_order = cast.order(anna, soap, quantity=2), cast.order(anna, soap)
    assert anna.post(f"/orders/{cancelled}/cancel").status_code == 200
    donation = cast.donate(
        anna, {"item_id": UUID(soap), "quantity": 4, "points": 20}, {"name": "旧书", "quantity": 2, "points": 3}
    )
    reversal = cast.admin.post(f"/staff/transfers/{credit}/reverse", {"reason": "重复入账"}).json["id"]
    things = (haircut, soap, order, other_order, cancelled, open_order, deed, reversal, donation)
    return Book(cast, anna, bert, *things, *_household(cast))


def _household(cast: Cast) -> tuple[Caller, Caller, str]:
    """A head and his son, who brought a point along and 60 for a deed, spent 40 and had the deed revoked; then 1 was repaid."""
    cast.settings(counts_by="household")
    head, son = cast.resident("王大福"), cast.resident("王小军")
    assert son.post("/checkins").status_code == 201
    assert head.post("/households/mine/members", {"resident_id": son.id}).status_code == 201
    revoked = cast.give(son, 60)
    assert son.post("/orders", {"item_id": cast.item(price=40), "quantity": 1}).status_code == 201
    assert cast.reviewer.post(f"/staff/deeds/{revoked}/revoke", {"reason": "不属实"}).status_code == 200
    assert head.post("/checkins").status_code == 201
    assert head.get("/me/wallet").json["owed"] == 60 - 21 - 1
    return head, son, revoked


Tampering = Callable[[Owner, Book], set[Any]]
TAMPERINGS: list[tuple[str, Tampering]] = []


def breaks(invariant: str) -> Callable[[Tampering], Tampering]:
    """A tampering that breaks this invariant alone; it answers what the findings must name, one by one."""

    def register(tampering: Tampering) -> Tampering:
        TAMPERINGS.append((invariant, tampering))
        return tampering

    return register


def test_a_book_in_order_reports_nothing(book: Book, app: Flask) -> None:
    assert findings(app) == []


# --- the transfers themselves -----------------------------------------------------------------------------------------------


@breaks("1 转账记在两个不同的账户之间，积分大于零")
def a_transfer_of_nothing(owner: Owner, book: Book) -> set[Any]:
    owner.drop("transfers", "transfers_amount_check")
    order = owner.one(
        """
        INSERT INTO orders (id, resident_id, wallet, community_code, item_id, merchant_id, quantity, pieces_left, pieces_returned,
                            unit_price, status, placed_at, expires_at)
        SELECT gen_random_uuid(), resident_id, wallet, community_code, item_id, merchant_id, 1, 0, 1, 0, 'cancelled', now(), now()
        FROM orders WHERE id = %s RETURNING id
        """,
        book.order,
    )

    def work() -> UUID:
        audit.record(book.anna.actor, "order.place", order, COMMUNITY)
        return ledger.hold(book.anna.id, 0, Source("order", order, "兑换：剪发一次")).id

    return {book.cast.in_app(work)}


@breaks("1 每个有余额的账户，转账后的余额前后相连")
def a_balance_after_a_transfer_changed(owner: Owner, book: Book) -> set[Any]:
    owner.run("UPDATE transfers SET debit_balance = debit_balance + 1 WHERE id = %s", book.reversal)
    return {book.reversal}


@breaks(CHANGED)
def a_title_changed(owner: Owner, book: Book) -> set[Any]:
    return {owner.one("UPDATE transfers SET title = '夜间巡逻' WHERE source_id = %s RETURNING id", book.deed)}


@breaks(CHANGED)
def a_moment_changed(owner: Owner, book: Book) -> set[Any]:
    owner.run("UPDATE transfers SET created_at = created_at - interval '1 month' WHERE id = %s", book.reversal)
    return {book.reversal}


@breaks(CHANGED)
def an_account_given_to_another_owner(owner: Owner, book: Book) -> set[Any]:
    owner.run("UPDATE accounts SET owner = '500104101011' WHERE kind = 'issuance' AND owner = %s", COMMUNITY)
    return {row[0] for row in owner.run("SELECT id FROM transfers WHERE kind NOT IN ('hold', 'release', 'spend', 'move')")}


# --- the accounts -----------------------------------------------------------------------------------------------------------


@breaks("2 余额等于转账之和，且不小于零")
def a_point_moved_without_a_transfer(owner: Owner, book: Book) -> set[Any]:
    move = "UPDATE accounts SET balance = balance + %s WHERE kind = 'wallet' AND owner = %s RETURNING id"
    return {owner.one(move, 1, book.anna.id), owner.one(move, -1, book.bert.id)}


@breaks("3 发出的积分等于钱包、冻结、商户所有与作废之和")
def a_wallet_without_a_balance(owner: Owner, book: Book) -> set[Any]:
    owner.drop("accounts", "accounts_counted_check")
    owner.run("UPDATE accounts SET balance = NULL WHERE kind = 'wallet' AND owner = %s", book.bert.id)
    return {1 + 300 + 1 + 23 + 40}


@breaks("3 转账只走规定的路")
def a_reversal_that_names_nothing(owner: Owner, book: Book) -> set[Any]:
    return {_reversal(book, 5, source=ids.new(), reverses=None)}


# --- what points are earned by ----------------------------------------------------------------------------------------------


@breaks("4 每件通过的善行恰有一笔入账，或恰有一笔等待入账")
def other_points_for_a_deed(owner: Owner, book: Book) -> set[Any]:
    owner.run("UPDATE deeds SET points = points + 1 WHERE id = %s", book.deed)
    return {book.deed}


@breaks("4 每件通过的善行恰有一笔入账，或恰有一笔等待入账")
def a_deed_approved_without_a_credit(owner: Owner, book: Book) -> set[Any]:
    deed = book.cast.deed(book.anna)
    owner.run(
        "UPDATE deeds SET status = 'approved', points = 50, wallet = resident_id::text, approved_at = now() WHERE id = %s", deed
    )
    return {deed}


@breaks("4 每件通过的善行恰有一笔入账，或恰有一笔等待入账")
def a_credited_deed_rejected(owner: Owner, book: Book) -> set[Any]:
    owner.run("UPDATE deeds SET status = 'rejected', points = NULL, wallet = NULL, approved_at = NULL WHERE id = %s", book.deed)
    return {book.deed}


@breaks("4 每件通过的善行恰有一笔入账，或恰有一笔等待入账")
def a_deed_given_to_another_resident(owner: Owner, book: Book) -> set[Any]:
    owner.run("UPDATE deeds SET resident_id = %s WHERE id = %s", book.bert.id, book.deed)
    return {book.deed}


@breaks("4 每次签到恰有一笔入账")
def a_checkin_without_a_credit(owner: Owner, book: Book) -> set[Any]:
    insert = "INSERT INTO checkins VALUES (gen_random_uuid(), %s, '2026-01-01', 1, 1, now(), %s, false) RETURNING id"
    return {owner.one(insert, book.anna.id, book.anna.id)}


@breaks("4 每次签到恰有一笔入账")
def other_points_for_a_checkin(owner: Owner, book: Book) -> set[Any]:
    return {owner.one("UPDATE checkins SET points = 2 WHERE resident_id = %s RETURNING id", book.anna.id)}


@breaks("4 每次捐赠恰有一笔入账，等于各项之和")
def a_donation_without_a_credit(owner: Owner, book: Book) -> set[Any]:
    insert = """
        INSERT INTO donations (id, resident_id, community_code, wallet, points, thanked, received_by, created_at)
        SELECT gen_random_uuid(), resident_id, community_code, wallet, points, false, received_by, now() FROM donations
        RETURNING id
    """
    made = owner.one(insert)
    owner.run("INSERT INTO donation_lines VALUES (%s, 0, NULL, NULL, '旧书', NULL, 1, 23)", made)
    return {made}


@breaks("4 每次捐赠恰有一笔入账，等于各项之和")
def other_points_for_a_line(owner: Owner, book: Book) -> set[Any]:
    owner.run("UPDATE donation_lines SET points = points + 1 WHERE donation_id = %s AND position = 1", book.donation)
    return {book.donation}


@breaks("4 每次捐赠恰有一笔入账，等于各项之和")
def other_points_for_a_donation_and_its_line(owner: Owner, book: Book) -> set[Any]:
    owner.run("UPDATE donation_lines SET points = points + 1 WHERE donation_id = %s AND position = 1", book.donation)
    owner.run("UPDATE donations SET points = points + 1 WHERE id = %s", book.donation)
    return {book.donation}


@breaks("4 每次捐赠恰有一笔入账，等于各项之和")
def a_donation_given_to_another_resident(owner: Owner, book: Book) -> set[Any]:
    owner.run("UPDATE donations SET resident_id = %s WHERE id = %s", book.bert.id, book.donation)
    return {book.donation}


@breaks("4 每笔入账都有来源")
def a_checkin_removed(owner: Owner, book: Book) -> set[Any]:
    checkin = owner.one("DELETE FROM checkins WHERE resident_id = %s RETURNING id", book.anna.id)
    return {owner.one("SELECT id FROM transfers WHERE source_id = %s", checkin)}


@breaks("4 每笔入账都有来源")
def a_donation_of_old_books_removed(owner: Owner, book: Book) -> set[Any]:
    made = book.cast.donate(book.bert)
    owner.run("DELETE FROM donation_lines WHERE donation_id = %s", made)
    owner.run("DELETE FROM donations WHERE id = %s", made)
    return {owner.one("SELECT id FROM transfers WHERE source_id = %s", made)}


# --- what points are spent on -----------------------------------------------------------------------------------------------


@breaks("5 订单的件数：已核销、剩余与退回之和等于总数")
def a_scan_moved_to_another_order(owner: Owner, book: Book) -> set[Any]:
    owner.run("UPDATE scans SET order_id = %s WHERE order_id = %s", book.order, book.other_order)
    return {book.order, book.other_order}


@breaks("5 每次核销都是本商户的，且付了相应的积分")
def a_scan_at_another_merchants_till(owner: Owner, book: Book) -> set[Any]:
    move = "UPDATE scans SET login_id = %s WHERE order_id = %s RETURNING id"
    return {owner.one(move, book.cast.till.login_id, book.order)}


@breaks("5 每次核销都是本商户的，且付了相应的积分")
def a_scan_for_fewer_points(owner: Owner, book: Book) -> set[Any]:
    return {owner.one("UPDATE scans SET points = points - 1 WHERE order_id = %s RETURNING id", book.order)}


@breaks("6 冻结的积分等于未完成订单的积分")
def an_open_order_given_to_another_wallet(owner: Owner, book: Book) -> set[Any]:
    owner.run("UPDATE orders SET resident_id = %s, wallet = %s WHERE id = %s", book.bert.id, book.bert.id, book.open_order)
    return {book.anna.id, book.bert.id}


@breaks("6 每个订单冻结、支付、退回的积分与件数相符")
def an_open_order_of_a_wallet_that_was_never_its_residents(owner: Owner, book: Book) -> set[Any]:
    owner.run("UPDATE orders SET resident_id = %s WHERE id = %s", book.bert.id, book.open_order)
    return {book.open_order}


@breaks("6 每个订单冻结、支付、退回的积分与件数相符")
def another_price_for_a_cancelled_order(owner: Owner, book: Book) -> set[Any]:
    owner.run("UPDATE orders SET unit_price = unit_price + 1 WHERE id = %s", book.cancelled)
    return {book.cancelled}


@breaks("7 库存等于每次变动之和")
def a_change_of_stock_changed(owner: Owner, book: Book) -> set[Any]:
    owner.run("UPDATE stock_moves SET delta = delta - 1 WHERE source_id = %s", book.open_order)
    return {book.soap}


@breaks("7 入库的件数等于在架、预留、交付与报损之和")
def a_reservation_called_a_write_off(owner: Owner, book: Book) -> set[Any]:
    owner.run("UPDATE stock_moves SET kind = 'written_off' WHERE source_id = %s", book.open_order)
    return {book.soap}


@breaks("7 每件有物品的捐赠恰有一笔入库")
def a_donation_called_a_delivery(owner: Owner, book: Book) -> set[Any]:
    owner.run("UPDATE stock_moves SET kind = 'received' WHERE source_id = %s", book.donation)
    return {book.donation}


@breaks("7 每件有物品的捐赠恰有一笔入库")
def a_delivery_called_a_donation(owner: Owner, book: Book) -> set[Any]:
    source = ids.new()
    owner.run(
        "UPDATE stock_moves SET kind = 'donated', source_id = %s WHERE kind = 'opening' AND item_id = %s", source, book.soap
    )
    return {source}


@breaks("7 每件有物品的捐赠恰有一笔入库")
def fewer_pieces_in_a_line_than_went_into_stock(owner: Owner, book: Book) -> set[Any]:
    owner.run("UPDATE donation_lines SET quantity = quantity - 1 WHERE donation_id = %s AND position = 0", book.donation)
    return {book.donation}


@breaks("7 每件有物品的捐赠恰有一笔入库")
def a_donation_put_into_stock_in_two_moves(owner: Owner, book: Book) -> set[Any]:
    owner.run("UPDATE stock_moves SET delta = delta - 1 WHERE source_id = %s", book.donation)
    again = "INSERT INTO stock_moves (id, item_id, kind, delta, source_id, at) SELECT %s, %s, 'donated', 1, %s, now()"
    owner.run(again, ids.new(), book.soap, book.donation)
    return {book.donation}


# --- corrections, records, rules --------------------------------------------------------------------------------------------


@breaks("8 冲正至多一次，且与原转账相等")
def a_reversal_of_a_part(owner: Owner, book: Book) -> set[Any]:
    credit = owner.one("SELECT id FROM transfers WHERE source_id = %s", book.deed)
    return {_reversal(book, 5, source=credit, reverses=credit)}


@breaks("8 冲正至多一次，且与原转账相等")
def a_second_reversal(owner: Owner, book: Book) -> set[Any]:
    owner.drop("transfers", "transfers_reverses_key")
    credit = owner.one("SELECT id FROM transfers WHERE source_id = %s", book.deed)
    book.cast.give(book.anna, 1000)
    return {_reversal(book, 300, source=source, reverses=credit) for source in (credit, ids.new())}


@breaks("8 收回的善行，收回的与欠下的之和等于入账的")
def a_debt_for_something_else(owner: Owner, book: Book) -> set[Any]:
    owner.run("UPDATE debt_moves SET source_id = gen_random_uuid() WHERE source_id = %s", book.revoked)
    return {book.revoked}


@breaks("8 收回的善行，收回的与欠下的之和等于入账的")
def a_deed_called_revoked_with_nothing_taken_back(owner: Owner, book: Book) -> set[Any]:
    owner.run("UPDATE deeds SET status = 'revoked' WHERE id = %s", book.deed)
    return {book.deed}


@breaks("8 欠分等于每次欠下与补扣之和，欠分的钱包是空的")
def a_debt_forgiven(owner: Owner, book: Book) -> set[Any]:
    owner.run("UPDATE accounts SET owed = 0 WHERE owner = %s", book.head.id)
    return {book.head.id}


@breaks("8 欠分等于每次欠下与补扣之和，欠分的钱包是空的")
def a_debt_of_somebody_who_has_points(owner: Owner, book: Book) -> set[Any]:
    owner.run("UPDATE accounts SET owed = 5 WHERE kind = 'wallet' AND owner = %s", book.anna.id)
    owner.run("INSERT INTO debt_moves VALUES (gen_random_uuid(), %s, 5, 'deed', gen_random_uuid(), now())", book.anna.id)
    return {book.anna.id}


@breaks("8 并入别户的家庭没有成员，也没有积分")
def a_household_with_members_called_merged(owner: Owner, book: Book) -> set[Any]:
    owner.run("UPDATE households SET merged_into = %s WHERE id = %s", book.anna.id, book.head.id)
    return {book.head.id}


@breaks("8 每个家庭的成员都在同一个社区，户主是其中一员")
def a_member_in_another_community(owner: Owner, book: Book) -> set[Any]:
    owner.run("UPDATE residents SET community_code = %s WHERE id = %s", NEXT_COMMUNITY, book.son.id)
    return {book.head.id}


@breaks("8 每个家庭的成员都在同一个社区，户主是其中一员")
def a_head_who_is_no_member(owner: Owner, book: Book) -> set[Any]:
    owner.run("UPDATE households SET head_id = %s WHERE id = %s", book.anna.id, book.head.id)
    return {book.head.id}


@breaks("8 每位居民都在他最后搬入的家庭")
def a_move_removed(owner: Owner, book: Book) -> set[Any]:
    owner.run("DELETE FROM household_moves WHERE resident_id = %s", book.head.id)
    return {book.head.id}


@breaks("10 每个请求编号只有一个结果")
def a_key_without_an_answer(owner: Owner, book: Book) -> set[Any]:
    return {owner.one("UPDATE idempotency_keys SET status = NULL WHERE caller LIKE %s RETURNING caller", f"%{book.anna.id}")}


@breaks("10 每次动用积分都在审计日志里，恰有一条")
def an_audit_row_removed(owner: Owner, book: Book) -> set[Any]:
    owner.run("DELETE FROM audit_log WHERE subject_id = %s", book.reversal)
    return {book.reversal}


@breaks("10 每次动用积分都在审计日志里，恰有一条")
def the_audit_row_of_a_donation_removed(owner: Owner, book: Book) -> set[Any]:
    owner.run("DELETE FROM audit_log WHERE subject_id = %s", book.donation)
    return {owner.one("SELECT id FROM transfers WHERE source_id = %s", book.donation)}


@breaks("10 每次动用积分都在审计日志里，恰有一条")
def an_audit_row_doubled(owner: Owner, book: Book) -> set[Any]:
    book.cast.in_app(lambda: audit.record(COMMAND_LINE, "order.place", UUID(book.open_order), COMMUNITY))
    return {owner.one("SELECT id FROM transfers WHERE source_id = %s AND kind = 'hold'", book.open_order)}


@breaks("11 没有人审核自己或家人的申报")
def a_reviewer_who_is_the_resident(owner: Owner, book: Book) -> set[Any]:
    owner.run("UPDATE staff SET resident_id = %s WHERE id = %s", book.anna.id, book.cast.reviewer.id)
    return {book.deed}


@breaks("11 没有人审核自己或家人的申报")
def a_reviewer_of_the_residents_household(owner: Owner, book: Book) -> set[Any]:
    owner.run("UPDATE staff SET resident_id = %s WHERE id = %s", book.head.id, book.cast.reviewer.id)
    return {book.revoked}


@breaks("11 没有超过规则的上限")
def two_deeds_where_the_rule_allows_one(owner: Owner, book: Book) -> set[Any]:
    second = book.cast.deed(book.anna)
    owner.run("UPDATE rule_versions SET per_day = 1")
    return {second}


def _reversal(book: Book, amount: int, *, source: UUID, reverses: UUID | None) -> UUID:
    """A reversal that the product would never make, sealed and audited as if it did."""

    def work() -> UUID:
        made = ledger._post(
            ledger._ACROSS,
            "reversal",
            Source("transfer", source, "冲正"),
            amount,
            (WALLET, book.anna.id),
            (ISSUANCE, COMMUNITY),
            counted=WALLET,
            change=-amount,
            reverses=reverses,
        )
        assert made is not None
        audit.record(COMMAND_LINE, "transfer.reverse", made.id, COMMUNITY)
        return made.id

    return book.cast.in_app(work)


# --- the tests --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("invariant", "tampering"), [pytest.param(*t, id=t[1].__name__) for t in TAMPERINGS])
def test_a_tampering_is_found_by_its_invariant_alone_which_names_the_row(
    invariant: str, tampering: Tampering, owner: Owner, book: Book, app: Flask
) -> None:
    named = tampering(owner, book)
    with app.app_context(), transaction():
        found = list(books.findings())
    assert {finding.invariant for finding in found} == {invariant}
    assert {finding.row.split()[0].partition("=")[2] for finding in found} == {str(name) for name in named}


def test_every_invariant_has_a_tampering_that_breaks_it() -> None:
    assert {invariant for invariant, _ in TAMPERINGS} == {*books.INVARIANTS, CHANGED}


def test_a_transfer_that_was_removed_is_found(owner: Owner, book: Book, app: Flask) -> None:
    owner.run("DELETE FROM transfers WHERE source_id = %s", book.deed)
    account = owner.one("SELECT id FROM accounts WHERE kind = 'wallet' AND owner = %s", book.anna.id)
    found = findings(app)
    assert (
        f"4 每件通过的善行恰有一笔入账，或恰有一笔等待入账: id={book.deed} status=approved points=300 transfer=None amount=None"
        in found
    )
    assert any(finding.startswith(f"2 余额等于转账之和，且不小于零: id={account} ") for finding in found)


def test_a_transfer_that_was_added_without_the_key_is_found_though_all_sums_agree(owner: Owner, book: Book, app: Flask) -> None:
    number = owner.one(
        """
        INSERT INTO transfers (id, debit_account, credit_account, debit_balance, credit_balance, amount, kind, title,
                               source_type, source_id, created_at, mac)
        SELECT gen_random_uuid(), i.id, w.id, NULL, w.balance + 1000, 1000, 'deed', '善行', 'deed', gen_random_uuid(), now(), 'x'
        FROM accounts w, accounts i WHERE w.kind = 'wallet' AND w.owner = %s AND i.kind = 'issuance' AND i.owner = %s
        RETURNING number
        """,
        book.bert.id,
        COMMUNITY,
    )
    owner.run("UPDATE accounts SET balance = balance + 1000 WHERE kind = 'wallet' AND owner = %s", book.bert.id)
    added = owner.one("SELECT id FROM transfers WHERE number = %s", number)
    assert f"{CHANGED}: id={added}" in findings(app)


def test_an_amount_changed_together_with_every_balance_is_found(owner: Owner, book: Book, app: Flask) -> None:
    owner.run("UPDATE accounts SET balance = balance + 700 WHERE kind = 'wallet' AND owner = %s", book.anna.id)
    wallet = owner.one("SELECT id FROM accounts WHERE kind = 'wallet' AND owner = %s", book.anna.id)
    changed, number = owner.run("SELECT id, number FROM transfers WHERE source_id = %s", book.deed)[0]
    owner.run("UPDATE transfers SET amount = amount + 700 WHERE id = %s", changed)
    for side in ("debit", "credit"):
        later = f"UPDATE transfers SET {side}_balance = {side}_balance + 700 WHERE {side}_account = %s AND number >= %s"
        owner.run(later, wallet, number)
    owner.run("UPDATE deeds SET points = points + 700 WHERE id = %s", book.deed)
    assert findings(app) == [f"{CHANGED}: id={changed}"]


# --- how long it takes ------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_20_000_transfers_are_checked_in_seconds_and_four_times_as_many_do_not_take_sixteen_times_as_long(
    app: Flask, cast: Cast, superuser: psycopg.Connection
) -> None:
    item = cast.item()
    writer = Writer(cast, item)
    writer.write(superuser, residents=125)
    small = _seconds_to_verify(app)
    writer.write(superuser, residents=375)
    large = _seconds_to_verify(app)
    print(f"5,000 transfers: {small:.2f} s, 20,000 transfers: {large:.2f} s")
    with app.app_context(), transaction():
        assert books.count_transfers() == 20_000
    assert large < 8
    assert large < 8 * max(small, 0.2)


def _seconds_to_verify(app: Flask) -> float:
    start = time.perf_counter()
    assert findings(app) == []
    return time.perf_counter() - start


class Writer:
    """Writes the books of many residents, in order: each checked in on 20 days, did 10 deeds, and had 5 orders scanned."""

    def __init__(self, cast: Cast, item: str) -> None:
        self.item, self.rule, self.barber, self.reviewer = UUID(item), UUID(cast.patrol), cast.barber, cast.reviewer
        self.rows: dict[str, list[tuple[Any, ...]]] = {}
        cast.in_app(lambda: ledger.open_wallet("nobody", COMMUNITY))
        self.start = datetime(2026, 3, 1, tzinfo=UTC)

    def write(self, connection: psycopg.Connection[Any], residents: int) -> None:
        accounts = dict(connection.execute("SELECT kind, id FROM accounts WHERE kind IN ('issuance', 'merchant')").fetchall())
        last = connection.execute("SELECT max(id) FROM accounts").fetchone()
        assert last
        self.rows = {}
        for number in range(residents):
            self._resident(accounts, wallet=last[0] + 1 + 2 * number)
        connection.execute("SET session_replication_role = replica")
        for table, rows in self.rows.items():
            columns, *values = rows
            with connection.cursor().copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy:
                for row in values:
                    copy.write_row(row)
        connection.execute("SET session_replication_role = origin")

    def _add(self, table: str, **row: Any) -> None:
        self.rows.setdefault(table, [tuple(row)]).append(tuple(row.values()))

    def _resident(self, accounts: dict[str, int], wallet: int) -> None:
        resident = ids.new()
        places_of = {"community_code": COMMUNITY, "place_code": COMMUNITY}
        told = {"name": "居民", "phone_verified": False, "name_shown": "masked", "search": ""}
        self._add("residents", id=resident, **places_of, **told, created_at=self.start)
        places = {WALLET: (wallet, str(resident)), HELD: (wallet + 1, str(resident)), ISSUANCE: (accounts[ISSUANCE], COMMUNITY)}
        places["merchant"] = (accounts["merchant"], str(self.barber.merchant_id))
        balances = {WALLET: 0, HELD: 0}

        def post(
            debit: str, credit: str, amount: int, kind: str, action: str, source_type: str, source: UUID, at: datetime
        ) -> None:
            for place, change in ((debit, -amount), (credit, amount)):
                if place in balances:
                    balances[place] += change
            made, sides = ids.new(), ((debit, places[debit][1]), (credit, places[credit][1]))
            mac = ledger.transfer_mac(made, *sides, amount, kind, Source(source_type, source, "积分"), at, None)
            self._add(
                "transfers",
                id=made,
                debit_account=places[debit][0],
                credit_account=places[credit][0],
                amount=amount,
                debit_balance=balances.get(debit),
                credit_balance=balances.get(credit),
                kind=kind,
                title="积分",
                source_type=source_type,
                source_id=source,
                created_at=at,
                mac=mac,
            )
            self._add("audit_log", id=ids.new(), at=at, actor_kind="resident", action=action, subject_id=source)

        for day in range(20):
            at, made = self.start + timedelta(days=day), ids.new()
            whose = {"resident_id": resident, "wallet": str(resident), "made_up": False}
            self._add("checkins", id=made, **whose, day=clock.day_of(at), points=1, streak=day + 1, created_at=at)
            post(ISSUANCE, WALLET, 1, "checkin", "checkin.make", "checkin", made, at)
        for day in range(10):
            at, made = self.start + timedelta(days=day), ids.new()
            self._deed(made, resident, at)
            post(ISSUANCE, WALLET, 50, "deed", "deed.approved", "deed", made, at)
        for _ in range(5):
            at, made, scan = self.start + timedelta(days=30), ids.new(), ids.new()
            self._order(made, resident, at)
            post(WALLET, HELD, 30, "hold", "order.place", "order", made, at)
            self._add("scans", id=scan, order_id=made, **self._till(), pieces=1, points=30, at=at)
            post(HELD, "merchant", 30, "spend", "scan.redeem", "scan", scan, at)
        for kind in (WALLET, HELD):
            account, owner = places[kind]
            self._add("accounts", id=account, kind=kind, owner=owner, community_code=COMMUNITY, balance=balances[kind], owed=0)

    def _till(self) -> dict[str, Any]:
        return {"merchant_id": self.barber.merchant_id, "login_id": self.barber.login_id}

    def _deed(self, made: UUID, resident: UUID, at: datetime) -> None:
        self._add(
            "deeds",
            id=made,
            resident_id=resident,
            wallet=str(resident),
            community_code=COMMUNITY,
            rule_id=self.rule,
            rule_version=1,
            occurred_on=clock.day_of(at),
            description="晚上巡逻",
            channel="self",
            status="approved",
            points=50,
            declared_at=at,
            approved_at=at,
        )
        step = {"id": ids.new(), "deed_id": made, "action": "approved", "at": at}
        self._add("deed_steps", **step, by_kind="staff", by_id=self.reviewer.id, by="小林")

    def _order(self, made: UUID, resident: UUID, at: datetime) -> None:
        self._add(
            "orders",
            id=made,
            resident_id=resident,
            wallet=str(resident),
            community_code=COMMUNITY,
            item_id=self.item,
            merchant_id=self.barber.merchant_id,
            quantity=1,
            pieces_left=0,
            pieces_returned=0,
            unit_price=30,
            status="redeemed",
            placed_at=at,
            expires_at=at + timedelta(days=7),
            redeemed_at=at,
        )
