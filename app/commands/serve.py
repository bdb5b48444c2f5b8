"""`flask serve`: all of the product in the foreground: database, migrations, demo, gunicorn and the worker."""

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
    python = [sys.executable, "-m"]
    children = [
        subprocess.Popen([*python, "gunicorn", "wsgi:app"], cwd=settings.root, env=environment, start_new_session=True),
        subprocess.Popen(
            [*python, "flask", "--app", "wsgi", "worker"], cwd=settings.root, env=environment, start_new_session=True
        ),
    ]
    try:
        _watch(children, settings)
    finally:
        _end(children)


def _watch(children: list[subprocess.Popen[bytes]], settings: Settings) -> None:
    """Wait until a child ends; bring the embedded PostgreSQL back should it die meanwhile."""
    while all(child.poll() is None for child in children):
        time.sleep(0.5)
        if settings.database_url is None and not embedded.running(settings.data_dir):
            embedded.revive(settings.data_dir)
    sys.exit("defen: a process ended by itself")


def _end(children: list[subprocess.Popen[bytes]]) -> None:
    for child in children:
        child.terminate()
    deadline = time.monotonic() + GRACE_S
    for child in children:
        try:
            child.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            child.kill()


def _stop(_signal: int, _frame: FrameType | None) -> None:
    sys.exit(0)
