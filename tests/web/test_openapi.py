"""The OpenAPI document: it is valid, complete, and its examples are true to its schemas."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from app.web import audience
from tests.answers import CHINESE
from tests.cast import Cast

Operation = tuple[str, str, dict[str, Any]]
OWN = "/api/v1/openapi.json"  # the document need not describe itself


@pytest.fixture
def document(cast: Cast) -> dict[str, Any]:
    """The document as it is served."""
    answer = cast.nobody.get("/openapi.json")
    assert (answer.status_code, answer.content_type) == (200, "application/json")
    found: dict[str, Any] = answer.json
    return found


def operations(document: dict[str, Any]) -> Iterator[Operation]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if method in ("get", "post", "put", "patch", "delete"):
                yield path, method, operation


def routes(app: Flask) -> Iterator[tuple[str, str, str]]:
    """Path, method and endpoint of every route of the API."""
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith("/api/v1") and rule.rule != OWN:
            for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
                yield re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), method.lower(), rule.endpoint


def check(document: dict[str, Any], schema: dict[str, Any], example: Any) -> None:
    validator = OAS31Validator({**schema, "components": document["components"]}, format_checker=OAS31Validator.FORMAT_CHECKER)
    assert [error.message for error in validator.iter_errors(example)] == [], example


def test_the_document_is_valid_openapi_3_1(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    assert [error.message for error in OpenAPIV31SpecValidator(document).iter_errors()] == []


def test_every_route_of_the_api_is_in_it_and_nothing_else(app: Flask, document: dict[str, Any]) -> None:
    described = {(path, method) for path, method, _ in operations(document)}
    assert described == {(path, method) for path, method, _ in routes(app)}
    assert len(described) > 40


def test_every_operation_says_what_it_does_and_has_each_argument_of_its_path(document: dict[str, Any]) -> None:
    for path, method, operation in operations(document):
        assert operation["summary"], (method, path)
        given = [*document["paths"][path].get("parameters", ()), *operation.get("parameters", ())]
        in_path = {parameter["name"] for parameter in given if parameter["in"] == "path"}
        assert in_path == set(re.findall(r"{(\w+)}", path)), (method, path)


def test_every_operation_that_needs_a_caller_says_so(app: Flask, document: dict[str, Any]) -> None:
    assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    for path, method, endpoint in routes(app):
        operation = document["paths"][path][method]
        open_to_all = audience.of(app, endpoint) is audience.anyone
        assert operation.get("security", []) == ([] if open_to_all else [{"bearer": []}]), (method, path)
        assert ("401" in operation["responses"] and "403" in operation["responses"]) or open_to_all, (method, path)


def test_every_json_body_and_every_json_answer_has_an_example_true_to_its_schema(document: dict[str, Any]) -> None:
    checked = 0
    for path, method, operation in operations(document):
        contents = [operation.get("requestBody", {}).get("content", {})]
        successes = [answer for status, answer in operation["responses"].items() if status.startswith("2")]
        assert successes, (method, path)
        contents += [answer.get("content", {}) for answer in successes]
        for content in contents:
            if "application/json" in content:
                media = content["application/json"]
                assert "example" in media, (method, path)
                check(document, media["schema"], media["example"])
                checked += 1
    assert checked > 60


def test_every_refusal_is_a_problem_with_an_example_true_to_its_schema(document: dict[str, Any]) -> None:
    for path, method, operation in operations(document):
        refusals = {status: answer for status, answer in operation["responses"].items() if not status.startswith("2")}
        assert {"429", "503"} <= refusals.keys(), (method, path)
        for status, answer in refusals.items():
            assert re.fullmatch(r"4\d\d|503", status), (method, path, status)
            assert list(answer["content"]) == ["application/problem+json"], (method, path, status)
            media = answer["content"]["application/problem+json"]
            assert media["schema"] == {"$ref": "#/components/schemas/Problem"}
            check(document, media["schema"], media["example"])
            assert media["example"]["status"] == int(status)
            assert CHINESE.search(answer["description"])


def test_every_operation_with_a_body_refuses_what_is_no_body_of_its_kind(document: dict[str, Any]) -> None:
    for path, method, operation in operations(document):
        if "requestBody" in operation:
            assert {"400", "413", "415", "422"} <= operation["responses"].keys(), (method, path)
        if "{" in path:
            assert "404" in operation["responses"], (method, path)


def test_every_operation_that_honours_a_key_says_so(app: Flask, document: dict[str, Any]) -> None:
    for path, method, endpoint in routes(app):
        named = {parameter["name"] for parameter in document["paths"][path][method].get("parameters", ())}
        honoured = bool(getattr(app.view_functions[endpoint], "idempotent", False))
        assert ("Idempotency-Key" in named) == honoured, (method, path)


def test_every_schema_of_a_body_refuses_unknown_fields(document: dict[str, Any]) -> None:
    for path, method, operation in operations(document):
        for media in operation.get("requestBody", {}).get("content", {}).values():
            name = media["schema"]["$ref"].rpartition("/")[2]
            assert document["components"]["schemas"][name]["additionalProperties"] is False, (method, path)


def test_lists_have_a_limit_of_one_to_a_hundred_and_a_cursor(document: dict[str, Any]) -> None:
    lists = [
        operation
        for _, _, operation in operations(document)
        if {"items", "next"}
        <= operation["responses"].get("200", {}).get("content", {}).get("application/json", {}).get("example", {}).keys()
    ]
    assert len(lists) >= 9
    for operation in lists:
        given = {parameter["name"]: parameter["schema"] for parameter in operation["parameters"]}
        assert (given["limit"]["minimum"], given["limit"]["maximum"], given["limit"]["default"]) == (1, 100, 20)
        assert "cursor" in given


def test_what_is_answered_is_what_the_document_says(cast: Cast, document: dict[str, Any]) -> None:
    cast.give(cast.grandmother, 100)
    order = cast.order(cast.grandmother)
    cast.barber.post("/merchant/scans", {"token": cast.token(cast.grandmother, order)})
    cast.grandmother.post("/checkins")
    asked = [
        (cast.nobody, "/communities"),
        (cast.nobody, "/privacy"),
        (cast.grandmother, "/me"),
        (cast.grandmother, "/me/wallet"),
        (cast.grandmother, "/me/transfers"),
        (cast.grandmother, "/me/code"),
        (cast.grandmother, "/checkins"),
        (cast.grandmother, "/rules"),
        (cast.grandmother, "/deeds"),
        (cast.grandmother, "/items"),
        (cast.grandmother, "/orders"),
        (cast.grandmother, "/feed"),
        (cast.grandmother, "/me/messages"),
        (cast.reviewer, "/staff/feed"),
        (cast.admin, "/staff/outbox"),
        (cast.reviewer, "/staff/deeds"),
        (cast.admin, "/staff/rules"),
        (cast.admin, "/staff/rules/ready-lists"),
        (cast.admin, "/staff/imports"),
        (cast.admin, "/staff/items"),
        (cast.admin, "/staff/merchants"),
        (cast.barber, "/merchant/scans"),
        (cast.barber, "/merchant/statement"),
    ]
    for caller, path in asked:
        answer = caller.get(path)
        assert answer.json
        check(
            document,
            document["paths"][f"/api/v1{path}"]["get"]["responses"]["200"]["content"]["application/json"]["schema"],
            answer.json,
        )


def test_the_page_to_try_it_loads_nothing_from_outside(cast: Cast) -> None:
    page = cast.nobody.get("/api/docs")
    assert (page.status_code, page.mimetype) == (200, "text/html")
    assert "default-src 'self'" in page.headers["Content-Security-Policy"]
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert loaded
    for address in loaded:
        if address == "data:,":  # no icon
            continue
        assert address.startswith("/")
        assert not address.startswith("//")
        assert cast.nobody.app.test_client().get(address).status_code == 200, address
    assert "http://" not in page.text.replace("http://www.w3.org", "")
    assert "https://" not in page.text


def test_every_export_of_a_community_says_that_a_community_may_not_be_found(document: dict[str, Any]) -> None:
    exports = [path for path in document["paths"] if path.endswith((".csv", ".xlsx")) and "/{" not in path]
    assert len(exports) >= 4
    assert all("404" in document["paths"][path]["get"]["responses"] for path in exports)
