"""Leaving a community: what names a person is gone, the books stay in order, and it is no way to earn."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import text

from app import jobs
from kernel import clock, ids, uploads
from kernel.database import add, execute
from kernel.errors import NotFound
from people import messages, residents
from people.households import Household
from people.privacy import VERSION
from points import ledger
from tests.answers import contents, refused, refused_fields
from tests.cast import COMMUNITY, Caller, Cast, photo

pytestmark = pytest.mark.usefixtures("verified")
SAID = "在三号楼帮王大爷搬米"
ADDRESS = "三号楼二单元"
PHONE = "13812345678"


@pytest.fixture
def leaver(cast: Cast, superuser: psycopg.Connection) -> Caller:
    """Somebody with a bit of everything: 100 points, 30 of them held, an approved deed with a photo, one that waits."""
    person = cast.resident("欧阳秀英")
    changes = {"address": ADDRESS, "phone_sealed": residents.signing.encrypt("phone", PHONE), "born_on": "1953-05-06"}
    superuser.execute(
        "UPDATE residents SET address = %(address)s, phone_sealed = %(phone_sealed)s, phone_hash = %(hash)s, born_on = "
        "%(born_on)s, search = '欧阳秀英 oyxy' WHERE id = %(id)s",
        {**changes, "hash": residents.phone_hash(PHONE), "id": person.id},
    )
    shown = cast.in_app(lambda: uploads.store(person.actor.id, photo())).id
    approved = cast.deed(person, description=SAID, upload_ids=[shown])
    assert cast.reviewer.post(f"/staff/deeds/{approved}/approve", {"points": 100}).status_code == 200
    cast.in_app(lambda: messages.tell(person.actor.id, "deed.approved", "已通过", f"{SAID}：100 分", "deed", UUID(approved)))
    order = cast.order(person, cast.item(kind="goods", name="鸡蛋", stock=5))
    waiting = cast.deed(person, description=SAID)
    person.__dict__.update(approved=approved, order=order, waiting=waiting, photo=shown)
    return person


def household(cast: Cast, *members: Caller, points: int = 0) -> UUID:
    """A household of some residents, with points in its wallet; the first is its head."""

    def work() -> UUID:
        made = Household(id=ids.new(), community_code=COMMUNITY, name="欧阳家", address=ADDRESS, created_at=clock.now())
        made.head_id = members[0].actor.id
        add(made)
        ledger.open_wallet(str(made.id), COMMUNITY)
        for member in members:
            execute(text("UPDATE residents SET household_id = :h WHERE id = :id"), h=made.id, id=member.actor.id)
            execute(
                text(
                    "INSERT INTO household_moves (id, kind, resident_id, to_id, by_kind, at) "
                    "VALUES (:id, 'founded', :resident_id, :to_id, 'staff', :at)"
                ),
                id=ids.new(),
                resident_id=member.actor.id,
                to_id=made.id,
                at=clock.now(),
            )
        return made.id

    made = cast.in_app(work)
    if points:
        cast.give(members[0], points)
    return made


def everything(superuser: psycopg.Connection) -> dict[str, str]:
    """All rows of all tables as text."""
    tables = superuser.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'divisions'")
    return {
        table: superuser.execute(f"SELECT coalesce(string_agg(t::text, '|'), '') FROM {table} t").fetchone()[0]
        for (table,) in tables.fetchall()
    }


def test_who_wants_to_leave_is_told_what_he_will_lose(cast: Cast, leaver: Caller) -> None:
    shown = leaver.get("/me/leave")
    assert shown.json == {"points": 100, "points_stay": False, "open_orders": 1, "waiting_deeds": 1}
    assert leaver.get("/me").status_code == 200


def test_leaving_cancels_withdraws_and_expires_and_says_so(cast: Cast, leaver: Caller, superuser: psycopg.Connection) -> None:
    answer = leaver.post("/me/leave", {"confirm": True})
    assert answer.status_code == 200
    assert answer.json.keys() == {"left_at", "points_expired", "orders_cancelled", "deeds_withdrawn"}
    assert (answer.json["points_expired"], answer.json["orders_cancelled"], answer.json["deeds_withdrawn"]) == (100, 1, 1)
    rows = superuser.execute("SELECT kind, balance FROM accounts WHERE owner = %s ORDER BY kind", (leaver.id,)).fetchall()
    assert rows == [("held", 0), ("wallet", 0)]
    expired = superuser.execute(
        "SELECT t.amount, e.owner FROM transfers t JOIN accounts e ON e.id = t.credit_account WHERE t.kind = 'expiry'"
    ).fetchall()
    assert expired == [(100, COMMUNITY)]
    assert superuser.execute("SELECT available FROM stocks").fetchall() == [(5,)]
    assert superuser.execute("SELECT status FROM orders").fetchall() == [("cancelled",)]
    statuses = superuser.execute("SELECT status FROM deeds ORDER BY id").fetchall()
    assert statuses == [("approved",), ("withdrawn",)]
    audit = superuser.execute("SELECT subject_id::text, actor_kind FROM audit_log WHERE action = 'resident.leave'").fetchall()
    assert audit == [(leaver.id, "resident")]


@pytest.mark.parametrize("word", ["欧阳秀英", "oyxy", SAID, ADDRESS, PHONE, "1953-05-06"])
def test_nothing_that_names_who_left_is_in_any_table(
    cast: Cast, leaver: Caller, superuser: psycopg.Connection, word: str
) -> None:
    before = [table for table, rows in everything(superuser).items() if word in rows]
    assert before or word == PHONE  # which is never stored readable
    leaver.post("/me/leave", {"confirm": True})
    assert [table for table, rows in everything(superuser).items() if word in rows] == []
    blanked = superuser.execute(
        "SELECT name, phone_sealed, phone_hash, address, born_on, left_at IS NOT NULL FROM residents WHERE id = %s", (leaver.id,)
    ).fetchone()
    assert blanked == ("已退出", None, None, None, None, True)


def test_every_table_keeps_only_the_id_of_who_left_where_the_books_need_it(
    cast: Cast, leaver: Caller, superuser: psycopg.Connection
) -> None:
    """The tables that still name his id are those of the books and of proof; a new one must be looked at."""
    leaver.post("/me/leave", {"confirm": True})
    naming = {table for table, rows in everything(superuser).items() if leaver.id in rows}
    assert naming == {
        *("accounts", "audit_log", "consents", "deed_steps", "deeds", "feed_entries", "orders", "residents", "stock_moves"),
        *("transfers", "uploads"),
    }


def test_all_sign_ins_end_at_once_and_refresh_tokens_with_them(cast: Cast, leaver: Caller, superuser: psycopg.Connection) -> None:
    second = cast.in_app(lambda: _second_session(leaver))
    leaver.post("/me/leave", {"confirm": True})
    for session in (leaver, Caller(cast.app, second.access_token)):
        refused(session.get("/me"), 401, "unauthenticated")
        refused(session.post("/checkins"), 401, "unauthenticated")
    refused(cast.nobody.post("/auth/refresh", {"refresh_token": second.refresh_token}), 401, "unauthenticated")


def _second_session(person: Caller) -> Any:
    from people import sessions

    account = execute(text("SELECT id FROM wechat_accounts WHERE resident_id = :id"), id=person.actor.id).scalar_one()
    return sessions.open_for("resident", wechat_account_id=account, registered=True)


@pytest.mark.parametrize("body", [{}, {"confirm": False}, {"confirm": "退出"}, {"confirm": None}])
def test_leaving_must_be_confirmed(cast: Cast, superuser: psycopg.Connection, body: dict[str, Any]) -> None:
    person = cast.grandmother
    before = contents(superuser)
    refused_fields(person.post("/me/leave", body), "confirm")
    assert contents(superuser) == before
    assert person.get("/me").status_code == 200


def test_deeds_of_who_left_show_neither_words_nor_photos_nor_name_to_staff(cast: Cast, leaver: Caller) -> None:
    leaver.post("/me/leave", {"confirm": True})
    for deed in cast.reviewer.get("/staff/deeds").json["items"]:
        assert (deed["description"], deed["photos"], deed["resident"]["name"]) == ("（已删除）", [], "已退出")
        assert {step["by"] for step in deed["steps"]} <= {"已退出", "小林"}
    refused(cast.reviewer.post(f"/staff/deeds/{leaver.waiting}/approve"), 409, "already_reviewed")


def test_the_feed_shows_no_deed_of_who_left(cast: Cast, leaver: Caller, superuser: psycopg.Connection) -> None:
    leaver.post("/me/leave", {"confirm": True})
    entries = superuser.execute("SELECT description, off_at IS NOT NULL FROM feed_entries").fetchall()
    assert entries == [("（已删除）", True)]


def test_the_files_of_his_photos_go_with_the_sweep(cast: Cast, leaver: Caller, superuser: psycopg.Connection) -> None:
    file = uploads.path_of(leaver.photo)
    leaver.post("/me/leave", {"confirm": True})
    assert file.exists()
    with clock.stopped_at(clock.now() + timedelta(days=3)), cast.app.app_context():
        assert jobs.forget_old()["uploads_forgotten"] == 1
    assert not file.exists()


def test_a_code_of_a_cancelled_order_is_refused_at_the_till(cast: Cast, leaver: Caller) -> None:
    token = cast.token(leaver, leaver.order)
    leaver.post("/me/leave", {"confirm": True})
    refused(cast.barber.post("/merchant/scans", {"token": token}), 409, "order_not_open")


# --- joining again -------------------------------------------------------------------------------------------------------------


def _join(cast: Cast, code: str) -> tuple[Caller, Any]:
    signed_in = cast.nobody.post("/auth/wechat", {"code": code}).json
    person = Caller(cast.app, signed_in["access_token"])
    body = {"name": "欧阳秀英", "phone": PHONE, "community_code": COMMUNITY, "consent_version": VERSION}
    return person, person.post("/me/registration", body)


def test_who_left_may_join_again_as_somebody_new_but_not_on_the_same_day(cast: Cast) -> None:
    person, joined = _join(cast, "ouyang")
    assert joined.status_code == 201
    assert person.post("/checkins").status_code == 201
    assert person.post("/me/leave", {"confirm": True}).status_code == 200
    again, refusal = _join(cast, "ouyang")
    refused(refusal, 409, "left_today")
    assert again.get("/me").json["code"] == "not_registered"
    with clock.stopped_at(clock.now() + timedelta(days=1)):
        again, joined_again = _join(cast, "ouyang")
        assert joined_again.status_code == 201
        assert joined_again.json["id"] != joined.json["id"]
        assert joined_again.json["wallet"] == {"balance": 0, "held": 0}


# --- households ----------------------------------------------------------------------------------------------------------------


def test_the_points_of_a_household_stay_with_those_who_remain(cast: Cast, superuser: psycopg.Connection) -> None:
    head, other = cast.resident("欧阳一"), cast.resident("欧阳二")
    made = household(cast, head, other, points=80)
    assert head.get("/me/leave").json == {"points": 0, "points_stay": True, "open_orders": 0, "waiting_deeds": 0}
    order = cast.in_app(lambda: _order(cast, head))
    left = head.post("/me/leave", {"confirm": True})
    assert (left.json["points_expired"], left.json["orders_cancelled"]) == (0, 1)
    assert other.get("/me/wallet").json["balance"] == 80
    row = superuser.execute("SELECT head_id::text, name FROM households WHERE id = %s", (made,)).fetchone()
    assert row == (other.id, "欧阳家")
    moves = superuser.execute("SELECT kind, resident_id::text FROM household_moves ORDER BY at, id").fetchall()
    assert moves[-1] == ("left", head.id)
    assert order
    last = other.post("/me/leave", {"confirm": True})
    assert last.json["points_expired"] == 80
    assert superuser.execute("SELECT name, address, head_id FROM households").fetchone() == ("已退出", None, None)


def _order(cast: Cast, person: Caller) -> Any:
    from people import sessions
    from redeem import orders

    actor = sessions.actor_of(person.access_token)
    return orders.place(actor, item_id=UUID(cast.item()), quantity=1).id


# --- at the office -------------------------------------------------------------------------------------------------------------


def test_staff_do_it_for_who_comes_to_the_office_with_the_reason_on_record(
    cast: Cast, leaver: Caller, superuser: psycopg.Connection
) -> None:
    path = f"/staff/residents/{leaver.id}/leave"
    refused(cast.reviewer.post(path, {"reason": "本人提出"}), 403, "wrong_role")
    refused(cast.neighbour_staff.post(path, {"reason": "本人提出"}), 404, "not_found")
    refused_fields(cast.admin.post(path, {}), "reason")
    assert leaver.get("/me").status_code == 200
    first = cast.admin.post(path, {"reason": "本人到社区提出"}, key="k")
    assert (first.status_code, first.json["points_expired"]) == (200, 100)
    assert cast.admin.post(path, {"reason": "本人到社区提出"}, key="k").json == first.json
    refused(cast.admin.post(path, {"reason": "本人到社区提出"}), 404, "not_found")
    refused(leaver.get("/me"), 401, "unauthenticated")
    (details,) = superuser.execute("SELECT details FROM audit_log WHERE action = 'resident.leave'").fetchone()
    assert details["reason"] == "本人到社区提出"


def test_a_person_without_wechat_leaves_too(cast: Cast, superuser: psycopg.Connection) -> None:
    def enter() -> UUID:
        entered = residents.enter(cast.admin.actor, name="欧阳大爷", community_code=COMMUNITY, phone=PHONE)
        ledger.open_wallet(entered.wallet, COMMUNITY)
        return entered.id

    entered = cast.in_app(enter)
    assert cast.admin.post(f"/staff/residents/{entered}/leave", {"reason": "搬走了"}).status_code == 200
    assert not any("欧阳大爷" in rows for rows in everything(superuser).values())


@pytest.mark.parametrize("waits_for", ["notice", "budget"])
def test_a_credit_that_waits_never_comes(cast: Cast, superuser: psycopg.Connection, waits_for: str) -> None:
    """The deed counts as revoked; that it has no credit is what the invariants of waiting credits will know."""
    person = cast.resident("欧阳一")
    deed = cast.deed(person)
    superuser.execute(
        "UPDATE deeds SET status = 'approved', points = 50, wallet = resident_id::text, approved_at = now() WHERE id = %s",
        (deed,),
    )
    superuser.execute("INSERT INTO waiting_credits VALUES (%s, %s, now()::date, now())", (deed, waits_for))
    person.post("/me/leave", {"confirm": True})
    assert superuser.execute("SELECT ended_at IS NOT NULL FROM waiting_credits").fetchone() == (True,)
    assert superuser.execute("SELECT status FROM deeds").fetchone() == ("revoked",)
    superuser.execute("SET session_replication_role = replica")
    superuser.execute("TRUNCATE deeds, waiting_credits, deed_steps CASCADE")
    superuser.execute("SET session_replication_role = origin")


def test_a_household_of_which_nobody_is_left_is_listed_no_more_and_nobody_moves_in(cast: Cast) -> None:
    cast.settings(counts_by="household")
    person, other = cast.resident("欧阳一"), cast.resident("欧阳二")
    assert person.post("/me/leave", {"confirm": True}).status_code == 200
    assert [listed["id"] for listed in cast.admin.get("/staff/households").json["items"]] == [other.id]
    path = f"/staff/households/{person.id}"
    assert cast.admin.get("/staff/households.csv").text.count("欧阳") == 1
    assert len(cast.admin.get("/staff/households.csv").text.splitlines()) == 2
    refused(cast.admin.post(f"{path}/members", {"resident_id": other.id, "reason": "搬来"}), 404, "not_found")
    refused(cast.admin.post(f"{path}/merge", {"into_id": other.id, "reason": "搬来"}), 404, "not_found")
    refused(cast.admin.post(f"/staff/households/{other.id}/merge", {"into_id": person.id, "reason": "搬来"}), 404, "not_found")
    assert cast.admin.get(path).json["members"] == []


# --- nobody acts for who has left -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("call", ["look", "change", "card", "no card", "confirm", "link"])
def test_staff_do_nothing_more_with_who_has_left(cast: Cast, leaver: Caller, superuser: psycopg.Connection, call: str) -> None:
    cast.admin.post(f"/staff/residents/{leaver.id}/card")
    code = cast.newcomer.get("/me/link-code").json["token"]
    leaver.post("/me/leave", {"confirm": True})
    before = contents(superuser)
    path = f"/staff/residents/{leaver.id}"
    answer = {
        "look": lambda: cast.admin.get(path),
        "change": lambda: cast.admin.patch(path, {"name": "欧阳秀英", "phone": PHONE}),
        "card": lambda: cast.admin.post(f"{path}/card"),
        "no card": lambda: cast.admin.delete(f"{path}/card"),
        "confirm": lambda: cast.admin.post(f"{path}/confirm"),
        "link": lambda: cast.admin.post(f"{path}/link", {"code": code, "consent_version": VERSION}),
    }[call]()
    refused(answer, 404, "not_found")
    assert contents(superuser) == before
    refused(cast.newcomer.get("/me"), 403, "not_registered")


def test_who_has_left_a_moment_ago_no_longer_says_where_he_lives(
    cast: Cast, leaver: Caller, superuser: psycopg.Connection
) -> None:
    """His call had begun before he left."""
    leaver.post("/me/leave", {"confirm": True})
    with pytest.raises(NotFound):
        cast.in_app(lambda: residents.change_own(leaver.actor, address=ADDRESS))
    assert not any(ADDRESS in rows for rows in everything(superuser).values())


def test_what_staff_took_off_the_feed_before_he_left_is_not_put_back(cast: Cast, leaver: Caller) -> None:
    path = f"/staff/feed/{leaver.approved}"
    assert cast.reviewer.post(f"{path}/take-off", {"reason": "照片不清楚"}).status_code == 200
    leaver.post("/me/leave", {"confirm": True})
    refused(cast.reviewer.post(f"{path}/put-back"), 409, "not_taken_off")
    assert cast.volunteer.get("/feed").json["items"] == []


def test_a_household_is_no_longer_called_after_who_has_left(cast: Cast, superuser: psycopg.Connection) -> None:
    """He founded one that was merged into another, and one that goes on without him."""
    cast.settings(counts_by="household")
    first, head, son = cast.resident("欧阳一"), cast.resident("欧阳二"), cast.resident("欧阳三")
    superuser.execute("UPDATE households SET address = %s WHERE id = %s", (ADDRESS, first.id))
    assert head.post("/households/mine/members", {"resident_id": son.id}).status_code == 201
    merged = cast.admin.post(f"/staff/households/{first.id}/merge", {"into_id": head.id, "reason": "两户合并居住"})
    assert merged.status_code == 200
    for person in (first, head):
        assert person.post("/me/leave", {"confirm": True}).status_code == 200
    rows = superuser.execute("SELECT id::text, name, address FROM households WHERE id <> %s", (son.id,)).fetchall()
    assert set(rows) == {(first.id, "已退出", None), (head.id, "欧阳三", None)}


@pytest.mark.parametrize("order", ["the earner last", "the earner first"])
def test_no_credit_comes_into_a_wallet_that_is_nobodys_any_more(cast: Cast, superuser: psycopg.Connection, order: str) -> None:
    """He earned it for a household that he left, and in the end all of them leave the community."""
    head, son = cast.family("欧阳一", "欧阳二")
    cast.settings(notice_days=3)
    cast.give(son, 50)
    assert son.post("/households/mine/leave").status_code == 200
    people = [head, son] if order == "the earner last" else [son, head]
    for person in people:
        assert person.post("/me/leave", {"confirm": True}).status_code == 200
    with clock.stopped_at(clock.now() + timedelta(days=4)), cast.app.app_context():
        jobs.credit_deeds()
    assert superuser.execute("SELECT sum(balance)::int FROM accounts WHERE kind IN ('wallet', 'held')").fetchone() == (0,)
    assert superuser.execute("SELECT status FROM deeds").fetchall() == [("revoked",)]


def test_a_credit_still_comes_to_those_whom_he_left_behind(cast: Cast) -> None:
    head, son = cast.family("欧阳一", "欧阳二")
    cast.settings(notice_days=3)
    cast.give(son, 50)
    son.post("/me/leave", {"confirm": True})
    with clock.stopped_at(clock.now() + timedelta(days=4)), cast.app.app_context():
        assert jobs.credit_deeds() == 1
    assert cast.balance(head) == 50


def test_what_staff_noted_of_a_donation_goes_with_the_donor_and_the_goods_stay_in_the_books(
    cast: Cast, leaver: Caller, superuser: psycopg.Connection
) -> None:
    note = "欧阳阿姨的儿子开车送来"
    cast.donate(leaver, note=note, thanks=True)
    cast.donate(cast.grandmother, note="李阿姨送来")
    assert [table for table, rows in everything(superuser).items() if note in rows] != []
    leaver.post("/me/leave", {"confirm": True})
    assert [table for table, rows in everything(superuser).items() if note in rows] == []
    assert superuser.execute("SELECT note, points FROM donations ORDER BY id").fetchall() == [(None, 6), ("李阿姨送来", 6)]
