"""Forms of pages: loaded by the API's own schemas, protected by a token, and shown again where they are refused."""

import functools
import hashlib
import re
import uuid
from collections.abc import Callable
from typing import Any, TypeVar, cast
from uuid import UUID

from flask import Flask, Response, current_app, g, request
from flask_wtf.csrf import CSRFError, CSRFProtect, generate_csrf
from marshmallow import Schema, ValidationError, fields
from werkzeug.datastructures import FileStorage, MultiDict

from app.schemas.fields import Flag, Inside, Listed, Picture, Text, Whole
from app.web.parsing import flat
from app.web.problems import status_of
from kernel.errors import Forbidden, Outage, Refusal, ValidationFailed
from people.sessions import Unauthenticated

TOKEN, KEY = "csrf_token", "_key"
PHOTOS = "photos"  # files under this name are stored before the view is called, see `form_photos`
_OURS = (TOKEN, KEY)
View = TypeVar("View", bound=Callable[..., Any])
_csrf = CSRFProtect()


class FormExpired(Forbidden):
    title = "这个页面打开得太久了，请再提交一次，填写的内容还在"


class Form:
    """A form as a template sees it: what was filled in, what is wrong at which field, and why it was refused."""

    def __init__(self, sent: "MultiDict[str, str] | None" = None, refusal: Refusal | None = None) -> None:
        self.sent, self.refusal = sent, refusal
        self.errors: dict[str, list[str]] = getattr(refusal, "extra", {}).get("errors", {})

    def value(self, name: str, default: Any = None) -> Any:
        """What was filled in, `default` where the form was not sent yet."""
        return default if self.sent is None else self.sent.get(name, "")

    def values(self, name: str, default: Any = ()) -> list[str]:
        """All that was filled in or chosen under a name."""
        return [str(value) for value in default] if self.sent is None else self.sent.getlist(name)

    def checked(self, name: str, default: bool = False) -> bool:
        """Whether a box is ticked: it comes after a hidden field that says false."""
        return default if self.sent is None else self.sent.getlist(name)[-1:] == ["true"]

    def error(self, name: str) -> str:
        """What is wrong with a field, or with one of its entries; empty where nothing is."""
        return "；".join(
            message
            for at, messages in self.errors.items()
            if at == name or re.fullmatch(rf"{re.escape(name)}\.\d+", at)
            for message in messages
        )

    @property
    def elsewhere(self) -> str:
        """What is wrong with what cannot be seen: ids, and the form as a whole."""
        hidden = [messages for at, messages in self.errors.items() if at == "body" or at.split(".")[0].endswith(("_id", "_ids"))]
        return "；".join(dict.fromkeys(message for messages in hidden for message in messages))


def install(app: Flask) -> None:
    """Protect forms by a token that belongs to the browser's session, and give templates `form`, the present one."""
    app.config.update(WTF_CSRF_CHECK_DEFAULT=False, WTF_CSRF_TIME_LIMIT=None, WTF_CSRF_FIELD_NAME=TOKEN)
    _csrf.init_app(app)
    app.context_processor(
        lambda: {"form": g.get("form") or Form(), "csrf_token": generate_csrf, "new_key": lambda: uuid.uuid4().hex}
    )


def check_token() -> None:
    """Raises FormExpired where a page is to write and the form has no token of this browser's session."""
    try:
        _csrf.protect()
    except CSRFError:
        raise FormExpired() from None


def takes(schema: type[Schema], *, again: str | None = None) -> Callable[[View], View]:
    """Give a view the body that its form holds, after the actor. Where it is refused, the view `again` shows the form anew."""

    def wrap(view: View) -> View:
        @functools.wraps(view)
        def run(*actor: Any, **arguments: Any) -> Any:
            return view(*actor, load(schema()), **arguments)

        run.again, run.schema = again, schema  # type: ignore[attr-defined]
        return cast(View, run)

    return wrap


def load(schema: Schema) -> Any:
    """The form that was sent, as the API would have been sent it, through the schema.

    Raises:
        ValidationFailed: the fields that make no sense, by name.
    """
    sent = MultiDict([(name, value) for name, value in _fields().items(multi=True) if name not in _OURS])
    body: dict[str, Any] = _body(schema, sent)
    body |= {name: file for name, file in request.files.items() if file.filename and name != PHOTOS}
    try:
        return schema.load(body)
    except ValidationError as error:
        raise ValidationFailed({_as_sent(name): messages for name, messages in flat(error.messages_dict)}) from None


