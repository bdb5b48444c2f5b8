"""What falls due by itself. Every job is a sweep of guarded statements, so it may run twice, or be killed, without harm."""

import logging
from collections.abc import Callable
from uuid import UUID

from sqlalchemy.exc import SQLAlchemyError

from kernel import idempotency, uploads
from kernel.database import transaction
from kernel.errors import Refusal
from people import logins, sessions
from redeem import orders

log = logging.getLogger("defen")
UPLOADS_IN_USE = (
    """SELECT FROM deed_photos WHERE upload_id = uploads.id UNION ALL SELECT FROM items WHERE upload_id = uploads.id"""
)


def run_due() -> dict[str, int]:
    """Do all that is due now; how many of each were done."""
    return _logged({"orders_lapsed": lapse_orders()})


def forget_old() -> dict[str, int]:
    """Delete what is kept for a time only and whose time is over; how many of each."""
    done = {}
    for name, forget in _FORGET.items():
        with transaction():
            done[name] = forget()
    return _logged(done)


def lapse_orders() -> int:
    """Let all orders lapse whose time is over, each in a transaction of its own; how many did.

    One that cannot lapse is logged and left, so that it does not hold up the others.
    """
    lapsed = 0
    while True:
        with transaction():
            due = orders.due()
        lapsed_now = sum(_lapse(order_id) for order_id in due)
        if not lapsed_now:
            return lapsed
        lapsed += lapsed_now


def _lapse(order_id: UUID) -> bool:
    try:
        with transaction():
            return orders.lapse(order_id)
    except (Refusal, SQLAlchemyError):
        log.exception("an order could not lapse", extra={"order_id": str(order_id)})
        return False


def _logged(done: dict[str, int]) -> dict[str, int]:
    if any(done.values()):
        log.info("jobs done", extra=done)
    return done


_FORGET: dict[str, Callable[[], int]] = {
    "idempotency_keys_forgotten": idempotency.forget_old,
    "failed_sign_ins_forgotten": logins.forget_old_failures,
    "sessions_forgotten": sessions.forget_old,
    "uploads_forgotten": lambda: uploads.forget_unused(UPLOADS_IN_USE),
}
