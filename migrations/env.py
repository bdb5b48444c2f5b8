"""How migrations run: as the owner of the tables, one at a time however many processes start at once, each in one transaction."""

from alembic import context
from flask import current_app
from sqlalchemy import NullPool, create_engine, text

from kernel.database import Model

MIGRATION_LOCK = 7_318_008  # any number that nothing else in this database locks


def include(_object, name, kind, reflected, _compare_to):
    return not (kind == "table" and reflected and name == "alembic_version")


def run() -> None:
    engine = create_engine(current_app.config["OWNER_DATABASE_URL"], poolclass=NullPool)
    with engine.connect() as connection:
        connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": MIGRATION_LOCK})
        connection.commit()
        # A migration that cannot get its lock gives way rather than hold up every request behind it.
        connection.execute(text("SET lock_timeout = '5s'"))
        connection.commit()
        context.configure(
            connection=connection, target_metadata=Model.metadata, include_object=include, transaction_per_migration=True
        )
        with context.begin_transaction():
            context.run_migrations()


run()
