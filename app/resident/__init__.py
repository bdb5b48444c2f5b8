"""The resident's pages, for a phone."""

from flask import Flask

from app.resident import (
    checkins,
    codes,
    data,
    deeds,
    devices,
    donations,
    feed,
    home,
    households,
    items,
    me,
    messages,
    orders,
    points,
    rules,
)

MODULES = (
    home,
    checkins,
    items,
    orders,
    codes,
    points,
    feed,
    me,
    households,
    messages,
    donations,
    devices,
    data,
    deeds,
    rules,
)


def register(app: Flask) -> None:
    """Put the resident's pages into the app."""
    for module in MODULES:
        app.register_blueprint(module.blueprint)
