"""What a migration runs: the statements of the SQL file beside it."""

import re
from pathlib import Path

from alembic import op


def run_beside(migration: str) -> None:
    """Run the statements of the SQL file that has a migration's own name.

    A statement ends with a semicolon at the end of a line, and nowhere else does a line end so.
    """
    for statement in Path(migration).with_suffix(".sql").read_text(encoding="utf-8").split(";\n"):
        if re.sub(r"^\s*--.*$", "", statement, flags=re.M).strip():
            op.execute(statement)
