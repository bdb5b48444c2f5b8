"""What falls due by itself. Every job is a sweep of guarded statements, so it may run twice, or be killed, without harm."""

import logging
from collections.abc import Callable
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import InterfaceError, OperationalError

from app.outside import notices
from kernel import idempotency, outbox, uploads
from kernel.database import execute, transaction
from people import logins, messages, sessions
from points import awards, imports
from redeem import orders
from reports import rollups

log = logging.getLogger("defen")
UPLOADS_IN_USE = """
    SELECT FROM deed_photos WHERE upload_id = uploads.id UNION ALL SELECT FROM items WHERE upload_id = uploads.id
"""


def run_due() -> dict[str, int]:
    """Do all that is due now; how many of each were done."""
    return _logged({name: job() for name, job in _DUE.items()})


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
    """Let all orders lapse whose time is over; how many did."""
    return _sweep(orders.due, orders.lapse)


def warn_of_lapses() -> int:
    """Tell those whose orders lapse within a day; how many orders."""
    return _sweep(orders.to_warn, orders.warn)


def credit_deeds() -> int:
    """Credit all approved deeds whose notice is over or whose budget has room again; how many were gone through."""
    with transaction():
        due = awards.due()
    return sum(_do(awards.credit_due, deed_id) for deed_id in due)


def deliver_letters() -> int:
    """Send the letters that are due, where there is an address to send them to; how many were taken."""
    send = notices.channel()
    return 0 if send is None else outbox.deliver_due(send)


def _sweep(due: Callable[[], list[UUID]], work: Callable[[UUID], bool]) -> int:
    """Do what is due, each in a transaction of its own; how many were done.

    One that cannot be done is logged and left, so that it does not hold up the others.
    """
    done = 0
    while True:
        with transaction():
            found = due()
        done_now = sum(_do(work, subject_id) for subject_id in found)
        if not done_now:
            return done
        done += done_now


def _do(work: Callable[[UUID], bool], subject_id: UUID) -> bool:
    try:
        with transaction():
            return work(subject_id)
    except Exception:
        log.exception("a job could not be done", extra={"job": work.__qualname__, "subject_id": str(subject_id)})
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


_DUE: dict[str, Callable[[], int]] = {
    "orders_lapsed": lapse_orders,
    "imports_applied": apply_imports,
    "orders_warned": warn_of_lapses,
    "deeds_credited": credit_deeds,
    "days_rolled_up": rollups.roll_up_due,
    "letters_delivered": deliver_letters,
}
_FORGET: dict[str, Callable[[], int]] = {
    "idempotency_keys_forgotten": idempotency.forget_old,
    "failed_sign_ins_forgotten": logins.forget_old_failures,
    "sessions_forgotten": sessions.forget_old,
    "messages_forgotten": messages.forget_old,
    "letters_forgotten": outbox.forget_old,
    "imports_forgotten": imports.forget_old,
}
