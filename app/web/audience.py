"""Who may call a route: every view says so, and the app does not start where one does not."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from flask import Flask, request

from app.web import faces
from people import permissions, sessions
from people.actors import Actor, Merchant, Newcomer, Resident, Staff, WrongRole
from people.sessions import NotConfirmed, NotRegistered, SecondFactorRequired, Unauthenticated

View = TypeVar("View", bound=Callable[..., Any])


class AudienceMissing(Exception):
    """A route does not say who may call it."""


@dataclass(frozen=True)
class Audience:
    """Those who may call a route: some kinds of actors, staff with a certain right, or anyone where `kinds` is empty.

    A resident who still waits for the community's confirmation only reads, unless the route is open to him (`unconfirmed`).
    """

    name: str
    kinds: tuple[type, ...] = ()
    right: str | None = None
    unconfirmed: bool = False
    before_enrolment: bool = False  # open to staff who must enrol a second factor and have not

    def __call__(self, view: View) -> View:
        view.audience = self  # type: ignore[attr-defined]
        return view

    def admit(self) -> Actor | None:
        """Who calls, if he may; None where anyone may.

        Raises:
            Unauthenticated: nobody is signed in.
            NotRegistered: he has not joined a community, and the route is for residents.
            WrongRole: the route is not for him.
            NotConfirmed: he would write, and the community has not confirmed him yet.
            SecondFactorRequired: he is staff, and must enrol a second factor first.
        """
        if not self.kinds:
            return None
        actor = _caller()
        if isinstance(actor, Newcomer) and Newcomer not in self.kinds and Resident in self.kinds:
            raise NotRegistered()
        if not isinstance(actor, self.kinds):
            raise WrongRole()
        if isinstance(actor, Staff) and self.right and not permissions.may(actor.role, self.right):
            raise WrongRole()
        if isinstance(actor, Resident) and not actor.confirmed and self.wants_confirmation(request.method):
            raise NotConfirmed()
        if isinstance(actor, Staff) and actor.must_enrol and not self.before_enrolment:
            raise SecondFactorRequired()
        return actor

    def wants_confirmation(self, method: str) -> bool:
        """Whether a resident must be confirmed to call a route by this method of HTTP."""
        return Resident in self.kinds and not self.unconfirmed and method.upper() not in ("GET", "HEAD", "OPTIONS")


anyone = Audience("anyone")
resident = Audience("resident", (Resident,))
resident_even_unconfirmed = Audience("resident", (Resident,), unconfirmed=True)
newcomer = Audience("newcomer", (Newcomer, Resident))
through_wechat = Audience("signed in through WeChat", (Newcomer, Resident), unconfirmed=True)
merchant = Audience("merchant", (Merchant,))
resident_or_staff = Audience("resident or staff", (Resident, Staff), permissions.ENTER)
everyone_signed_in = Audience(
    "everyone signed in", (Newcomer, Resident, Merchant, Staff), unconfirmed=True, before_enrolment=True
)
password_holder = Audience("staff or merchant", (Merchant, Staff))
any_staff = Audience("any staff", (Staff,), before_enrolment=True)


def staff(right: str) -> Audience:
    """Staff whose role has a right."""
    return Audience(f"staff: {right}", (Staff,), right)


def of(app: Flask, endpoint: str) -> Audience:
    """The audience of a route. Raises AudienceMissing."""
    found = getattr(app.view_functions[endpoint], "audience", None)
    if not isinstance(found, Audience):
        raise AudienceMissing(endpoint)
    return found


def check_all(app: Flask) -> None:
    """Raises AudienceMissing where a route does not declare its audience; Flask's own files need none."""
    anyone(app.view_functions["static"])
    for endpoint in app.view_functions:
        of(app, endpoint)


def _caller() -> Actor:
    if faces.of_request():  # a page knows its caller by the cookie alone, the API by the token alone
        return sessions.actor_of_page(faces.session_id())
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Unauthenticated()
    return sessions.actor_of(token.strip())
