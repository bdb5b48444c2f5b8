"""The command line: what each command does, what it prints, and how it refuses: one line, exit code 1, nothing done."""

import dataclasses
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from click.testing import Result
from flask import Flask

from kernel import clock
from redeem import orders
from tests.cast import COMMUNITY, DISTRICT, PASSWORD, TOWN, Caller, Cast
from tests.conftest import DIVISIONS

MADE = ("staff", "merchants", "logins", "audit_log")


@pytest.fixture
def run(app: Flask) -> Callable[..., Result]:
    """Run a command as `flask …` does; `stdin` is what is typed or piped into it."""

    def invoke(*args: str, stdin: str = "") -> Result:
        return app.test_cli_runner().invoke(args=list(args), input=stdin)

    return invoke


def counts(superuser: psycopg.Connection, tables: tuple[str, ...] = MADE) -> dict[str, int]:
    return {table: superuser.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables}


def refused(result: Result, word: str) -> None:
    """The command was refused with one line that says why, on standard error."""
    assert (result.exit_code, result.stdout) == (1, ""), result.output
    assert result.stderr.count("\n") == 1
    assert word in result.stderr


def signed_in(cast: Cast, username: str, password: str = PASSWORD) -> Caller:
    answer = cast.nobody.post("/auth/password", {"username": username, "password": password})
    assert answer.status_code == 200
    return Caller(cast.app, answer.json["access_token"], role=answer.json["role"])


# --- staff ---------------------------------------------------------------------------------------------------------------------


def test_staff_create_makes_a_login_that_works_at_once(
    cast: Cast, run: Callable[..., Result], superuser: psycopg.Connection
) -> None:
    options = ["--username", "lin", "--role", "reviewer", "--scope", COMMUNITY, "--name", "小林"]
    result = run("staff", "create", *options, "--password", PASSWORD)
    assert (result.exit_code, result.stderr) == (0, "")
    row = superuser.execute("SELECT id, name, role, scope_code, resident_id FROM staff").fetchone()
    assert row == (UUID(result.stdout.split()[-1]), "小林", "reviewer", COMMUNITY, None)
    lin = signed_in(cast, "lin")
    assert lin.role == "staff"
    assert lin.get("/staff/deeds").status_code == 200
    assert lin.post("/staff/rules", {}).json["code"] == "wrong_role"
    assert superuser.execute("SELECT actor_kind, action, subject_id FROM audit_log WHERE action = 'staff.create'").fetchall() == [
        ("command", "staff.create", row[0])
    ]


def test_the_password_is_read_from_standard_input_where_none_is_given(cast: Cast, run: Callable[..., Result]) -> None:
    for username, typed in (("unix", PASSWORD + "\n"), ("no-newline", PASSWORD), ("windows", PASSWORD + "\r\n")):
        result = run("staff", "create", "--username", username, "--role", "admin", "--scope", DISTRICT, stdin=typed)
        assert result.exit_code == 0
        assert PASSWORD not in result.output
        assert signed_in(cast, username).get("/staff/rules").status_code == 200


