"""What the charts of the figures are drawn from: names and numbers, nothing else, so that a script can read them."""

from typing import Any

from app.web import words
from reports.reviewers import Figures

_BY_DAY = (("issued", "发放积分"), ("redeemed", "兑换积分"), ("checkins", "签到人次"))
_AGES = (("residents", "居民"), ("participants", "参与"))
_DECIDED = (("approved", "通过"), ("returned", "退回"), ("rejected", "不通过"))


def of(found: dict[str, Any], reviewed: Figures) -> dict[str, Any]:
    """The series of each chart, by its name; an axis with names, and numbers in the same order."""
    rules, items, ages, by_day = (found[name] for name in ("top_rules", "top_items", "participants_by_age", "by_day"))
    return {
        "by-day": {
            "names": [str(line["date"]) for line in by_day],
            "series": [(said, [line[name] for line in by_day]) for name, said in _BY_DAY],
        },
        "rules": {"names": [rule["title"] for rule in rules], "series": [("通过的善行", [rule["deeds"] for rule in rules])]},
        "items": {"names": [item["name"] for item in items], "series": [("件数", [int(item["pieces"]) for item in items])]},
        "ages": {
            "names": [words.word("age", group["group"]) for group in ages],
            "series": [(said, [group[name] for group in ages]) for name, said in _AGES],
        },
        "reviewers": {
            "names": [one.name for one in reviewed.reviewers],
            "series": [(said, [getattr(one, name) for one in reviewed.reviewers]) for name, said in _DECIDED],
        },
    }
