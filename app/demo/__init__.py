"""The demo: a community that counts by person and a village that counts by household, and three weeks of life in each.

All of it is lived through the domain's own functions, the clock standing at the moments of the past.
"""

from datetime import datetime
from pathlib import Path

from app.demo import basics, town, village
from app.demo.basics import PASSWORD
from kernel import clock
from people import divisions
from points import awards
from redeem import orders
from reports import rollups

__all__ = ["PASSWORD", "load", "logins_to_print"]
DAYS = 21


def load(division_list: Path) -> None:
    """Build both communities and live three weeks in them, all in the present transaction."""
    divisions.import_list(divisions.read_list(division_list.read_text(encoding="utf-8-sig").splitlines(keepends=True)))
    now = clock.now()
    days = [basics.day(now, ago) for ago in range(DAYS, -1, -1)]
    with clock.stopped_at(days[0].night):
        communities = (town.found(), village.found())
    for day in days:
        _work_at_night(day.night)
        for community in communities:
            community.live(day)
    for over in rollups.due():
        rollups.roll_up(over)


def logins_to_print(bind: str) -> str:
    """What a visitor needs to sign in."""
    lines = [f"演示社区  http://{bind}", f"密码都是 {PASSWORD}"]
    for module in (town, village):
        lines.append(module.TITLE)
        lines += [f"  工作人员 {name:<16} {role}（{title}）" for name, (role, title) in module.STAFF_LOGINS.items()]
        lines += [f"  商户     {name:<16} {title}" for name, title in module.SHOP_LOGINS.items()]
        lines.append(f"  居民微信登录的 code：{'、'.join(module.RESIDENT_CODES)}")
    lines.append("居民用微信登录，演示时 code 就是上面的词；其他任意英文单词是新来的人")
    return "\n".join(lines)


def _work_at_night(moment: datetime) -> None:
    """What the worker does by itself: credits whose notice is over, orders that lapse."""
    with clock.stopped_at(moment):
        for deed_id in awards.due():
            awards.credit_due(deed_id)
        for order_id in orders.to_warn():
            orders.warn(order_id)
        for order_id in orders.due():
            orders.lapse(order_id)
