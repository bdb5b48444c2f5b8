"""Shapes: sign-in, registration, the resident himself, merchants, the organisation tree."""

from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema
from webargs.fields import DelimitedList

from app.schemas.fields import Birthday, Choice, Flag, Id, Moment, Secret, Shape, Text, require_one
from app.schemas.lists import ListQuery
from people.permissions import ROLES

DIVISION = {"code": "500104101009", "name": "融城社区", "level": "community", "path": "大渡口区/八桥镇/融城社区"}
PRIVACY = {"version": "2026-11", "title": "德分隐私政策", "url": "/privacy"}
TOKENS = {"access_token": "AZ3v…", "refresh_token": "k0q…", "expires_in": 1800, "role": "resident", "registered": True}
STAFF_TOKENS = {**TOKENS, "role": "staff", "registered": None}
REGISTRATION = {"name": "李秀英", "phone": "13800000001", "community_code": "500104101009", "consent_version": "2026-11"}
ME = {
    "id": "019dd1c0-7a10-7cc3-98c4-dc0c0c07398f",
    "name": "李秀英",
    "name_shown": "masked",
    "phone_masked": "138****0001",
    "community": {"code": "500104101009", "name": "融城社区"},
    "household": None,
    "wallet": {"balance": 128, "held": 30},
    "streak": 12,
    "unread": 2,
    "confirmed": True,
}
SIGN_IN_CODE = {"code": "0412345678", "expires_at": "2026-11-21T08:05:00+08:00"}
PLACE = {"code": "50010410100901001", "name": "3 栋", "level": "building", "path": "大渡口区/八桥镇/融城社区/第一网格/3 栋"}
RESIDENT_BODY = {"name": "王大福", "phone": "13800000010", "address": "融城路 8 号", "place_code": "50010410100901001"}
RESIDENT = {
    "id": "019dd1c0-7a10-7cc3-98c4-dc0c0c07398f",
    "name": "王大福",
    "phone": None,
    "phone_masked": "138****0010",
    "address": "融城路 8 号",
    "born_on": "1950-03-12",
    "community": {"code": "500104101009", "name": "融城社区"},
    "place": PLACE,
    "household": None,
    "card_number": "00000012",
    "linked": False,
    "confirmed": True,
    "created_at": "2026-11-21T08:00:00+08:00",
}
RESIDENT_LOOKED_AT = {**RESIDENT, "phone": "13800000010"}
CARD = {
    "id": "019dd1c0-7a10-7cc3-98c4-dc0c0c073990",
    "resident_id": "019dd1c0-7a10-7cc3-98c4-dc0c0c07398f",
    "number": "00000012",
    "token": "880000001212345678",
    "issued_at": "2026-11-21T08:00:00+08:00",
}
MERCHANT = {
    "id": "019dd1c0-7a10-7cc3-98c4-dc0c0c073991",
    "name": "老周理发店",
    "address": "融城路 12 号",
    "community_code": "500104101009",
    "active": True,
}

ACCOUNT = {
    "id": "019dd1c0-7a10-7cc3-98c4-dc0c0c0739b2",
    "username": "xiaolin",
    "name": "小林",
    "role": "reviewer",
    "scope_code": "500104101009",
    "resident_id": None,
    "active": True,
    "second_factor": False,
    "created_at": "2026-11-20T09:12:00+08:00",
}
ROLE = {"role": "reviewer", "rights": ["enter_on_behalf", "review", "see"], "masked": False}
ENROLMENT = {"secret": "JBSWY3DPEHPK3PXP…", "uri": "otpauth://totp/德分:xiaolin?secret=JBSWY3DPEHPK3PXP…&issuer=德分"}
RECOVERY = {"recovery_codes": ["3f9a1-07c2e", "b81d4-9e05a"]}

PROSPECT = {"points": 158, "points_stay": False, "open_orders": 1, "waiting_deeds": 2}
DEPARTURE = {"left_at": "2026-11-21T10:00:00+08:00", "points_expired": 158, "orders_cancelled": 1, "deeds_withdrawn": 2}
PERSONAL_DATA = {
    "exported_at": "2026-11-21T10:00:00+08:00",
    "resident": [{"id": ME["id"], "name": "李秀英", "phone": "13800000001"}],
    "consents": [{"version": "2026-11", "given_at": "2026-11-20T09:12:00+08:00"}],
}


class DivisionQuery(ListQuery):
    """Which part of the tree: the children of a division, or all below it whose name holds a text."""

    parent = Text(most=32, load_default=None)
    q = Text(most=50, load_default=None)


class DivisionShape(Shape):
    """A node of the organisation tree."""

    code = fields.String()
    name = fields.String(attribute="shown_name")
    level = fields.String()
    path = fields.String()


