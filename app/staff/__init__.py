"""The staff console."""

from flask import Flask

from app.staff import menu, reviews, start

MODULES = (start, reviews)


def register(app: Flask) -> None:
    """Put the staff console into the app."""
    for module in MODULES:
        app.register_blueprint(module.blueprint)
    app.add_template_global(menu.entries, "menu")
