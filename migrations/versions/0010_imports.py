"""Imports: the statements stand in 0010_imports.sql."""

from migrations.statements import run_beside

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    run_beside(__file__)
