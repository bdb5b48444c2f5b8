"""The JSON API: a file for each noun; a view parses, calls one domain function, replies."""

from flask import Flask

from app.api import (
    accounts,
    checkins,
    deeds,
    departures,
    divisions,
    items,
    me,
    merchants,
    orders,
    privacy,
    rules,
    scans,
    second_factors,
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
    second_factors,
    accounts,
    departures,
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
)


def register(app: Flask) -> None:
    """Put the API into the app, and with it the OpenAPI document."""
    api = openapi.create(app)
    for module in MODULES:
        api.register_blueprint(module.blueprint, url_prefix=PREFIX)
    openapi.complete(api, app)
