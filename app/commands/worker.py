"""`flask worker`: does what falls due, until it is told to stop. Any number may run."""

import logging
import signal
import threading
from types import FrameType

import click
from flask.cli import with_appcontext
from sqlalchemy.exc import SQLAlchemyError

from app import jobs

PAUSE_S = 10
log = logging.getLogger("defen")


@click.command("worker", help="Do what falls due, every ten seconds.")
@click.option("--once", is_flag=True, help="do what is due now, and end")
@with_appcontext
def command(once: bool) -> None:
    """Do what falls due, every ten seconds, until SIGTERM or SIGINT."""
    if once:
        click.echo(" ".join(f"{name}={count}" for name, count in jobs.run_due().items()))
        return
    stop = threading.Event()

    def told_to_stop(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, told_to_stop)
    signal.signal(signal.SIGINT, told_to_stop)
    while not stop.is_set():
        try:
            jobs.run_due()
        except SQLAlchemyError:
            log.exception("jobs failed; they are tried again")
        stop.wait(PAUSE_S)