class PrivacyShape(Shape):
    """The current privacy statement."""

    version = fields.String()
    title = fields.String()
    url = fields.String()


class WeChatBody(Shape):
    """The code that wx.login gave."""

    code = Text(most=512, required=True)


class PasswordBody(Shape):
    """A username and a password; `otp` for accounts with a second factor."""

    username = Text(most=64, required=True)
    password = Secret(most=256, required=True)
    otp = Text(most=16)


class RefreshBody(Shape):
    """A refresh token that was not used yet."""

    refresh_token = Secret(most=512, required=True)


class TokensShape(Shape):
    """What a sign-in gives; `registered` says whether a resident has joined a community, and is null for all others."""

    access_token = fields.String()
    refresh_token = fields.String()
    expires_in = fields.Integer(metadata={"description": "seconds"})
    role = fields.String()
    registered = fields.Boolean(allow_none=True)


class RegistrationBody(Shape):
    """What a newcomer says of himself: `phone` as typed, or `phone_code` from WeChat."""

    name = Text(most=30, required=True)
    phone = Text(most=20)
    phone_code = Text(most=512)
    community_code = Text(most=32, required=True)
    consent_version = Text(most=32, required=True)
    address = Text(most=100)

    @validates_schema
    def one_phone(self, data: dict[str, Any], **_: Any) -> None:
        require_one(data, "phone", "phone_code")


class CommunityShape(Shape):
    """A community by code and name."""

    code = fields.String()
    name = fields.String()


class BalanceShape(Shape):
    """Points that can be spent now, and points held for orders."""

    balance = fields.Integer()
    held = fields.Integer()


class MeShape(Shape):
    """The resident himself."""

    id = fields.UUID()
    name = fields.String()
    name_shown = fields.String()
    phone_masked = fields.String(allow_none=True)
    community = fields.Nested(CommunityShape)
    household = fields.Dict(allow_none=True)
    wallet = fields.Nested(BalanceShape)
    streak = fields.Integer()
    unread = fields.Integer()
    confirmed = fields.Boolean()


class SignInCodeShape(Shape):
    """Ten digits by which one more browser is signed in: at `/enter/app?code=…`, or by hand at `/enter`."""

    code = fields.String()
    expires_at = Moment(metadata={"type": "string", "format": "date-time"})


class MeChange(Shape):
    """What a resident changes of himself."""

    name_shown = Choice("masked", "full", "hidden")
    address = Text(most=100, allow_none=True)


class ResidentQuery(ListQuery):
    """Whom staff look for: a name, pinyin, initials, a phone number or its last four digits, an address, a building, a card."""

    q = Text(most=100, load_default=None)
    place_code = Text(most=32, load_default=None)
    household_id = Id(load_default=None)
    confirmed = Flag(strict=False, load_default=None)


class ResidentBody(Shape):
    """A person whom staff enter; where no place is named it is the staff's own."""

    name = Text(most=30, required=True)
    phone = Text(most=20)
    community_code = Text(most=32)
    address = Text(most=100)
    place_code = Text(most=32)
    born_on = Birthday()
    household_id = Id()


class ResidentChange(Shape):
    """What is to be changed of a resident."""

    name = Text(most=30)
    phone = Text(most=20, allow_none=True)
    address = Text(most=100, allow_none=True)
    place_code = Text(most=32)
    born_on = Birthday(allow_none=True)


class PlaceShape(Shape):
    """The smallest part of the tree to which somebody is assigned."""

    code = fields.String()
    name = fields.String()
    level = fields.String()
    path = fields.String()


class HouseholdNameShape(Shape):
    """A household by name."""

    id = fields.UUID()
    name = fields.String()


class ResidentShape(Shape):
    """A resident as staff see him; `phone` only in a look at one person, and never for those who see people masked."""

    id = fields.UUID()
    name = fields.String()
    phone = fields.String(allow_none=True)
    phone_masked = fields.String(allow_none=True)
    address = fields.String(allow_none=True)
    born_on = fields.Date(allow_none=True)
    community = fields.Nested(CommunityShape)
    place = fields.Nested(PlaceShape)
    household = fields.Nested(HouseholdNameShape, allow_none=True)
    card_number = fields.String(allow_none=True)
    linked = fields.Boolean(metadata={"description": "whether he signs in through WeChat"})
    confirmed = fields.Boolean()
    created_at = Moment(metadata={"type": "string", "format": "date-time"})


class LinkBody(Shape):
    """The code on the newcomer's phone, and the version of the statement that staff showed him and he consented to."""

    code = fields.String(required=True, error_messages={"invalid": "请填写文字"}, metadata={"description": "18 digits"})
    consent_version = Text(most=32, required=True)


