"""The feed's likes and the outbox: the statements stand in 0006_feed_and_messages.sql."""

from migrations.statements import run_beside

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    run_beside(__file__)
