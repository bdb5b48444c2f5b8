"""The ready rule lists that come with the product: `data/rules/`."""

from dataclasses import dataclass
from functools import cache

from app.schemas import rule_lists
from app.settings import ROOT
from kernel import tables
from kernel.errors import NotFound
from points.rule_lists import Line

TITLES = {"fangniuping": "放牛坪村正面清单（以户计分）", "baqiao": "八桥镇积分清单（家庭邻里、社区治理、社区建设）"}


@dataclass(frozen=True)
class ReadyList:
    """A list that comes with the product, and how many rules it has."""

    name: str
    title: str
    count: int


def find() -> list[ReadyList]:
    """The ready lists."""
    return [ReadyList(name, title, len(lines_of(name))) for name, title in TITLES.items()]


def file_of(name: str) -> bytes:
    """A ready list as CSV. Raises NotFound."""
    if name not in TITLES:
        raise NotFound()
    return (ROOT / "data" / "rules" / f"{name}.csv").read_bytes()


@cache
def lines_of(name: str) -> tuple[Line, ...]:
    """The rules of a ready list. Raises NotFound."""
    return tuple(rule_lists.read(tables.read(file_of(name))))
