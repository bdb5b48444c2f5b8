"""`flask rules`: the positive lists."""

from pathlib import Path

import click
from flask.cli import AppGroup

from app.commands import in_transaction
from app.schemas import rule_lists as shapes
from kernel import tables
from people import divisions
from people.actors import COMMAND_LINE
from points import rule_lists

command = AppGroup("rules", help="The positive lists.")


@command.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--community", required=True, help="code of the community")
@click.option("--dry-run", is_flag=True, help="only say what would be done")
@in_transaction
def import_file(file: Path, community: str, dry_run: bool) -> None:
    """Import a rule list: CSV or XLSX, its columns as in data/rules/."""
    lines = shapes.read(tables.read(file.read_bytes()))
    report = rule_lists.put_in(COMMAND_LINE, divisions.community(community).code, lines, dry_run=dry_run)
    would = "将" if dry_run else ""
    click.echo(
        f"共 {report.total} 条，{would}新增 {report.added} 条，{would}更新 {report.changed} 条，不变 {report.unchanged} 条"
    )
