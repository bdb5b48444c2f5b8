"""Donations: somebody brings rice to the points shop, is credited, and the rice stands in stock with its origin."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from kernel import clock
from tests.answers import contents, refused, refused_fields
from tests.cast import COMMUNITY, NEXT_COMMUNITY, TOWN, Caller, Cast
from tests.web.test_statements_count import counted

pytestmark = pytest.mark.usefixtures("verified")
BOOKS = {"name": "旧书", "quantity": 12, "points": 6}
WHY = {"reason": "重复登记"}


def rice(cast: Cast, **given: Any) -> str:
    """The rice of the shop, five bags in stock; its id."""
    return cast.item(cast.till, **{"kind": "goods", "name": "大米", "price": 40, "stock": 5, **given})


def body(donor: Caller, *lines: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"resident_id": donor.id, "lines": list(lines) or [BOOKS], **more}


def stock(cast: Cast, item: str) -> int:
    return int(cast.grandmother.get(f"/items/{item}").json["stock"])


def tariff(cast: Cast, **given: Any) -> dict[str, Any]:
    made = cast.admin.post("/staff/donation-tariffs", {"name": "大米", "unit": "公斤", "points": 2, **given})
    assert made.status_code == 201, made.text
    return dict(made.json)


# --- taking goods in --------------------------------------------------------------------------------------------------------


def test_goods_are_credited_once_with_the_sum_of_the_lines_and_stand_in_stock(cast: Cast) -> None:
    item = rice(cast)
    made = cast.admin.post(
        "/staff/donations", body(cast.grandmother, {"item_id": item, "quantity": 10, "points": 100}, BOOKS, note="给老人")
    )
    assert made.status_code == 201
    assert {name: made.json[name] for name in ("points", "note", "thanks", "received_by")} == {
        "points": 106,
        "note": "给老人",
        "thanks": False,
        "received_by": "小林",
    }
    assert made.json["resident"] == {"id": cast.grandmother.id, "name": "李秀英"}
    assert made.json["lines"] == [
        {"item_id": item, "tariff_id": None, "name": "大米", "unit": None, "quantity": 10, "points": 100},
        {"item_id": None, "tariff_id": None, "name": "旧书", "unit": None, "quantity": 12, "points": 6},
    ]
    (line,) = cast.grandmother.get("/me/transfers").json["items"]
    assert (line["kind"], line["points"], line["balance_after"]) == ("donation", 106, 106)
    assert (line["title"], line["source"]) == ("捐赠：大米 10、旧书 12", {"type": "donation", "id": made.json["id"]})
    assert line["id"] == made.json["transfer_id"]
    assert cast.grandmother.get("/me/wallet").json["earned"] == 106
    assert stock(cast, item) == 15


def test_what_was_given_can_be_ordered(cast: Cast) -> None:
    item = rice(cast, stock=0)
    refused(cast.grandmother.post("/orders", {"item_id": item, "quantity": 1}), 409, "out_of_stock")
    cast.admin.post("/staff/donations", body(cast.grandmother, {"item_id": item, "quantity": 2, "points": 80}))
    assert cast.grandmother.post("/orders", {"item_id": item, "quantity": 2}).status_code == 201
    assert (stock(cast, item), cast.balance(cast.grandmother)) == (0, 0)


def test_two_lines_of_one_item_go_into_its_stock_together(cast: Cast, superuser: Any) -> None:
    item = rice(cast)
    given = {"item_id": item, "quantity": 3, "points": 0}
    made = cast.admin.post("/staff/donations", body(cast.grandmother, given, {**given, "points": 9}))
    assert (made.status_code, made.json["points"], stock(cast, item)) == (201, 9, 11)
    moves = superuser.execute("SELECT delta FROM stock_moves WHERE source_id = %s", (made.json["id"],)).fetchall()
    assert moves == [(6,)]


def test_the_points_of_a_household_go_into_its_wallet(cast: Cast, superuser: Any) -> None:
    household, member = uuid4(), cast.grandmother
    household_of(superuser, household, member, cast.volunteer)
    made = cast.admin.post("/staff/donations", body(member))
    assert (made.status_code, cast.balance(cast.volunteer)) == (201, 6)
    assert superuser.execute("SELECT wallet FROM donations").fetchone() == (str(household),)


def household_of(superuser: Any, household: Any, *members: Caller) -> None:
    superuser.execute(
        "INSERT INTO households (id, community_code, name, created_at) VALUES (%s, %s, '李家', now())", (household, COMMUNITY)
    )
    for kind, balance in (("wallet", 0), ("held", 0)):
        superuser.execute(
            "INSERT INTO accounts (kind, owner, community_code, balance, owed) VALUES (%s, %s, %s, %s, 0)",
            (kind, str(household), COMMUNITY, balance),
        )
    for member in members:
        superuser.execute("UPDATE residents SET household_id = %s WHERE id = %s", (household, member.id))
        superuser.execute(
            "INSERT INTO household_moves (id, kind, resident_id, to_id, by_kind, at) "
            "VALUES (gen_random_uuid(), 'joined', %s, %s, 'staff', now())",
            (member.id, household),
        )


def test_a_donation_sent_again_with_its_key_is_credited_once(cast: Cast) -> None:
    item = rice(cast)
    said = body(cast.grandmother, {"item_id": item, "quantity": 10, "points": 100})
    answers = [cast.admin.post("/staff/donations", said, key="rice") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json == answers[1].json
    assert answers[1].headers["Idempotent-Replayed"] == "true"
    assert (cast.balance(cast.grandmother), stock(cast, item)) == (100, 15)
    refused(cast.admin.post("/staff/donations", {**said, "thanks": True}, key="rice"), 422, "idempotency_mismatch")


def test_a_donation_that_makes_no_sense_is_refused_by_the_name_of_the_field(cast: Cast, superuser: Any) -> None:
    item, donor = rice(cast), cast.grandmother
    wrong: dict[str, list[object]] = {
        "resident_id": [None, 5, []],
        "lines": [[], None, "rice", {}, [BOOKS] * 51, [{**BOOKS, "points": 0}], [{**BOOKS, "points": 60_000}] * 2],
        "note": ["", None, 5, "长" * 201],
        "thanks": ["yes", 1, None],
        "points": [6],
        "community_code": [COMMUNITY],
        "wallet": [donor.id],
    }
    caller, before = cast.admin, contents(superuser, "sessions")
    for field, values in wrong.items():
        for value in values:
            refused_fields(caller.post("/staff/donations", {**body(donor), field: value}), field)
    wrong_lines: dict[str, list[object]] = {
        "quantity": [0, -1, 1.5, "3", True, None, 10_001, 2**63],
        "points": [-1, 1.5, "3", True, None, 100_001, 2**63],
        "name": ["", None, 5, "名" * 61],
        "unit": ["袋"],
    }
    for field, values in wrong_lines.items():
        for value in values:
            said = body(donor, BOOKS, {**BOOKS, field: value})
            refused_fields(caller.post("/staff/donations", said), f"lines.1.{field}")
    refused_fields(caller.post("/staff/donations", body(donor, {"name": "旧书", "quantity": 1})), "lines.0.points")
    refused_fields(caller.post("/staff/donations", body(donor, {"name": "旧书", "points": 1})), "lines.0.quantity")
    one = {"lines.0.item_id", "lines.0.name", "lines.0.tariff_id"}
    refused_fields(caller.post("/staff/donations", body(donor, {"quantity": 1, "points": 1})), *one)
    refused_fields(caller.post("/staff/donations", body(donor, {**BOOKS, "item_id": item})), *one)
    refused_fields(caller.post("/staff/donations", body(donor, {**BOOKS, "item_id": 5, "name": "x"})), "lines.0.item_id")
    assert contents(superuser, "sessions") == before


def test_what_the_donors_community_does_not_have_is_not_found_and_nothing_is_half_done(cast: Cast, superuser: Any) -> None:
    ours, above = rice(cast), cast.staff("admin", TOWN)
    theirs = above.post(
        "/staff/items",
        {
            "kind": "goods",
            "name": "大米",
            "price": 40,
            "stock": 5,
            "community_code": NEXT_COMMUNITY,
            "merchant_id": str(cast.merchant("隔壁超市", NEXT_COMMUNITY).merchant_id),
        },
    ).json["id"]
    tariffs = "/staff/donation-tariffs"
    terms = {"name": "大米", "unit": "公斤", "points": 2, "community_code": NEXT_COMMUNITY}
    their_tariff = above.post(tariffs, terms).json["id"]
    _ = cast.grandmother, cast.neighbour, cast.admin
    before = contents(superuser)
    nowhere = refused(
        cast.admin.post("/staff/donations", {**body(cast.grandmother), "resident_id": str(uuid4())}), 404, "not_found"
    )
    good = {"item_id": ours, "quantity": 1, "points": 1}
    for caller in (cast.admin, above):
        for foreign in ({"item_id": theirs}, {"item_id": str(uuid4())}, {"item_id": "nonsense"}):
            said = body(cast.grandmother, good, {**good, **foreign})
            assert refused(caller.post("/staff/donations", said), 404, "not_found") == nowhere
        for foreign in (their_tariff, str(uuid4()), "nonsense"):
            said = body(cast.grandmother, good, {"tariff_id": foreign, "quantity": 1})
            assert refused(caller.post("/staff/donations", said), 404, "not_found") == nowhere
    assert refused(cast.admin.post("/staff/donations", body(cast.neighbour)), 404, "not_found") == nowhere
    assert refused(cast.admin.post("/staff/donations", {**body(cast.neighbour), "resident_id": "x"}), 404, "not_found") == nowhere
    assert contents(superuser) == before
    assert above.post("/staff/donations", body(cast.neighbour, {**good, "item_id": theirs})).status_code == 201


def test_a_service_without_stock_takes_nothing_in(cast: Cast, superuser: Any) -> None:
    haircut, donor, caller = cast.item(), cast.grandmother, cast.admin
    before = contents(superuser)
    line = {"item_id": haircut, "quantity": 1, "points": 1}
    refused(caller.post("/staff/donations", body(donor, BOOKS, line)), 409, "stock_not_kept")
    assert contents(superuser) == before


def test_only_admins_take_goods_in_and_all_staff_see_them(cast: Cast) -> None:
    cast.admin.post("/staff/donations", body(cast.grandmother))
    for caller in (cast.reviewer, cast.auditor, cast.staff("grid_worker", COMMUNITY), cast.staff("building_head", COMMUNITY)):
        refused(caller.post("/staff/donations", body(cast.grandmother)), 403, "wrong_role")
        refused(caller.post("/staff/donation-tariffs", {}), 403, "wrong_role")
        assert len(caller.get("/staff/donations").json["items"]) == 1
    for caller in (cast.grandmother, cast.till):
        refused(caller.post("/staff/donations", body(cast.grandmother)), 403, "wrong_role")
        refused(caller.get("/staff/donations"), 403, "wrong_role")


def test_nobody_takes_in_what_credits_himself_or_his_household(cast: Cast, superuser: Any) -> None:
    donor, wife = cast.grandmother, cast.volunteer
    himself = cast.staff("admin", COMMUNITY, resident=donor)
    refused(himself.post("/staff/donations", body(donor)), 403, "own_donation")
    assert himself.post("/staff/donations", body(wife)).status_code == 201
    household_of(superuser, uuid4(), donor, wife)
    refused(himself.post("/staff/donations", body(wife)), 403, "own_donation")
    assert cast.admin.post("/staff/donations", body(wife)).status_code == 201


def test_somebody_who_left_gives_nothing_any_more(cast: Cast, superuser: Any) -> None:
    superuser.execute("UPDATE residents SET left_at = now() WHERE id = %s", (cast.grandmother.id,))
    refused(cast.admin.post("/staff/donations", body(cast.grandmother)), 404, "not_found")


# --- tariffs ----------------------------------------------------------------------------------------------------------------


def test_a_line_by_a_tariff_is_worth_its_points_times_the_quantity(cast: Cast) -> None:
    item = rice(cast)
    by = tariff(cast, item_id=item)
    assert {name: by[name] for name in ("community_code", "name", "unit", "points", "item_id", "active")} == {
        "community_code": COMMUNITY,
        "name": "大米",
        "unit": "公斤",
        "points": 2,
        "item_id": item,
        "active": True,
    }
    made = cast.admin.post("/staff/donations", body(cast.grandmother, {"tariff_id": by["id"], "quantity": 10}, BOOKS))
    assert (made.status_code, made.json["points"]) == (201, 26)
    assert made.json["lines"][0] == {
        "item_id": item,
        "tariff_id": by["id"],
        "name": "大米",
        "unit": "公斤",
        "quantity": 10,
        "points": 20,
    }
    assert cast.grandmother.get("/me/transfers").json["items"][0]["title"] == "捐赠：大米 10 公斤、旧书 12"
    assert stock(cast, item) == 15


def test_other_points_than_the_tariffs_are_refused_and_the_same_are_not(cast: Cast) -> None:
    line = {"tariff_id": tariff(cast)["id"], "quantity": 10}
    refused_fields(cast.admin.post("/staff/donations", body(cast.grandmother, BOOKS, {**line, "points": 21})), "lines.1.points")
    assert cast.admin.post("/staff/donations", body(cast.grandmother, {**line, "points": 20})).json["points"] == 20
    assert cast.balance(cast.grandmother) == 20


def test_a_tariff_cannot_make_a_donation_too_dear(cast: Cast) -> None:
    line = {"tariff_id": tariff(cast, points=10_000)["id"], "quantity": 11}
    refused_fields(cast.admin.post("/staff/donations", body(cast.grandmother, line)), "lines")
    assert cast.admin.post("/staff/donations", body(cast.grandmother, {**line, "quantity": 10})).json["points"] == 100_000


def test_new_terms_are_a_new_tariff_and_old_donations_keep_theirs(cast: Cast) -> None:
    old = tariff(cast)
    line = {"tariff_id": old["id"], "quantity": 10}
    given = cast.admin.post("/staff/donations", body(cast.grandmother, line)).json
    path = f"/staff/donation-tariffs/{old['id']}"
    assert cast.admin.patch(path, {}).json == old
    new = cast.admin.patch(path, {"points": 3})
    assert (new.status_code, new.json["points"], new.json["unit"], new.json["active"]) == (200, 3, "公斤", True)
    assert new.json["id"] != old["id"]
    listed = cast.reviewer.get("/staff/donation-tariffs").json["items"]
    assert [(t["id"], t["points"], t["active"]) for t in listed] == [(new.json["id"], 3, True), (old["id"], 2, False)]
    assert cast.reviewer.get("/staff/donation-tariffs?active=true").json["items"] == [new.json]
    refused_fields(cast.admin.post("/staff/donations", body(cast.grandmother, line)), "lines.0.tariff_id")
    refused(cast.admin.patch(path, {"points": 4}), 409, "tariff_closed")
    assert cast.admin.get(f"/staff/donations/{given['id']}").json == given


def test_a_tariff_is_closed_for_good(cast: Cast) -> None:
    path = f"/staff/donation-tariffs/{tariff(cast)['id']}"
    for wrong in ({"active": True}, {"active": False, "points": 3}):
        refused_fields(cast.admin.patch(path, wrong), "active")
    closed = cast.admin.patch(path, {"active": False})
    assert (closed.status_code, closed.json["active"]) == (200, False)
    refused(cast.admin.patch(path, {"active": False}), 409, "tariff_closed")
    assert cast.admin.get("/staff/donation-tariffs?active=true").json["items"] == []


def test_the_tariffs_of_a_community_are_its_own(cast: Cast) -> None:
    ours, item = tariff(cast), rice(cast)
    assert cast.neighbour_staff.get("/staff/donation-tariffs").json["items"] == []
    nowhere = refused(cast.neighbour_staff.patch(f"/staff/donation-tariffs/{uuid4()}", {"points": 1}), 404, "not_found")
    foreign = cast.neighbour_staff.patch(f"/staff/donation-tariffs/{ours['id']}", {"points": 1})
    assert refused(foreign, 404, "not_found") == nowhere
    terms = {"name": "大米", "unit": "公斤", "points": 2}
    for said in ({**terms, "item_id": item}, {**terms, "community_code": COMMUNITY}, {**terms, "item_id": "nonsense"}):
        assert refused(cast.neighbour_staff.post("/staff/donation-tariffs", said), 404, "not_found") == nowhere
    refused(cast.admin.post("/staff/donation-tariffs", {**terms, "item_id": cast.item()}), 409, "stock_not_kept")
    refused_fields(cast.staff("admin", TOWN).post("/staff/donation-tariffs", terms), "community_code")
    assert len(cast.official.get("/staff/donation-tariffs").json["items"]) == 1


def test_a_tariff_that_makes_no_sense_is_refused(cast: Cast) -> None:
    terms, path = {"name": "大米", "unit": "公斤", "points": 2}, f"/staff/donation-tariffs/{tariff(cast)['id']}"
    wrong: dict[str, list[object]] = {
        "name": ["", None, 5, "名" * 61],
        "unit": ["", None, 5, "位" * 21],
        "points": [0, -1, 1.5, "2", True, None, 10_001, 2**63],
        "item_id": [5],
        "active": ["no", None],
        "version": [2],
    }
    for field, values in wrong.items():
        for value in values:
            refused_fields(cast.admin.post("/staff/donation-tariffs", {**terms, field: value}), field)
            refused_fields(cast.admin.patch(path, {field: value}), field)
    assert len(cast.admin.get("/staff/donation-tariffs").json["items"]) == 1


# --- thanks -----------------------------------------------------------------------------------------------------------------


def test_the_feed_thanks_him_only_if_he_likes(cast: Cast, superuser: Any) -> None:
    entries = "SELECT id, kind, community_code, resident_id::text, category, title, description, occurred_on FROM feed_entries"
    item = rice(cast)
    line = {"tariff_id": tariff(cast, item_id=item)["id"], "quantity": 10}
    for quietly in ({}, {"thanks": False}):
        cast.admin.post("/staff/donations", body(cast.grandmother, line, **quietly))
    assert superuser.execute(entries).fetchall() == []
    made = cast.admin.post("/staff/donations", body(cast.grandmother, line, BOOKS, BOOKS, thanks=True, note="给楼里的老人"))
    assert made.json["thanks"] is True
    (entry,) = superuser.execute(entries).fetchall()
    assert str(entry[0]) == made.json["id"]
    assert entry[1:] == (
        *("donation", COMMUNITY, cast.grandmother.id, "物资捐赠"),
        *("捐赠大米 10 公斤、旧书 12 等", "给楼里的老人", clock.today()),
    )
    cast.admin.post("/staff/donations", body(cast.grandmother, thanks=True))
    (told,) = superuser.execute("SELECT description FROM feed_entries WHERE title = '捐赠旧书 12'").fetchall()
    assert told[0].startswith("感谢您")


def test_the_donor_is_told_and_a_letter_goes_with_it(cast: Cast, superuser: Any) -> None:
    made = cast.admin.post("/staff/donations", body(cast.grandmother)).json
    told = superuser.execute(
        "SELECT resident_id::text, kind, body, source_type, source_id::text FROM messages WHERE kind = 'donation.recorded'"
    ).fetchall()
    assert [(row[0], row[1], row[3], row[4]) for row in told] == [
        (cast.grandmother.id, "donation.recorded", "donation", made["id"])
    ]
    assert "旧书 12" in told[0][2]
    assert "6 积分" in told[0][2]
    assert superuser.execute("SELECT count(*) FROM outbox WHERE body->>'kind' = 'donation.recorded'").fetchone() == (1,)


# --- seeing what was given --------------------------------------------------------------------------------------------------


def test_donations_are_listed_newest_first_by_resident_and_by_day(cast: Cast) -> None:
    today, _, _ = clock.today(), cast.admin, cast.grandmother  # they sign in today
    with clock.stopped_at(clock.start_of(today) - timedelta(minutes=1)):
        old = cast.donate(cast.grandmother)
    new = cast.admin.post("/staff/donations", body(cast.volunteer)).json

    def listed(**query: Any) -> list[str]:
        answer = cast.reviewer.get("/staff/donations", query_string=query)
        assert answer.status_code == 200, answer.text
        return [donation["id"] for donation in answer.json["items"]]

    assert listed() == [new["id"], old]
    assert listed(resident_id=cast.grandmother.id) == [old]
    assert listed(resident_id=str(uuid4())) == listed(resident_id=cast.neighbour.id) == []
    assert listed(**{"from": str(today)}) == [new["id"]]
    assert listed(to=str(today - timedelta(days=1))) == [old]
    assert listed(**{"from": str(today - timedelta(days=1)), "to": str(today)}) == [new["id"], old]
    page = cast.reviewer.get("/staff/donations?limit=1").json
    assert page["items"] == [new]
    assert cast.reviewer.get(f"/staff/donations?limit=1&cursor={page['next']}").json["items"][0]["id"] == old


def test_the_donor_sees_what_he_gave_himself_and_nobody_elses(cast: Cast, superuser: Any) -> None:
    household_of(superuser, uuid4(), cast.grandmother, cast.volunteer)
    made = cast.admin.post("/staff/donations", body(cast.grandmother, note="给老人")).json
    (mine,) = cast.grandmother.get("/me/donations").json["items"]
    assert mine == {name: made[name] for name in ("id", "points", "lines", "note", "thanks", "created_at")}
    assert cast.volunteer.get("/me/donations").json == {"items": [], "next": None}


def test_donations_are_seen_where_the_donor_lives_and_nowhere_else(cast: Cast, superuser: Any) -> None:
    made = cast.admin.post("/staff/donations", body(cast.grandmother)).json
    path = f"/staff/donations/{made['id']}"
    nowhere = refused(cast.neighbour_staff.get(f"/staff/donations/{uuid4()}"), 404, "not_found")
    assert refused(cast.neighbour_staff.get(path), 404, "not_found") == nowhere
    assert cast.neighbour_staff.get("/staff/donations").json["items"] == []
    assert cast.reviewer.get(path).json == made
    grid = superuser.execute(
        "INSERT INTO divisions SELECT code || '-01', '第一网格', 'grid', code, lineage || code || '-01/', path || '/第一网格' "
        "FROM divisions WHERE code = %s RETURNING code",
        (COMMUNITY,),
    ).fetchone()[0]
    try:
        worker = cast.staff("admin", grid)
        refused(worker.get(path), 404, "not_found")
        refused(worker.post("/staff/donations", body(cast.grandmother)), 404, "not_found")
        superuser.execute("UPDATE residents SET place_code = %s WHERE id = %s", (grid, cast.grandmother.id))
        assert worker.get(path).json == made
        assert worker.post("/staff/donations", body(cast.grandmother)).status_code == 201
        assert len(cast.reviewer.get("/staff/donations").json["items"]) == 2
    finally:
        superuser.execute("SET session_replication_role = replica")
        superuser.execute("UPDATE residents SET place_code = community_code")
        superuser.execute("DELETE FROM staff WHERE scope_code = %s", (grid,))
        superuser.execute("DELETE FROM divisions WHERE code = %s", (grid,))
        superuser.execute("SET session_replication_role = origin")


def test_auditors_see_donors_masked(cast: Cast) -> None:
    item = rice(cast)
    made = cast.admin.post("/staff/donations", body(cast.grandmother, {"item_id": item, "quantity": 1, "points": 9})).json
    for path in ("/staff/donations", f"/staff/donations/{made['id']}", f"/staff/items/{item}/stock-moves"):
        answer = cast.auditor.get(path)
        assert "李**" in str(answer.json)
        assert "李秀英" not in str(answer.json)


def test_a_list_of_donations_takes_as_many_statements_for_ten_as_for_one(cast: Cast) -> None:
    def statements() -> int:
        with counted(cast.app) as sent:
            assert cast.reviewer.get("/staff/donations?limit=100").status_code == 200
        return len(sent)

    cast.admin.post("/staff/donations", body(cast.grandmother))
    assert cast.reviewer.get("/staff/donations").status_code == 200  # he has signed in
    one = statements()
    for n in range(9):
        donor = cast.resident(f"居民{n}")
        cast.admin.post("/staff/donations", body(donor, BOOKS, {**BOOKS, "name": "旧衣"}))
    assert statements() == one


# --- origin -----------------------------------------------------------------------------------------------------------------


def test_one_sees_where_the_rice_came_from_and_where_it_went(cast: Cast) -> None:
    item = rice(cast)
    cast.admin.post(f"/staff/items/{item}/stock", {"delta": -1, "reason": "受潮报损"})
    made = cast.admin.post("/staff/donations", body(cast.grandmother, {"item_id": item, "quantity": 10, "points": 100})).json
    order = cast.order(cast.grandmother, item)
    answer = cast.reviewer.get(f"/staff/items/{item}/stock-moves")
    assert answer.status_code == 200
    moves = answer.json["items"]
    assert [(move["kind"], move["delta"], move["reason"], move["by"]) for move in moves] == [
        ("reserved", -1, None, None),
        ("donated", 10, None, "小林"),
        ("written_off", -1, "受潮报损", "小林"),
        ("opening", 5, None, "小林"),
    ]
    assert [move["order_id"] for move in moves] == [order, None, None, None]
    donor = {"id": cast.grandmother.id, "name": "李秀英"}
    origin = {"id": made["id"], "number": made["number"], "resident": donor}
    assert [move["donation"] for move in moves] == [None, origin, None, None]
    page = cast.reviewer.get(f"/staff/items/{item}/stock-moves?limit=3").json
    rest = cast.reviewer.get(f"/staff/items/{item}/stock-moves?limit=3&cursor={page['next']}").json
    assert page["items"] + rest["items"] == moves
    assert rest["next"] is None


def test_the_stock_moves_of_another_community_do_not_exist(cast: Cast) -> None:
    item = rice(cast)
    nowhere = refused(cast.neighbour_staff.get(f"/staff/items/{uuid4()}/stock-moves"), 404, "not_found")
    assert refused(cast.neighbour_staff.get(f"/staff/items/{item}/stock-moves"), 404, "not_found") == nowhere
    refused(cast.grandmother.get(f"/staff/items/{item}/stock-moves"), 403, "wrong_role")
    refused_fields(cast.reviewer.get(f"/staff/items/{item}/stock-moves?cursor=x"), "cursor")


# --- taking it back ---------------------------------------------------------------------------------------------------------


def test_the_points_of_a_donation_are_taken_back_once_and_the_stock_is_corrected_by_its_own_call(cast: Cast) -> None:
    item = rice(cast)
    said = body(cast.grandmother, {"item_id": item, "quantity": 10, "points": 100})
    wrong, _right = (cast.admin.post("/staff/donations", said).json for _ in range(2))
    reverse = f"/staff/transfers/{wrong['transfer_id']}/reverse"
    back = cast.admin.post(reverse, WHY)
    assert (back.status_code, back.json["points"], back.json["title"]) == (201, -100, "冲正：捐赠：大米 10")
    refused(cast.admin.post(reverse, WHY), 409, "already_reversed")
    assert cast.admin.post(f"/staff/items/{item}/stock", {"delta": -10, "reason": "重复登记"}).json["stock"] == 15
    assert cast.balance(cast.grandmother) == 100
    assert cast.grandmother.get("/me/wallet").json["earned"] == 100


def test_a_donation_whose_points_are_taken_back_is_shown_no_more_and_nobody_puts_it_back(cast: Cast) -> None:
    wrong, right = (cast.admin.post("/staff/donations", body(cast.grandmother, thanks=True)).json for _ in range(2))
    deed = cast.give(cast.grandmother, 20)
    assert cast.admin.post(f"/staff/transfers/{wrong['transfer_id']}/reverse", WHY).status_code == 201
    assert [one["id"] for one in cast.grandmother.get("/feed").json["items"]] == [deed, right["id"]]
    refused(cast.admin.post(f"/staff/feed/{wrong['id']}/put-back"), 409, "not_taken_off")
    credit = next(one["id"] for one in cast.grandmother.get("/me/transfers").json["items"] if one["kind"] == "deed")
    assert cast.admin.post(f"/staff/transfers/{credit}/reverse", WHY).status_code == 201
    assert deed in [one["id"] for one in cast.grandmother.get("/feed").json["items"]]


def test_points_of_a_donation_that_are_spent_are_not_taken_back(cast: Cast) -> None:
    made = cast.admin.post("/staff/donations", body(cast.grandmother, {**BOOKS, "points": 30})).json
    cast.order(cast.grandmother)
    refused(cast.admin.post(f"/staff/transfers/{made['transfer_id']}/reverse", WHY), 409, "insufficient_points")


def test_a_donation_that_the_months_budget_has_no_room_for_is_refused_and_leaves_nothing(cast: Cast, verified: None) -> None:
    assert cast.admin.patch("/staff/settings", {"budget_per_month": 100}).status_code == 200
    lines = [{"name": "旧书", "quantity": 1, "points": 60}]
    given = {"resident_id": cast.grandmother.id, "lines": lines}
    assert cast.admin.post("/staff/donations", given).status_code == 201
    refused(cast.admin.post("/staff/donations", given), 409, "budget_exhausted")
    assert cast.balance(cast.grandmother) == 60
    assert len(cast.admin.get("/staff/donations").json["items"]) == 1
