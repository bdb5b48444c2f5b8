"""What falls due by itself. Every job is a sweep of guarded statements, so it may run twice, or be killed, without harm."""

import logging
from collections.abc import Callable

from kernel import idempotency, uploads
from kernel.database import transaction
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
    """Let all orders lapse whose time is over, each in a transaction of its own; how many did."""
    lapsed = 0
    while True:
        with transaction():
            due = orders.due()
        for order_id in due:
            with transaction():
                lapsed += orders.lapse(order_id)
        if not due:
            return lapsed


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
