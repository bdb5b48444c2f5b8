"""Ids: UUIDv7, so that they sort by the time they were made."""

from uuid import UUID

import uuid_utils.compat

NOWHERE = UUID(int=0)


def new() -> UUID:
    """A new id, greater than every id this process made before."""
    return uuid_utils.compat.uuid7()


def parse(text: str) -> UUID:
    """The id that `text` spells; text that spells none gets an id that names nothing, and so the answer of such an id."""
    try:
        return UUID(text)
    except ValueError:
        return NOWHERE
