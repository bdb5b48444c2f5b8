"""For those who operate it: alive, ready, measured."""

import os
from collections.abc import Iterator
from pathlib import Path

from alembic.config import Config
from alembic.script import ScriptDirectory
from flask import Blueprint, Response, current_app, jsonify
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app.web import audience
from kernel import outbox
from kernel.database import db
from kernel.errors import Outage

blueprint = Blueprint("operations", __name__)
MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"


class NotReady(Outage):
    title = "系统还在准备，请稍后再试"


@blueprint.get("/healthz")
@audience.anyone
def healthz() -> Response:
    """The process is alive."""
    return jsonify(status="ok")


@blueprint.get("/readyz")
@audience.anyone
def readyz() -> Response:
    """The database is reachable and migrated, and the demo loaded if it was asked for."""
    try:
        version = db.session.scalar(text("SELECT version_num FROM alembic_version"))
    except SQLAlchemyError:
        raise NotReady("database not reachable or not migrated") from None
    if version != newest_migration():
        raise NotReady("migrations are missing: run flask db upgrade")
    if os.environ.get("DEFEN_DEMO") and not db.session.scalar(text("SELECT EXISTS (SELECT FROM logins WHERE demo)")):
        raise NotReady("the demo is being loaded")
    return jsonify(status="ready")


@blueprint.get("/metrics")
@audience.anyone
def metrics() -> Response:
    """Counters and times of all workers, as Prometheus reads them."""
    registry = REGISTRY
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    page = generate_latest(registry) + generate_latest(_LETTERS)
    return current_app.response_class(page, content_type=CONTENT_TYPE_LATEST)


class _Letters(Collector):
    """How many letters wait or are dead, counted when asked; nothing where the database is away."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        gauge = GaugeMetricFamily("defen_outbox_letters", "Letters not sent, by state", labels=["state"])
        try:
            for state, count in outbox.counts().items():
                gauge.add_metric([state], count)
        except SQLAlchemyError:
            db.session.rollback()
            return
        yield gauge


# No gauge of the library's: those would be written into a file by each worker, and added up.
_LETTERS = CollectorRegistry()
_LETTERS.register(_Letters())


def newest_migration() -> str | None:
    """The number of the newest migration that this code knows."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return ScriptDirectory.from_config(config).get_current_head()
