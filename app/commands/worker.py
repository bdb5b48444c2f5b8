"""`flask worker`: does what falls due, until it is told to stop. Any number may run."""

import logging
import signal
import threading
import time
from types import FrameType

import click
from flask.cli import with_appcontext

from app import jobs

PAUSE_S = 10
FORGET_EVERY_S = 3600
log = logging.getLogger("defen")


@click.command("worker", help="Do what falls due, every ten seconds.")
@click.option("--once", is_flag=True, help="do what is due now, and end")
@with_appcontext
def command(once: bool) -> None:
    """Do what falls due, every ten seconds, until SIGTERM or SIGINT."""
    if once:
        done = jobs.run_due() | jobs.forget_old()
        click.echo(" ".join(f"{name}={count}" for name, count in done.items()))
        return
    stop = threading.Event()

    def told_to_stop(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, told_to_stop)
    signal.signal(signal.SIGINT, told_to_stop)
    forget_next = 0.0
    while not stop.is_set():
        try:
            jobs.run_due()
            if time.monotonic() >= forget_next:
                jobs.forget_old()
                forget_next = time.monotonic() + FORGET_EVERY_S
        except Exception:  # a worker that ends helps nobody
            log.exception("jobs failed; they are tried again")
        stop.wait(PAUSE_S)
