"""How often one caller, or one address signing in, may ask: generous to honest use, bounded for the rest."""

import math
import time

from flask import Flask, current_app, request
from limits import RateLimitItem, parse
from limits.storage import storage_from_string
from limits.strategies import FixedWindowRateLimiter

from kernel.errors import TooManyRequests
from people.actors import Actor

# The contract promises 120 sign-ins a minute per address, and 120 writes a minute with bursts of 60 per caller.
SIGN_INS = parse("240/minute")
WRITES = parse("600/minute")


def install(app: Flask, storage_uri: str) -> None:
    """Count in the storage that the settings name: memory counts per worker, redis:// over all of them."""
    app.extensions["defen-limiter"] = FixedWindowRateLimiter(storage_from_string(storage_uri))


def check(actor: Actor | None) -> None:
    """Count this request if it writes. Raises TooManyRequests."""
    if request.method in ("GET", "HEAD"):
        return
    if actor is None:
        _hit(SIGN_INS, "address", request.remote_addr or "")
    else:
        _hit(WRITES, actor.kind, str(actor.id))


def _hit(rate: RateLimitItem, *who: str) -> None:
    limiter: FixedWindowRateLimiter = current_app.extensions["defen-limiter"]
    if not limiter.hit(rate, *who):
        reset = limiter.get_window_stats(rate, *who).reset_time
        raise TooManyRequests(retry_after_s=max(1, math.ceil(reset - time.time())))
