"""What falls due by itself. Every job is a sweep of guarded statements, so it may run twice, or be killed, without harm."""

import logging
from pathlib import Path
from uuid import UUID

from sqlalchemy import text

from app import retention
from kernel import uploads
from kernel.database import execute, transaction
from redeem import orders

log = logging.getLogger("defen")


def run_due() -> dict[str, int]:
    """Do all that is due now; how many of each were done."""
    return _logged({"orders_lapsed": lapse_orders()})


def forget_old() -> dict[str, int]:
    """Delete what is kept for a time only and whose time is over; how many of each. One that fails holds up no other."""
    done = {}
    for table, kept in retention.KEPT.items():
        if kept.over:
            done[f"{table}_forgotten"] = _tried(table)
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
            files = uploads.forget_unused(retention.UPLOADS_IN_USE, retention.BATCH)
        deleted += _unlinked(files)  # after the commit: a row without its file would be worse than a file without its row
        if len(files) < retention.BATCH:
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


def _logged(done: dict[str, int]) -> dict[str, int]:
    if any(done.values()):
        log.info("jobs done", extra=done)
    return done
