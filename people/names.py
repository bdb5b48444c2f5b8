"""Names and how people look for them: in characters, in pinyin, by initials. What may be looked for is one text per person."""

import re
import unicodedata

from pypinyin import Style, lazy_pinyin, pinyin

# Family names that are read otherwise than the same characters elsewhere.
_FAMILY_NAMES = {
    "万俟": ("mo", "qi"),
    "尉迟": ("yu", "chi"),
    "令狐": ("ling", "hu"),
    "长孙": ("zhang", "sun"),
    "澹台": ("tan", "tai"),
    "单于": ("chan", "yu"),
    "鲜于": ("xian", "yu"),
    "宿": ("su",),
    "盖": ("ge",),
    "朴": ("piao",),
    "冼": ("xian",),
    "洗": ("xian",),
    "秘": ("bi",),
    "折": ("she",),
    "召": ("shao",),
    "缪": ("miao",),
    "種": ("chong",),
    "种": ("chong",),
    "黑": ("he",),
    "员": ("yun",),
    "句": ("gou",),
    "覃": ("qin", "tan"),
    "不": ("fou",),
}
_MOST_READINGS = 4  # of one name: more would only find people nobody meant
_SEPARATOR = "|"


def normal(text: str) -> str:
    """A text as it is compared: without spaces, in small letters, full-width characters as the usual ones, ü as v."""
    return re.sub(r"[\s|·]+", "", unicodedata.normalize("NFKC", text)).lower().replace("ü", "v")


def searchable(name: str, phone: str | None, address: str | None) -> str:
    """All that a person may be looked for by: name, its pinyin, its initials, the last four digits of the phone, address."""
    readings = _readings(normal(name))
    words = [normal(name), *("".join(reading) for reading in readings)]
    words += dict.fromkeys("".join(syllable[:1] for syllable in reading) for reading in readings)
    words += [phone[-4:] if phone else "", normal(address or "")]
    return _SEPARATOR.join(word for word in dict.fromkeys(words) if word)


def _readings(name: str) -> list[tuple[str, ...]]:
    """How a name may be read, syllable by syllable: its family name in every way it is, the rest as usual."""
    family = next((name[:length] for length in (2, 1) if name[:length] in _FAMILY_NAMES), name[:1])
    heads: list[tuple[str, ...]] = [_FAMILY_NAMES[family]] if len(family) == 2 else []
    if not heads:
        alone = pinyin(family, style=Style.NORMAL, heteronym=True)
        usual = [*_FAMILY_NAMES.get(family, ()), *(alone[0] if alone else ())]
        heads.extend((reading,) for reading in list(dict.fromkeys(usual))[:_MOST_READINGS])
    rest = lazy_pinyin(name[len(family) :])
    return [(*head, *rest) for head in heads]
