"""What falls due by itself. Every job is a sweep of guarded statements, so it may run twice, or be killed, without harm."""

import logging
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import InterfaceError, OperationalError

from app import retention
from app.outside import notices
from kernel import outbox, uploads
from kernel.database import execute, transaction
from people import searches
from points import awards, imports
from redeem import orders
from reports import rollups

log = logging.getLogger("defen")
_BATCH, _BATCHES = 500, 20  # of a sweep over rows that are all there at once


def run_due() -> dict[str, int]:
    """Do all that is due now; how many of each were done."""
    return _logged({name: job() for name, job in _DUE.items()})


def forget_old() -> dict[str, int]:
    """Delete what is kept for a time only and whose time is over; how many of each. One that fails holds up no other."""
    done = {}
    for table, kept in retention.KEPT.items():
        if kept.over:
            done[f"{table}_forgotten"] = _tried(table)
    with transaction():
        done["imports_dropped"] = imports.forget_lines()
    return _logged(done | {"uploads_forgotten": forget_uploads(), "files_forgotten": forget_files()})


def _tried(table: str) -> int:
    try:
        return retention.forget(table)
    except Exception:
        log.exception("a table could not be cleared", extra={"table": table})
        return 0


def forget_uploads() -> int:
    """Delete photos that show nothing any more, with their files; how many."""
    deleted = 0
    for _ in range(retention.BATCHES):
        with transaction():
            execute(text("SET LOCAL statement_timeout = '5min'"))
            gone = uploads.forget_unused(retention.UPLOADS_IN_USE, retention.BATCH)
        # After the commit: a row without its file would be worse than a file without its row.
        _unlinked([uploads.path_of(upload_id, small=small) for upload_id in gone for small in (True, False)])
        deleted += len(gone)
        if len(gone) < retention.BATCH:
            break
    return deleted


def forget_files() -> int:
    """Delete files that belong to no photo, in the part of the folder whose turn it is; how many."""
    with transaction():
        files = uploads.orphans(retention.BATCH)
    return _unlinked(files)


def _unlinked(files: list[Path]) -> int:
    for file in files:
        file.unlink(missing_ok=True)
    return len(files)


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


def make_findable() -> int:
    """Have those be found by search who came before there was one; how many, at most some thousands in a round."""
    filled = 0
    for _ in range(_BATCHES):
        with transaction():
            done = searches.fill_missing(_BATCH)
        filled += done
        if done < _BATCH:
            break
    return filled


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
    "residents_made_findable": make_findable,
    "letters_delivered": deliver_letters,
}
