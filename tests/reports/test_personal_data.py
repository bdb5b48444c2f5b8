"""What is stored about me: every table is in the export or says why not, and nobody else is in it."""

import json
import re
from typing import Any
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import text

from kernel import clock, ids, uploads
from kernel.database import add, execute
from people import messages
from people.households import Household, HouseholdMove
from points.ledger import DebtMove
from reports import personal_data
from tests.answers import refused
from tests.cast import COMMUNITY, Caller, Cast, photo

# Sections that a resident's export has without rows until their part of the product writes some.
EMPTY = {
    "cards",
    "likes",
    "donations",
    "days_of_taking_part",
    "household",
    "household_moves",
    "debts",
    "staff_account",
    "letters",
}


def tables(superuser: psycopg.Connection) -> set[str]:
    return {row[0] for row in superuser.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()}


def live(cast: Cast, person: Caller, said: str) -> None:
    """Let somebody leave a trace in every table that a resident writes to."""
    shown = cast.in_app(lambda: uploads.store(person.actor.id, photo())).id
    deed = cast.deed(person, description=said, upload_ids=[shown])
    assert cast.reviewer.post(f"/staff/deeds/{deed}/approve", {"points": 100, "note": said}).status_code == 200
    assert person.post("/checkins").status_code == 201
    cast.in_app(lambda: messages.tell(person.actor.id, "deed.approved", "已通过", said, "deed", UUID(deed)))
    order = cast.order(person)
    token = cast.token(person, order)
    assert cast.till.post("/merchant/scans", {"token": token}).status_code == 403
    assert cast.barber.post("/merchant/scans", {"token": token}).status_code == 200


def data_of(person: Caller) -> dict[str, Any]:
    answer = person.get("/me/data")
    assert answer.status_code == 200, answer.text
    return json.loads(answer.data)


def test_every_table_is_in_the_export_or_says_why_it_is_not(superuser: psycopg.Connection) -> None:
    read = [table for section in personal_data.SECTIONS.values() for table in section.tables]
    assert len(read) == len(set(read))
    assert set(read).isdisjoint(personal_data.LEFT_OUT)
    assert set(read) | personal_data.LEFT_OUT.keys() == tables(superuser)
    assert all(personal_data.LEFT_OUT.values())


def test_every_section_reads_the_tables_it_names() -> None:
    for name, section in personal_data.SECTIONS.items():
        assert section.tables, name
        for table in section.tables:
            assert re.search(rf"\b(FROM|JOIN) {table}\b", section.query), (name, table)


def test_no_table_that_names_a_resident_is_left_out(superuser: psycopg.Connection) -> None:
    """A column with his id, by its foreign key or its name, is a reason to read the table."""
    rows = superuser.execute(
        """
        SELECT DISTINCT conrelid::regclass::text FROM pg_constraint WHERE contype = 'f' AND confrelid = 'residents'::regclass
        UNION SELECT table_name FROM information_schema.columns WHERE table_schema = 'public'
            AND column_name IN ('resident_id', 'wallet', 'owner_id', 'head_id', 'subject_id')
        """
    )
    assert {row[0] for row in rows.fetchall()}.isdisjoint(personal_data.LEFT_OUT)


def test_the_file_holds_all_sections_and_all_of_them_are_filled(cast: Cast) -> None:
    live(cast, cast.grandmother, "搬米")
    found = data_of(cast.grandmother)
    assert found.keys() == {"exported_at", *personal_data.SECTIONS}
    assert {name for name, rows in found.items() if not rows} <= EMPTY - {"letters"}
    assert found["resident"][0]["name"] == "李秀英"
    assert found["resident"][0]["phone"] == "13800000001"
    assert "phone_sealed" not in found["resident"][0]
    assert [deed["description"] for deed in found["deeds"]] == ["搬米"]
    assert sum(transfer["points"] for transfer in found["transfers"]) == cast.balance(cast.grandmother)
    assert "搬米" in {message["body"] for message in found["messages"]} & {letter["body"]["body"] for letter in found["letters"]}


def test_photos_have_addresses_that_work(cast: Cast) -> None:
    live(cast, cast.grandmother, "搬米")
    found = data_of(cast.grandmother)
    for section in ("deed_photos", "uploads"):
        assert cast.nobody.get(found[section][0]["photo"]).status_code == 200


def test_what_a_household_shares_is_in_it(cast: Cast) -> None:
    person = cast.staff("grid_worker", COMMUNITY, resident=cast.grandmother)

    def work() -> None:
        household, source, now, resident = ids.new(), ids.new(), clock.now(), cast.grandmother.actor.id
        add(Household(id=household, community_code=COMMUNITY, name="李家", created_at=now))
        execute(text("UPDATE residents SET household_id = :h WHERE id = :r"), h=household, r=resident)
        add(HouseholdMove(id=ids.new(), kind="founded", resident_id=resident, to_id=household, by_kind="staff", at=now))
        add(DebtMove(id=ids.new(), wallet=str(household), change=5, source_type="deed", source_id=source, at=now))

    cast.in_app(work)
    found = data_of(cast.grandmother)
    assert (found["household"][0]["name"], found["household_moves"][0]["kind"]) == ("李家", "founded")
    assert found["debts"][0]["change"] == 5
    assert found["staff_account"][0]["username"] == person.username


def test_nobody_else_is_in_it(cast: Cast) -> None:
    live(cast, cast.volunteer, "别人的事")
    live(cast, cast.grandmother, "搬米")
    answer = cast.grandmother.get("/me/data").get_data(as_text=True)
    for foreign in ("陈晨", "别人的事", cast.volunteer.id):
        assert foreign not in answer
    for row in json.loads(answer)["audit"]:
        assert row["address"] is None or row["actor_kind"] == "resident"


def test_who_founded_a_household_and_left_it_does_not_get_what_its_members_earn(cast: Cast) -> None:
    head, son = cast.family("王大福", "王小军")
    cast.give(head, 5)
    assert head.post("/households/mine/leave").status_code == 200
    cast.give(son, 70)
    data = data_of(head)
    assert (data["transfers"], sum(account["balance"] for account in data["wallet"])) == ([], 0)
    assert [row["points"] for row in data_of(son)["transfers"]] == [5, 70]


def test_it_comes_as_a_file_for_the_caller_alone_and_is_on_record(cast: Cast, superuser: psycopg.Connection) -> None:
    answer = cast.grandmother.get("/me/data")
    assert answer.mimetype == "application/json"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="defen-{clock.today()}.json"'
    assert answer.headers["Cache-Control"] == "no-store"
    rows = superuser.execute("SELECT subject_id::text FROM audit_log WHERE action = 'resident.export'").fetchall()
    assert rows == [(cast.grandmother.id,)]
    for caller in (cast.admin, cast.barber):
        refused(caller.get("/me/data"), 403, "wrong_role")


@pytest.mark.parametrize("rounds", [1, 4])
def test_a_long_life_takes_as_many_statements_as_a_short_one(cast: Cast, rounds: int) -> None:
    from tests.web.test_statements_count import counted

    for _ in range(rounds):
        cast.give(cast.grandmother, 10)
    with counted(cast.app) as sent:
        data_of(cast.grandmother)
    assert len(sent) == len(personal_data.SECTIONS) + 2  # who asks, and the audit row
