"""The resident's pages, for a phone."""

from flask import Flask

from app.resident import checkins, codes, home, items, orders, points
from app.resident import checkins, data, devices, donations, feed, home, households, me, messages
from app.resident import checkins, deeds, home, rules

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
