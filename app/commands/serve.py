"""`flask serve`: all of the product in the foreground: database, migrations, demo, gunicorn and the worker."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from types import FrameType

import click
from flask import current_app
from flask.cli import with_appcontext
from flask_migrate import upgrade

from app import embedded
from app.commands import demo
from app.settings import Settings

GRACE_S = 20
PR_SET_PDEATHSIG = 1
SERVER = ("gunicorn", "wsgi:app")
WORKER = ("flask", "--app", "wsgi", "worker")
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


@click.command("serve", help="Serve the product in the foreground: what `make run` does.")
@with_appcontext
def command() -> None:
    """Migrate, load the demo (not in production), serve; end everything that was started on SIGTERM or Ctrl-C."""
    settings: Settings = current_app.config["SETTINGS"]
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, _stop)
    upgrade()
    environment = dict(os.environ)
    if not settings.production:
        environment["DEFEN_DEMO"] = "1"
        demo.load_once()
    children = {}
    try:
        for arguments in (SERVER, WORKER):
            children[arguments] = _start(arguments, settings, environment)
        while children[SERVER].poll() is None:
            time.sleep(0.5)
            if children[WORKER].poll() is not None:
                children[WORKER] = _start(WORKER, settings, environment)
            if settings.database_url is None and not embedded.running(settings.data_dir):
                embedded.revive(settings.data_dir)
        sys.exit("defen: gunicorn ended by itself")
    finally:
        # Whoever presses Ctrl-C again must not keep us from ending what we started.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        _end(list(children.values()))
        if settings.database_url is None:
            embedded.stop(settings.data_dir)


def _start(arguments: tuple[str, ...], settings: Settings, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", *arguments]
    return subprocess.Popen(command, cwd=settings.root, env=environment, start_new_session=True, preexec_fn=_end_with_parent)


def _end(children: list[subprocess.Popen[bytes]]) -> None:
    for child in children:
        child.terminate()
    deadline = time.monotonic() + GRACE_S
    for child in children:
        try:
            child.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            child.kill()


def _end_with_parent() -> None:
    """Linux: have the kernel end this child when we are killed with a signal that lets us do nothing."""
    if _libc is not None:
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def _stop(_signal: int, _frame: FrameType | None) -> None:
    sys.exit(0)
