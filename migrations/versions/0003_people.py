"""Finding people, their places, printed cards: the statements stand in 0003_people.sql."""

from migrations.statements import run_beside

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    run_beside(__file__)
