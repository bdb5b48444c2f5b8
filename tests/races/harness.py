"""The harness of the races: callers stand at a barrier, are let go together, and each commits for real.

A race that is won by luck proves nothing, so every race here has a control: the same start with a naive step in place of the
product's, one that looks, decides in Python, and writes. The control must be seen to break what the product keeps.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

import psycopg
from werkzeug.test import TestResponse

from tests.cast import Caller

T = TypeVar("T")
WINDOW_S = 0.05  # how long a naive step dawdles between its look and its write


def race(n: int, work: Callable[[int], T]) -> list[T]:
    """What `work(0)` to `work(n - 1)` gave, all let go at the same moment, each in a thread of its own."""
    barrier = Barrier(n)

    def run(number: int) -> T:
        barrier.wait(timeout=30)
        return work(number)

    with ThreadPoolExecutor(n) as threads:
        return list(threads.map(run, range(n)))


def dawdle() -> None:
    """Widen the window between a naive step's look and its write."""
    time.sleep(WINDOW_S)


def wait_for_a_lock(superuser: psycopg.Connection) -> None:
    """Come back when a request waits for a row that another transaction holds."""
    for _ in range(300):
        if superuser.execute("SELECT FROM pg_stat_activity WHERE usename = 'defen_app' AND wait_event_type = 'Lock'").rowcount:
            return
        time.sleep(0.01)
    raise AssertionError("nobody waits")


def tally(answers: Iterable[TestResponse]) -> Counter[tuple[int, str]]:
    """How often each answer was given: its status, and its code where it was a refusal."""
    return Counter((answer.status_code, answer.json["code"] if answer.status_code >= 400 else "") for answer in answers)


def only(answers: Iterable[TestResponse], status: int) -> TestResponse:
    """The one answer with this status."""
    (found,) = (answer for answer in answers if answer.status_code == status)
    return found


def held(resident: Caller) -> int:
    """The points that a resident's wallet holds."""
    return int(resident.get("/me/wallet").json["held"])