def test_a_member_of_staff_who_is_a_resident_cannot_review_himself(cast: Cast, run: Callable[..., Result]) -> None:
    deed = cast.deed(cast.volunteer)
    options = ["--username", "lin", "--role", "reviewer", "--scope", COMMUNITY, "--password", PASSWORD]
    assert run("staff", "create", *options, "--resident", cast.volunteer.id).exit_code == 0
    answer = signed_in(cast, "lin").post(f"/staff/deeds/{deed}/approve")
    assert (answer.status_code, answer.json["code"]) == (403, "own_deed")


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"--scope": "500104101999"}, "没有"),
        ({"--scope": ""}, "没有"),
        ({"--password": "short"}, "密码"),
        ({"--password": "lin-lin-lin", "--username": "lin-lin-lin"}, "密码"),
        ({"--password": ""}, "密码"),
        ({"--username": "taken"}, "用户名"),
        ({"--username": ""}, "用户名"),
        ({"--username": "x" * 65}, "用户名"),
        ({"--username": " lin"}, "用户名"),
        ({"--username": "lin\n"}, "用户名"),
        ({"--resident": str(uuid4())}, "没有"),
    ],
)
def test_staff_create_refuses_what_makes_no_sense(
    cast: Cast, run: Callable[..., Result], superuser: psycopg.Connection, changes: dict[str, str], word: str
) -> None:
    given = {"--username": "taken", "--password": PASSWORD, "--role": "admin", "--scope": COMMUNITY}
    assert run("staff", "create", *(part for pair in given.items() for part in pair)).exit_code == 0
    before = counts(superuser)
    given |= {"--username": "lin"} | changes
    refused(run("staff", "create", *(part for pair in given.items() for part in pair)), word)
    assert counts(superuser) == before


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["--username", "lin", "--scope", COMMUNITY],
        ["--username", "lin", "--role", "emperor", "--scope", COMMUNITY],
        ["--username", "lin", "--role", "admin", "--scope", COMMUNITY, "--resident", "nobody"],
    ],
)
def test_staff_create_says_how_it_is_used(run: Callable[..., Result], superuser: psycopg.Connection, options: list[str]) -> None:
    result = run("staff", "create", *options, stdin=PASSWORD)
    assert result.exit_code == 2
    assert "Usage" in result.stderr
    assert counts(superuser)["staff"] == 0


# --- merchants -----------------------------------------------------------------------------------------------------------------


def test_merchant_create_prints_the_id_as_its_last_word_and_the_login_works(
    cast: Cast, run: Callable[..., Result], superuser: psycopg.Connection
) -> None:
    options = ["--username", "zhou", "--name", "老周理发店", "--community", COMMUNITY, "--address", "融城路 12 号"]
    result = run("merchant", "create", *options, stdin=PASSWORD + "\n")
    assert (result.exit_code, result.stderr) == (0, "")
    row = superuser.execute("SELECT id, name, address, community_code, active FROM merchants").fetchone()
    assert row == (UUID(result.stdout.split()[-1]), "老周理发店", "融城路 12 号", COMMUNITY, True)
    zhou = signed_in(cast, "zhou")
    assert zhou.role == "merchant"
    assert zhou.get("/merchant/statement").json["closing"] == 0
    item = {"kind": "service", "name": "剪发一次", "price": 30, "merchant_id": result.stdout.split()[-1]}
    assert cast.admin.post("/staff/items", item).status_code == 201, "the printed id can be put to use"


@pytest.mark.parametrize(
    ("changes", "stdin", "word"),
    [
        ({"--community": "500104101999"}, PASSWORD, "社区"),
        ({"--community": TOWN}, PASSWORD, "社区"),
        ({"--community": ""}, PASSWORD, "社区"),
        ({}, "short\n", "密码"),
        ({}, "", "密码"),
        ({}, "\n", "密码"),
        ({"--username": "taken"}, PASSWORD, "用户名"),
        ({"--username": ""}, PASSWORD, "用户名"),
    ],
)
def test_merchant_create_refuses_what_makes_no_sense(
    run: Callable[..., Result], superuser: psycopg.Connection, changes: dict[str, str], stdin: str, word: str
) -> None:
    given = {"--username": "taken", "--name": "老周理发店", "--community": COMMUNITY}
    assert run("merchant", "create", *(part for pair in given.items() for part in pair), stdin=PASSWORD).exit_code == 0
    before = counts(superuser)
    given |= {"--username": "zhou"} | changes
    refused(run("merchant", "create", *(part for pair in given.items() for part in pair), stdin=stdin), word)
    assert counts(superuser) == before


# --- the books -----------------------------------------------------------------------------------------------------------------


def story(cast: Cast) -> None:
    """A little life in the books: earned, ordered, scanned, cancelled."""
    cast.grandmother.post("/checkins")
    cast.give(cast.grandmother, 100)
    scanned, cancelled = cast.order(cast.grandmother), cast.order(cast.grandmother)
    assert cast.barber.post("/merchant/scans", {"token": cast.token(cast.grandmother, scanned)}).status_code == 200
    assert cast.grandmother.post(f"/orders/{cancelled}/cancel").status_code == 200


