"""Races at the counter: an account becomes one person's, a person gets one account, one card of his is good."""

from uuid import UUID

import psycopg
from sqlalchemy import text

from kernel import clock, ids
from kernel.database import execute, first
from people import cards
from people.privacy import VERSION
from tests.api.test_links import shown_code
from tests.api.test_registration import newcomer
from tests.api.test_residents import entered, found
from tests.cast import Cast
from tests.races.harness import dawdle, race, tally

COUNTERS = 8


def test_an_account_that_two_counters_link_at_once_becomes_one_persons(cast: Cast, verified: None, rounds: range) -> None:
    staff = [cast.admin, cast.reviewer]
    for n in rounds:
        people = [entered(cast.admin, name=f"王{i}") for i in range(COUNTERS)]
        phone = newcomer(cast, f"account-{n}")
        body = {"code": shown_code(phone), "consent_version": VERSION}
        answers = race(
            COUNTERS, lambda i, people=people, body=body: staff[i % 2].post(f"/staff/residents/{people[i]}/link", body)
        )
        assert tally(answers) == {(200, ""): 1, (409, "account_joined"): COUNTERS - 1}
        winner = next(answer.json["id"] for answer in answers if answer.status_code == 200)
        assert phone.get("/me").json["id"] == winner


def test_a_person_who_is_linked_at_two_counters_at_once_gets_one_account(cast: Cast, verified: None, rounds: range) -> None:
    staff = [cast.admin, cast.reviewer]
    for n in rounds:
        person = entered(cast.admin)
        phones = [newcomer(cast, f"account-{n}-{i}") for i in range(COUNTERS)]
        bodies = [{"code": shown_code(phone), "consent_version": VERSION} for phone in phones]
        answers = race(
            COUNTERS, lambda i, person=person, bodies=bodies: staff[i % 2].post(f"/staff/residents/{person}/link", bodies[i])
        )
        assert tally(answers) == {(200, ""): 1, (409, "already_linked"): COUNTERS - 1}
        assert [phone.get("/me").status_code for phone in phones].count(200) == 1


def test_a_link_that_looks_before_it_writes_gives_an_account_to_many(cast: Cast) -> None:
    people = [entered(cast.admin, name=f"王{i}") for i in range(COUNTERS)]
    newcomer(cast, "account")
    wins = race(COUNTERS, lambda i: cast.in_app(lambda: _naive_link(people[i])))
    assert wins.count(True) > 1


def test_of_cards_that_are_issued_at_once_one_is_good(cast: Cast, superuser: psycopg.Connection, rounds: range) -> None:
    for _ in rounds:
        person = entered(cast.admin)
        answers = race(COUNTERS, lambda _, person=person: cast.admin.post(f"/staff/residents/{person}/card"))
        assert tally(answers) == {(201, ""): COUNTERS}
        good = [answer.json["number"] for answer in answers if found(cast.admin, answer.json["token"])]
        assert [cast.admin.get(f"/staff/residents/{person}").json["card_number"]] == good


def test_cards_that_are_issued_without_a_lock_fail(cast: Cast) -> None:
    person = entered(cast.admin)

    def work(_: int) -> bool:
        try:
            cast.in_app(lambda: _naive_issue(person))
        except Exception:
            return False
        return True

    assert race(COUNTERS, work).count(False) > 0, "only the unique key keeps the second card from being good as well"


def test_of_two_changes_of_a_person_at_once_both_are_found(cast: Cast, rounds: range) -> None:
    changes = ({"name": "汪大富"}, {"address": "双钢路 7 号"})
    for _ in rounds:
        person = entered(cast.admin, name="王大福", address="融城路 1 号")
        answers = race(2, lambda n, person=person: cast.admin.patch(f"/staff/residents/{person}", changes[n]))
        assert tally(answers) == {(200, ""): 2}
        shown = cast.admin.get("/staff/residents?q=汪大富&limit=1").json["items"][0]
        assert (shown["id"], shown["address"]) == (person, "双钢路 7 号")
        assert cast.admin.get("/staff/residents?q=双钢路7号&limit=1").json["items"][0]["id"] == person


def test_changes_that_write_back_what_they_read_are_lost(cast: Cast, superuser: psycopg.Connection) -> None:
    person = entered(cast.admin, name="王大福", address="融城路 1 号")
    race(2, lambda n: cast.in_app(lambda: _naive_change(person, ("汪大富|", "王大福|双钢路7号")[n])))
    row = superuser.execute("SELECT search FROM residents WHERE id = %s", (person,)).fetchone()
    assert row is not None
    assert not ("汪大富" in row[0] and "双钢路" in row[0])


def _naive_link(person: str) -> bool:
    account = first(text("SELECT id, resident_id FROM wechat_accounts"))
    assert account is not None
    dawdle()
    if account.resident_id is not None:
        return False
    execute(text("UPDATE wechat_accounts SET resident_id = :person WHERE id = :id"), person=UUID(person), id=account.id)
    return True


def _naive_issue(person: str) -> None:
    execute(cards._REVOKE, resident_id=UUID(person), now=clock.now())
    dawdle()
    execute(
        text("INSERT INTO cards (id, resident_id, issued_at, issued_by) VALUES (:id, :person, now(), :id)"),
        id=ids.new(),
        person=UUID(person),
    )


def _naive_change(person: str, search: str) -> None:
    first(text("SELECT name, address FROM residents WHERE id = :id"), id=UUID(person))
    dawdle()
    execute(text("UPDATE residents SET search = :search WHERE id = :id"), search=search, id=UUID(person))
