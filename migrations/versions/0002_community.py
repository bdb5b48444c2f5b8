"""Households, settings, the shared inbox and feed: the statements stand in 0002_community.sql."""

from migrations.statements import run_beside

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    run_beside(__file__)
