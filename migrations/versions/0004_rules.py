"""Rules for real: the statements stand in 0004_rules.sql."""

from migrations.statements import run_beside

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    run_beside(__file__)
