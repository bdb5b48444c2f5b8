"""Rollups and units: the statements stand in 0007_figures_and_units.sql."""

from migrations.statements import run_beside

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    run_beside(__file__)
