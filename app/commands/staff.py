"""`flask staff`: the people of the community office."""

from uuid import UUID

import click
from flask.cli import AppGroup

from app.commands import in_transaction, password_or_stdin
from people import staff
from people.actors import COMMAND_LINE
from people.permissions import ROLES

command = AppGroup("staff", help="The people of the community office.")


@command.command("create")
@click.option("--username", required=True)
@click.option("--password", help="read from standard input where it is not given")
@click.option("--role", required=True, type=click.Choice(list(ROLES)))
@click.option("--scope", required=True, help="code of the division he works for")
@click.option("--resident", type=click.UUID, help="id of the resident he is himself")
@click.option("--name", help="how residents know him; the username where it is not given")
@in_transaction
def create(username: str, password: str | None, role: str, scope: str, resident: UUID | None, name: str | None) -> None:
    """A new member of staff with a login."""
    member = staff.create(
        COMMAND_LINE,
        username=username,
        password=password_or_stdin(password),
        role=role,
        scope_code=scope,
        name=name,
        resident_id=resident,
    )
    click.echo(f"staff {username} {member.id}")
