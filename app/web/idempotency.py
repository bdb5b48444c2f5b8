"""The Idempotency-Key header: the rules are in `kernel.idempotency`, here a request is told apart from another."""

import hashlib
import re
from collections.abc import Callable
from typing import Any, TypeVar

from flask import Response, request

from kernel import idempotency
from kernel.errors import ValidationFailed
from people.actors import Actor

View = TypeVar("View", bound=Callable[..., Any])
_KEY = re.compile(r"[^\x00-\x1f\x7f]{1,64}")


def idempotent(view: View) -> View:
    """Have a view honour the Idempotency-Key header."""
    view.idempotent = True  # type: ignore[attr-defined]
    return view


def answer_once(actor: Actor, answer: Callable[[], Response]) -> Response:
    """The answer to this request, or the first one again where the caller used its key before.

    Raises:
        ValidationFailed: the key is empty or longer than 64 characters, or has control characters.
        kernel.idempotency.IdempotencyMismatch, IdempotencyInProgress
    """
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return answer()
    if not _KEY.fullmatch(key):
        raise ValidationFailed({"Idempotency-Key": ["请求编号应为 1 至 64 个可见的字符"]})
    caller = f"{actor.kind}:{actor.id}"
    before = idempotency.claim(caller, key, _fingerprint())
    if before is not None:
        again = Response(before.body, before.status, mimetype="application/json")
        again.headers["Idempotent-Replayed"] = "true"
        return again
    response = answer()
    idempotency.finish(caller, key, idempotency.Answer(response.status_code, response.get_data(as_text=True)))
    return response


def _fingerprint() -> bytes:
    # Where no body is needed, none and {} are the same request.
    body = request.get_data(cache=True).strip() or b"{}"
    return hashlib.sha256(b"\n".join((request.method.encode(), request.full_path.encode(), body))).digest()
