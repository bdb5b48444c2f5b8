"""`flask divisions`: the organisation tree."""

from pathlib import Path

import click
from flask.cli import AppGroup

from app.commands import in_transaction
from people import divisions
from people.divisions import BadDivisionList

command = AppGroup("divisions", help="The organisation tree.")


@command.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@in_transaction
def import_file(file: Path) -> None:
    """Import a division list: CSV with the columns code,name,level,parent_code."""
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines(keepends=True)
    except UnicodeDecodeError:
        raise BadDivisionList("文件应为 UTF-8 编码") from None
    found = divisions.read_list(lines)
    changed = divisions.import_list(found)
    click.echo(f"共 {len(found)} 行，新增或更名 {changed} 个")
