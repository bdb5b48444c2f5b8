"""How personal data is shown to those who need not know it: decided here and nowhere else."""

from datetime import date
from typing import Any
from uuid import UUID

from people import permissions

OF_AGE = 18  # years


def name(full: str) -> str:
    """The family name and stars: 李秀英 → 李**."""
    return full[:1] + "*" * max(len(full) - 1, 1)


def phone(full: str) -> str:
    """The first three and last four digits: 138****0000."""
    return f"{full[:3]}****{full[-4:]}"


def person(
    role: str, full_name: str, full_phone: str | None, address: str | None, born_on: date | None, *, look: bool
) -> dict[str, Any]:
    """The personal data of a resident as a role of staff may see it; the whole phone number only in a `look` at one person."""
    masked = role in permissions.MASKED_ROLES
    return {
        "name": name(full_name) if masked else full_name,
        "phone": full_phone if look and not masked else None,
        "phone_masked": phone(full_phone) if full_phone else None,
        "address": None if masked else address,
        "born_on": None if masked else born_on,
    }


def household(role: str, household_id: UUID | None, full_name: str | None) -> dict[str, Any] | None:
    """A household as a role of staff may see it: it is mostly called after somebody."""
    if household_id is None or full_name is None:
        return None
    return {"id": household_id, "name": name(full_name) if role in permissions.MASKED_ROLES else full_name}


def shown_name(full: str, name_shown: str, born_on: date | None, today: date) -> str:
    """The name under which all may read of a resident, as he chose; whoever is known to be under age is never named."""
    if born_on is not None and _years(born_on, today) < OF_AGE:
        return "一位小居民"
    return {"full": full, "hidden": "一位居民"}.get(name_shown) or name(full)


def _years(born_on: date, today: date) -> int:
    return today.year - born_on.year - ((today.month, today.day) < (born_on.month, born_on.day))
