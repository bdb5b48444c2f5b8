"""The first schema: its statements stand in 0001_initial.sql."""

from alembic import op

from migrations.statements import run_beside

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
    run_beside(__file__)
