"""How personal data is shown to those who need not know it: decided here and nowhere else."""


def name(full: str) -> str:
    """The family name and stars: 李秀英 → 李**."""
    return full[:1] + "*" * max(len(full) - 1, 1)


def phone(full: str) -> str:
    """The first three and last four digits: 138****0000."""
    return f"{full[:3]}****{full[-4:]}"
