"""What each role of staff may do: the one table of permissions."""

from typing import Any

SEE = "see"
ENTER = "enter_on_behalf"
REVIEW = "review"
SHOP = "rules_and_shop"
BOOKS = "reverse_and_settings"
AUDIT = "audit_and_exports"

ROLES: dict[str, frozenset[str]] = {
    "admin": frozenset({SEE, ENTER, REVIEW, SHOP, BOOKS, AUDIT}),
    "reviewer": frozenset({SEE, ENTER, REVIEW}),
    "grid_worker": frozenset({SEE, ENTER}),
    "building_head": frozenset({SEE, ENTER}),
    "auditor": frozenset({SEE, AUDIT}),
}

# Roles that see figures and objects, but personal data only masked.
MASKED_ROLES = frozenset({"auditor"})


def may(role: str, right: str) -> bool:
    """Whether a role has a right."""
    return right in ROLES[role]


def within(role: str, other: str) -> bool:
    """Whether a role has no right that the other lacks."""
    return ROLES[role] <= ROLES[other]


def table() -> list[dict[str, Any]]:
    """The table as data: each role with its rights, and whether it sees personal data only masked."""
    return [{"role": role, "rights": sorted(rights), "masked": role in MASKED_ROLES} for role, rights in ROLES.items()]
