"""Ids: UUIDv7, so that they sort by the time they were made."""

from uuid import UUID

import uuid_utils.compat

from kernel.errors import NotFound


def new() -> UUID:
    """A new id, greater than every id this process made before."""
    return uuid_utils.compat.uuid7()


def parse(text: str) -> UUID:
    """The id that `text` spells.

    Raises:
        NotFound: it spells none, and so names nothing.
    """
    try:
        return UUID(text)
    except ValueError:
        raise NotFound() from None
