"""`make bench`: scan, order, check-in and a route that does nothing, measured in turn in one run, as a table and as JSON."""

import argparse
import json
import os
import platform
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count, cycle
from pathlib import Path
from urllib.request import urlopen
from uuid import uuid4

import psutil
from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import text

from app import create_app, embedded
from app.settings import ROOT, Settings
from bench import town
from bench.measure import Call, Measured, Processes, measure
from bench.town import Town
from kernel import codes
from kernel.database import db, transaction
from redeem.orders import CODE_PURPOSE
from reports import books

FIGURES = ("per_s", "p50_ms", "p99_ms", "app_cpu_ms", "database_cpu_ms")
HEADER = ("job", "clients", "requests/s", "p50 ms", "p99 ms", "app CPU ms", "database CPU ms")
WARM_UP = 40
Jobs = dict[str, Callable[[int], list[Call]]]


def main() -> None:
    """Set up, measure, print, clear away."""
    options = _options()
    needed = len(options.clients) * options.rounds * options.requests + WARM_UP + options.buyers
    if needed > options.residents:
        sys.exit(f"each check-in needs a resident of its own: {needed} with these options, so --residents {needed} at least")
    folder = Path(tempfile.mkdtemp(prefix="defen-bench-", dir="/tmp"))
    folder.chmod(0o755)  # as root PostgreSQL runs as another user, who must get through
    try:
        _run(options, folder)
    finally:
        embedded.stop(folder)
        shutil.rmtree(folder, ignore_errors=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--residents", type=int, default=8000, help="of the town; each checks in once")
    parser.add_argument("--buyers", type=int, default=100, help="residents with points to spend")
    parser.add_argument("--tills", type=int, default=20, help="merchants, each with one till")
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 8, 16], help="connections at once")
    parser.add_argument("--rounds", type=int, default=5, help="each figure is the median of so many")
    parser.add_argument("--requests", type=int, default=400, help="of one job in one round")
    parser.add_argument("--workers", type=int, default=2, help="gunicorn's")
    parser.add_argument("--json", type=Path, help="a file for the figures; printed where none is named")
    return parser.parse_args()


def _run(options: argparse.Namespace, folder: Path) -> None:
    environ = _environ(folder, options.workers)
    app = create_app(Settings.from_environ(environ))
    with app.app_context():
        upgrade()
    began = time.monotonic()
    people = town.build(app, residents=options.residents, buyers=options.buyers, tills=options.tills)
    print(f"{options.residents} residents, {options.tills} shops in {time.monotonic() - began:.1f} s", file=sys.stderr)
    with _served(environ, folder) as gunicorn:
        postmaster = int((folder / "postgres" / "postmaster.pid").read_text().split()[0])
        processes = Processes(gunicorn, psutil.Process(postmaster))
        rounds = _measure_all(options, processes, int(environ["BIND"].rpartition(":")[2]), _jobs(app, people))
    with app.app_context(), transaction():
        wrong = [finding.invariant for finding in books.findings()]
        assert not wrong, f"the books are not in order after this: {wrong}"
        version = db.session.scalar(text("SHOW server_version"))
    table = [
        {"job": job, "clients": clients} | {name: statistics.median(getattr(m, name) for m in measured) for name in FIGURES}
        for (job, clients), measured in rounds.items()
    ]
    _print(table)
    about = {"python": platform.python_version(), "postgresql": version, "processors": os.cpu_count()}
    options_used = {name: value for name, value in vars(options).items() if name != "json"}
    figures = json.dumps({"about": about, "options": options_used, "figures": table}, indent=1)
    if options.json:
        options.json.write_text(figures + "\n", encoding="utf-8")
    else:
        print(figures)


