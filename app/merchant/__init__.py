"""The merchant's pages, for a phone or a till."""

from flask import Flask

from app.merchant import account, scans, statements, till

MODULES = (till, scans, statements, account)


def register(app: Flask) -> None:
    """Put the merchant's pages into the app."""
    for module in MODULES:
        app.register_blueprint(module.blueprint)
