"""Rules: the positive list, for residents to read and for staff to keep."""

from typing import Any
from uuid import UUID

from app.schemas import points
from app.schemas.lists import ListQuery, page_example, page_of, window
from app.web import audience
from app.web.idempotency import idempotent
from app.web.openapi import refuses
from app.web.parsing import Api
from kernel.errors import NotFound
from kernel.paging import Page
from people import permissions
from people.actors import Resident, Staff
from points import rules
from points.rules import RuleCodeTaken, RuleView, Terms

blueprint = Api("rules", __name__)


@blueprint.get("/rules")
@audience.resident
@blueprint.arguments(points.RuleQuery, location="query")
@blueprint.response(200, page_of(points.RuleShape), example=page_example(points.RULE))
def of_community(actor: Resident, query: dict[str, Any]) -> Page[RuleView]:
    """The positive list of the resident's community: what is in force today."""
    return rules.of_community(actor, window(query), **query)


@blueprint.get("/staff/rules")
@audience.staff(permissions.SEE)
@blueprint.arguments(points.RuleQuery, location="query")
@blueprint.response(200, page_of(points.RuleShape), example=page_example(points.RULE))
def find(actor: Staff, query: dict[str, Any]) -> Page[RuleView]:
    """The rules in this part of the tree, also those that are not in force."""
    return rules.find(actor, window(query), **query)


@blueprint.post("/staff/rules")
@audience.staff(permissions.SHOP)
@idempotent
@refuses(NotFound, RuleCodeTaken)
@blueprint.arguments(points.RuleBody, example=points.RULE_BODY)
@blueprint.response(201, points.RuleShape, example=points.RULE)
def create(actor: Staff, body: dict[str, Any]) -> RuleView:
    """A new rule, in force at once."""
    return rules.create(actor, **body)


@blueprint.patch("/staff/rules/<id:rule_id>")
@audience.staff(permissions.SHOP)
@blueprint.arguments(points.RuleChange, required=False, example={"points": 60})
@blueprint.response(200, points.RuleShape, example=points.RULE)
def change(actor: Staff, body: dict[str, Any], rule_id: UUID) -> RuleView:
    """New terms for a rule; old deeds keep the version they were declared under."""
    return rules.change(actor, rule_id, **body)


@blueprint.get("/staff/rules/<id:rule_id>/versions")
@audience.staff(permissions.SEE)
@blueprint.arguments(ListQuery, location="query")
@blueprint.response(200, page_of(points.RuleVersionShape), example=page_example(points.RULE_VERSION))
def versions(actor: Staff, query: dict[str, Any], rule_id: UUID) -> Page[Terms]:
    """All that a rule ever said, the present terms first."""
    return rules.versions(actor, rule_id, window(query))
