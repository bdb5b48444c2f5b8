"""`flask figures`: the rollups of the figures."""

import click
from flask.cli import AppGroup, with_appcontext

from reports import rollups

command = AppGroup("figures", help="The rollups of the figures.")


@command.command("rebuild")
@with_appcontext
def rebuild() -> None:
    """Make all rollups anew from the rows, while the product works."""
    click.echo(f"已重新汇总 {rollups.rebuild()} 天")
