"""Messages: what concerns a resident reaches his inbox in the transaction that caused it, and nobody else's."""

from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from app import jobs
from kernel import clock
from people import messages
from tests.answers import MONDAY, after, contents, refused, refused_fields
from tests.cast import COMMUNITY, Caller, Cast

pytestmark = pytest.mark.usefixtures("verified")
KEYS = {"id", "kind", "title", "body", "created_at", "read_at", "source"}


def inbox(caller: Caller, **query: Any) -> list[dict[str, Any]]:
    answer = caller.get("/me/messages", query_string=query)
    assert answer.status_code == 200
    items: list[dict[str, Any]] = answer.json["items"]
    return items


def kinds(caller: Caller) -> list[str]:
    """What somebody was told, newest first, the welcome left out."""
    found = [message["kind"] for message in inbox(caller)]
    assert found.pop() == "resident.welcome"
    return found


def read(caller: Caller, *message_ids: str) -> Any:
    return caller.post("/me/messages/read", {"ids": list(message_ids)})


def letters(superuser: psycopg.Connection) -> list[tuple[str, str]]:
    """Whom each letter in the outbox is for, and what kind it is of."""
    rows = superuser.execute("SELECT id::text, body FROM outbox ORDER BY id").fetchall()
    of_messages = superuser.execute("SELECT id::text, resident_id::text, kind, title, body FROM messages ORDER BY id").fetchall()
    assert [(row[0], row[1]["resident_id"], row[1]["kind"], row[1]["title"], row[1]["body"]) for row in rows] == of_messages
    return [(row[1]["resident_id"], row[1]["kind"]) for row in rows]


# --- what is told ---------------------------------------------------------------------------------------------------------------


def test_who_joins_is_welcomed(cast: Cast, superuser: psycopg.Connection) -> None:
    body = {"name": "王小明", "phone": "13812345678", "community_code": COMMUNITY, "consent_version": "2026-11"}
    assert cast.newcomer.post("/me/registration", body).status_code == 201
    (message,) = inbox(cast.newcomer)
    assert message.keys() == KEYS
    assert (message["kind"], message["title"], message["read_at"]) == ("resident.welcome", "欢迎加入融城社区", None)
    assert message["source"]["type"] == "resident"
    assert letters(superuser) == [(message["source"]["id"], "resident.welcome")]


@pytest.mark.parametrize(
    ("decision", "body", "kind", "words"),
    [
        ("approve", {"points": 40}, "deed.approved", ["参加治安巡逻", "40 分"]),
        ("approve", {"note": "照片很清楚"}, "deed.approved", ["50 分", "照片很清楚"]),
        ("reject", {"reason": "照片与所报的事不符"}, "deed.rejected", ["参加治安巡逻", "照片与所报的事不符", "没有通过"]),
        ("return", {"reason": "请补一张现场照片"}, "deed.returned", ["请补一张现场照片", "重新提交"]),
    ],
)
def test_who_declared_a_deed_is_told_what_became_of_it_and_not_by_whom(
    cast: Cast, superuser: psycopg.Connection, decision: str, body: dict[str, Any], kind: str, words: list[str]
) -> None:
    deed = cast.deed(cast.grandmother)
    assert cast.reviewer.post(f"/staff/deeds/{deed}/{decision}", body).status_code == 200
    message = inbox(cast.grandmother)[0]
    assert (message["kind"], message["source"]) == (kind, {"type": "deed", "id": deed})
    assert [word for word in words if word not in message["body"]] == []
    assert "小林" not in message["title"] + message["body"]
    assert letters(superuser)[-1] == (cast.grandmother.id, kind)
    assert kinds(cast.volunteer) == []


def test_a_refused_decision_tells_nobody_anything(cast: Cast) -> None:
    deed = cast.deed(cast.grandmother)
    cast.reviewer.post(f"/staff/deeds/{deed}/reject", {"reason": "不符"})
    refused(cast.reviewer.post(f"/staff/deeds/{deed}/approve"), 409, "already_reviewed")
    assert kinds(cast.grandmother) == ["deed.rejected"]