class CardShape(Shape):
    """A printed card: its number, and the 18 digits that its QR picture holds."""

    id = fields.UUID()
    resident_id = fields.UUID()
    number = fields.String(attribute="printed_number")
    token = fields.String()
    issued_at = Moment(metadata={"type": "string", "format": "date-time"})


class SheetQuery(Shape):
    """Whose cards are printed."""

    resident_ids = DelimitedList(
        Id(), required=True, validate=validate.Length(1, 100, error="请选择 1 至 100 人"), metadata={"maxItems": 100}
    )


class PlaceBody(Shape):
    """A grid of a community, or a building of a grid."""

    parent_code = Text(most=32, required=True)
    name = Text(most=30, required=True)
    level = Choice("grid", "building", required=True)


class PlaceChange(Shape):
    """Another name for a grid or a building."""

    name = Text(most=30, required=True)


class MerchantBody(Shape):
    """A merchant; with `username` and `password` it gets a login."""

    name = Text(most=60, required=True)
    address = Text(most=100)
    community_code = Text(most=32)
    username = Text(most=64)
    password = Secret(most=256)

    @validates_schema
    def both_or_neither(self, data: dict[str, Any], **_: Any) -> None:
        if ("username" in data) != ("password" in data):
            raise ValidationError({name: ["用户名和密码要一起填写"] for name in ("username", "password") if name not in data})


class MerchantChange(Shape):
    """What is to be changed of a merchant."""

    name = Text(most=60)
    address = Text(most=100, allow_none=True)
    active = Flag()


class MerchantQuery(ListQuery):
    """Merchants whose name holds a text."""

    q = Text(most=50, load_default=None)


class MerchantShape(Shape):
    """A merchant as staff see it."""

    id = fields.UUID()
    name = fields.String()
    address = fields.String(allow_none=True)
    community_code = fields.String()
    active = fields.Boolean()


class AccountBody(Shape):
    """A new account of staff; `resident_id` where he is a resident himself."""

    username = Text(most=64, required=True)
    password = Secret(most=256, required=True)
    name = Text(most=30, required=True)
    role = Choice(*ROLES, required=True)
    scope_code = Text(most=32, required=True)
    resident_id = Id()


class AccountChange(Shape):
    """What is to be changed of an account."""

    name = Text(most=30)
    role = Choice(*ROLES)
    scope_code = Text(most=32)
    resident_id = Id(allow_none=True)
    active = Flag()
    password = Secret(most=256)
    reset_second_factor = Flag(metadata={"description": "true: the account has no second factor any more"})


class AccountQuery(ListQuery):
    """Accounts with a role, whose name or username holds a text."""

    q = Text(most=50, load_default=None)
    role = Choice(*ROLES, load_default=None)


class AccountShape(Shape):
    """An account of staff."""

    id = fields.UUID()
    username = fields.String()
    name = fields.String()
    role = fields.String(metadata={"enum": list(ROLES)})
    scope_code = fields.String()
    resident_id = fields.UUID(allow_none=True)
    active = fields.Boolean()
    second_factor = fields.Boolean()
    created_at = Moment(metadata={"type": "string", "format": "date-time"})


class RoleShape(Shape):
    """A role and its rights; a role that is `masked` sees personal data only masked."""

    role = fields.String()
    rights = fields.List(fields.String())
    masked = fields.Boolean()


class RolesShape(Shape):
    """All roles."""

    roles = fields.List(fields.Nested(RoleShape))


class PasswordChange(Shape):
    """The present password and the new one."""

    old_password = Secret(most=256, required=True)
    new_password = Secret(most=256, required=True)


class OtpBody(Shape):
    """A one-time password; where the second factor is to be ended, a recovery code is as good."""

    otp = Text(most=16, required=True)


class EnrolmentShape(Shape):
    """The secret for the authenticator app, also as the address that its QR code holds."""

    secret = fields.String()
    uri = fields.String()


class RecoveryShape(Shape):
    """Codes that stand in for the authenticator app, each once."""

    recovery_codes = fields.List(fields.String())


class LeaveBody(Shape):
    """That he knows what he does: leaving cannot be undone."""

    confirm = Flag(required=True, validate=validate.Equal(True, error="请确认退出后再提交"))


class ProspectShape(Shape):
    """What leaving would cost. `points_stay` with the household where others share its wallet."""

    points = fields.Integer()
    points_stay = fields.Boolean()
    open_orders = fields.Integer()
    waiting_deeds = fields.Integer()


class DepartureShape(Shape):
    """What leaving did."""

    left_at = Moment(metadata={"type": "string", "format": "date-time"})
    points_expired = fields.Integer()
    orders_cancelled = fields.Integer()
    deeds_withdrawn = fields.Integer()
