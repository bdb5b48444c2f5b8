"""The staff console."""

from flask import Flask

from app.staff import (
    account,
    accounts,
    audits,
    cards,
    departures,
    donation_tariffs,
    donations,
    entries,
    exports,
    feed,
    figures,
    household_moves,
    households,
    imports,
    items,
    letters,
    links,
    menu,
    merchants,
    places,
    reasons,
    residents,
    reviews,
    rule_lists,
    rules,
    second_factor,
    settings,
    start,
    transfers,
    units,
)

MODULES = (
    start,
    reviews,
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
    figures,
    exports,
    reasons,
    accounts,
    settings,
    audits,
    letters,
    account,
    second_factor,
)


def register(app: Flask) -> None:
    """Put the staff console into the app."""
    for module in MODULES:
        app.register_blueprint(module.blueprint)
    app.add_template_global(menu.entries, "menu")
