"""Figures: they say what the rows say, whether the worker ran or not, for any part of the tree, and their rows add up to them."""

import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest

from app import jobs
from kernel import clock
from kernel.errors import Refusal
from people import sessions
from points import checkins, corrections, reviews
from redeem import orders, scans
from reports import rollups
from tests.answers import SHANGHAI, after, refused, refused_fields
from tests.cast import COMMUNITY, DISTRICT, NEXT_COMMUNITY, TOWN, Caller, Cast

pytestmark = pytest.mark.usefixtures("verified")
GRID, BUILDING = f"{COMMUNITY}01", f"{COMMUNITY}0101"
KEYS = {
    *("residents", "participants", "issued", "redeemed", "expired", "outstanding", "deeds", "hours", "top_rules", "top_items"),
    *("by_day", "participants_by_age", "units", "checkins", "from", "to", "division_code"),
}
LIFE_DAYS = 22
NODES = (BUILDING, GRID, COMMUNITY, NEXT_COMMUNITY, TOWN, DISTRICT)


@pytest.fixture
def places(superuser: psycopg.Connection) -> Iterator[None]:
    """A grid of our community with a building in it."""
    lineage = superuser.execute("SELECT lineage FROM divisions WHERE code = %s", (COMMUNITY,)).fetchone()[0]  # type: ignore[index]
    insert = "INSERT INTO divisions (code, name, level, parent_code, lineage, path) VALUES (%s, %s, %s, %s, %s, '')"
    superuser.execute(insert, (GRID, "一网格", "grid", COMMUNITY, f"{lineage}{GRID}/"))
    superuser.execute(insert, (BUILDING, "1 栋", "building", GRID, f"{lineage}{GRID}/{BUILDING}/"))
    yield
    superuser.execute("SET session_replication_role = replica")  # residents of this test still live there
    superuser.execute("DELETE FROM divisions WHERE code = ANY(%s)", ([GRID, BUILDING],))
    superuser.execute("SET session_replication_role = origin")


def settle(superuser: psycopg.Connection, resident: Caller, place: str | None = None, born_on: date | None = None) -> None:
    """Say where a resident lives and when he was born."""
    superuser.execute(
        "UPDATE residents SET place_code = coalesce(%s, place_code), born_on = coalesce(%s, born_on) WHERE id = %s",
        (place, born_on, resident.id),
    )


def live(cast: Cast, superuser: psycopg.Connection, seed: int = 7) -> list[Caller]:
    """Some weeks of two communities, at all hours: earned, spent, taken back, cancelled; the residents."""
    chance = random.Random(seed)
    print(f"seed {seed}")
    with clock.stopped_at(after(days=-1)):
        ours = [cast.resident(f"居民{n}") for n in range(4)]
        theirs = [cast.resident(f"邻居{n}", NEXT_COMMUNITY) for n in range(2)]
        rule = {COMMUNITY: cast.rule(), NEXT_COMMUNITY: cast.rule(NEXT_COMMUNITY)}
        item = cast.item()
        settle(superuser, ours[0], BUILDING, date(1950, 1, 1))
        settle(superuser, ours[1], GRID, date(2010, 1, 1))
        settle(superuser, ours[2], born_on=date(1990, 3, 3))
    for day in range(LIFE_DAYS):
        for hour in sorted(chance.sample(range(-10, 14), 6)):  # from midnight to midnight around ten o'clock
            with clock.stopped_at(after(days=day, hours=hour, minutes=chance.choice([0, 0, 59]))):
                who = chance.choice([*ours, *theirs])
                community = COMMUNITY if who in ours else NEXT_COMMUNITY
                act = chance.choice(["check in", "check in", "deed", "deed", "order", "reverse", "declare"])
                try:
                    _do(cast, superuser, act, who, rule[community], item if who in ours else None, chance)
                except Refusal as refusal:
                    print(act, refusal.code)
    return [*ours, *theirs]


