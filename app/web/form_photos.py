"""Photos of forms. Where scripts run they were sent before, and the form names them; where none run they come with the form.

Those that come with a form are stored in a transaction of their own, before the view's: if the form is refused they are not lost,
as the form that is shown again names them. Nobody is bothered by one that is never used: after two days it is swept.
"""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar
from uuid import UUID

from flask import g, request
from werkzeug.datastructures import FileStorage, MultiDict

from app.web import forms, limits
from app.web.audience import Audience
from app.web.unit_of_work import takes_up_to
from kernel import uploads
from kernel.database import transaction
from kernel.errors import ValidationFailed
from kernel.uploads import NotAnImage, TooLarge, Upload
from people.actors import Actor
from points.deeds import MAX_PHOTOS

IDS = "upload_ids"
MAX_BYTES = 40 * 1024 * 1024  # of a form with its photos: nine of an ordinary phone's; a worker holds them in memory
MAX_PARTS = 60  # of a form: the ids of photos sent before, those that come with it, and what else it says
View = TypeVar("View", bound=Callable[..., Any])


def with_photos(view: View) -> View:
    """Have a view take a form with photos; its schema finds them among `upload_ids`, however they came."""
    view.ahead = store_ahead  # type: ignore[attr-defined]
    view.max_form_parts = MAX_PARTS  # type: ignore[attr-defined]
    return takes_up_to(MAX_BYTES)(view)


def store_ahead(audience: Audience) -> None:
    """Store the photos that came with the form that was sent, for whoever the view admits.

    Raises:
        ValidationFailed: a file is no photo or too large, or there are too many; the others are stored all the same.
        FormExpired, TooManyRequests, or what `audience.admit` raises.
    """
    files = [file for file in request.files.getlist(forms.PHOTOS) if file.filename]
    if not files:
        return
    forms.check_token()
    with transaction():
        actor = audience.admit()
    assert actor is not None
    limits.check(actor)
    g.fields = MultiDict(request.form)
    room = MAX_PHOTOS - len(g.fields.getlist(IDS))
    wrong = [f"最多 {MAX_PHOTOS} 张照片，多出的没有收下"] if len(files) > room else []
    wrong += [said for file in files[: max(room, 0)] if (said := _store(actor, file))]
    if wrong:
        raise ValidationFailed({forms.PHOTOS: wrong})


def shown(actor: Actor, before: Iterable[Upload] = ()) -> list[Upload]:
    """The photos that a form shows: those it held when it was refused, else those that were there `before`.

    What it names must be the actor's own, or have been there: he is shown nobody else's.
    """
    there = {photo.id: photo for photo in before}
    form = g.get("form")
    if form is None:
        return list(there.values())
    ids = [upload_id for text in form.values(IDS) if (upload_id := _id(text))]
    own = {photo.id: photo for photo in uploads.among(actor.id, ids)}
    return [photo for upload_id in dict.fromkeys(ids) if (photo := own.get(upload_id) or there.get(upload_id))]


def _store(actor: Actor, file: FileStorage) -> str | None:
    """What is wrong with a file, None where it was stored."""
    try:
        with transaction():
            g.fields.add(IDS, str(uploads.store(actor.id, file.stream).id))  # type: ignore[arg-type]
    except (NotAnImage, TooLarge) as refusal:
        return f"“{file.filename}”没有收下：{refusal.title}"
    return None


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
