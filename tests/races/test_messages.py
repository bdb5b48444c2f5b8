"""Races of workers: each letter is delivered once while nothing fails, and each resident warned once of an order."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import psycopg
from flask import Flask
from sqlalchemy import text

from app import jobs
from kernel import clock, ids, outbox
from kernel.database import execute, first, transaction
from kernel.outbox import Due
from people import messages
from tests.cast import Cast
from tests.races.harness import dawdle, race

WORKERS, LETTERS = 8, 24


def _letters(cast: Cast) -> set[UUID]:
    """Some letters in the outbox; their ids."""
    made = {ids.new() for _ in range(LETTERS)}
    cast.in_app(lambda: [outbox.add_letter(letter_id, "message", {}) for letter_id in made])
    return made


def _deliver_together(app: Flask, deliver: Callable[[Callable[[Due], None]], int]) -> Counter[UUID]:
    """How often each letter is sent when several workers deliver at once."""
    sent: Counter[UUID] = Counter()

    def work(_: int) -> None:
        with app.app_context():
            deliver(lambda letter: sent.update([letter.id]))

    race(WORKERS, work)
    return sent


def test_letters_that_8_workers_deliver_at_once_are_each_delivered_once(
    cast: Cast, app: Flask, superuser: psycopg.Connection, rounds: range
) -> None:
    for _ in rounds:
        made = _letters(cast)
        assert _deliver_together(app, outbox.deliver_due) == Counter(made)
        assert superuser.execute("SELECT DISTINCT attempts, sent_at IS NOT NULL FROM outbox").fetchall() == [(1, True)]


def test_workers_that_look_before_they_mark_deliver_letters_many_times(cast: Cast, app: Flask) -> None:
    made = _letters(cast)
    sent = _deliver_together(app, _naive_deliver)
    assert set(sent) == made
    assert max(sent.values()) > 1


def _naive_deliver(send: Callable[[Due], None]) -> int:
    due = text("SELECT id, topic, body, created_at, attempts FROM outbox WHERE sent_at IS NULL ORDER BY id LIMIT 1")
    while True:
        with transaction():
            row = first(due)
        if row is None:
            return 0
        dawdle()
        send(Due(**row._mapping))
        with transaction():
            execute(text("UPDATE outbox SET sent_at = :now WHERE id = :id"), id=row.id, now=clock.now())


def _expiring_order(cast: Cast, superuser: psycopg.Connection) -> str:
    cast.give(cast.grandmother, 30)
    order = cast.order(cast.grandmother)
    soon = clock.now() + timedelta(hours=20)
    superuser.execute("UPDATE orders SET expires_at = %s, placed_at = %s WHERE id = %s", (soon, soon - timedelta(days=7), order))
    return order


def _warnings(superuser: psycopg.Connection, order: str) -> int:
    query = "SELECT count(*) FROM messages WHERE kind = 'order.lapses_soon' AND source_id = %s"
    row = superuser.execute(query, (order,)).fetchone()
    return row[0] if row else 0


def test_an_order_that_8_workers_find_at_once_is_warned_of_once(
    cast: Cast, app: Flask, superuser: psycopg.Connection, verified: None, rounds: range
) -> None:
    def work(_: int) -> int:
        with app.app_context():
            return jobs.warn_of_lapses()

    for _ in rounds:
        order = _expiring_order(cast, superuser)
        assert sum(race(WORKERS, work)) == 1
        assert _warnings(superuser, order) == 1


def test_workers_that_look_before_they_warn_do_so_many_times(cast: Cast, superuser: psycopg.Connection) -> None:
    order = _expiring_order(cast, superuser)

    def naive_warn() -> None:
        unwarned = first(text("SELECT FROM orders WHERE id = :id AND warned_at IS NULL"), id=UUID(order))
        dawdle()
        if unwarned is not None:
            execute(text("UPDATE orders SET warned_at = :now WHERE id = :id"), id=UUID(order), now=clock.now())
            messages.tell(UUID(cast.grandmother.id), "order.lapses_soon", "订单快到期了", "……", "order", UUID(order))

    race(WORKERS, lambda _: cast.in_app(naive_warn))
    assert _warnings(superuser, order) > 1
