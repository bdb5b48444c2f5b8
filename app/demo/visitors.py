"""Whom a visitor of the demo may be: some of its residents, by names and roles that people can read."""

from typing import NamedTuple


class Visitor(NamedTuple):
    """A resident of the demo: the code that signs him in with the stand-in for WeChat, and who he is."""

    code: str
    name: str
    role: str
    community: str


VISITORS = (
    Visitor("grandmother", "李秀英", "退休居民，每天早上签到", "融城社区"),
    Visitor("volunteer", "陈晨", "志愿者，周末带队", "融城社区"),
    Visitor("resident4", "赵玉梅", "热心邻居", "融城社区"),
    Visitor("village1", "王德明", "户主，全家共用积分", "放牛坪村"),
    Visitor("village2", "王小军", "王德明的儿子", "放牛坪村"),
)