def test_who_loses_a_credit_is_told_how_much_and_why(cast: Cast) -> None:
    cast.give(cast.grandmother, 50)
    cast.give(cast.grandmother, 8)
    credit = cast.grandmother.get("/me/transfers").json["items"][1]["id"]
    made = cast.admin.post(f"/staff/transfers/{credit}/reverse", {"reason": "重复入账"}).json
    message = inbox(cast.grandmother)[0]
    assert (message["kind"], message["source"]) == ("points.taken_back", {"type": "transfer", "id": made["id"]})
    for words in ("参加治安巡逻", "50 分", "8 分", "重复入账"):
        assert words in message["body"]
    refused(cast.admin.post(f"/staff/transfers/{credit}/reverse", {"reason": "重复入账"}), 409, "already_reversed")
    assert kinds(cast.grandmother).count("points.taken_back") == 1


def test_whose_order_lapses_tomorrow_is_warned_once_and_told_when_it_did(cast: Cast) -> None:
    cast.give(cast.grandmother, 100)

    def sweep() -> tuple[int, int]:
        with cast.app.app_context():
            done = jobs.run_due()
        return done["orders_warned"], done["orders_lapsed"]

    with clock.stopped_at(MONDAY):
        order = cast.order(cast.grandmother)
        cancelled = cast.order(cast.grandmother)
        cast.grandmother.post(f"/orders/{cancelled}/cancel")
    with clock.stopped_at(after(days=6, seconds=-1)):
        assert sweep() == (0, 0)
    with clock.stopped_at(after(days=6)):
        assert [sweep(), sweep()] == [(1, 0), (0, 0)]
        warning = inbox(cast.grandmother)[0]
        assert (warning["kind"], warning["source"]) == ("order.lapses_soon", {"type": "order", "id": order})
        assert "剪发一次" in warning["body"]
        assert "03月10日 10:00" in warning["body"]
    with clock.stopped_at(after(days=7)):
        assert [sweep(), sweep()] == [(0, 1), (0, 0)]
        told = inbox(cast.grandmother)[0]
        assert (told["kind"], told["source"]) == ("order.lapsed", {"type": "order", "id": order})
        assert "30 分" in told["body"]
    assert kinds(cast.grandmother) == ["order.lapsed", "order.lapses_soon", "deed.approved"]


def test_an_order_that_never_had_more_than_a_day_is_not_warned_of(cast: Cast, superuser: psycopg.Connection) -> None:
    cast.give(cast.grandmother, 100)
    cast.order(cast.grandmother)
    superuser.execute("UPDATE orders SET expires_at = placed_at + interval '1 day'")
    with cast.app.app_context():
        assert jobs.run_due()["orders_warned"] == 0


def test_a_cancelled_or_scanned_order_tells_nothing(cast: Cast) -> None:
    cast.give(cast.grandmother, 100)
    first, second = cast.order(cast.grandmother), cast.order(cast.grandmother)
    cast.grandmother.post(f"/orders/{first}/cancel")
    cast.barber.post("/merchant/scans", {"token": cast.token(cast.grandmother, second)})
    assert kinds(cast.grandmother) == ["deed.approved"]


def test_all_present_members_of_a_household_are_told(cast: Cast, superuser: psycopg.Connection) -> None:
    assert cast.admin.patch("/staff/settings", {"counts_by": "household"}).status_code == 200
    head, son, gone = cast.grandmother, cast.volunteer, cast.resident("走了的人")
    for joiner in (son, gone):
        assert head.post("/households/mine/members", {"resident_id": joiner.id}).status_code == 201
    cast.resident("别家的人")
    assert gone.post("/households/mine/leave").status_code == 200
    told = [letter for letter in letters(superuser) if letter[1] == "household.joined"]
    # The head and the first to join hear of both, the second of himself.
    assert sorted(told) == sorted((who.id, "household.joined") for who in (head, son, head, son, gone))
    left = inbox(head)[0]  # the newest by its id, which tells the time as all of ours do
    assert left["kind"] == "household.left"
    assert UUID(left["id"]).version == 7


