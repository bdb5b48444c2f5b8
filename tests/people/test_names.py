"""Names: how they are read and looked for, and how they are shown to those who need not know them."""

from datetime import date

import pytest

from people import masking, names

TODAY = date(2026, 11, 21)


@pytest.mark.parametrize(
    ("name", "readings"),
    [
        ("李秀英", ["lixiuying", "lxy"]),
        ("曾国强", ["zengguoqiang", "zgq"]),
        ("单田芳", ["shantianfang", "stf"]),
        ("查良镛", ["zhaliangyong", "zly"]),
        ("区永权", ["ouyongquan", "oyq"]),
        ("朴志文", ["piaozhiwen", "pzw"]),
        ("乐嘉", ["lejia", "yuejia", "lj", "yj"]),
        ("吕布", ["lvbu", "lb"]),
        ("尉迟恭", ["yuchigong", "ycg"]),
        ("欧阳娜娜", ["ouyangnana", "oynn"]),
        ("阿不都·热合曼", ["rehe", "abdrhm"]),
    ],
)
def test_a_name_is_found_by_how_its_family_name_is_read(name: str, readings: list[str]) -> None:
    text = names.searchable(name, None, None)
    assert [reading for reading in readings if reading not in text] == []


def test_what_one_is_found_by_holds_four_digits_of_the_phone_and_no_more() -> None:
    text = names.searchable("李秀英", "13983000017", "融城路 １ 号")
    assert text == "李秀英|lixiuying|lxy|0017|融城路1号"


@pytest.mark.parametrize(
    ("name_shown", "born_on", "shown"),
    [
        ("masked", None, "李**"),
        ("full", None, "李秀英"),
        ("hidden", None, "一位居民"),
        ("full", date(1950, 1, 1), "李秀英"),
        ("full", date(2008, 11, 21), "李秀英"),
        ("full", date(2008, 11, 22), "一位小居民"),
        ("masked", date(2020, 1, 1), "一位小居民"),
        ("hidden", date(2020, 1, 1), "一位小居民"),
    ],
)
def test_a_name_is_shown_as_its_bearer_chose_and_a_minors_never(name_shown: str, born_on: date | None, shown: str) -> None:
    assert masking.shown_name("李秀英", name_shown, born_on, TODAY) == shown