def _fields() -> "MultiDict[str, str]":
    """What was filled in; photos that came with the form are ids among it."""
    return cast("MultiDict[str, str]", g.get("fields", request.form))


def _body(schema: Schema, sent: "MultiDict[str, str]") -> dict[str, Any]:
    body: dict[str, Any] = {}
    for name, field in schema.fields.items():
        if isinstance(field, Listed) and isinstance(field.inner, fields.Nested):
            rows = _rows(name, sent)
            body[name] = [_body(field.inner.schema, rows[number]) for number in sorted(rows)]
        elif isinstance(field, Inside) and not field.many:
            inside = _under(f"{name}.", sent)
            if inside:
                body[name] = _body(field.schema, inside)
        elif isinstance(field, Listed | fields.List):
            values = sent.poplist(name)
            if values:
                body[name] = [value for value in values if value]
        elif name in sent and not isinstance(field, Picture):
            _put(body, name, field, sent.poplist(name)[-1])
    return body | sent.to_dict()  # what no field took is unknown, and the schema says so


def _put(body: dict[str, Any], name: str, field: "fields.Field[Any]", text: str) -> None:
    if isinstance(field, Whole) and re.fullmatch(r"\s*[+-]?\d{1,18}\s*", text):
        body[name] = int(text)
    elif isinstance(field, Flag) and text in ("true", "false"):
        body[name] = text == "true"
    elif text.strip():
        body[name] = text
    elif field.allow_none:
        body[name] = None
    elif isinstance(field, Text) and field.least == 0:
        body[name] = ""


def _under(prefix: str, sent: "MultiDict[str, str]") -> "MultiDict[str, str]":
    names = [name for name in sent if name.startswith(prefix)]
    return MultiDict([(name.removeprefix(prefix), value) for name in names for value in sent.poplist(name)])


def _rows(name: str, sent: "MultiDict[str, str]") -> "dict[int, MultiDict[str, str]]":
    """The rows of a table in a form, `lines.0.points`; those left blank are none."""
    numbers = {int(found[1]) for key in sent if (found := re.match(rf"{re.escape(name)}\.(\d{{1,4}})\.", key))}
    rows = {number: _under(f"{name}.{number}.", sent) for number in numbers}
    return {number: row for number, row in rows.items() if any(value.strip() for _, value in row.items(multi=True))}


def _as_sent(name: str) -> str:
    """A field of a row by the row's own number in the form: the schema counted without the blank ones."""
    found = re.fullmatch(r"(\w+)\.(\d+)(\..+)", name)
    numbers = sorted(_rows(found[1], MultiDict(request.form))) if found else []
    return f"{found[1]}.{numbers[int(found[2])]}{found[3]}" if found and int(found[2]) < len(numbers) else name


def sent() -> str:
    """All that the form says, in one order, without its token and its key: what makes it the same form."""
    files = sorted((name, _digest(file)) for name, file in request.files.items(multi=True))
    return repr((sorted((name, value) for name, value in request.form.items(multi=True) if name not in _OURS), files))


def _digest(file: FileStorage) -> str:
    file.stream.seek(0)
    digest = hashlib.sha256(file.stream.read()).hexdigest()
    file.stream.seek(0)
    return digest


def sent_id(name: str) -> UUID | None:
    """The id that a form named which is shown again; None where it named none."""
    try:
        return UUID(g.form.value(name)) if "form" in g else None
    except ValueError:
        return None


def can_be_shown_again(view: Callable[..., Any], refusal: Refusal) -> bool:
    """Whether a refused form has a page that shows it, and the one who sent it is known."""
    return bool(getattr(view, "again", None)) and not isinstance(refusal, Unauthenticated | Outage)


def show_again(view: Callable[..., Any], refusal: Refusal, arguments: dict[str, Any]) -> Response:
    """The page of the form once more, filled in as it was sent, with what is wrong; the status is the refusal's.

    Raises the refusal itself where he who sent the form may not see its page.
    """
    g.form = Form(_fields(), refusal)
    endpoint = f"{request.blueprint}.{view.again}"  # type: ignore[attr-defined]
    try:
        response = cast(Response, current_app.view_functions[endpoint](**_taken_by(endpoint, arguments)))
    except Refusal:
        raise refusal from None
    response.status_code = status_of(type(refusal))
    return response


def _taken_by(endpoint: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """Those of a path's arguments that another page's path has too."""
    names = {name for rule in current_app.url_map.iter_rules(endpoint) for name in rule.arguments}
    return {name: value for name, value in arguments.items() if name in names}
