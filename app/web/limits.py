"""How often one caller, or one address signing in, may ask: generous to honest use, bounded for the rest."""

import json
import logging
import math
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from flask import Flask, current_app, request
from limits import RateLimitItem, parse
from limits.errors import StorageError
from limits.storage import storage_from_string
from limits.strategies import FixedWindowRateLimiter

from app.web import faces
from app.web.counting import CountsInMemory
from kernel.errors import Refusal, TooManyRequests
from people.actors import Actor

# The contract promises 120 sign-ins a minute per address, and 120 writes a minute with bursts of 60 per caller. Each way to
# sign in is counted for itself, and one account can use up only a part of it: failed passwords never keep out anybody else.
SIGN_INS = parse("600/minute")  # a whole neighbourhood may share one address of its carrier
SIGN_INS_OF_ONE = parse("120/minute")
WRITES = parse("600/minute")
REDIS_WAITS = {"socket_connect_timeout": 1, "socket_timeout": 1}  # seconds
WRONG_CODES = parse("60/10minute")  # of one address; a code of ten digits is good for five minutes
log = logging.getLogger("defen")


def install(app: Flask, storage_uri: str) -> None:
    """Count in the storage that the settings name: memory counts per worker, redis:// over all of them."""
    in_memory = storage_uri.startswith("memory")
    storage = CountsInMemory() if in_memory else storage_from_string(storage_uri, wrap_exceptions=True, **REDIS_WAITS)
    app.extensions["defen-limiter"] = FixedWindowRateLimiter(storage)


def check(actor: Actor | None) -> None:
    """Count this request if it writes. Raises TooManyRequests."""
    if request.method in ("GET", "HEAD"):
        return
    if actor is not None:
        _hit(WRITES, actor.kind, str(actor.id))
        return
    way, address = request.endpoint or "", request.remote_addr or ""
    if account := _account():
        _hit(SIGN_INS_OF_ONE, way, address, account)
    _hit(SIGN_INS, way, address)


@contextmanager
def guessing(wrong: type[Refusal]) -> Iterator[None]:
    """Let one address be `wrong` only so often, over all the ways to guess the same thing. Raises TooManyRequests."""
    who = wrong.code, request.remote_addr or ""
    limiter: FixedWindowRateLimiter = current_app.extensions["defen-limiter"]
    with suppress(StorageError):
        if not limiter.test(WRONG_CODES, *who):
            raise _too_many(limiter, WRONG_CODES, *who)
    try:
        yield
    except wrong:
        with suppress(TooManyRequests):  # this one was looked at, the next will not be
            _hit(WRONG_CODES, *who)
        raise


def _account() -> str | None:
    """The account that a sign-in names, None where it names none."""
    if faces.of_request():
        return request.form.get("username", "").strip()[:64] or None
    try:
        return str(json.loads(request.get_data(cache=True))["username"]).strip()[:64]
    except (ValueError, RecursionError, LookupError, TypeError):
        return None


def _hit(rate: RateLimitItem, *who: str) -> None:
    limiter: FixedWindowRateLimiter = current_app.extensions["defen-limiter"]
    try:
        within = limiter.hit(rate, *who)
    except StorageError:  # better uncounted than closed
        log.warning("requests cannot be counted")
        return
    if not within:
        raise _too_many(limiter, rate, *who)


def _too_many(limiter: FixedWindowRateLimiter, rate: RateLimitItem, *who: str) -> TooManyRequests:
    reset = limiter.get_window_stats(rate, *who).reset_time
    return TooManyRequests(retry_after_s=max(1, math.ceil(reset - time.time())))
