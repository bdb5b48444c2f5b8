"""`flask outbox`: what is to leave the product, and what could not."""

from uuid import UUID

import click
from flask.cli import AppGroup

from app.commands import in_transaction
from app.outside import notices
from kernel import audit, outbox
from kernel.paging import Window
from people.actors import COMMAND_LINE

command = AppGroup("outbox", help="Letters that wait to be delivered.")


@command.command("list")
@click.option("--dead", is_flag=True, help="those that are not tried any more")
@click.option("--limit", type=click.IntRange(1, 1000), default=100, show_default=True)
@in_transaction
def show(dead: bool, limit: int) -> None:
    """The letters that wait, newest first, without what they say."""
    counts = outbox.counts()
    click.echo(f"waiting={counts['waiting']} dead={counts['dead']}", err=True)
    for letter in outbox.find(Window(limit), dead=dead).items:
        moment = letter.dead_at or letter.next_try_at
        click.echo(
            f"{letter.id} {letter.topic} attempts={letter.attempts} {moment.isoformat()} {letter.last_error or ''}".rstrip()
        )


@command.command("retry")
@click.argument("letter_id", type=click.UUID)
@in_transaction
def retry(letter_id: UUID) -> None:
    """Have a dead letter sent after all."""
    outbox.retry(letter_id)
    audit.record(COMMAND_LINE, "letter.retry", letter_id, None)
    click.echo(f"retry {letter_id}")


@command.command("key")
def key() -> None:
    """The key that letters are signed with, as hexadecimal digits, for whoever receives them."""
    click.echo(notices.key().hex())
