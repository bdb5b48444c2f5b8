"""What a batch of requests took: sent by so many clients at once, timed from outside, with the processor time of both sides."""

import os
import statistics
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from bench.client import Client

TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Call:
    """One request to send: a POST by whoever holds the token, with a key of its own."""

    path: str
    token: str
    key: str
    body: Any = None


@dataclass(frozen=True)
class Measured:
    """One batch: requests/s, times in ms, processor time in ms a request; and the answers, in the order of the calls."""

    per_s: float
    p50_ms: float
    p99_ms: float
    app_cpu_ms: float
    database_cpu_ms: float
    answers: list[Any]


@dataclass(frozen=True)
class Processes:
    """The two sides of which the processor time is taken: gunicorn's master, PostgreSQL's postmaster, each with its children."""

    gunicorn: psutil.Process
    postmaster: psutil.Process

    def cpu_s(self) -> tuple[float, float]:
        """Processor seconds used so far by the app and by the database."""
        return _cpu_s(self.gunicorn), _cpu_s(self.postmaster)


def measure(processes: Processes, port: int, clients: int, calls: list[Call]) -> Measured:
    """Send all calls, shared out among the clients, as fast as they are answered.

    Raises:
        AssertionError: an answer is no 2xx.
    """
    times: list[float] = [0.0] * len(calls)
    answers: list[Any] = [None] * len(calls)
    ready = threading.Barrier(clients + 1)
    threads = [
        threading.Thread(target=_send, args=(port, range(first, len(calls), clients), calls, times, answers, ready))
        for first in range(clients)
    ]
    for thread in threads:
        thread.start()
    before = processes.cpu_s()
    ready.wait()
    began = time.perf_counter()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - began
    app, database = (after - since for after, since in zip(processes.cpu_s(), before, strict=True))
    wrong = [answer for answer in answers if not (answer and answer.status < 300)]
    assert not wrong, f"{calls[0].path}: {len(wrong)} of {len(calls)} failed, such as {wrong[0]}"
    return Measured(
        per_s=len(calls) / took,
        p50_ms=statistics.median(times) * 1000,
        p99_ms=sorted(times)[max(0, -(-len(times) * 99 // 100) - 1)] * 1000,
        app_cpu_ms=app / len(calls) * 1000,
        database_cpu_ms=database / len(calls) * 1000,
        answers=answers,
    )


def _send(port: int, mine: range, calls: list[Call], times: list[float], answers: list[Any], ready: threading.Barrier) -> None:
    client = Client(port)
    client.connect()
    ready.wait()
    for place in mine:
        call = calls[place]
        began = time.perf_counter()
        answers[place] = client.call("POST", call.path, call.token, key=call.key, body=call.body)
        times[place] = time.perf_counter() - began
    client.close()


def _cpu_s(parent: psutil.Process) -> float:
    # A child that ended is in its parent's time of children, so nothing is counted twice or lost.
    own = _ticks(parent.pid, 4)
    return (own + sum(_ticks(child.pid, 2) for child in parent.children(recursive=True))) / TICKS


def _ticks(pid: int, fields: int) -> int:
    """The first `fields` of: user, system, children's user, children's system time, from /proc/<pid>/stat."""
    stat = Path(f"/proc/{pid}/stat").read_text()
    return sum(int(field) for field in stat.rpartition(")")[2].split()[11 : 11 + fields])
