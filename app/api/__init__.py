"""The JSON API: a file for each noun; a view parses, calls one domain function, replies."""

from flask import Flask

from app.api import (
    audits,
    checkins,
    deeds,
    divisions,
    figures,
    items,
    me,
    merchants,
    orders,
    privacy,
    rules,
    scans,
    sessions,
    transfers,
    units,
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
    uploads,
    deeds,
    items,
    orders,
    scans,
    merchants,
    transfers,
    figures,
    units,
    audits,
)


def register(app: Flask) -> None:
    """Put the API into the app, and with it the OpenAPI document."""
    api = openapi.create(app)
    for module in MODULES:
        api.register_blueprint(module.blueprint, url_prefix=PREFIX)
    openapi.complete(api, app)