def test_ledger_verify_is_content_with_empty_books_and_with_lived_in_ones(cast: Cast, run: Callable[..., Result]) -> None:
    assert run("ledger", "verify").exit_code == 0
    story(cast)
    result = run("ledger", "verify")
    assert (result.exit_code, result.stderr) == (0, "")
    assert "6 笔转账" in result.stdout


@pytest.mark.parametrize(
    "change",
    [
        "amount = amount + 1",
        "title = '参加治安巡逻（改）'",
        "created_at = created_at + interval '1 second'",
        "kind = 'checkin'",
        "source_id = gen_random_uuid()",
        "credit_account = (SELECT max(id) FROM accounts)",
        "mac = decode('00', 'hex')",
    ],
)
def test_a_transfer_that_was_changed_by_the_owner_is_found_and_named(
    cast: Cast, run: Callable[..., Result], superuser: psycopg.Connection, change: str
) -> None:
    story(cast)
    (transfer,) = superuser.execute("SELECT id FROM transfers WHERE kind = 'deed'").fetchone()
    tamper(superuser, f"UPDATE transfers SET {change} WHERE id = '{transfer}'")
    result = run("ledger", "verify")
    assert result.exit_code == 1
    assert str(transfer) in result.stdout
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ("DELETE FROM transfers WHERE kind = 'checkin'", "SELECT id FROM checkins"),
        ("UPDATE accounts SET balance = balance + 1 WHERE id = 1", "SELECT owner FROM accounts WHERE id = 1"),
        ("UPDATE deeds SET status = 'rejected', points = NULL, wallet = NULL, approved_at = NULL", "SELECT id FROM deeds"),
        ("DELETE FROM audit_log WHERE action = 'scan.redeem'", "SELECT id FROM transfers WHERE kind = 'spend'"),
    ],
)
def test_other_changes_by_the_owner_are_found_and_named_too(
    cast: Cast, run: Callable[..., Result], superuser: psycopg.Connection, change: str, named: str
) -> None:
    story(cast)
    (row,) = superuser.execute(named).fetchone()
    tamper(superuser, change)
    result = run("ledger", "verify")
    assert result.exit_code == 1
    assert str(row) in result.stdout


def tamper(superuser: psycopg.Connection, change: str) -> None:
    """Change something behind the back of the triggers, as only the database's owner can."""
    superuser.execute("SET session_replication_role = replica")
    try:
        assert superuser.execute(change).rowcount == 1
    finally:
        superuser.execute("SET session_replication_role = origin")


# --- the worker ----------------------------------------------------------------------------------------------------------------


def test_the_worker_lets_lapse_what_is_due_once(cast: Cast, run: Callable[..., Result], verified: None) -> None:
    cast.give(cast.grandmother, 100)
    with clock.stopped_at(clock.now() - timedelta(days=8)):
        old = cast.order(cast.grandmother)
    young = cast.order(cast.grandmother)
    assert cast.balance(cast.grandmother) == 40
    first, second = run("worker", "--once"), run("worker", "--once")
    assert (first.exit_code, second.exit_code) == (0, 0)
    assert "orders_lapsed=1" in first.stdout
    assert "orders_lapsed=0" in second.stdout
    assert cast.balance(cast.grandmother) == 70
    statuses = [cast.grandmother.get(f"/orders/{order}").json["status"] for order in (old, young)]
    assert statuses == ["lapsed", "reserved"]


def test_the_worker_forgets_what_is_kept_only_for_a_time(
    cast: Cast, run: Callable[..., Result], superuser: psycopg.Connection
) -> None:
    with clock.stopped_at(clock.now() - timedelta(days=40)):
        cast.nobody.post("/auth/password", {"username": "nobody", "password": "wrong"})
        cast.grandmother.post("/checkins", key="an-old-key")
    cast.volunteer.post("/checkins", key="a-new-key")
    assert run("worker", "--once").exit_code == 0
    assert counts(superuser, ("failed_sign_ins", "idempotency_keys", "sessions")) == {
        "failed_sign_ins": 0,
        "idempotency_keys": 1,
        "sessions": 1,
    }


