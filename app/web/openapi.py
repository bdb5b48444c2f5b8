"""The OpenAPI document: what every route refuses is written into it here, from what the route itself declares."""

from collections.abc import Callable
from typing import Any, TypeVar
from uuid import UUID

from apispec import APISpec
from flask import Flask, Response, jsonify
from flask_smorest import Api
from werkzeug.routing import BaseConverter

from app.schemas.problems import Problem
from app.web import audience, problems
from app.web.problems import BadJson, UnsupportedMediaType
from kernel import ids
from kernel.errors import NotFound, Refusal, TooManyRequests, Unavailable, ValidationFailed
from kernel.idempotency import IdempotencyInProgress, IdempotencyMismatch
from kernel.uploads import TooLarge
from people.actors import WrongRole
from people.sessions import NotConfirmed, NotRegistered, Unauthenticated


class IdConverter(BaseConverter):
    """An id in a path. Whether it is one is told only after the caller's rights were looked at, as for any other id."""

    def to_python(self, value: str) -> UUID:
        return ids.parse(value)


View = TypeVar("View", bound=Callable[..., Any])
BEARER = {"type": "http", "scheme": "bearer", "description": "the access token of a sign-in"}
KEY = {
    "in": "header",
    "name": "Idempotency-Key",
    "schema": {"type": "string", "minLength": 1, "maxLength": 64},
    "description": "the same request with the same key gets its first answer again",
}


def refuses(*refusals: type[Refusal]) -> Callable[[View], View]:
    """Declare what a view refuses besides what every route like it does; it goes into the OpenAPI document."""

    def declare(view: View) -> View:
        view.refuses = refusals  # type: ignore[attr-defined]
        return view

    return declare


def create(app: Flask) -> Api:
    """An API whose document describes it, with our shape of refusals."""
    app.url_map.converters["id"] = IdConverter
    app.config.from_mapping(API_TITLE="德分 Defen", API_VERSION="v1", OPENAPI_VERSION="3.1.0", OPENAPI_URL_PREFIX=None)
    api = Api(
        spec_kwargs={"info": {"description": "Points for good deeds: earned, reviewed, redeemed. Errors are RFC 9457 problems."}}
    )
    api.ERROR_SCHEMA = Problem
    api._register_error_handlers = lambda: None  # ours answer everything
    api.init_app(app)
    api.register_converter(IdConverter, lambda _: {"type": "string"})
    api.spec.components.security_scheme("bearer", BEARER)
    return api


def complete(api: Api, app: Flask) -> None:
    """Write into the document, for every operation, who may call it and what it refuses; then serve it."""
    for rule in app.url_map.iter_rules():
        path = "".join(part if not is_argument else "{" + part.split(":")[-1] + "}" for is_argument, part in _parts(rule.rule))
        for method in (m.lower() for m in rule.methods or ()):
            operation = _paths(api.spec).get(path, {}).get(method)
            if operation is not None:
                _complete(operation, app.view_functions[rule.endpoint], audience.of(app, rule.endpoint), method, "{" in path)
    app.extensions["defen-openapi"] = api.spec

    @app.get("/api/v1/openapi.json")
    @audience.anyone
    def openapi_json() -> Response:
        return jsonify(api.spec.to_dict())


def _paths(spec: APISpec) -> dict[str, Any]:
    return spec._paths  # apispec offers no other way in


def _parts(rule: str) -> list[tuple[bool, str]]:
    pieces = rule.replace("<", "\0<").replace(">", "\0").split("\0")
    return [(piece.startswith("<"), piece.lstrip("<")) for piece in pieces]


def _complete(operation: dict[str, Any], view: Any, who: audience.Audience, method: str, has_id: bool) -> None:
    refusals: list[type[Refusal]] = [TooManyRequests, Unavailable, *getattr(view, "refuses", ())]
    if who.kinds:
        operation["security"] = [{"bearer": []}]
        operation["description"] = f"For: {who.name}."
        refusals += [Unauthenticated, WrongRole]
    if "resident" in who.name:
        refusals.append(NotRegistered)
    if who.wants_confirmation(method):
        refusals.append(NotConfirmed)
    if has_id:
        refusals.append(NotFound)
    if "requestBody" in operation:
        refusals += [BadJson, UnsupportedMediaType, TooLarge]
    if "requestBody" in operation or any(parameter.get("in") == "query" for parameter in operation.get("parameters", ())):
        refusals.append(ValidationFailed)
    if getattr(view, "idempotent", False):
        operation.setdefault("parameters", []).append(KEY)
        refusals += [IdempotencyInProgress, IdempotencyMismatch]
    responses = operation.setdefault("responses", {})
    responses.pop("default", None)
    by_status: dict[int, list[type[Refusal]]] = {}
    for refusal in dict.fromkeys(refusals):
        by_status.setdefault(problems.status_of(refusal), []).append(refusal)
    for status, some in sorted(by_status.items()):
        responses[str(status)] = _problem(status, some)


def _problem(status: int, refusals: list[type[Refusal]]) -> dict[str, Any]:
    example = {
        "type": f"urn:defen:problem:{refusals[0].code}",
        "title": refusals[0].title,
        "status": status,
        "code": refusals[0].code,
        "detail": refusals[0].title,
    }
    content = {"schema": {"$ref": "#/components/schemas/Problem"}, "example": example}
    description = "；".join(f"`{refusal.code}` {refusal.title}" for refusal in refusals)
    return {"description": description, "content": {"application/problem+json": content}}
