"""The JSON API: a file for each noun; a view parses, calls one domain function, replies."""

from flask import Flask

from app.api import (
    accounts,
    audits,
    cards,
    checkins,
    deeds,
    departures,
    divisions,
    donation_tariffs,
    donations,
    feed,
    figures,
    households,
    imports,
    items,
    me,
    merchants,
    messages,
    orders,
    privacy,
    reasons,
    residents,
    reviews,
    rule_lists,
    rules,
    scans,
    second_factors,
    sessions,
    settings,
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
    second_factors,
    accounts,
    departures,
    me,
    checkins,
    rules,
    rule_lists,
    uploads,
    deeds,
    reviews,
    reasons,
    items,
    orders,
    scans,
    merchants,
    transfers,
    households,
    settings,
    donations,
    donation_tariffs,
    feed,
    messages,
    figures,
    units,
    audits,
    residents,
    cards,
    imports,
)


def register(app: Flask) -> None:
    """Put the API into the app, and with it the OpenAPI document."""
    api = openapi.create(app)
    for module in MODULES:
        api.register_blueprint(module.blueprint, url_prefix=PREFIX)
    openapi.complete(api, app)
