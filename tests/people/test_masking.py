"""How people are named in public: as they choose, and children never."""

from datetime import date

import pytest

from people import masking

TODAY = date(2026, 11, 21)


@pytest.mark.parametrize(
    ("name_shown", "born_on", "shown"),
    [
        ("masked", None, "李**"),
        ("full", None, "李秀英"),
        ("hidden", None, "一位居民"),
        ("full", date(1954, 3, 1), "李秀英"),
        ("full", date(2008, 11, 21), "李秀英"),  # eighteen today
        ("full", date(2008, 11, 22), "一位小居民"),  # eighteen tomorrow
        ("masked", date(2015, 1, 1), "一位小居民"),
        ("hidden", date(2015, 1, 1), "一位小居民"),
    ],
)
def test_a_person_is_named_as_he_chose_and_a_child_never(name_shown: str, born_on: date | None, shown: str) -> None:
    assert masking.shown_name("李秀英", name_shown, born_on, TODAY) == shown


def test_who_was_born_on_a_29th_of_february_comes_of_age_on_the_1st_of_march() -> None:
    born_on = date(2008, 2, 29)
    assert masking.shown_name("李秀英", "full", born_on, date(2026, 2, 28)) == "一位小居民"
    assert masking.shown_name("李秀英", "full", born_on, date(2026, 3, 1)) == "李秀英"
