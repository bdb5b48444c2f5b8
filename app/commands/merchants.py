"""`flask merchant`: the shops and partners."""

import click
from flask.cli import AppGroup

from app.commands import in_transaction, password_or_stdin
from people import merchants
from people.actors import COMMAND_LINE

command = AppGroup("merchant", help="The shops and partners.")


@command.command("create")
@click.option("--username", required=True)
@click.option("--password", help="read from standard input where it is not given")
@click.option("--name", required=True)
@click.option("--community", required=True, help="code of its community")
@click.option("--address")
@in_transaction
def create(username: str, password: str | None, name: str, community: str, address: str | None) -> None:
    """A new merchant with a login; its id is the last word."""
    merchant = merchants.create(
        COMMAND_LINE,
        name=name,
        community_code=community,
        address=address,
        username=username,
        password=password_or_stdin(password),
    )
    click.echo(f"merchant {username} {merchant.id}")
