"""Page sessions: the statements stand in 0011_page_sessions.sql."""

from migrations.statements import run_beside

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    run_beside(__file__)
