"""Staff accounts and second factors: the statements stand in 0008_staff_accounts.sql."""

from migrations.statements import run_beside

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    run_beside(__file__)
