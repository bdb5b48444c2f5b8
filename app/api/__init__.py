"""The JSON API: a file for each noun; a view parses, calls one domain function, replies."""

from flask import Flask

from app.api import (
    checkins,
    deeds,
    divisions,
    imports,
    items,
    me,
    merchants,
    orders,
    privacy,
    rule_lists,
    rules,
    scans,
    sessions,
    transfers,
    uploads,
)
from app.web import openapi

PREFIX = "/api/v1"
MODULES = (
    divisions,
    privacy,
    sessions,
    me,
    checkins,
    rules,
    rule_lists,
    uploads,
    deeds,
    items,
    orders,
    scans,
    merchants,
    transfers,
    imports,
)


def register(app: Flask) -> None:
    """Put the API into the app, and with it the OpenAPI document."""
    api = openapi.create(app)
    for module in MODULES:
        api.register_blueprint(module.blueprint, url_prefix=PREFIX)
    openapi.complete(api, app)