def _do(
    cast: Cast, superuser: psycopg.Connection, act: str, who: Caller, rule: str, item: str | None, chance: random.Random
) -> None:
    staff = cast.admin if item else cast.neighbour_staff
    if act == "check in":
        cast.in_app(lambda: checkins.check_in(who.actor))
    elif act in ("deed", "declare"):
        deed = cast.deed(who, rule_id=rule)
        if act == "deed":
            cast.in_app(lambda: reviews.approve(staff.actor, UUID(deed), points=chance.randint(20, 90)))
    elif act == "order" and item:
        order = cast.order(who, item)
        if chance.random() < 0.3:
            cast.in_app(lambda: orders.cancel(who.actor, UUID(order)))
        elif chance.random() < 0.7:
            token = cast.token(who, order)
            cast.in_app(lambda: scans.redeem(cast.barber.actor, token=token))
    elif act == "reverse":
        earned = superuser.execute(
            """
            SELECT t.id FROM transfers t JOIN accounts a ON a.id = t.credit_account
            WHERE a.owner = %s AND t.kind IN ('deed', 'checkin') ORDER BY t.number
            """,
            (who.id,),
        ).fetchall()
        if earned:
            credit = chance.choice(earned)[0]
            cast.in_app(lambda: corrections.reverse(staff.actor, credit, reason="重复"))


