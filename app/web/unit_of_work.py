"""One request, one transaction: admit the caller, answer once per idempotency key, run the view, commit, and only then reply."""

import functools
import random
import time
from collections.abc import Callable
from typing import Any

from flask import Flask, Response, make_response
from sqlalchemy.exc import DBAPIError

from app.web import idempotency, limits
from app.web.audience import Audience
from kernel.database import RETRYABLE, sqlstate, transaction
from kernel.errors import Unavailable

MAX_TRIES = 5
View = Callable[..., Any]


def wrap_all(app: Flask) -> None:
    """Put every view of the app into a unit of work; files need none."""
    for endpoint, view in app.view_functions.items():
        if endpoint != "static":
            app.view_functions[endpoint] = _in_unit_of_work(view)


def _in_unit_of_work(view: View) -> View:
    @functools.wraps(view)
    def run(**arguments: Any) -> Response:
        for attempt in range(MAX_TRIES):
            try:
                with transaction():
                    return _answer(view, arguments)
            except DBAPIError as error:
                if sqlstate(error) not in RETRYABLE:
                    raise
                time.sleep(random.uniform(0, 0.02 * 2**attempt))  # noqa: S311 (only spreads the retries)
        raise Unavailable()

    return run


def _answer(view: View, arguments: dict[str, Any]) -> Response:
    audience: Audience = view.audience  # type: ignore[attr-defined]
    actor = audience.admit()
    limits.check(actor)
    if actor is None:
        return make_response(view(**arguments))
    if getattr(view, "idempotent", False):
        return idempotency.answer_once(actor, lambda: make_response(view(actor, **arguments)))
    return make_response(view(actor, **arguments))
