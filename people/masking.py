"""How personal data is shown to those who need not know it: decided here and nowhere else."""

from datetime import date

OF_AGE = 18


def name(full: str) -> str:
    """The family name and stars: 李秀英 → 李**."""
    return full[:1] + "*" * max(len(full) - 1, 1)


def shown_name(full: str, name_shown: str, born_on: date | None, today: date) -> str:
    """How a person is named in public: as he chose ("masked", "full" or "hidden"), and never where he is under 18."""
    if born_on is not None and _age(born_on, today) < OF_AGE:
        return "一位小居民"
    if name_shown == "hidden":
        return "一位居民"
    return full if name_shown == "full" else name(full)


def phone(full: str) -> str:
    """The first three and last four digits: 138****0000."""
    return f"{full[:3]}****{full[-4:]}"


def _age(born_on: date, today: date) -> int:
    return today.year - born_on.year - ((today.month, today.day) < (born_on.month, born_on.day))
