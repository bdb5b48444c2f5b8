"""The first page of a resident: the check-in, the balance, the new good deeds."""

from flask import Response

from app.web import audience, pages
from app.web.faces import Pages
from kernel import clock
from kernel.paging import Window
from people.actors import Resident
from points import checkins, feed, registrations

blueprint = Pages("resident", "home", __name__)
NEW_DEEDS = 5
# From which hour on people greet each other how.
GREETINGS = ((5, "早上好"), (11, "中午好"), (13, "下午好"), (18, "晚上好"), (23, "夜深了"))


@blueprint.get("/")
@audience.resident
def show(actor: Resident) -> Response:
    """The big button, what he has, and what others did."""
    return pages.show(
        "resident/home.html",
        greeting=_greeting(),
        me=registrations.me(actor),
        done=checkins.of_day(actor, clock.today()),
        news=feed.of_community(actor, Window(NEW_DEEDS, None)),
    )


def _greeting() -> str:
    hour = clock.now().astimezone(clock.zone()).hour
    return next((said for begins, said in reversed(GREETINGS) if hour >= begins), "夜深了")
