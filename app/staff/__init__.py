"""The staff console."""

from flask import Flask

from app.staff import accounts, audits, exports, figures, letters, menu, settings, start

MODULES = (
    start,
    figures,
    exports,
    accounts,
    settings,
    audits,
    letters,
)


def register(app: Flask) -> None:
    """Put the staff console into the app."""
    for module in MODULES:
        app.register_blueprint(module.blueprint)
    app.add_template_global(menu.entries, "menu")
