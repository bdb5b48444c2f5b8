"""One request, one transaction: admit the caller, answer once per idempotency key, run the view, commit, and only then reply.

A form of a page that is refused is shown again, in a transaction of its own, with what was filled in and what is wrong with it.
"""

import functools
import random
import time
from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, Response, g, make_response, request
from sqlalchemy.exc import DBAPIError
from werkzeug.exceptions import ClientDisconnected

from app.web import faces, forms, idempotency, limits
from app.web.audience import Audience
from app.web.problems import RequestTimeout
from kernel.database import RETRYABLE, sqlstate, transaction
from kernel.errors import Refusal, Unavailable

MAX_TRIES = 5
MAX_BODY_BYTES = 2 * 1024 * 1024  # unless the view takes more
View = TypeVar("View", bound=Callable[..., Any])


def takes_up_to(max_bytes: int) -> Callable[[View], View]:
    """Have a view take a body of up to `max_bytes`, which is more than others take."""

    def declare(view: View) -> View:
        view.max_body_bytes = max_bytes  # type: ignore[attr-defined]
        return view

    return declare


def wrap_all(app: Flask) -> None:
    """Put every view of the app into a unit of work; files need none."""
    for endpoint, view in app.view_functions.items():
        if endpoint != "static":
            app.view_functions[endpoint] = _in_unit_of_work(view)


def _in_unit_of_work(view: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(view)
    def run(**arguments: Any) -> Response:
        request.max_form_parts = getattr(view, "max_form_parts", None)
        _read_body(getattr(view, "max_body_bytes", MAX_BODY_BYTES))
        try:
            if ahead := getattr(view, "ahead", None):  # what must outlive a refusal, in transactions of its own
                ahead(view.audience)  # type: ignore[attr-defined]
            return _with_retries(view, arguments)
        except Refusal as refusal:
            if forms.can_be_shown_again(view, refusal):
                return forms.show_again(view, refusal, arguments)
            raise

    return run


def _with_retries(view: Callable[..., Any], arguments: dict[str, Any]) -> Response:
    for attempt in range(MAX_TRIES):
        try:
            with transaction():
                return _answer(view, arguments)
        except DBAPIError as error:
            if sqlstate(error) not in RETRYABLE:
                raise
            time.sleep(random.uniform(0, 0.02 * 2**attempt))  # noqa: S311 (only spreads the retries)
    raise Unavailable()


def _read_body(max_bytes: int) -> None:
    """Read the body before a database connection is taken, so that a slow sender holds none."""
    request.max_content_length = max_bytes
    try:
        request.get_data()
        request.stream.read(1)  # a body without a length is cut at the limit; only reading on shows that there is more
    except ClientDisconnected:  # which is what a socket that waited too long looks like, see gunicorn.conf.py
        raise RequestTimeout() from None


def _answer(view: Callable[..., Any], arguments: dict[str, Any]) -> Response:
    audience: Audience = view.audience  # type: ignore[attr-defined]
    if faces.of_request() and "form" not in g:  # a form that is shown again writes nothing
        forms.check_token()
    actor = g.actor = audience.admit()
    limits.check(actor)
    if actor is None:
        return make_response(view(**arguments))
    if getattr(view, "idempotent", False):
        return idempotency.answer_once(actor, lambda: make_response(view(actor, **arguments)))
    return make_response(view(actor, **arguments))
