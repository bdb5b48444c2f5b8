"""Tickets of the first step of signing in: for five minutes they say that the password of a login was right.

They are for pages, where a one-time password is asked for only of those who need one: the password is not sent back for that.
A ticket alone opens nothing, and it is worthless once the password has changed.
"""

import json
from datetime import UTC, datetime, timedelta

from cryptography.fernet import InvalidToken

from kernel import clock, signing

LIVES = timedelta(minutes=5)


def give(username: str, password_hash: str) -> str:
    """A ticket for a login whose password was right just now."""
    held = {"username": username, "password": _print(password_hash), "at": clock.now().timestamp()}
    return signing.encrypt("sign-in-ticket", json.dumps(held))


def username_of(ticket: str) -> str | None:
    """For which username a ticket is, None where it is forged or too old."""
    held = _opened(ticket)
    return held["username"] if held else None


def good(ticket: str, password_hash: str) -> bool:
    """Whether a ticket still stands for this password."""
    held = _opened(ticket)
    return held is not None and signing.same(held["password"].encode(), _print(password_hash).encode())


def _opened(ticket: str) -> dict[str, str] | None:
    try:
        held: dict[str, str] = json.loads(signing.decrypt("sign-in-ticket", ticket))
    except (InvalidToken, UnicodeError):
        return None
    given_at = datetime.fromtimestamp(float(held["at"]), UTC)
    return held if clock.now() - LIVES < given_at <= clock.now() else None


def _print(password_hash: str) -> str:
    return signing.mac("sign-in-ticket", password_hash).hex()
