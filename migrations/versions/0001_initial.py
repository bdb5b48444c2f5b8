"""The first schema: its statements stand in 0001_initial.sql."""

from pathlib import Path

from alembic import op

revision = "0001"
down_revision = None

# NOLOGIN where we make it; an operator may make it beforehand, with a password, as docs/operating.md says.
APP_ROLE = """
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'defen_app') THEN
        CREATE ROLE defen_app NOLOGIN;
        EXECUTE format('GRANT defen_app TO %I', current_user);
    END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; -- another database of this cluster was faster
END $$
"""


def upgrade() -> None:
    op.execute(APP_ROLE)
    for statement in Path(__file__).with_suffix(".sql").read_text(encoding="utf-8").split(";\n"):
        if statement.strip():
            op.execute(statement)
