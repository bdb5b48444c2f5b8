"""Forms of pages that have no like in the API."""

from typing import Any

from app.schemas.fields import Choice, Day, Flag, Id, Listed, Secret, Shape, Text, Whole
from app.schemas.people import PasswordBody, ResidentQuery
from app.schemas.redeem import ItemBody, ItemChange
from points.entries import CHANNELS

MAX_KEPT = 400_000  # characters of a form that was kept over a sign-in


class SignInForm(PasswordBody):
    """A password, and with it the form that was kept, if there was one."""

    kept = Secret(most=MAX_KEPT, load_default=None)


class EnterForm(Shape):
    """A code of WeChat's."""

    code = Text(most=128, required=True)
    kept = Secret(most=MAX_KEPT, load_default=None)


class LookForm(Shape):
    """Care mode, and its size in pixels."""

    care = Flag(required=True)
    font = Whole(10, 60, load_default=None)
    back = Text(most=2000, load_default=None)


class OfCommunity(Shape):
    """The things of which community; one's own where none is named."""

    community_code = Text(most=32, load_default=None)


class CardQuery(ResidentQuery):
    """Whose cards; as many as are printed at once."""

    limit = Whole(1, 100, strict=False, load_default=100)


class ChosenForm(Shape):
    """Some people who were ticked in a list."""

    resident_ids = Listed(Id(), least=1, most=100, required=True)


class EntryQuery(Shape):
    """What stays from one deed that is entered to the next, whom it is for, and what is looked for."""

    q = Text(most=100, load_default=None)
    resident_id = Id(load_default=None)
    rule_id = Id(load_default=None)
    channel = Choice(*CHANNELS, load_default="visit")
    occurred_on = Day(load_default=None)


class MemberQuery(Shape):
    """Who, or which household, is looked for."""

    q = Text(most=50, load_default=None)


class PlaceQuery(Shape):
    """Below which division something is to be laid out."""

    parent_code = Text(most=32, required=True)


class ItemForm(ItemBody):
    """Something new to offer, with its picture among `upload_ids` as pictures of forms are."""

    upload_ids = Listed(Id(), most=1, load_default=list)


class ItemChangeForm(ItemChange):
    """What is to be changed of an item; another picture, or none any more."""

    upload_ids = Listed(Id(), most=1, load_default=list)
    no_picture = Flag(load_default=False)


def with_picture(body: dict[str, Any]) -> dict[str, Any]:
    """The body that an item's form stands for: `upload_id` where a picture came with it, or None where it is to go."""
    uploaded, gone = body.pop("upload_ids"), body.pop("no_picture", False)
    return body | ({"upload_id": uploaded[0]} if uploaded else {"upload_id": None} if gone else {})


MAX_LIST = 300_000  # characters of a rule list, which goes from its check to its import inside the page


class RuleListForm(Shape):
    """A list of rules that was checked, as CSV."""

    text = Secret(most=MAX_LIST, required=True)
    community_code = Text(most=32)


class DonorQuery(Shape):
    """Who gives, or who is looked for."""

    q = Text(most=100, load_default=None)
    resident_id = Id(load_default=None)
