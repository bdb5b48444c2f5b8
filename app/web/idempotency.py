"""The Idempotency-Key header, or a form's hidden field: the rules are in `kernel.idempotency`, here requests are told apart."""

import hashlib
import re
from collections.abc import Callable
from typing import Any, TypeVar, cast

from flask import Response, redirect, request

from app.web import faces, forms
from kernel import idempotency
from kernel.errors import ValidationFailed
from people.actors import Actor

View = TypeVar("View", bound=Callable[..., Any])
SEE_OTHER = 303
_KEY = re.compile(r"[^\x00-\x1f\x7f]{1,64}")


def idempotent(view: View) -> View:
    """Have a view honour the Idempotency-Key header, or that of its form."""
    view.idempotent = True  # type: ignore[attr-defined]
    return view


def answer_once(actor: Actor, answer: Callable[[], Response]) -> Response:
    """The answer to this request, or the first one again where the caller used its key before.

    Raises:
        ValidationFailed: the key is empty or longer than 64 characters, or has control characters.
        kernel.idempotency.IdempotencyMismatch, IdempotencyInProgress
    """
    key = request.form.get(forms.KEY) if faces.of_request() else request.headers.get("Idempotency-Key")
    if key is None:
        return answer()
    if not _KEY.fullmatch(key):
        raise ValidationFailed({"Idempotency-Key": ["请求编号应为 1 至 64 个可见的字符"]})
    caller = f"{actor.kind}:{actor.id}"
    before = idempotency.claim(caller, key, _fingerprint())
    if before is not None:
        if before.status == SEE_OTHER:
            return _as_ours(redirect(before.body, SEE_OTHER))
        again = Response(before.body, before.status, mimetype="application/json")
        again.headers["Idempotent-Replayed"] = "true"
        return again
    response = answer()
    body = response.location if response.status_code == SEE_OTHER else None  # a page's answer is where to go on
    idempotency.finish(caller, key, idempotency.Answer(response.status_code, body or response.get_data(as_text=True)))
    return response


def _as_ours(response: Any) -> Response:
    response.headers["Idempotent-Replayed"] = "true"
    return cast(Response, response)


def _fingerprint() -> bytes:
    if faces.of_request():
        return hashlib.sha256(f"{request.method}\n{request.full_path}\n{forms.sent()}".encode()).digest()
    # Where no body is needed, none and {} are the same request.
    body = request.get_data(cache=True).strip() or b"{}"
    return hashlib.sha256(b"\n".join((request.method.encode(), request.full_path.encode(), body))).digest()
