"""What falls due by itself. Every job is a sweep of guarded statements, so it may run twice, or be killed, without harm."""

import logging
from collections.abc import Callable
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import InterfaceError, OperationalError

from kernel import idempotency, uploads
from kernel.database import execute, transaction
from people import logins, sessions
from points import imports
from redeem import orders

log = logging.getLogger("defen")
UPLOADS_IN_USE = """
    SELECT FROM deed_photos WHERE upload_id = uploads.id UNION ALL SELECT FROM items WHERE upload_id = uploads.id
"""


def run_due() -> dict[str, int]:
    """Do all that is due now; how many of each were done."""
    return _logged({"orders_lapsed": lapse_orders(), "imports_applied": apply_imports()})


def forget_old() -> dict[str, int]:
    """Delete what is kept for a time only and whose time is over; how many of each."""
    done = {}
    for name, forget in _FORGET.items():
        with transaction():
            execute(text("SET LOCAL statement_timeout = '5min'"))  # these look through whole tables
            done[name] = forget()
    with transaction():
        files = uploads.forget_unused(UPLOADS_IN_USE)
    for file in files:  # after the commit: a row without its file would be worse than a file without its row
        file.unlink(missing_ok=True)
    return _logged(done | {"uploads_forgotten": len(files)})


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
    except Exception:
        log.exception("an order could not lapse", extra={"order_id": str(order_id)})
        return False


def apply_imports() -> int:
    """Apply all imports that were ordered, each in a transaction of its own; how many were.

    One that cannot be applied is put aside for staff; where only the database was away it is tried again.
    """
    with transaction():
        due = imports.due()
    return sum(_apply(import_id) for import_id in due)


def _apply(import_id: UUID) -> bool:
    try:
        with transaction():
            return imports.apply(import_id)
    except (OperationalError, InterfaceError):
        log.warning("an import waits for the database", extra={"import_id": str(import_id)})
    except Exception:
        log.exception("an import could not be applied", extra={"import_id": str(import_id)})
        with transaction():
            imports.fail(import_id)
    return False


def _logged(done: dict[str, int]) -> dict[str, int]:
    if any(done.values()):
        log.info("jobs done", extra=done)
    return done


_FORGET: dict[str, Callable[[], int]] = {
    "idempotency_keys_forgotten": idempotency.forget_old,
    "failed_sign_ins_forgotten": logins.forget_old_failures,
    "sessions_forgotten": sessions.forget_old,
    "imports_forgotten": imports.forget_old,
}
