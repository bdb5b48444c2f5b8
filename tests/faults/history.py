"""What callers sent and were told, held against the books: what was acknowledged is there once, the rest once or not at all."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import psycopg

from bench.client import Answer

# In progress, or not to be had just now: neither says whether the first request was done.
OPEN_CODES = ("idempotency_in_progress",)


class Effect(NamedTuple):
    """Something a request leaves in the books: what kind, and of what."""

    kind: str
    of: str


@dataclass
class Sent:
    """One request with its key, and every answer it got; None stands for none. An order's effect is known by its answer only."""

    kind: str
    method: str
    path: str
    token: str
    key: str
    body: Any
    of: str | None
    at: float = field(default_factory=time.monotonic)
    answers: list[Answer | None] = field(default_factory=list)

    @property
    def told(self) -> Answer | None:
        """The answer that says what became of it, None while there is none."""
        return next((answer for answer in self.answers if answer is not None and is_told(answer)), None)

    @property
    def acknowledged(self) -> bool:
        return self.told is not None and self.told.status < 300

    @property
    def effect(self) -> Effect | None:
        """What it must have left; None for an order that is not acknowledged, whose id nobody knows."""
        if self.of is not None:
            return Effect(self.kind, self.of)
        return Effect(self.kind, self.told.json["id"]) if self.acknowledged and self.told is not None else None


def is_told(answer: Answer) -> bool:
    """Whether an answer says what became of the request."""
    if answer.status == 409 and answer.json["code"] in OPEN_CODES:
        return False
    return answer.status < 500 and answer.status != 429


@dataclass(frozen=True)
class Verdict:
    """What the comparison found."""

    acknowledged: int
    lost: list[Effect]
    invented: list[Effect]
    open: int


def compare(sent: Iterable[Sent], books: Counter[Effect]) -> Verdict:
    """Hold a history against what the books gained meanwhile.

    `lost` was acknowledged and is not there; `invented` is there more often than it was asked for, or nobody asked for it,
    or it was refused. A request without an answer may be there once.
    """
    sent = list(sent)
    acknowledged = Counter(request.effect for request in sent if request.acknowledged)
    open_ = [request for request in sent if request.told is None]
    may_be = Counter(request.effect for request in open_ if request.effect)
    nameless = Counter(request.kind for request in open_ if request.effect is None)
    lost = list((acknowledged - books).elements())
    invented = []
    for effect in (books - acknowledged - may_be).elements():
        if nameless[effect.kind] > 0:
            nameless[effect.kind] -= 1
        else:
            invented.append(effect)
    return Verdict(sum(acknowledged.values()), [e for e in lost if e], invented, len(open_))


_BOOKS = """
    SELECT 'checkin', c.resident_id::text FROM checkins c JOIN transfers t ON t.source_id = c.id AND t.kind = 'checkin'
    UNION ALL SELECT 'deed', description FROM deeds
    UNION ALL SELECT 'approve', source_id::text FROM transfers WHERE kind = 'deed'
    UNION ALL SELECT 'order', source_id::text FROM transfers WHERE kind = 'hold'
    UNION ALL SELECT 'cancel', t.source_id::text FROM transfers t JOIN orders o ON o.id = t.source_id AND o.status = 'cancelled'
              WHERE t.kind = 'release'
    UNION ALL SELECT 'scan', s.order_id::text FROM transfers t JOIN scans s ON s.id = t.source_id WHERE t.kind = 'spend'
    UNION ALL SELECT 'reverse', reverses::text FROM transfers WHERE kind = 'reversal'
    UNION ALL SELECT 'restock', reason FROM stock_moves WHERE kind = 'received'
"""


def books(connection: psycopg.Connection[Any]) -> Counter[Effect]:
    """All effects that stand in the books now, each as often as it stands there."""
    return Counter(Effect(kind, of) for kind, of in connection.execute(_BOOKS))
