"""Every refusal as `application/problem+json` (RFC 9457): a status, a stable code, a Chinese sentence. Never a trace."""

import logging
from datetime import datetime
from typing import Any

from flask import Flask, Response, current_app
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException

from app.web import refused_pages
from kernel import clock, errors
from kernel.database import NOT_AT_WORK, sqlstate
from kernel.errors import NotFound, Refusal, Unavailable
from kernel.uploads import TooLarge

log = logging.getLogger("defen")


class BadJson(errors.BadRequest):
    title = "提交的内容不是正确的 JSON，请检查格式"


class UnsupportedMediaType(errors.WrongMedia):
    title = "提交的格式不对：照片请用表单上传，其余请用 JSON"


class Unreadable(errors.BadRequest):
    title = "请求不完整，请刷新后重试"
    code = "bad_request"


class MethodNotAllowed(Refusal):
    title = "这个地址不支持这种操作，请返回刷新后再试"


class RequestTimeout(Refusal):
    title = "网络太慢，内容没有传完，请换个网络再试"


class InternalError(Refusal):
    title = "系统出了问题，我们会尽快处理，请稍后再试"


# The one place where kinds of refusals become HTTP statuses.
STATUS: dict[type[Refusal], int] = {
    errors.BadRequest: 400,
    errors.NotSignedIn: 401,
    errors.Forbidden: 403,
    errors.Missing: 404,
    errors.Conflict: 409,
    errors.Gone: 410,
    errors.TooBig: 413,
    errors.WrongMedia: 415,
    errors.Invalid: 422,
    errors.TooOften: 429,
    errors.Outage: 503,
    MethodNotAllowed: 405,
    RequestTimeout: 408,
    InternalError: 500,
}

# What the web layer itself refuses, by HTTP status.
_OF_HTTP: dict[int, type[Refusal]] = {404: NotFound, 405: MethodNotAllowed, 413: TooLarge, 415: UnsupportedMediaType}


def status_of(refusal: type[Refusal]) -> int:
    """The HTTP status of a class of refusals."""
    return next(status for kind, status in STATUS.items() if issubclass(refusal, kind))


def install(app: Flask) -> None:
    """Have every exception answered as a problem."""
    app.register_error_handler(Refusal, _refused)
    app.register_error_handler(HTTPException, _http)
    for outage in (OperationalError, InterfaceError, PoolTimeout):
        app.register_error_handler(outage, _outage)
    app.register_error_handler(DBAPIError, _of_database)
    app.register_error_handler(Exception, _unexpected)


def answer(refusal: Refusal, status: int) -> Response:
    """A refusal as an answer: a page where a page was asked for, else a problem."""
    if refused_pages.wanted():
        return refused_pages.show(refusal, status)
    body: dict[str, Any] = {
        "type": f"urn:defen:problem:{refusal.code}",
        "title": refusal.title,
        "status": status,
        "code": refusal.code,
        "detail": refusal.detail or refusal.title,
    }
    body |= {
        name: value.astimezone(clock.zone()).isoformat() if isinstance(value, datetime) else value
        for name, value in refusal.extra.items()
    }
    response = current_app.response_class(current_app.json.dumps(body), status, mimetype="application/problem+json")
    if isinstance(refusal, errors.TooOften | errors.Outage):
        response.headers["Retry-After"] = str(refusal.retry_after_s)
    if status in (408, 413):  # what was not read must not be taken for the next request
        response.headers["Connection"] = "close"
    if status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    if refusal.code == "idempotency_in_progress":
        response.headers["Retry-After"] = "1"
    return response


def _refused(refusal: Refusal) -> Response:
    return answer(refusal, status_of(type(refusal)))


def _http(error: HTTPException) -> Response:
    status = error.code or 500
    response = answer(_OF_HTTP.get(status, Unreadable)(), status)
    if allowed := getattr(error, "valid_methods", None):
        response.headers["Allow"] = ", ".join(sorted(allowed))
    return response


def _outage(error: DBAPIError | PoolTimeout) -> Response:
    log.warning("database unavailable", extra={"reason": type(error).__name__, "sqlstate": sqlstate(error)})
    return _refused(Unavailable())


def _of_database(error: DBAPIError) -> Response:
    return _outage(error) if sqlstate(error) in NOT_AT_WORK else _unexpected(error)


def _unexpected(error: Exception) -> Response:
    log.exception("unexpected error")
    return _refused(InternalError())
