"""`flask ledger`: the books."""

import sys

import click
from flask.cli import AppGroup

from app.commands import in_transaction
from reports import books

command = AppGroup("ledger", help="The books.")


@command.command("verify")
@in_transaction
def verify() -> None:
    """Check every invariant of the books; exit 1 and a list where one does not hold."""
    wrong = 0
    for finding in books.findings():
        wrong += 1
        click.echo(f"{finding.invariant}: {finding.row}")
    if wrong:
        click.echo(f"账目有 {wrong} 处不符", err=True)
        sys.exit(1)
    click.echo(f"账目无误：{books.count_transfers()} 笔转账，{len(books.INVARIANTS) + 1} 项检查")
