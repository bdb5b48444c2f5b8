"""An operator's address for notices, asked over real HTTP: it takes letters, remembers them, and can be ill.

with NoticesServer() as notices:
    send = Webhook(notices.url).send
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Received:
    """One request: its body as bytes and as JSON, and its headers."""

    raw: bytes
    letter: dict[str, Any]
    headers: dict[str, str]


class NoticesServer:
    """Answers each request as `answers` says, in this order, and then with "ok".

    "ok" (204), a status such as "503", "redirect", "silent" (no answer until the server ends), "hang up" (reads, then closes).
    """

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)
        self.received: list[Received] = []
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True

    @property
    def url(self) -> str:
        """The address for NOTICES_URL."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/defen?from=tests"

    def ids(self) -> list[str]:
        """The ids of the letters received, in order."""
        return [received.letter["id"] for received in self.received]

    def __enter__(self) -> NoticesServer:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self) -> None:
        """Listen no more."""
        self._ended.set()
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        notices = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers["Content-Length"]))
                with notices._lock:
                    notices.received.append(Received(raw, json.loads(raw), dict(self.headers)))
                    answer = notices.answers.pop(0) if notices.answers else "ok"
                match answer:
                    case "silent":
                        notices._ended.wait(30)
                    case "hang up":
                        self.close_connection = True
                    case "redirect":
                        self._send(302, Location=notices.url)
                    case "ok":
                        self._send(204)
                    case status:
                        self._send(int(status))

            def log_message(self, *_: object) -> None:
                """The tests' output stays their own."""

            def _send(self, status: int, **headers: str) -> None:
                self.send_response(status)
                for name, value in {"Content-Length": "0", **headers}.items():
                    self.send_header(name, value)
                self.end_headers()

        return Handler
