"""The staff console."""

from flask import Flask

from app.staff import (
    cards,
    departures,
    entries,
    household_moves,
    households,
    imports,
    links,
    menu,
    places,
    residents,
    start,
)

MODULES = (
    start,
    entries,
    residents,
    links,
    departures,
    cards,
    households,
    household_moves,
    imports,
    places,
)


def register(app: Flask) -> None:
    """Put the staff console into the app."""
    for module in MODULES:
        app.register_blueprint(module.blueprint)
    app.add_template_global(menu.entries, "menu")
