"""Structured logs: one JSON line a request, with its id and without personal data: the route, never the path or a body."""

import json
import logging
import re
import sys
import time
from datetime import UTC, datetime
from uuid import uuid4

from flask import Flask, Response, g, request
from prometheus_client import Counter, Histogram
from werkzeug.middleware.proxy_fix import ProxyFix

from kernel import context

_REQUEST_ID = re.compile(r"[\w.-]{8,64}", re.ASCII)
_KNOWN = logging.makeLogRecord({}).__dict__.keys()

REQUESTS = Counter("defen_requests_total", "Requests answered", ["method", "route", "status"])
SECONDS = Histogram("defen_request_seconds", "Time to answer a request", ["method", "route"])
log = logging.getLogger("defen")


class Line(logging.Formatter):
    """A log record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname,
            "message": record.getMessage(),
        }
        if behind := context.request.get():
            line["request_id"] = behind.id
        line |= {name: value for name, value in record.__dict__.items() if name not in _KNOWN and name != "taskName"}
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


def install(app: Flask, trusted_proxies: int) -> None:
    """Log and count every request, and give it an id, which the answer carries too."""
    if not log.handlers:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(Line())
        log.addHandler(handler)
        log.setLevel(logging.INFO)
        log.propagate = False
    if trusted_proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=trusted_proxies, x_proto=trusted_proxies)  # type: ignore[method-assign]
    app.before_request(_begin)
    app.after_request(_end)


def _begin() -> None:
    given = request.headers.get("X-Request-Id", "")
    request_id = given if _REQUEST_ID.fullmatch(given) else uuid4().hex
    context.request.set(context.Request(request_id, request.remote_addr or ""))
    g.began = time.perf_counter()


def _end(response: Response) -> Response:
    route = request.url_rule.rule if request.url_rule else "none"
    took = time.perf_counter() - g.get("began", time.perf_counter())
    REQUESTS.labels(request.method, route, response.status_code).inc()
    SECONDS.labels(request.method, route).observe(took)
    log.info(
        "request", extra={"method": request.method, "route": route, "status": response.status_code, "ms": round(took * 1000, 1)}
    )
    if behind := context.request.get():
        response.headers["X-Request-Id"] = behind.id
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Cache-Control", "no-store")
    response.headers.setdefault("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
    response.headers.setdefault("Referrer-Policy", "no-referrer")
    return response
