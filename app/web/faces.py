"""The faces of the product that people look at: whose pages a request is for, and whose browser it comes from."""

from typing import Any
from uuid import UUID

from flask import Blueprint, current_app, request, session

from kernel import ids
from people.sessions import Unauthenticated

SESSION = "session_id"
# What stays when somebody signs in or out, as it belongs to the browser and not to him.
OF_THE_BROWSER = ("care", "font")


class Pages(Blueprint):
    """The pages of one noun of a face: "resident", "merchant", "staff", or "open" for those that belong to none."""

    def __init__(self, face: str, noun: str, import_name: str, **kwargs: Any) -> None:
        super().__init__(f"{face}_{noun}", import_name, **kwargs)
        self.face = face


def of_request() -> str | None:
    """The face that the present request is for; None for the API and for files."""
    blueprint = current_app.blueprints.get(request.blueprint or "")
    return blueprint.face if isinstance(blueprint, Pages) else None


def session_id() -> UUID:
    """The session that the browser's cookie names. Raises Unauthenticated where it names none."""
    named = session.get(SESSION)
    if named is None:
        raise Unauthenticated()
    return ids.parse(named)


def begin(session_id: UUID) -> None:
    """Sign this browser in: what the cookie held before is gone."""
    forget()
    session[SESSION] = str(session_id)
    session.permanent = True


def forget() -> None:
    """Sign this browser out."""
    kept = {name: session[name] for name in OF_THE_BROWSER if name in session}
    session.clear()
    session.update(kept)
    session.permanent = bool(kept)
