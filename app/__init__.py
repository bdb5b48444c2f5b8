"""The Flask edge: the factory that puts the product together."""

from flask import Flask

from app import api, commands, merchant, open_pages, resident, staff
from app.embedded import start_embedded
from app.outside import notices, wechat
from app.settings import Settings
from app.web import audience, docs, limits, logs, operations, pages, photos, problems, unit_of_work
from kernel import clock, signing, uploads
from kernel.database import db, engine_options


def create_app(settings: Settings | None = None) -> Flask:
    """The product as one Flask app, ready to serve; nothing is asked of the database yet.

    Without `DATABASE_URL` the embedded PostgreSQL is started, or attached to where it runs already.

    Raises:
        app.settings.BadSettings: a setting is missing or makes no sense.
        app.web.audience.AudienceMissing: a route does not say who may call it.
    """
    settings = settings or Settings.from_environ()
    signing.configure(settings.secret_key)
    clock.set_zone(settings.timezone)
    uploads.configure(settings.upload_dir)

    app = Flask("defen", root_path=str(settings.root / "app"), static_folder="static")
    urls = (settings.database_url, settings.owner_database_url) if settings.database_url else start_embedded(settings.data_dir)
    app.config.from_mapping(
        SETTINGS=settings,
        SQLALCHEMY_DATABASE_URI=urls[0],
        OWNER_DATABASE_URL=urls[1] or urls[0],
        SQLALCHEMY_ENGINE_OPTIONS=engine_options(settings.threads + 1),
        MAX_FORM_PARTS=20,
    )
    app.url_map.merge_slashes = False  # no redirect, which would be HTML
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.json.sort_keys = False  # type: ignore[attr-defined]
    db.init_app(app)
    commands.register(app)
    logs.install(app, settings.trusted_proxies)
    problems.install(app)
    limits.install(app, settings.ratelimit_storage_uri)
    wechat.install(app, settings)
    notices.install(app, settings)
    pages.install(app, secure=settings.production)
    api.register(app)
    for face in (open_pages, resident, merchant, staff):
        face.register(app)
    for page in (operations, photos, docs):
        app.register_blueprint(page.blueprint)
    audience.check_all(app)
    unit_of_work.wrap_all(app)
    return app
