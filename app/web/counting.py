"""Where requests are counted in memory.

The library's own storage in memory starts a timer thread as it counts, which costs more than the counting, and two threads at
once may start the same timer and fail. This one forgets old windows while it counts.
"""

import threading
import time

from limits.storage import Storage

FORGET_ABOVE = 10_000  # counters


class CountsInMemory(Storage):
    """Counters with an end, each within one process; any number of threads may count at once."""

    STORAGE_SCHEME = None

    def __init__(self) -> None:
        super().__init__()
        self._counters: dict[str, tuple[int, float]] = {}  # count, end of its window
        self._turn = threading.Lock()

    @property
    def base_exceptions(self) -> type[Exception]:
        return ValueError  # none are expected

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count; the count in the present window, which began with its first and ends `expiry` seconds later."""
        now = time.time()
        with self._turn:
            if len(self._counters) > FORGET_ABOVE:
                self._counters = {key: counter for key, counter in self._counters.items() if counter[1] > now}
            count, end = self._counters.get(key, (0, 0.0))
            if end <= now:
                count, end = 0, now + expiry
            self._counters[key] = count + amount, end
            return count + amount

    def get(self, key: str) -> int:
        """The count in the present window."""
        count, end = self._counters.get(key, (0, 0.0))
        return count if end > time.time() else 0

    def get_expiry(self, key: str) -> float:
        """When the present window ends."""
        return self._counters.get(key, (0, time.time()))[1]

    def check(self) -> bool:
        """Memory is always there."""
        return True

    def reset(self) -> int | None:
        """Forget all counts."""
        with self._turn:
            forgotten = len(self._counters)
            self._counters.clear()
        return forgotten

    def clear(self, key: str) -> None:
        """Forget one count."""
        with self._turn:
            self._counters.pop(key, None)
