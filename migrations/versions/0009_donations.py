"""Goods for points: the statements stand in 0009_donations.sql."""

from migrations.statements import run_beside

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    run_beside(__file__)
