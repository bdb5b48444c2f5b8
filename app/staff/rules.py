"""Rules on the console: the positive list, what each earns, and what it said before."""

from typing import Any
from uuid import UUID

from flask import Response

from app.schemas import points
from app.schemas.lists import ListQuery, window
from app.web import audience, forms, pages
from app.web.faces import Pages
from app.web.idempotency import idempotent
from people import permissions, places
from people.actors import Staff
from points import rules

blueprint = Pages("staff", "rules", __name__, url_prefix="/staff")


@blueprint.get("/rules")
@audience.staff(permissions.SEE)
@pages.query(points.RuleQuery)
def find(actor: Staff, query: dict[str, Any]) -> Response:
    """The rules in this part of the tree, also those that are not in force."""
    return pages.show("staff/rules/find.html", found=rules.find(actor, window(query), **query), query=query)


@blueprint.get("/rules/new")
@audience.staff(permissions.SHOP)
def new(actor: Staff) -> Response:
    """A new rule."""
    return pages.show("staff/rules/new.html", communities=places.communities(actor))


@blueprint.post("/rules")
@audience.staff(permissions.SHOP)
@idempotent
@forms.takes(points.RuleBody, again="new")
def create(actor: Staff, body: dict[str, Any]) -> Response:
    """Put it in force."""
    rule = rules.create(actor, **body)
    return pages.go("staff_rules.show", f"规则“{rule.title}”已添加", rule_id=rule.id)


@blueprint.get("/rules/<id:rule_id>")
@audience.staff(permissions.SEE)
@pages.query(ListQuery)
def show(actor: Staff, query: dict[str, Any], rule_id: UUID) -> Response:
    """One rule, and all it ever said."""
    versions = rules.versions(actor, rule_id, window(query))
    return pages.show("staff/rules/show.html", rule=rules.get(actor, rule_id), versions=versions)


@blueprint.get("/rules/<id:rule_id>/edit")
@audience.staff(permissions.SHOP)
def edit(actor: Staff, rule_id: UUID) -> Response:
    """Its terms, to be changed."""
    return pages.show("staff/rules/edit.html", rule=rules.get(actor, rule_id))


@blueprint.post("/rules/<id:rule_id>")
@audience.staff(permissions.SHOP)
@forms.takes(points.RuleChange, again="edit")
def change(actor: Staff, body: dict[str, Any], rule_id: UUID) -> Response:
    """Put new terms in force; old deeds keep theirs."""
    rule = rules.change(actor, rule_id, **body)
    return pages.go("staff_rules.show", f"已保存为第 {rule.version} 版，以前的申报仍按原来的算", rule_id=rule_id)
