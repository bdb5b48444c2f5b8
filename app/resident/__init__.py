"""The resident's pages, for a phone."""

from flask import Flask

from app.resident import checkins, deeds, home, rules

MODULES = (
    home,
    checkins,
    deeds,
    rules,
)


def register(app: Flask) -> None:
    """Put the resident's pages into the app."""
    for module in MODULES:
        app.register_blueprint(module.blueprint)
