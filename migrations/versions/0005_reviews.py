"""Entry on behalf and review for real: the statements stand in 0005_reviews.sql."""

from migrations.statements import run_beside

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    run_beside(__file__)
