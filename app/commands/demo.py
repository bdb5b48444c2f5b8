"""`flask demo`: a small living community to try everything on."""

import click
from flask import current_app
from flask.cli import with_appcontext
from sqlalchemy import text

from app import demo
from app.settings import Settings
from kernel.database import execute, transaction


@click.command("demo", help="Load a small living community to try everything on, and print its logins.")
@with_appcontext
def command() -> None:
    """Load the demo where it is not loaded yet, and print its logins."""
    settings: Settings = current_app.config["SETTINGS"]
    if settings.production:
        raise click.ClickException("the demo cannot be loaded in production")
    load_once()


def load_once() -> None:
    """Load the demo unless it is there, however many do so at once; then print its logins."""
    settings: Settings = current_app.config["SETTINGS"]
    with transaction():
        execute(text("SET LOCAL lock_timeout = '2min'"))  # another may be loading it
        execute(text("SET LOCAL statement_timeout = '2min'"))
        execute(text("SELECT pg_advisory_xact_lock(7318009)"))
        if not execute(text("SELECT EXISTS (SELECT FROM logins WHERE demo)")).scalar_one():
            demo.load(settings.root / "data" / "chongqing-divisions.csv")
    click.echo(demo.logins_to_print(settings.bind))
