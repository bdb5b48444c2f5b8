"""The shape of every refusal (RFC 9457)."""

from marshmallow import fields

from app.schemas.fields import Moment, Shape


class Problem(Shape):
    """A refusal: `code` is for programs, `title` for people; `errors` names bad fields, `lines` the bad lines of a table."""

    type = fields.String(required=True)
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    code = fields.String(required=True)
    detail = fields.String(required=True)
    errors = fields.Dict(keys=fields.String(), values=fields.Raw())
    lines = fields.List(fields.Dict())
    redeemed_at = Moment(metadata={"type": "string", "format": "date-time"})
