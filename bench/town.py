"""A town to put load on: residents with wallets, shops with tills, and reviewers, all of them signed in.

`python -m bench.town --residents 500` builds one in the database that the environment names and prints it as JSON.
"""

import argparse
import json
import sys
from dataclasses import asdict, dataclass
from uuid import UUID

from flask import Flask
from sqlalchemy import insert, select

from app import create_app
from kernel import clock, ids
from kernel.database import db, transaction
from people import actors, divisions, merchants, sessions, staff
from people.actors import COMMAND_LINE
from people.logins import Login
from people.privacy import VERSION, Consent
from people.residents import Resident
from people.sessions import Session
from people.wechat_accounts import WeChatAccount
from points import deeds, ledger, reviews, rules
from points.ledger import Account
from redeem import items

COMMUNITY = "500104101009"
PASSWORD = "a password for the bench"
POINTS = rules.MAX_POINTS  # what a buyer is given, by one deed
BATCH = 1000


@dataclass
class Person:
    """Somebody signed in."""

    id: str
    token: str


@dataclass
class Till:
    """A merchant's till, signed in, and what the merchant offers: an item that never runs out and one with stock."""

    token: str
    login_id: str
    merchant_id: str
    service_id: str
    goods_id: str


@dataclass
class Town:
    """All of them. `buyers` are the first residents, who have points to spend."""

    residents: list[Person]
    buyers: list[Person]
    reviewers: list[Person]
    admins: list[Person]
    tills: list[Till]
    rule_id: str


def build(app: Flask, *, residents: int, buyers: int = 8, tills: int = 4, reviewers: int = 2) -> Town:
    """Make a town in a migrated database: residents set-based, all others through the domain's own functions."""
    with app.app_context():
        with transaction():
            if db.session.get(divisions.Division, COMMUNITY) is None:
                file = app.config["SETTINGS"].root / "data" / "chongqing-divisions.csv"
                divisions.import_list(divisions.read_list(file.read_text(encoding="utf-8-sig").splitlines(keepends=True)))
        found = []
        for start in range(0, residents, BATCH):
            with transaction():
                found += _residents(range(start, min(start + BATCH, residents)))
        with transaction():
            ledger.open_wallet(found[0].id, COMMUNITY)  # he has his own; this opens the community's account
            staff_ = [_staff("reviewer", n) for n in range(reviewers)] + [_staff("admin", n) for n in range(2)]
            admin = sessions.actor_of(staff_[-1].token)
            assert isinstance(admin, actors.Staff)
            rule = rules.create(admin, code="bench", title="参加治安巡逻", category="社区治理", points=50)
            found_tills = [_till(admin, n) for n in range(tills)]
        for buyer in found[:buyers]:
            with transaction():
                _give(admin, buyer, rule.id)
    return Town(found, found[:buyers], staff_[:reviewers], staff_[reviewers:], found_tills, str(rule.id))


def _residents(numbers: range) -> list[Person]:
    """What `registrations.register` and a sign-in leave behind, in six statements for a whole batch."""
    now = clock.now()
    new = [(ids.new(), ids.new(), ids.new(), number) for number in numbers]
    of_residents = {
        "community_code": COMMUNITY,
        "place_code": COMMUNITY,
        "phone_verified": False,
        "name_shown": "masked",
        "search": "",
        "confirmed_at": now,
    }
    rows = [
        (Resident, [{"id": r, "name": f"居民{n}", **of_residents} for r, _, _, n in new]),
        (WeChatAccount, [{"id": a, "appid": "bench", "openid": f"bench-{a}", "resident_id": r} for r, a, _, _ in new]),
        (Session, [{"id": s, "wechat_account_id": a} for _, a, s, _ in new]),
    ]
    for model, values in rows:
        db.session.execute(insert(model), [value | {"created_at": now} for value in values])
    db.session.execute(
        insert(Consent), [{"id": ids.new(), "resident_id": r, "version": VERSION, "given_at": now} for r, *_ in new]
    )
    for kind in (ledger.WALLET, ledger.HELD):
        account = {"kind": kind, "community_code": COMMUNITY, "balance": 0, "owed": 0}
        db.session.execute(insert(Account), [account | {"owner": str(r)} for r, *_ in new])
    return [Person(str(r), sessions._access_token(s)) for r, _, s, _ in new]


def _staff(role: str, number: int) -> Person:
    username = f"bench-{role}-{number}"
    member = staff.create(COMMAND_LINE, username=username, password=PASSWORD, role=role, scope_code=COMMUNITY)
    login_id = db.session.scalars(select(Login.id).where(Login.staff_id == member.id)).one()
    return Person(str(member.id), sessions.open_for("staff", login_id=login_id).access_token)


def _till(admin: actors.Staff, number: int) -> Till:
    username = f"bench-till-{number}"
    merchant = merchants.create(admin, name=f"商户{number}", community_code=COMMUNITY, username=username, password=PASSWORD)
    login_id = merchants.login_of(merchant.id)
    service = items.create(admin, kind="service", name="剪发一次", price=3, merchant_id=merchant.id)
    goods = items.create(admin, kind="goods", name="鸡蛋 10 个", price=2, merchant_id=merchant.id, stock=items.MAX_STOCK // 2)
    token = sessions.open_for("merchant", login_id=login_id).access_token
    return Till(token, str(login_id), str(merchant.id), str(service.id), str(goods.id))


def _give(admin: actors.Staff, buyer: Person, rule_id: UUID) -> None:
    actor = sessions.actor_of(buyer.token)
    assert isinstance(actor, actors.Resident)
    deed = deeds.declare(actor, rule_id=rule_id, occurred_on=clock.today(), description="晚上巡逻")
    reviews.approve(admin, deed.id, points=POINTS)


def main() -> None:
    """Build a town and print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (("residents", 500), ("buyers", 8), ("tills", 4), ("reviewers", 2)):
        parser.add_argument(f"--{name}", type=int, default=default)
    json.dump(asdict(build(create_app(), **vars(parser.parse_args()))), sys.stdout)


if __name__ == "__main__":
    main()