def stats(caller: Caller, **query: Any) -> dict[str, Any]:
    answer = caller.get("/staff/stats", query_string=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json
    assert found.keys() == KEYS
    return found


def run_worker(cast: Cast) -> int:
    with cast.app.app_context():
        return jobs.run_due()["days_rolled_up"]


def expected(superuser: psycopg.Connection) -> tuple[dict[tuple[str, date], Counter[str]], set[tuple[str, date, str]]]:
    """The figures by community and day, and who did anything, worked out here from the plain rows."""
    figures: dict[tuple[str, date], Counter[str]] = defaultdict(Counter)
    acted: set[tuple[str, date, str]] = set()
    for at, amount, debit, credit, of_debit, of_credit in superuser.execute(
        """
        SELECT t.created_at, t.amount, d.kind, c.kind, d.community_code, c.community_code FROM transfers t
        JOIN accounts d ON d.id = t.debit_account JOIN accounts c ON c.id = t.credit_account
        """
    ):
        day = at.astimezone(SHANGHAI).date()
        if (debit, credit) == ("issuance", "wallet"):
            figures[of_credit, day]["issued"] += amount
        elif (debit, credit) == ("wallet", "issuance"):
            figures[of_debit, day]["issued"] -= amount
        elif (debit, credit) == ("held", "merchant"):
            figures[of_debit, day]["redeemed"] += amount
    for table, moment in (
        ("checkins", "created_at"),
        ("deeds", "declared_at"),
        ("deeds", "approved_at"),
        ("orders", "placed_at"),
    ):
        rows = superuser.execute(
            f"SELECT x.{moment}, r.community_code, r.id FROM {table} x JOIN residents r ON r.id = x.resident_id"  # type: ignore[arg-type]
        )
        for at, community, resident in rows:
            if at is None:
                continue
            day = at.astimezone(SHANGHAI).date()
            acted.add((community, day, str(resident)))
            if table == "checkins":
                figures[community, day]["checkins"] += 1
            elif moment == "approved_at":
                figures[community, day]["deeds"] += 1
    return figures, acted


# --- rollups ------------------------------------------------------------------------------------------------------------------


def test_rollups_say_what_the_rows_say(cast: Cast, places: None, superuser: psycopg.Connection) -> None:
    live(cast, superuser)
    with clock.stopped_at(after(days=LIFE_DAYS)):
        assert run_worker(cast) == LIFE_DAYS  # all days that are over
        figures, acted = expected(superuser)
    kept = {
        (community, day): Counter(issued=i, redeemed=r, deeds=d, checkins=c)
        for community, day, i, r, d, c in superuser.execute(
            "SELECT community_code, day, issued, redeemed, deeds, checkins FROM daily_figures"
        )
    }
    assert kept == figures
    assert sum(1 for counts in figures.values() if counts["redeemed"]) >= 2  # the control: life did happen
    assert any(counts["issued"] < 0 for counts in figures.values()) or sum(c["issued"] for c in figures.values()) > 200
    people = {
        (community, month + timedelta(days=n), str(resident))
        for community, month, resident, days in superuser.execute(
            "SELECT community_code, month, resident_id, days FROM monthly_participants"
        )
        for n in range(31)
        if days >> n & 1
    }
    assert people == acted


def test_the_figures_are_the_same_before_and_after_the_worker_ran_and_after_a_rebuild(
    cast: Cast, places: None, superuser: psycopg.Connection
) -> None:
    live(cast, superuser)
    asked = [(first, last, node) for first, last in ((-3, 40), (2, 9), (LIFE_DAYS - 1, LIFE_DAYS)) for node in NODES]

    def answers() -> list[dict[str, Any]]:
        official = cast.staff("auditor", DISTRICT)
        return [
            stats(official, **{"from": after(days=a).date(), "to": after(days=b).date(), "division_code": node})
            for a, b, node in asked
        ]

    with clock.stopped_at(after(days=LIFE_DAYS / 2)):
        assert run_worker(cast) > 0  # some days are rolled up, and some are not
    with clock.stopped_at(after(days=LIFE_DAYS)):
        superuser.execute("DELETE FROM rolled_up_days")
        superuser.execute("DELETE FROM daily_figures")
        superuser.execute("DELETE FROM monthly_participants")
        live_only = answers()
        with cast.app.app_context():
            for day in rollups.due()[::2]:
                cast.in_app(lambda day=day: rollups.roll_up(day))
        assert answers() == live_only  # every second day is kept
        assert run_worker(cast) == LIFE_DAYS // 2
        assert answers() == live_only
        rebuilt = cast.app.test_cli_runner().invoke(args=["figures", "rebuild"])
        assert (rebuilt.exit_code, str(LIFE_DAYS) in rebuilt.output) == (0, True)
        assert answers() == live_only
        # The control: it is the rollups that are read.
        superuser.execute("UPDATE daily_figures SET issued = issued + 1")
        assert answers() != live_only
        assert cast.app.test_cli_runner().invoke(args=["figures", "rebuild"]).exit_code == 0
        assert answers() == live_only


def test_a_deed_that_is_revoked_after_its_day_was_rolled_up_counts_no_more(cast: Cast) -> None:
    with clock.stopped_at(after()):
        deed = cast.give(cast.grandmother, 50)
        cast.give(cast.grandmother, 20)
    with clock.stopped_at(after(days=2)):
        run_worker(cast)
        admin = cast.staff("admin", COMMUNITY)
        assert stats(admin)["deeds"] == 2
        assert admin.post(f"/staff/deeds/{deed}/revoke", {"reason": "照片是去年的"}).status_code == 200
        assert stats(admin)["deeds"] == 1
        rows = admin.get("/staff/stats/rows?figure=deeds").json["items"]
        assert [row["points"] for row in rows] == [20]


def test_the_worker_rolls_up_a_day_an_hour_after_it_ended_and_never_twice(cast: Cast) -> None:
    with clock.stopped_at(after()):
        cast.give(cast.grandmother, 50)
    with clock.stopped_at(after(hours=14, minutes=59)):  # a minute to one
        assert run_worker(cast) == 0
    with clock.stopped_at(after(hours=15, minutes=1)):
        assert run_worker(cast) == 1
        assert run_worker(cast) == 0


def test_a_worker_that_dies_leaves_nothing_and_another_does_it_all(
    cast: Cast, superuser: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    with clock.stopped_at(after()):
        cast.give(cast.grandmother, 50)
    with clock.stopped_at(after(days=2)):
        with monkeypatch.context() as broken:
            broken.setattr(rollups, "_PARTICIPANTS", rollups.text("SELECT 1 / 0"))
            assert run_worker(cast) == 0
        for table in ("rolled_up_days", "daily_figures", "monthly_participants"):
            assert superuser.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)  # type: ignore[arg-type]
        assert run_worker(cast) == 2
        assert stats(cast.staff("admin", COMMUNITY))["issued"] == 50


# --- figures ------------------------------------------------------------------------------------------------------------------


def test_over_a_communitys_life_what_was_issued_is_spent_expired_or_still_there(
    cast: Cast, places: None, superuser: psycopg.Connection
) -> None:
    live(cast, superuser)
    with clock.stopped_at(after(days=LIFE_DAYS)):
        official = cast.staff("auditor", DISTRICT)
        for _ in range(2):
            for node in NODES:
                life = stats(official, **{"from": "2024-01-01", "to": "2026-01-01", "division_code": node})
                assert life["issued"] - life["redeemed"] - life["expired"] == life["outstanding"], node
                assert sum(day["issued"] for day in life["by_day"]) == life["issued"]
            run_worker(cast)
        district, ours = stats(official), stats(official, division_code=COMMUNITY)
        theirs = stats(official, division_code=NEXT_COMMUNITY)
        for figure in ("residents", "participants", "issued", "redeemed", "outstanding", "deeds", "checkins"):
            assert district[figure] == ours[figure] + theirs[figure]
            assert ours[figure] > 0
        assert stats(official, division_code=BUILDING)["residents"] == 1
        assert stats(official, division_code=GRID)["residents"] == 2


@pytest.mark.parametrize("rolled_up", [False, True])
def test_the_rows_of_every_figure_add_up_to_it(cast: Cast, places: None, superuser: psycopg.Connection, rolled_up: bool) -> None:
    live(cast, superuser)
    with clock.stopped_at(after(days=LIFE_DAYS)):
        if rolled_up:
            run_worker(cast)
        official = cast.staff("auditor", DISTRICT)
        for node in NODES:
            for days in ({}, {"from": str(after(days=5).date()), "to": str(after(days=12).date())}):
                figures = stats(official, division_code=node, **days)
                for figure in ("issued", "redeemed", "expired", "deeds", "checkins", "participants", "residents"):
                    rows = all_rows(official, figure=figure, division_code=node, **days)
                    in_points = figure in ("issued", "redeemed", "expired")
                    total = sum(row["points"] for row in rows) if in_points else len(rows)
                    assert total == figures[figure], (node, figure)
                    assert len({row["id"] for row in rows}) == len(rows)
                    assert all(row["who"]["name"].endswith("*") for row in rows)  # an auditor sees no full name


def all_rows(caller: Caller, **query: Any) -> list[dict[str, Any]]:
    found, cursor = [], None
    while True:
        page = caller.get("/staff/stats/rows", query_string={**query, "limit": 7, **({"cursor": cursor} if cursor else {})})
        assert page.status_code == 200, page.text
        found += page.json["items"]
        cursor = page.json["next"]
        if cursor is None:
            return found


def test_a_row_says_when_how_many_points_and_who(cast: Cast) -> None:
    cast.give(cast.grandmother, 50)
    (row,) = cast.admin.get("/staff/stats/rows?figure=issued").json["items"]
    assert (row["points"], row["title"]) == (50, "参加治安巡逻")
    assert row["who"] == {"kind": "resident", "id": cast.grandmother.id, "name": "李秀英"}
    (masked,) = cast.auditor.get("/staff/stats/rows?figure=issued").json["items"]
    assert masked["who"]["name"] == "李**"


def test_a_household_owns_the_points_it_earned(cast: Cast, superuser: psycopg.Connection) -> None:
    household = "019dd1c0-7a10-7cc3-98c4-000000000001"
    superuser.execute(
        "INSERT INTO households (id, community_code, name, created_at) VALUES (%s, %s, '李家', now())", (household, COMMUNITY)
    )
    grandmother = cast.grandmother.id
    superuser.execute("UPDATE residents SET household_id = %s WHERE id = %s", (household, grandmother))
    superuser.execute(
        """
        INSERT INTO household_moves (id, kind, resident_id, to_id, by_kind, at) VALUES (%s, 'founded', %s, %s, 'command', now())
        """,
        (household, grandmother, household),
    )
    from points import ledger

    cast.in_app(lambda: ledger.open_wallet(household, COMMUNITY))
    cast.give(cast.grandmother, 50)
    (row,) = cast.admin.get("/staff/stats/rows?figure=issued").json["items"]
    assert row["who"] == {"kind": "household", "id": household, "name": "李家"}
    assert stats(cast.admin)["outstanding"] == 50


def test_by_default_the_figures_are_of_the_last_thirty_days_of_ones_own_part(cast: Cast) -> None:
    with clock.stopped_at(after(days=-40)):
        cast.give(cast.grandmother, 30)
    with clock.stopped_at(after()):
        cast.give(cast.grandmother, 50)
        cast.volunteer.access_token = sessions._access_token(cast.volunteer.actor.session_id)
        assert cast.volunteer.post("/checkins").status_code == 201
        found = stats(cast.staff("reviewer", COMMUNITY))
    assert (found["from"], found["to"], len(found["by_day"])) == ("2025-02-02", "2025-03-03", 30)
    assert found["by_day"][-1] == {"date": "2025-03-03", "issued": 51, "redeemed": 0, "expired": 0, "deeds": 1, "checkins": 1}
    assert (found["division_code"], found["issued"], found["outstanding"], found["hours"]) == (COMMUNITY, 51, 81, 0)
    assert (found["residents"], found["participants"]) == (2, 2)
    (rule,) = found["top_rules"]
    assert (rule["id"], rule["title"], rule["deeds"], rule["points"]) == (cast.patrol, "参加治安巡逻", 1, 50)


def test_days_end_at_midnight_in_the_communitys_zone(cast: Cast) -> None:
    with clock.stopped_at(after(hours=13, minutes=59)):  # a minute to midnight
        cast.give(cast.grandmother, 10)
    with clock.stopped_at(after(hours=14)):
        cast.give(cast.grandmother, 20)
        admin = cast.staff("admin", COMMUNITY)
        for day, issued in (("2025-03-03", 10), ("2025-03-04", 20)):
            assert stats(admin, **{"from": day, "to": day})["issued"] == issued


def test_the_most_spent_on_comes_first(cast: Cast) -> None:
    cast.give(cast.grandmother, 500)
    cut, soap = cast.item(), cast.item(name="洗衣液", kind="goods", price=10, stock=9)
    for item, quantity in ((cut, 1), (soap, 3)):
        token = cast.token(cast.grandmother, cast.order(cast.grandmother, item, quantity))
        assert cast.barber.post("/merchant/scans", {"token": token}).status_code == 200
    found = stats(cast.admin)
    assert [(item["name"], item["pieces"], item["points"]) for item in found["top_items"]] == [
        ("洗衣液", 3, 30),
        ("剪发一次", 1, 30),
    ]
    assert (found["redeemed"], found["outstanding"]) == (60, 440)


def test_who_takes_part_is_counted_by_age(cast: Cast, superuser: psycopg.Connection) -> None:
    settle(superuser, cast.grandmother, born_on=date(2025, 3, 3) - timedelta(days=365 * 72 + 18))
    settle(superuser, cast.volunteer, born_on=date(2007, 3, 4))  # eighteen tomorrow
    cast.resident("无生日")
    with clock.stopped_at(after()):
        cast.deed(cast.volunteer)
        admin = cast.staff("admin", COMMUNITY)
        groups = {group["group"]: group for group in stats(admin)["participants_by_age"]}
        assert list(groups) == ["under_18", "18-34", "35-59", "60-74", "75+", "unknown"]
        assert groups["under_18"] == {"group": "under_18", "participants": 1, "residents": 1}
        assert groups["60-74"] == {"group": "60-74", "participants": 0, "residents": 1}
        assert groups["unknown"]["residents"] == 1
    with clock.stopped_at(after(days=1)):
        admin = cast.staff("admin", COMMUNITY)
        assert stats(admin)["participants_by_age"][1]["participants"] == 1


def test_who_has_left_is_no_resident_but_has_taken_part(cast: Cast, superuser: psycopg.Connection) -> None:
    cast.grandmother.post("/checkins")
    superuser.execute("UPDATE residents SET left_at = now() WHERE id = %s", (cast.grandmother.id,))
    found = stats(cast.admin)
    assert (found["residents"], found["participants"]) == (0, 1)


# --- who sees what, and what is refused -----------------------------------------------------------------------------------------


def test_staff_next_door_see_nothing_of_ours_and_the_district_sees_the_sum(cast: Cast) -> None:
    cast.give(cast.grandmother, 50)
    next_door = stats(cast.neighbour_staff)
    assert {next_door[name] for name in ("participants", "issued", "outstanding", "deeds", "checkins")} == {0}
    assert next_door["top_rules"] == []
    assert cast.neighbour_staff.get("/staff/stats/rows?figure=issued").json == {"items": [], "next": None}
    for code in (COMMUNITY, TOWN, DISTRICT, "999999"):
        assert cast.neighbour_staff.get(f"/staff/stats?division_code={code}").status_code == 404
        refused(cast.neighbour_staff.get(f"/staff/stats/rows?figure=issued&division_code={code}"), 404, "not_found")
    cast.neighbour.post("/checkins")
    assert stats(cast.official)["issued"] == 51
    assert stats(cast.official, division_code=TOWN)["issued"] == 51
    assert stats(cast.official, division_code=COMMUNITY)["issued"] == 50


def test_a_building_head_sees_the_figures_of_his_building(cast: Cast, places: None, superuser: psycopg.Connection) -> None:
    cast.give(cast.grandmother, 50)
    cast.give(cast.volunteer, 30)
    settle(superuser, cast.grandmother, BUILDING)
    head = cast.staff("building_head", BUILDING)
    found = stats(head)
    assert (found["residents"], found["participants"], found["issued"], found["outstanding"], found["deeds"]) == (1, 1, 50, 50, 1)
    refused(head.get(f"/staff/stats?division_code={COMMUNITY}"), 404, "not_found")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("from=2025-03-04&to=2025-03-03", "to"),
        ("from=yesterday", "from"),
        ("to=2025-02-30", "to"),
        ("division_code=" + "5" * 33, "division_code"),
    ],
)
def test_days_that_make_no_sense_are_refused(cast: Cast, query: str, field: str) -> None:
    refused_fields(cast.admin.get(f"/staff/stats?{query}"), field)
    refused_fields(cast.admin.get(f"/staff/stats/rows?figure=issued&{query}"), field)


def test_rows_are_asked_for_by_a_figure_that_exists(cast: Cast) -> None:
    refused_fields(cast.admin.get("/staff/stats/rows"), "figure")
    refused_fields(cast.admin.get("/staff/stats/rows?figure=balance"), "figure")
    refused_fields(cast.admin.get("/staff/stats/rows?figure=issued&cursor=xx"), "cursor")
    refused_fields(cast.admin.get("/staff/stats/rows?figure=deeds&cursor=xx"), "cursor")


def test_a_range_of_a_hundred_years_is_answered(cast: Cast) -> None:
    cast.give(cast.grandmother, 50)
    found = stats(cast.admin, **{"from": "2000-01-01", "to": "2100-12-31"})
    assert (found["issued"], [day["issued"] for day in found["by_day"]]) == (50, [50])
    future = stats(cast.admin, **{"from": "2099-01-01"})
    assert (future["issued"], future["participants"]) == (0, 0)
