"""The resident's pages, for a phone."""

from flask import Flask

from app.resident import checkins, codes, home, items, orders, points
from app.resident import checkins, data, devices, donations, feed, home, households, me, messages

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
)


def register(app: Flask) -> None:
    """Put the resident's pages into the app."""
    for module in MODULES:
        app.register_blueprint(module.blueprint)
