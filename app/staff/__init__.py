"""The staff console."""

from flask import Flask

from app.staff import account, menu, reasons, reviews, second_factor, start

MODULES = (start, reviews, reasons, account, second_factor)


def register(app: Flask) -> None:
    """Put the staff console into the app."""
    for module in MODULES:
        app.register_blueprint(module.blueprint)
    app.add_template_global(menu.entries, "menu")