def test_many_due_orders_lapse_in_one_run(cast: Cast, run: Callable[..., Result], verified: None) -> None:
    cast.give(cast.grandmother, 1000)
    item = UUID(cast.item(price=1))

    def place_many() -> None:
        for _ in range(120):
            orders.place(cast.grandmother.actor, item_id=item, quantity=1)

    with clock.stopped_at(clock.now() - timedelta(days=8)):
        cast.in_app(place_many)
    assert "orders_lapsed=120" in run("worker", "--once").stdout
    assert cast.balance(cast.grandmother) == 1000


# --- the demo ------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def production(app: Flask) -> Iterator[None]:
    """The app as it is in production, as far as the demo goes."""
    before = app.config["SETTINGS"]
    app.config["SETTINGS"] = dataclasses.replace(before, env="production")
    yield
    app.config["SETTINGS"] = before


def test_the_demo_is_refused_in_production(run: Callable[..., Result], superuser: psycopg.Connection, production: None) -> None:
    result = run("demo")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.count("\n") == 1
    assert counts(superuser)["logins"] == 0


def test_the_demo_is_loaded_once_and_its_printed_logins_work(
    cast: Cast, run: Callable[..., Result], superuser: psycopg.Connection, verified: None
) -> None:
    first = run("demo")
    assert first.exit_code == 0
    before = counts(superuser, ("staff", "merchants", "logins", "residents", "deeds", "transfers"))
    assert all(before.values())
    second = run("demo")
    assert (second.exit_code, second.stdout) == (0, first.stdout)
    assert counts(superuser, tuple(before)) == before
    from app import demo

    for username in ("admin", "reviewer", "auditor", "barber", "till"):
        assert username in first.stdout
        signed_in(cast, username, demo.PASSWORD)
    assert demo.PASSWORD in first.stdout
    grandmother = cast.nobody.post("/auth/wechat", {"code": "grandmother"}).json
    assert grandmother["registered"] is True
    assert Caller(cast.app, grandmother["access_token"]).get("/me").json["community"]["name"] == "融城社区"


# --- the schema ----------------------------------------------------------------------------------------------------------------


def test_upgrading_again_changes_nothing(run: Callable[..., Result], superuser: psycopg.Connection) -> None:
    before = superuser.execute("SELECT version_num FROM alembic_version").fetchall()
    assert run("db", "upgrade").exit_code == 0
    assert superuser.execute("SELECT version_num FROM alembic_version").fetchall() == before


def test_every_command_of_the_contract_is_there(app: Flask) -> None:
    commands: dict[str, Any] = {
        name: app.cli.commands[name] for name in ("db", "divisions", "staff", "merchant", "demo", "ledger")
    }
    assert "upgrade" in commands["db"].commands
    assert "import" in commands["divisions"].commands
    assert "create" in commands["staff"].commands
    assert "create" in commands["merchant"].commands
    assert "verify" in commands["ledger"].commands


# --- rules ---------------------------------------------------------------------------------------------------------------------


def test_rules_import_puts_a_list_in_force_and_again_changes_nothing(cast: Cast, run: Callable[..., Result]) -> None:
    file = str(DIVISIONS.parent / "rules" / "fangniuping.csv")
    dry = run("rules", "import", file, "--community", COMMUNITY, "--dry-run")
    assert (dry.exit_code, "将新增 25 条" in dry.stdout) == (0, True)
    assert cast.admin.get("/staff/rules").json["items"] == []
    assert "新增 25 条" in run("rules", "import", file, "--community", COMMUNITY).stdout
    assert "不变 25 条" in run("rules", "import", file, "--community", COMMUNITY).stdout
    assert len(cast.admin.get("/staff/rules?limit=100").json["items"]) == 25


def test_rules_import_names_the_line_and_does_nothing(cast: Cast, run: Callable[..., Result], tmp_path: Path) -> None:
    file = tmp_path / "rules.csv"
    file.write_text("编号,名称,类别,积分\nA-1,巡逻,治理,50\nA-2,清扫,建设,许多\n", encoding="utf-8")
    refused(run("rules", "import", str(file), "--community", COMMUNITY), "第 3 行")
    file.write_text("编号,名称,类别,积分\nA-1,巡逻,治理,50\n", encoding="utf-8")
    refused(run("rules", "import", str(file), "--community", TOWN), "社区")
    assert cast.admin.get("/staff/rules").json["items"] == []
