"""The staff console."""

from flask import Flask

from app.staff import (
    cards,
    departures,
    donation_tariffs,
    donations,
    entries,
    feed,
    household_moves,
    households,
    imports,
    items,
    links,
    menu,
    merchants,
    places,
    residents,
    rule_lists,
    rules,
    start,
    transfers,
    units,
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
    feed,
    rules,
    rule_lists,
    items,
    donations,
    donation_tariffs,
    merchants,
    units,
    transfers,
)


def register(app: Flask) -> None:
    """Put the staff console into the app."""
    for module in MODULES:
        app.register_blueprint(module.blueprint)
    app.add_template_global(menu.entries, "menu")
