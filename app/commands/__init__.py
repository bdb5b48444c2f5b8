"""The command line: a file for each noun."""

import functools
import sys
from collections.abc import Callable
from typing import Any

import click
from flask import Flask
from flask_migrate import Migrate

from kernel.database import db, transaction
from kernel.errors import Refusal, ValidationFailed

ROOT_MIGRATIONS = "migrations"


def in_transaction(command: Callable[..., None]) -> Callable[..., None]:
    """Run a command as one transaction; what it is refused is one line on standard error and exit code 1."""

    @functools.wraps(command)
    def run(*args: Any, **kwargs: Any) -> None:
        try:
            with transaction():
                command(*args, **kwargs)
        except ValidationFailed as refusal:
            for field, messages in refusal.extra["errors"].items():
                click.echo(f"{field}: {'；'.join(messages)}", err=True)
            sys.exit(1)
        except Refusal as refusal:
            click.echo(f"{refusal.title}：{refusal.detail}" if refusal.detail else refusal.title, err=True)
            sys.exit(1)

    return run


def register(app: Flask) -> None:
    """Give the app its commands."""
    from app.commands import demo, divisions, figures, ledger, merchants, outbox, rules, serve, staff, worker

    Migrate(app, db, directory=str(app.config["SETTINGS"].root / ROOT_MIGRATIONS))
    for module in (demo, divisions, figures, ledger, merchants, outbox, rules, serve, staff, worker):
        app.cli.add_command(module.command)


def password_or_stdin(password: str | None) -> str:
    """The password as given, or the first line of standard input."""
    return password if password is not None else sys.stdin.readline().rstrip("\n")
