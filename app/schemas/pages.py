"""Forms of pages that have no like in the API."""

from app.schemas.fields import Flag, Secret, Shape, Text, Whole
from app.schemas.people import PasswordBody
from app.schemas.redeem import OrderBody

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


class OrderForm(OrderBody):
    """How many pieces of the item whose page it is."""

    class Meta:
        exclude = ("item_id",)