def test_who_has_left_is_told_nothing(cast: Cast, superuser: psycopg.Connection) -> None:
    deed = cast.give(cast.grandmother, 50)
    cast.give(cast.volunteer, 50)
    assert cast.grandmother.post("/me/leave", {"confirm": True}).status_code == 200
    before = letters(superuser)
    cast.in_app(lambda: messages.tell(cast.grandmother.actor.id, "deed.approved", "申报已通过", "得 50 分", "deed", UUID(deed)))
    assert letters(superuser) == before


def test_a_revocation_is_told_to_all_whose_points_it_takes_and_to_who_earned_them(
    cast: Cast, superuser: psycopg.Connection
) -> None:
    head, son = cast.family("王大福", "王小军")
    deed, another = cast.give(son, 50), cast.give(son, 20)
    revoke = partial(cast.admin.post, json={"reason": "核实后不符"})
    assert revoke(f"/staff/deeds/{deed}/revoke").status_code == 200
    assert [kinds(who).count("deed.revoked") for who in (head, son)] == [1, 1]
    assert son.post("/households/mine/leave").status_code == 200
    assert revoke(f"/staff/deeds/{another}/revoke").status_code == 200
    assert [kinds(who).count("deed.revoked") for who in (head, son)] == [2, 2], "it was his deed, and their points"
    assert len([letter for letter in letters(superuser) if letter[1] == "deed.revoked"]) == 4


# --- reading it -----------------------------------------------------------------------------------------------------------------


def test_the_inbox_is_newest_first_in_pages_and_says_what_is_unread(cast: Cast) -> None:
    for _ in range(4):
        cast.give(cast.grandmother, 5)
    all_of_it = [message["id"] for message in inbox(cast.grandmother)]
    assert len(all_of_it) == 5
    first = cast.grandmother.get("/me/messages?limit=3").json
    rest = cast.grandmother.get("/me/messages", query_string={"limit": 3, "cursor": first["next"]}).json
    assert [message["id"] for message in first["items"] + rest["items"]] == all_of_it
    assert read(cast.grandmother, all_of_it[0], all_of_it[3], all_of_it[3]).json == {"unread": 3}
    assert [m["id"] for m in inbox(cast.grandmother, unread="false")] == [all_of_it[0], all_of_it[3]]
    assert [m["id"] for m in inbox(cast.grandmother, unread="true")] == [all_of_it[n] for n in (1, 2, 4)]
    assert cast.grandmother.get("/me").json["unread"] == 3


def test_what_is_read_again_keeps_when_it_was_read_first(cast: Cast) -> None:
    (welcome,) = inbox(cast.grandmother)
    assert read(cast.grandmother).json == {"unread": 1}
    assert read(cast.grandmother, welcome["id"]).json == {"unread": 0}
    (first,) = inbox(cast.grandmother)
    with clock.stopped_at(clock.now() + timedelta(minutes=5)):
        assert read(cast.grandmother, welcome["id"]).json == {"unread": 0}
        assert inbox(cast.grandmother) == [first]
    assert first["read_at"] is not None


def test_a_message_that_is_not_ones_own_is_not_found_and_nothing_is_half_done(cast: Cast, superuser: psycopg.Connection) -> None:
    (own,), (foreign,) = inbox(cast.grandmother), inbox(cast.volunteer)
    before = contents(superuser)
    for other in (foreign["id"], str(uuid4()), "nonsense"):
        refused(read(cast.grandmother, own["id"], other), 404, "not_found")
    refused_fields(read(cast.grandmother, *[own["id"]] * 101), "ids")
    refused_fields(cast.grandmother.post("/me/messages/read", {}), "ids")
    refused_fields(cast.grandmother.post("/me/messages/read", {"ids": own["id"]}), "ids")
    refused_fields(cast.grandmother.get("/me/messages?unread=maybe"), "unread")
    assert contents(superuser) == before
