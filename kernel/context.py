"""Who is behind the present request: set by the edge, read by the audit log and the logs."""

from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True)
class Request:
    """The request that is being answered: its id and the address it came from."""

    id: str
    address: str


request: ContextVar[Request | None] = ContextVar("request", default=None)
