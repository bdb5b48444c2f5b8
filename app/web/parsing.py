"""How bodies and queries are read: what is no JSON, or of another type, is refused before any schema sees it."""

import json
from collections.abc import Iterator
from typing import Any, NoReturn

from flask import Request
from flask_smorest import Blueprint
from marshmallow import RAISE, Schema, ValidationError
from webargs.flaskparser import FlaskParser
from werkzeug.datastructures import CombinedMultiDict, MultiDict

from app.web.problems import BadJson, UnsupportedMediaType
from kernel.errors import ValidationFailed


class Parser(FlaskParser):
    """webargs' parser with our refusals; unknown fields are refused in bodies, and left alone in queries."""

    DEFAULT_UNKNOWN_BY_LOCATION = {**FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION, "files": RAISE}

    def load_json(self, req: Request, schema: Schema) -> Any:
        """The JSON object in the body; nothing where there is no body."""
        raw = req.get_data(cache=True)
        if not raw.strip():
            return {}
        if not req.is_json:
            raise UnsupportedMediaType()
        try:
            data = json.loads(raw, parse_constant=_refuse_constant)
            json.dumps(data, ensure_ascii=False).encode()  # half a surrogate pair is no text
        except (ValueError, RecursionError):
            raise BadJson() from None
        if not isinstance(data, dict):
            raise ValidationFailed({"body": ["请提交一个 JSON 对象"]})
        return data

    def load_querystring(self, req: Request, schema: Schema) -> Any:
        """The query; a blank filter is none."""
        return self._makeproxy(MultiDict([(name, value) for name, value in req.args.items(multi=True) if value]), schema)

    def load_files(self, req: Request, schema: Schema) -> Any:
        """The files of a multipart body, and with them its other fields, so that unknown ones are seen."""
        if req.mimetype != "multipart/form-data":
            raise UnsupportedMediaType()
        return self._makeproxy(CombinedMultiDict([req.files, req.form]), schema)

    def handle_error(self, error: ValidationError, req: Request, schema: Schema, **_: Any) -> NoReturn:
        """Fields that make no sense, by name."""
        (fields,) = error.messages_dict.values()  # webargs puts them under the place they came from
        raise ValidationFailed(dict(flat(fields)))


class Api(Blueprint):
    """A blueprint of the API: flask-smorest's, with our parser."""

    ARGUMENTS_PARSER = Parser()


def flat(messages: Any, name: str = "") -> Iterator[tuple[str, list[str]]]:
    """Each field with its messages; what lies inside another field has a dotted name: `limits.per_day`, `upload_ids.0`."""
    if not isinstance(messages, dict):
        yield name or "body", messages
        return
    for part, inside in messages.items():
        yield from flat(inside, name if part == "_schema" else f"{name}.{part}".lstrip("."))


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)