def _environ(folder: Path, workers: int) -> dict[str, str]:
    """The settings as in production, with an address of a database, which happens to be the embedded one."""
    app_url, owner_url = embedded.start_embedded(folder)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    return {
        "DEFEN_ENV": "production",
        "DATABASE_URL": app_url,
        "DATABASE_OWNER_URL": owner_url,
        "DATA_DIR": str(folder),
        "BIND": f"127.0.0.1:{port}",
        "SECRET_KEY": uuid4().hex,
        "WECHAT_APP_ID": "wx-bench",
        "WECHAT_APP_SECRET": "never asked",
        "WEB_CONCURRENCY": str(workers),
    }


@contextmanager
def _served(environ: dict[str, str], folder: Path) -> Iterator[psutil.Process]:
    """gunicorn with the product and the route that does nothing, its log in a file as in production."""
    with (folder / "log").open("wb") as log:
        command = [sys.executable, "-m", "gunicorn", "bench.wsgi:app"]
        gunicorn = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **environ}, stdout=log, stderr=log)
    try:
        for _ in range(600):
            assert gunicorn.poll() is None, (folder / "log").read_text()
            try:
                urlopen(f"http://{environ['BIND']}/readyz", timeout=5).close()
                break
            except OSError:
                time.sleep(0.05)
        yield psutil.Process(gunicorn.pid)
    except AssertionError:
        sys.stderr.writelines(line for line in (folder / "log").open() if '"trace"' in line)
        raise
    finally:
        gunicorn.terminate()
        gunicorn.wait(20)


def _measure_all(
    options: argparse.Namespace, processes: Processes, port: int, jobs: Jobs
) -> dict[tuple[str, int], list[Measured]]:
    """All jobs at all numbers of clients, round by round, so that a slow minute of the machine falls on all of them."""
    for make in jobs.values():
        measure(processes, port, 8, make(WARM_UP))
    found: dict[tuple[str, int], list[Measured]] = {(job, clients): [] for job in jobs for clients in options.clients}
    for round_ in range(options.rounds):
        for clients in options.clients:
            for job, make in jobs.items():
                found[job, clients].append(measure(processes, port, clients, make(options.requests)))
        print(f"round {round_ + 1} of {options.rounds}", file=sys.stderr)
    return found


def _jobs(app: Flask, people: Town) -> Jobs:
    """What is measured, each as a function that makes so many calls. The scans are of the orders that were placed before them."""
    early = iter(people.residents[len(people.buyers) :])
    buyers, tills, turn = cycle(people.buyers), cycle(people.tills), count()
    token_of = {till.merchant_id: till.token for till in people.tills}

    def noop(number: int) -> list[Call]:
        return [Call("/bench/noop", next(tills).token, _key(turn)) for _ in range(number)]

    def checkin(number: int) -> list[Call]:
        return [Call("/checkins", next(early).token, _key(turn)) for _ in range(number)]

    def order(number: int) -> list[Call]:
        bodies = [{"item_id": next(tills).goods_id, "quantity": 1} for _ in range(number)]
        return [Call("/orders", next(buyers).token, _key(turn), body) for body in bodies]

    def scan(number: int) -> list[Call]:
        with app.app_context(), transaction():
            waiting = db.session.execute(
                text("SELECT number, merchant_id FROM orders WHERE status = 'reserved' ORDER BY id LIMIT :number"),
                {"number": number},
            ).all()
        assert len(waiting) == number
        codes_ = [(codes.ahead(CODE_PURPOSE, row.number)[0].token, token_of[str(row.merchant_id)]) for row in waiting]
        return [Call("/merchant/scans", till, _key(turn), {"token": code}) for code, till in codes_]

    return {"noop": noop, "checkin": checkin, "order": order, "scan": scan}


def _key(turn: Iterator[int]) -> str:
    return f"bench-{next(turn)}"


def _print(table: list[dict[str, object]]) -> None:
    print("| " + " | ".join(HEADER) + " |\n" + "|---" * len(HEADER) + "|")
    for row in table:
        figures = [f"{row[name]:.{0 if name == 'per_s' else 1}f}" for name in FIGURES]
        print("| " + " | ".join([str(row["job"]), str(row["clients"]), *figures]) + " |")


if __name__ == "__main__":
    main()
