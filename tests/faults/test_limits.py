"""Counting requests in memory holds when many threads count at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest
from flask import Flask
from limits import parse
from limits.storage import memory, storage_from_string
from limits.strategies import FixedWindowRateLimiter

from app.web import limits

MANY = parse("1000000/minute")
THREADS = 8


@pytest.fixture(autouse=True)
def slow_timer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Widen the window between making a timer and starting it, in which another thread puts its own in the same place."""

    def put(storage: memory.MemoryStorage, timer: threading.Timer) -> None:
        storage.__dict__["timer"] = timer
        time.sleep(0.01)

    monkeypatch.setattr(memory.MemoryStorage, "timer", property(lambda storage: storage.__dict__["timer"], put), raising=False)


def test_many_threads_may_count_at_once() -> None:
    app = Flask("counting")
    limits.install(app, "memory://")

    def count() -> None:
        with app.app_context():
            limits._hit(MANY, "somebody")

    assert _errors_of(count) == []
    limiter: FixedWindowRateLimiter = app.extensions["defen-limiter"]
    assert limiter.get_window_stats(MANY, "somebody").remaining == MANY.amount - THREADS


@pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnhandledThreadExceptionWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)
def test_control_without_taking_turns_the_library_itself_breaks() -> None:
    limiter = FixedWindowRateLimiter(storage_from_string("memory://"))
    time.sleep(0.1)  # until its first timer has run out
    assert "RuntimeError" in _errors_of(lambda: limiter.hit(MANY, "somebody"))


def _errors_of(work: Callable[[], object]) -> list[str]:
    errors: list[str] = []
    together = threading.Barrier(THREADS)

    def run() -> None:
        together.wait()
        try:
            work()
        except Exception as error:
            errors.append(type(error).__name__)

    threads = [threading.Thread(target=run) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return errors
