"""A small HTTP client that costs the machine little: one connection, kept open."""

import http.client
import json
from dataclasses import dataclass, field
from typing import Any


class NoAnswer(Exception):
    """The connection was refused, cut, or nothing came in time: whether the request was done is not known."""


@dataclass
class Answer:
    """What came back."""

    status: int
    raw: bytes
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def json(self) -> Any:
        return json.loads(self.raw)


class Client:
    """One connection to 127.0.0.1, opened when first needed and again after it broke."""

    def __init__(self, port: int, timeout_s: float = 20) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout_s)

    def connect(self) -> None:
        """Open the connection before it is needed."""
        self._connection.connect()

    def call(self, method: str, path: str, token: str, *, key: str | None = None, body: Any = None) -> Answer:
        """One request of the API. Raises NoAnswer."""
        headers = {"Authorization": f"Bearer {token}"}
        if key:
            headers["Idempotency-Key"] = key
        if body is not None:
            headers["Content-Type"] = "application/json"
        try:
            self._connection.request(method, f"/api/v1{path}", None if body is None else json.dumps(body), headers)
            response = self._connection.getresponse()
            raw = response.read()
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            raise NoAnswer(repr(error)) from None
        return Answer(response.status, raw, {name.lower(): value for name, value in response.getheaders()})

    def close(self) -> None:
        """Let the connection go."""
        self._connection.close()
