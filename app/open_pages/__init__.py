"""Pages that belong to no face: signing in, joining, how large to read."""

from flask import Flask

from app.open_pages import enter, enter_wechat, join, look, photos, sign_in

MODULES = (enter, sign_in, look, photos, enter_wechat, join)


def register(app: Flask) -> None:
    """Put these pages into the app."""
    for module in MODULES:
        app.register_blueprint(module.blueprint)
