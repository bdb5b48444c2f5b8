"""Counting requests in memory is exact however many threads count, and forgets what is over."""

import threading
import time
from collections.abc import Callable
from unittest.mock import patch

from limits import parse
from limits.strategies import FixedWindowRateLimiter

from app.web import counting
from app.web.counting import CountsInMemory

THREADS, EACH = 8, 200


class WithoutTurns(CountsInMemory):
    """The control: reads, lets others by, writes back what it read."""

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        count = self.get(key)
        time.sleep(0)
        self._counters[key] = count + amount, time.time() + expiry
        return count + amount


def together(work: Callable[[], None]) -> None:
    start = threading.Barrier(THREADS)

    def run() -> None:
        start.wait()
        for _ in range(EACH):
            work()

    threads = [threading.Thread(target=run) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def counted(storage: CountsInMemory) -> int:
    together(lambda: storage.incr("somebody", 60) and None)
    return storage.get("somebody")


def test_no_count_is_lost_among_threads() -> None:
    assert counted(CountsInMemory()) == THREADS * EACH


def test_control_without_taking_turns_counts_are_lost() -> None:
    assert counted(WithoutTurns()) < THREADS * EACH


def test_a_limit_holds_within_its_window_and_ends_with_it() -> None:
    limiter, twice = FixedWindowRateLimiter(CountsInMemory()), parse("2/second")
    now = time.time()
    with patch("time.time", lambda: now):
        assert [limiter.hit(twice, "somebody") for _ in range(3)] == [True, True, False]
        assert limiter.hit(twice, "somebody else")
        assert limiter.get_window_stats(twice, "somebody").reset_time == now + 1
    with patch("time.time", lambda: now + 1):
        assert limiter.hit(twice, "somebody")


def test_old_windows_are_forgotten_and_memory_stays_bounded() -> None:
    storage, now = CountsInMemory(), time.time()
    with patch.object(counting, "FORGET_ABOVE", 100):
        for number in range(1000):
            with patch("time.time", lambda moment=now + number: moment):
                storage.incr(f"address-{number}", 10)
    assert len(storage._counters) <= 101
