"""Notes of donations go with the donor: the statements stand in 0012_donation_notes.sql."""

from migrations.statements import run_beside

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    run_beside(__file__)
