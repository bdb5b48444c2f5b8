"""Idempotency keys: the same request with the same key gets its first answer again.

The claim is a row inserted in the request's own transaction, and the answer is written into it before the commit. A second
request with the key waits on that row: the first one's commit shows it the answer, its rollback or death frees the key. So no
key can be left locked, and a refused request, being rolled back, is judged afresh.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Mapped, mapped_column

from kernel import clock
from kernel.database import LOCK_NOT_AVAILABLE, Model, execute, first, sqlstate
from kernel.errors import Conflict, Invalid

KEPT = timedelta(hours=48)


class IdempotencyMismatch(Invalid):
    title = "同一个请求编号不能用于不同的内容，请刷新后重新提交"


class IdempotencyInProgress(Conflict):
    title = "上一次提交还在处理，请稍等片刻再试"


class IdempotencyKey(Model):
    """One request of one caller, and its answer. `fingerprint` stands for its method, path and body."""

    __tablename__ = "idempotency_keys"

    caller: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[bytes]
    status: Mapped[int | None]
    body: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(index=True)


@dataclass(frozen=True)
class Answer:
    """The answer a request got: HTTP status and body."""

    status: int
    body: str


_CLAIM = text(
    """
    INSERT INTO idempotency_keys (caller, key, fingerprint, created_at)
    VALUES (:caller, :key, :fingerprint, :now) ON CONFLICT DO NOTHING
    """
)
_FIND = text("SELECT fingerprint, status, body FROM idempotency_keys WHERE caller = :caller AND key = :key")
_FINISH = text("UPDATE idempotency_keys SET status = :status, body = :body WHERE caller = :caller AND key = :key")


def claim(caller: str, key: str, fingerprint: bytes) -> Answer | None:
    """Take the key for the present transaction; None if it is ours, the first answer if it was used before.

    Raises:
        IdempotencyInProgress: the first request with it has not ended within the lock timeout of 2 s.
        IdempotencyMismatch: the first request with it was a different one.
    """
    try:
        claimed = execute(_CLAIM, caller=caller, key=key, fingerprint=fingerprint, now=clock.now()).rowcount == 1
    except OperationalError as error:
        if sqlstate(error) == LOCK_NOT_AVAILABLE:
            raise IdempotencyInProgress() from None
        raise
    if claimed:
        return None
    found = first(_FIND, caller=caller, key=key)
    if found is None:  # forgotten in this very moment: the caller may simply try again
        raise IdempotencyInProgress()
    if found.fingerprint != fingerprint:
        raise IdempotencyMismatch()
    return Answer(found.status, found.body)


def finish(caller: str, key: str, answer: Answer) -> None:
    """Keep the answer with the key, to be committed together with the effect."""
    execute(_FINISH, caller=caller, key=key, status=answer.status, body=answer.body)
