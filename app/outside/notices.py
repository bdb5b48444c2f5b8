"""Notices: letters of the outbox are posted to a web address of the operator's, who carries them further as he likes.

A letter may come twice, with the same `id` and `Idempotency-Key`. Who receives it knows it is ours by the signature, an
HMAC-SHA256 over the body whose key `flask outbox key` prints.
"""

import hmac
import json
from collections.abc import Callable

import requests
from flask import Flask, current_app

from app.settings import Settings
from kernel import signing
from kernel.outbox import Due, Undelivered

TIMEOUT_S = (3, 5)  # to connect, to read
SIGNATURE = "X-Defen-Signature"
Send = Callable[[Due], None]


def install(app: Flask, settings: Settings) -> None:
    """The operator's address where it is set; without one letters wait."""
    app.extensions["defen-notices"] = Webhook(settings.notices_url).send if settings.notices_url else None


def channel() -> Send | None:
    """How this app sends letters, None where it sends none."""
    send: Send | None = current_app.extensions["defen-notices"]
    return send


def key() -> bytes:
    """The key that letters are signed with, derived from SECRET_KEY."""
    return signing.key("notices")


def signature(body: bytes) -> str:
    """What stands in the header beside this body."""
    return f"sha256={hmac.digest(key(), body, 'sha256').hex()}"


class Webhook:
    """A web address that takes letters as JSON: any answer of 200 to 299 means that it has it."""

    def __init__(self, url: str) -> None:
        self._url = url

    def send(self, letter: Due) -> None:
        """Post one letter. Raises Undelivered."""
        shown = {"id": str(letter.id), "topic": letter.topic, "body": letter.body, "created_at": letter.created_at.isoformat()}
        body = json.dumps(shown, ensure_ascii=False).encode()
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "Idempotency-Key": str(letter.id),
            SIGNATURE: signature(body),
        }
        try:
            # Streamed, because the answer's body does not matter and might never end.
            with requests.post(
                self._url, data=body, headers=headers, timeout=TIMEOUT_S, allow_redirects=False, stream=True
            ) as answer:
                status = answer.status_code
        except requests.RequestException as error:
            raise Undelivered(type(error).__name__) from None
        if not 200 <= status < 300:
            raise Undelivered(f"HTTP {status}")
